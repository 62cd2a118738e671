// confine/system_calls.cpp - the lists for the filter of system calls, found by running tests/e2e against a filter that kills. What
// starts programs, changes users, namespaces, mounts or clocks, traces, or loads into the kernel is on none.
#include <array>

#include "confine/confine.h"

namespace penstock::confine {
namespace {

constexpr std::array kEvery = {
    // memory; mmap and mprotect without PROT_EXEC
    "mmap", "mprotect", "munmap", "mremap", "madvise", "brk", "memfd_create", "mlock", "munlock",
    // files
    "open", "openat", "close", "close_range", "read", "write", "readv", "writev", "pread64", "pwrite64", "lseek",
    "fsync", "fdatasync", "ftruncate", "fstat", "stat", "lstat", "newfstatat", "statx", "access", "faccessat",
    "faccessat2", "readlink", "readlinkat", "getdents64", "getcwd", "rename", "renameat", "renameat2", "unlink",
    "unlinkat", "mkdir", "mkdirat", "umask", "fchmod", "chmod", "fchmodat", "fcntl", "ioctl", "dup", "dup2", "dup3",
    "pipe", "pipe2", "statfs", "fstatfs", "flock", "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
    "fadvise64", "copy_file_range", "sendfile",
    // waiting
    "poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
    "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime", "signalfd4", "nanosleep", "clock_nanosleep",
    "restart_syscall",
    // threads and signals of our own
    "futex", "futex_waitv", "clone", "clone3", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity",
    "sched_setaffinity", "sched_getparam", "sched_getscheduler", "membarrier", "gettid", "getpid", "getppid", "tgkill",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "sigaltstack", "exit",
    "exit_group", "prctl", "arch_prctl", "set_tid_address",
    // clocks and who we are
    "clock_gettime", "clock_getres", "gettimeofday", "time", "getrandom", "getuid", "geteuid", "getgid", "getegid",
    "getgroups", "getrlimit", "prlimit64", "getrusage", "sysinfo", "uname", "getcpu", "capget", "times"};

constexpr std::array kNetwork = {"socket",  "socketpair", "bind",        "listen",      "accept",     "accept4",
                                 "connect", "shutdown",   "getsockname", "getpeername", "getsockopt", "setsockopt",
                                 "sendto",  "sendmsg",    "sendmmsg",    "recvfrom",    "recvmsg",    "recvmmsg"};

}  // namespace

std::span<const char* const> every_program() {
  return kEvery;
}
std::span<const char* const> sockets() {
  return kNetwork;
}

}  // namespace penstock::confine

#include "confine/every_thread.h"

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <set>

namespace penstock::confine {
namespace {

std::atomic<bool (*)()> wanted{nullptr};
std::atomic<unsigned> done{0};
std::atomic<bool> failed{false};

void on_signal(int /*signal*/) {
  const int kept = errno;
  if (!wanted.load()()) failed.store(true);
  done.fetch_add(1);
  errno = kept;
}

}  // namespace

bool in_every_other_thread(bool (*step)()) {
  const int signal = SIGRTMIN + 7;
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  if (sigaction(signal, &action, &before) != 0) return false;
  wanted.store(step);
  done.store(0);
  failed.store(false);

  // A thread that is made meanwhile is seen in the next look, until a look shows none that was not told.
  std::set<pid_t> told{static_cast<pid_t>(syscall(SYS_gettid))};
  unsigned signalled = 0;
  bool in_time = true;
  for (bool any = true; any && in_time;) {
    any = false;
    std::error_code error;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", error)) {
      const auto id = static_cast<pid_t>(std::strtol(thread.path().filename().c_str(), nullptr, 10));
      if (!told.insert(id).second) continue;
      any = true;
      if (syscall(SYS_tgkill, getpid(), id, signal) == 0) ++signalled;
    }
    if (error) in_time = false;
    for (int waited = 0; done.load() < signalled && in_time; ++waited) {
      in_time = waited < 1000;
      const timespec millisecond{0, 1'000'000};
      nanosleep(&millisecond, nullptr);
    }
  }
  // A thread that comes late must find the handler: it stays, and does nothing but what was wanted.
  if (in_time) sigaction(signal, &before, nullptr);
  return in_time && !failed.load();
}

}  // namespace penstock::confine

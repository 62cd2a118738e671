// tests/confine/confine_test.cpp - a process with threads confines itself, and then tries what an intruder in it would: every thread,
// as root, in a child of its own, which says what it could do.
#include "confine/confine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <thread>

namespace penstock::confine {
namespace {

// What `body` writes, of a child that has begun as both programs do.
std::string of_child(const std::function<std::string()>& body) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    begin();
    const std::string said = body();
    if (write(ends[1], said.data(), said.size()) < 0) _exit(1);
    _exit(0);
  }
  close(ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof buffer)) > 0;) said.append(buffer, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
  return said;
}

std::string result_of(const char* what, bool done) {
  return std::string(what) + (done ? ": done" : std::string(": ") + strerrorname_np(errno)) + "\n";
}

std::string status_of_thread(const std::string& thread) {
  std::ifstream file("/proc/self/task/" + thread + "/status");
  std::string text;
  for (std::string line; std::getline(file, line);)
    for (const char* field : {"CapPrm:", "CapEff:", "CapBnd:", "CapAmb:", "NoNewPrivs:", "Seccomp:"})
      if (line.starts_with(field)) {
        std::istringstream words(line);
        std::string name;
        std::string value;
        words >> name >> value;
        value.erase(0, std::min(value.find_first_not_of('0'), value.size() - 1));
        text += name + value + " ";
      }
  return text;
}

struct Folder {
  Folder() {
    char name[] = "/tmp/penstock-confine.XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

class ConfineTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
  }
  Folder allowed;
  Folder other;
  std::vector<int> kept;
  std::vector<std::string> confined() const {
    return finish({.capabilities = kept, .writable = {allowed.path}, .system_calls = {every_program(), sockets()}});
  }
};

TEST_F(ConfineTest, NoThreadKeepsARight) {
  for (const bool keeps : {false, true}) {
    kept = keeps ? std::vector<int>{CAP_NET_ADMIN} : std::vector<int>{};
    const std::string said = of_child([this] {
      std::atomic<bool> stop{false};
      std::vector<std::thread> threads;
      for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] {
          while (!stop) usleep(1000);
        });
      const auto gaps = confined();
      std::string text;
      for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
        const std::string id = thread.path().filename();
        text += (id == std::to_string(getpid()) ? "main " : "other ") + status_of_thread(id) + "\n";
      }
      stop = true;
      for (auto& thread : threads) thread.join();
      return text + "gaps " + std::to_string(gaps.size()) + (gaps.empty() ? "" : " " + gaps.back()) + "\n";
    });
    const std::string main = keeps ? "CapPrm:1000 CapEff:1000 CapBnd:1000" : "CapPrm:0 CapEff:0 CapBnd:0";
    const std::string bounds = keeps ? "1000" : "0";
    const std::string other_thread = "other CapPrm:0 CapEff:0 CapBnd:" + bounds + " CapAmb:0 NoNewPrivs:1 Seccomp:2 \n";
    EXPECT_EQ(said, "main " + main + " CapAmb:0 NoNewPrivs:1 Seccomp:2 \n" + other_thread + other_thread +
                        other_thread + "gaps 0\n");
  }
}

TEST_F(ConfineTest, AnIntruderFindsNothingToUse) {
  const std::string outside = other.path + "/file";
  const std::string inside = allowed.path + "/file";
  std::ofstream(outside) << "x";
  const std::string said = of_child([&] {
    confined();
    std::string text;
    const auto tried = [&](const char* what, bool done) { text += result_of(what, done); };
    tried("write inside", open(inside.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0);
    tried("rename inside", rename(inside.c_str(), (inside + ".new").c_str()) == 0);
    tried("read outside", open(outside.c_str(), O_RDONLY | O_CLOEXEC) >= 0);
    tried("write outside", open(outside.c_str(), O_WRONLY | O_CLOEXEC) >= 0);
    tried("make outside", open((outside + ".new").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0);
    tried("remove outside", unlink(outside.c_str()) == 0);
    tried("memory", mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    tried("code", mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tried("code of data", mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
    tried("program", execl("/bin/true", "true", nullptr) == 0);
    tried("namespace", unshare(CLONE_NEWUSER) == 0);
    tried("trace", ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0);
    tried("user", setuid(1) == 0);
    tried("raw socket", socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1) >= 0);
    tried("socket", socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0);
    tried("bpf", syscall(SYS_bpf, 0, nullptr, 0) >= 0);
    return text;
  });
  EXPECT_EQ(said,
            "write inside: done\nrename inside: done\nread outside: done\nwrite outside: EACCES\nmake outside: EACCES\n"
            "remove outside: EACCES\nmemory: done\ncode: EPERM\ncode of data: EPERM\nprogram: EPERM\nnamespace: EPERM\n"
            "trace: EPERM\nuser: EPERM\nraw socket: EPERM\nsocket: done\nbpf: EPERM\n");
}

// Root alone is not enough, nor is CAP_NET_ADMIN, which control's hand has.
TEST_F(ConfineTest, NobodyLooksIn) {
  int ready[2];
  int done[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(done), 0);
  const pid_t target = fork();
  if (target == 0) {
    begin();
    confined();
    char byte = 0;
    if (write(ready[1], &byte, 1) == 1 && read(done[0], &byte, 1) < 0) _exit(1);
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  const std::string said = of_child([&] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    data[0].effective = data[0].permitted = 1U << CAP_NET_ADMIN;
    if (syscall(SYS_capset, &header, data) != 0) return std::string("capset");
    return result_of("memory", open(("/proc/" + std::to_string(target) + "/mem").c_str(), O_RDWR | O_CLOEXEC) >= 0) +
           std::to_string(geteuid());
  });
  EXPECT_EQ(said, "memory: EACCES\n0");
  ASSERT_EQ(write(done[1], &byte, 1), 1);
  waitpid(target, nullptr, 0);
}

}  // namespace
}  // namespace penstock::confine

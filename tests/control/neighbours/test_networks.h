// tests/control/neighbours/test_networks.h - network namespaces of a test: ours, and those behind veth pairs. Gone with the object.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace penstock::test {

// One namespace, held open by a descriptor; it has no name that could be left behind.
class Network {
 public:
  // Made from and left again for the namespace that the thread is in.
  Network() {
    const int before = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (unshare(CLONE_NEWNET) != 0) {
      close(before);
      throw std::runtime_error("unshare(CLONE_NEWNET): needs root");
    }
    // Not close-on-exec: `ip link ... netns /proc/self/fd/N` reads it.
    fd_ = open("/proc/thread-self/ns/net", O_RDONLY);
    const int up = std::system("ip link set lo up");
    setns(before, CLONE_NEWNET);
    close(before);
    if (up != 0) throw std::runtime_error("ip link set lo up: " + std::to_string(up));
  }
  ~Network() { close(fd_); }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // The calling thread lives in it until the result's end.
  class Inside {
   public:
    explicit Inside(int fd) : before_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
      setns(fd, CLONE_NEWNET);
    }
    ~Inside() {
      setns(before_, CLONE_NEWNET);
      close(before_);
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    int before_;
  };
  Inside enter() const { return Inside(fd_); }

  // Shell commands inside; throws when one fails.
  void run(const std::string& commands) const {
    const Inside inside(fd_);
    if (std::system(("set -e; " + commands).c_str()) != 0) throw std::runtime_error("failed: " + commands);
  }
  std::string output(const std::string& command) const {
    const Inside inside(fd_);
    std::string text;
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return text;
    std::array<char, 4096> part;
    for (size_t size = 0; (size = fread(part.data(), 1, part.size(), pipe)) > 0;) text.append(part.data(), size);
    pclose(pipe);
    return text;
  }
  // `ip link set X netns` takes this.
  std::string path() const { return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd_); }

 private:
  int fd_ = -1;
};

}  // namespace penstock::test

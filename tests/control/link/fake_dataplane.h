// tests/control/link/fake_dataplane.h - the dataplane's end of the link, on a thread of its own: Hello with
// real memfds, and answers as the test sets them. Its pages survive stop() and start() only when the test
// wants that.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "config/contract/counters.h"
#include "config/contract/endpoint_state.h"
#include "config/contract/image.h"
#include "config/contract/inquiry/browse.h"
#include "config/contract/inquiry/question.h"
#include "config/contract/link.h"

namespace penstock {

// A folder of the test's own, gone at its end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "penstock-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class FakeDataplane {
 public:
  struct Received {
    uint64_t generation;
    uint64_t checksum;  // as the image's header says it
    std::vector<uint8_t> image;
  };

  explicit FakeDataplane(std::string path) : path_(std::move(path)) {
    new_pages();
    hello.image_version = config::kImageVersion;
    hello.lcores = 1;
    hello.pid = static_cast<uint64_t>(getpid());
    hello.ports = 1;
    std::strcpy(hello.port[0].name.data(), "corp");
    std::strcpy(hello.port[0].interface.data(), "lo");
  }
  ~FakeDataplane() {
    stop();
    close_pages();
  }

  void start() {
    unlink(path_.c_str());
    listener_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 4) != 0)
      throw std::runtime_error("bind " + path_);
    running_ = true;
    thread_ = std::thread([this] { run(); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    running_ = false;
    thread_.join();
    close(listener_);
    unlink(path_.c_str());
  }
  // As a restarted process: empty pages. Only while stopped.
  void new_pages() {
    close_pages();
    counter_fd_ = memory("counters", config::counter_page_size(1));
    state_fd_ = memory("endpoints", sizeof(config::EndpointStatePage));
    counters = static_cast<config::CounterPage*>(map(counter_fd_, config::counter_page_size(1)));
    endpoints = static_cast<config::EndpointStatePage*>(map(state_fd_, sizeof(config::EndpointStatePage)));
    counters->magic = config::kCounterPageMagic;
    counters->page_size = config::counter_page_size(1);
    counters->lcores = 1;
    counters->pending_capacity = 1024;
    counters->interfaces_followed.set(1);
    endpoints->magic = config::kEndpointStateMagic;
  }

  std::vector<Received> received() {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  std::vector<config::Flush> flushes() {
    const std::lock_guard lock(mutex_);
    return flushes_;
  }
  size_t connections() const { return connections_; }
  config::EndpointState slot(config::EndpointSlot i) const { return endpoints->slots[i].load(); }

  // Set before start().
  config::Hello hello;
  config::Found found;
  config::CounterPage* counters = nullptr;
  config::EndpointStatePage* endpoints = nullptr;
  // May change at any time.
  std::atomic<bool> refuse{false};
  std::atomic<bool> mute{false};  // takes lookups and flushes and says nothing

 private:
  static int memory(const char* name, size_t size) {
    const int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, static_cast<off_t>(size)) != 0) throw std::runtime_error("memfd");
    return fd;
  }
  static void* map(int fd, size_t size) {
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("mmap");
    return memory;
  }
  void close_pages() {
    if (counters == nullptr) return;
    munmap(counters, config::counter_page_size(1));
    munmap(endpoints, sizeof(config::EndpointStatePage));
    close(counter_fd_);
    close(state_fd_);
  }
  bool readable(int fd) const {
    pollfd waiting{fd, POLLIN, 0};
    return poll(&waiting, 1, 20) > 0;
  }

  void run() {
    while (running_) {
      if (!readable(listener_)) continue;
      const int peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (peer < 0) continue;
      ++connections_;
      if (config::send_message(peer, hello, {counter_fd_, state_fd_})) serve(peer);
      close(peer);
    }
  }
  void serve(int peer) {
    while (running_) {
      if (!readable(peer)) continue;
      const auto message = config::receive_message(peer);
      if (!message || message->bytes.empty()) return;
      if (const auto* publish = message->as<config::Publish>()) {
        answer_publish(peer, *publish, message->fds.at(0));
      } else if (message->as<config::Lookup>() != nullptr && !mute) {
        (void)config::send_message(peer, found);
      } else if (const auto* flush = message->as<config::Flush>(); flush != nullptr && !mute) {
        answer_flush(peer, *flush);
      } else if (message->as<config::StartCapture>() != nullptr && !mute) {
        answer_capture(peer);
      } else if (!mute) {
        answer_inquiry(peer, *message);
      }
      for (const int fd : message->fds) close(fd);
    }
  }
  // As many as have been asked for: answers can be told apart.
  void answer_flush(int peer, const config::Flush& flush) {
    config::Flushed flushed;
    {
      const std::lock_guard lock(mutex_);
      flushes_.push_back(flush);
      flushed.entries = flushes_.size();
    }
    (void)config::send_message(peer, flushed);
  }
  // What was asked comes back in the answer.
  static void answer_inquiry(int peer, const config::Message& message) {
    std::span<const uint8_t> octets;
    if (const auto* browse = message.as<config::Browse>()) {
      config::Browsed browsed;
      browsed.next = browse->page + 1;
      (void)config::send_message(peer, browsed, std::vector<uint8_t>(80'000, static_cast<uint8_t>(browse->page)));
    } else if (const auto* compose = message.as<config::Compose>()) {
      config::Composed composed;
      composed.rule = config::RuleIndex{compose->record_type};
      (void)config::send_message(peer, composed);
    } else if (message.head<config::Judge>(octets) != nullptr) {
      config::Judged judged;
      judged.rule = config::RuleIndex{static_cast<uint32_t>(octets.size())};
      (void)config::send_message(peer, judged);
    }
  }
  // A stream of three octets; or why there is none.
  void answer_capture(int peer) {
    config::CaptureStarted started;
    int ends[2] = {-1, -1};
    if (refuse || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      std::strcpy(started.reason.data(), "the test says no");
      (void)config::send_message(peer, started);
      return;
    }
    (void)config::send_message(peer, started, {ends[1]});
    close(ends[1]);
    (void)!write(ends[0], "abc", 3);
    close(ends[0]);
  }
  void answer_publish(int peer, const config::Publish& publish, int image) {
    Received got{publish.generation, 0, std::vector<uint8_t>(publish.size)};
    const bool whole = pread(image, got.image.data(), got.image.size(), 0) == static_cast<ssize_t>(got.image.size());
    if (whole && got.image.size() >= sizeof(config::ImageHeader))
      std::memcpy(&got.checksum, got.image.data() + offsetof(config::ImageHeader, checksum), sizeof got.checksum);
    {
      const std::lock_guard lock(mutex_);
      received_.push_back(got);
    }
    if (refuse || !whole) {
      config::Refused refused;
      refused.generation = publish.generation;
      std::strcpy(refused.reason.data(), "the test says no");
      (void)config::send_message(peer, refused);
      return;
    }
    hello.generation = publish.generation;
    hello.checksum = got.checksum;
    counters->generation.set(publish.generation);
    config::Published published;
    published.generation = publish.generation;
    published.checksum = got.checksum;
    published.lcores = 1;
    published.swap_ns = 1000;
    (void)config::send_message(peer, published);
  }

  const std::string path_;
  int listener_ = -1;
  int counter_fd_ = -1;
  int state_fd_ = -1;
  std::atomic<bool> running_{false};
  std::atomic<size_t> connections_{0};
  std::thread thread_;
  std::mutex mutex_;
  std::vector<Received> received_;
  std::vector<config::Flush> flushes_;
};

}  // namespace penstock

// config/files/descriptor.h - a file descriptor that is closed on every way out, and one that several hold.
#pragma once

#include <unistd.h>

#include <memory>
#include <utility>

namespace penstock::config {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int owned) : fd_(owned) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }  // -1: none
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

using SharedDescriptor = std::shared_ptr<const Descriptor>;

}  // namespace penstock::config

// control/rules/memfd.h - an image as a sealed memory file: what is sent to the dataplane can no longer
// change.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <tl/expected.hpp>

namespace penstock::control {

// Owns the descriptor.
class Memfd {
 public:
  Memfd() = default;
  explicit Memfd(int fd) : fd_(fd) {}
  Memfd(Memfd&& other) noexcept;
  Memfd& operator=(Memfd&& other) noexcept;
  ~Memfd();

  int fd() const { return fd_; }  // -1: none

 private:
  int fd_ = -1;
};

// Sealed against shrinking, growing, writing and further sealing. The error is one line.
tl::expected<Memfd, std::string> seal_in_memfd(std::span<const std::byte> image);

}  // namespace penstock::control

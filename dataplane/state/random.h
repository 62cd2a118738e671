// dataplane/state/random.h - unpredictable ids and ports for one lcore (RFC 5452 section 9.2, RFC 4086).
//
// ChaCha20 (RFC 8439 section 2.3) as a stream of numbers: keyed once from the kernel's generator, then no system call. A
// block of 64 bytes serves sixteen queries.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace penstock::state {

using ChaChaInput = std::array<uint32_t, 16>;

// The block function of RFC 8439 section 2.3.
void chacha20_block(const ChaChaInput& input, std::array<uint32_t, 16>& output);

class Random {
 public:
  // 44 bytes from getrandom(2): key and nonce. Two generators must not share them.
  explicit Random(std::span<const uint8_t, 44> seed);

  uint32_t next() {
    if (used_ == block_.size()) refill();
    return block_[used_++];
  }

 private:
  void refill();

  ChaChaInput input_{};
  std::array<uint32_t, 16> block_{};
  size_t used_ = 16;
};

}  // namespace penstock::state

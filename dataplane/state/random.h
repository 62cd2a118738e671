// dataplane/state/random.h - unpredictable ids and ports for one lcore (RFC 5452 section 9.2, RFC 4086).
//
// ChaCha20 (RFC 8439 section 2.3) as a stream of numbers: keyed once from the kernel's generator, then no system call. Four
// blocks are made at a time, one in each lane of a vector, and serve a dozen queries and their responses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace penstock::state {

// Four blocks' words side by side.
using FourWords = uint32_t __attribute__((vector_size(16)));

// The block function of RFC 8439 section 2.3, for one block (Word is uint32_t) or for four.
template <typename Word>
using ChaChaWords = std::array<Word, 16>;
template <typename Word>
void chacha20_block(const ChaChaWords<Word>& input, ChaChaWords<Word>& output);
extern template void chacha20_block(const ChaChaWords<uint32_t>&, ChaChaWords<uint32_t>&);
extern template void chacha20_block(const ChaChaWords<FourWords>&, ChaChaWords<FourWords>&);

class Random {
 public:
  // 44 bytes from getrandom(2): key and nonce. Two generators must not share them.
  explicit Random(std::span<const uint8_t, 44> seed);

  uint32_t next() {
    if (used_ == kNumbers) refill();
    const size_t at = used_++;
    return block_[at / 4][at % 4];
  }

 private:
  static constexpr size_t kNumbers = 64;

  void refill();

  std::array<uint32_t, 16> seed_{};  // the input of block 0
  uint64_t blocks_ = 0;              // made so far
  ChaChaWords<FourWords> block_{};   // word i of the four blocks, then word i + 1
  size_t used_ = kNumbers;
};

}  // namespace penstock::state

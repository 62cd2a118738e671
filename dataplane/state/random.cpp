#include "dataplane/state/random.h"

#include <cstring>

namespace penstock::state {
namespace {

template <typename Word>
Word rotate_left(Word word, int bits) {
  return word << bits | word >> (32 - bits);
}

template <typename Word>
void quarter_round(Word& a, Word& b, Word& c, Word& d) {
  a += b;
  d = rotate_left(d ^ a, 16);
  c += d;
  b = rotate_left(b ^ c, 12);
  a += b;
  d = rotate_left(d ^ a, 8);
  c += d;
  b = rotate_left(b ^ c, 7);
}

}  // namespace

template <typename Word>
void chacha20_block(const ChaChaWords<Word>& input, ChaChaWords<Word>& output) {
  ChaChaWords<Word> x = input;
  for (int round = 0; round < 20; round += 2) {
    quarter_round(x[0], x[4], x[8], x[12]);
    quarter_round(x[1], x[5], x[9], x[13]);
    quarter_round(x[2], x[6], x[10], x[14]);
    quarter_round(x[3], x[7], x[11], x[15]);
    quarter_round(x[0], x[5], x[10], x[15]);
    quarter_round(x[1], x[6], x[11], x[12]);
    quarter_round(x[2], x[7], x[8], x[13]);
    quarter_round(x[3], x[4], x[9], x[14]);
  }
  for (size_t i = 0; i < x.size(); ++i) output[i] = x[i] + input[i];
}

template void chacha20_block(const ChaChaWords<uint32_t>&, ChaChaWords<uint32_t>&);
template void chacha20_block(const ChaChaWords<FourWords>&, ChaChaWords<FourWords>&);

Random::Random(std::span<const uint8_t, 44> seed) {
  seed_[0] = 0x61707865;  // "expand 32-byte k"
  seed_[1] = 0x3320646e;
  seed_[2] = 0x79622d32;
  seed_[3] = 0x6b206574;
  std::memcpy(&seed_[4], seed.data(), 32);
  std::memcpy(&seed_[13], seed.data() + 32, 12);
}

void Random::refill() {
  ChaChaWords<FourWords> input;
  for (size_t i = 0; i < input.size(); ++i) input[i] = FourWords{} + seed_[i];
  for (int lane = 0; lane < 4; ++lane) {
    // The counter runs into the nonce's first word after 2^32 blocks: the stream does not repeat.
    input[12][lane] = static_cast<uint32_t>(blocks_);
    input[13][lane] += static_cast<uint32_t>(blocks_ >> 32);
    ++blocks_;
  }
  chacha20_block(input, block_);
  used_ = 0;
}

}  // namespace penstock::state

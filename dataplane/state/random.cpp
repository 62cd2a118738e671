#include "dataplane/state/random.h"

#include <bit>
#include <cstring>

namespace penstock::state {
namespace {

void quarter_round(uint32_t& a, uint32_t& b, uint32_t& c, uint32_t& d) {
  a += b;
  d = std::rotl(d ^ a, 16);
  c += d;
  b = std::rotl(b ^ c, 12);
  a += b;
  d = std::rotl(d ^ a, 8);
  c += d;
  b = std::rotl(b ^ c, 7);
}

}  // namespace

void chacha20_block(const ChaChaInput& input, std::array<uint32_t, 16>& x) {
  x = input;
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
  for (size_t i = 0; i < x.size(); ++i) x[i] += input[i];
}

Random::Random(std::span<const uint8_t, 44> seed) {
  input_[0] = 0x61707865;  // "expand 32-byte k"
  input_[1] = 0x3320646e;
  input_[2] = 0x79622d32;
  input_[3] = 0x6b206574;
  std::memcpy(&input_[4], seed.data(), 32);
  std::memcpy(&input_[13], seed.data() + 32, 12);
}

void Random::refill() {
  chacha20_block(input_, block_);
  // The counter runs into the nonce's first word after 2^32 blocks: the stream does not repeat.
  if (++input_[12] == 0) ++input_[13];
  used_ = 0;
}

}  // namespace penstock::state

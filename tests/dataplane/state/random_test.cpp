// tests/dataplane/state/random_test.cpp - the stream of ids and ports: ChaCha20 as RFC 8439 gives it, and no visible bias.
#include "dataplane/state/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <set>
#include <vector>

#include "dataplane/state/lcore.h"

namespace penstock::state {
namespace {

std::array<uint8_t, 44> rfc_key_and_nonce() {
  std::array<uint8_t, 44> seed{};
  std::iota(seed.begin(), seed.begin() + 32, uint8_t{0});
  // RFC 8439 section 2.3.2: nonce 00:00:00:09:00:00:00:4a:00:00:00:00
  seed[35] = 0x09;
  seed[39] = 0x4a;
  return seed;
}

TEST(ChaCha20, BlockOfRfc8439) {
  const ChaChaWords<uint32_t> input{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 0x03020100, 0x07060504,
                                    0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c,
                                    0x00000001, 0x09000000, 0x4a000000, 0x00000000};
  const std::array<uint32_t, 16> expected{0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
                                          0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                                          0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
  std::array<uint32_t, 16> output;
  chacha20_block(input, output);
  EXPECT_EQ(output, expected);
}

// The generator is that very stream from block 0 on, four blocks interleaved word by word.
TEST(Random, IsTheStreamOfItsSeed) {
  const auto seed = rfc_key_and_nonce();
  Random random(seed);
  ChaChaWords<uint32_t> input{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  std::memcpy(&input[4], seed.data(), 32);
  std::memcpy(&input[13], seed.data() + 32, 12);
  for (uint32_t four = 0; four < 5; ++four) {
    ChaChaWords<uint32_t> blocks[4];
    for (uint32_t lane = 0; lane < 4; ++lane) {
      input[12] = four * 4 + lane;
      chacha20_block(input, blocks[lane]);
    }
    for (unsigned word = 0; word < 16; ++word)
      for (const auto& block : blocks) ASSERT_EQ(random.next(), block[word]) << four << " " << word;
  }
}

TEST(Random, SeedsDiffer) {
  auto seed = rfc_key_and_nonce();
  std::set<uint32_t> firsts;
  for (unsigned byte = 0; byte < seed.size(); ++byte) {
    auto changed = seed;
    changed[byte] ^= 1;
    firsts.insert(Random(changed).next());
  }
  EXPECT_EQ(firsts.size(), seed.size());
}

// Chi-squared over the seed's fixed stream: it cannot fail by chance, only by a change of the generator.
double chi_squared(const std::vector<uint64_t>& counts, uint64_t total) {
  const double expected = static_cast<double>(total) / static_cast<double>(counts.size());
  double sum = 0;
  for (const uint64_t count : counts) sum += std::pow(static_cast<double>(count) - expected, 2) / expected;
  return sum;
}

TEST(Random, HalvesAreUniform) {
  Random random(rfc_key_and_nonce());
  std::vector<uint64_t> low(256);
  std::vector<uint64_t> high(256);
  constexpr uint64_t kTotal = 1 << 20;
  for (uint64_t i = 0; i < kTotal; ++i) {
    const uint32_t number = random.next();
    ++low[(number & 0xffff) >> 8];
    ++high[number >> 24];
  }
  // 255 degrees of freedom: mean 255, standard deviation 22.6.
  EXPECT_NEAR(chi_squared(low, kTotal), 255, 4 * 22.6);
  EXPECT_NEAR(chi_squared(high, kTotal), 255, 4 * 22.6);
}

TEST(SourcePortBlock, DrawsAllOfItAndNothingElse) {
  Random random(rfc_key_and_nonce());
  for (const SourcePortBlock block :
       {SourcePortBlock{20000, 1}, SourcePortBlock{1024, 100}, SourcePortBlock{49152, 16384}}) {
    std::vector<uint64_t> counts(block.count);
    const uint64_t total = uint64_t{block.count} * 64;
    for (uint64_t i = 0; i < total; ++i) {
      const uint16_t port = block.draw(random);
      ASSERT_GE(port, block.first);
      ASSERT_LT(port - block.first, block.count);
      ++counts[port - block.first];
    }
    EXPECT_EQ(std::count(counts.begin(), counts.end(), 0U), 0);
    const double freedom = block.count - 1.0;
    EXPECT_NEAR(chi_squared(counts, total), freedom, 5 * std::sqrt(2 * freedom) + 1e-9);
  }
}

}  // namespace
}  // namespace penstock::state

#include "config/contract/loop_label.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock::config {
namespace {

constexpr uint64_t kToken = 0x00c0ffee00c0ffee;

std::string text_of(uint32_t pool, uint64_t token) {
  const LoopLabel label = loop_label(PoolIndex{pool}, token);
  return {label.begin(), label.end()};
}

std::optional<uint32_t> pool_of(std::string_view label, uint64_t token = kToken) {
  const auto pool = pool_of_loop_label({reinterpret_cast<const uint8_t*>(label.data()), label.size()}, token);
  return pool ? std::optional(pool->value()) : std::nullopt;
}

TEST(LoopLabel, IsWrittenInHexadecimalOfFixedWidth) {
  EXPECT_EQ(text_of(3, kToken), "pnstk-0003-00c0ffee00c0ffee");
  EXPECT_EQ(text_of(0, 0), "pnstk-0000-0000000000000000");
  EXPECT_EQ(text_of(0xffff, ~uint64_t{0}), "pnstk-ffff-ffffffffffffffff");
}

TEST(LoopLabel, GivesItsPoolBack) {
  for (uint32_t pool = 0; pool < 65536; pool += 257) EXPECT_EQ(pool_of(text_of(pool, kToken)), pool);
}

TEST(LoopLabel, OtherLabelsAreNoProbes) {
  const struct {
    const char* description;
    std::string label;
  } cases[] = {
      {"empty", ""},
      {"an ordinary name", "www"},
      {"another token", text_of(3, kToken + 1)},
      {"cut short", "pnstk-0003-00c0ffee00c0ffe"},
      {"too long", "pnstk-0003-00c0ffee00c0ffeee"},
      {"another prefix", "pnstl-0003-00c0ffee00c0ffee"},
      {"not folded", "pnstk-000A-00c0ffee00c0ffee"},
      {"no digit below 0", "pnstk-00/3-00c0ffee00c0ffee"},
      {"no digit between 9 and a", "pnstk-000:-00c0ffee00c0ffee"},
      {"no digit above f", "pnstk-000g-00c0ffee00c0ffee"},
      {"another separator", "pnstk-0003.00c0ffee00c0ffee"},
  };
  for (const auto& one : cases) EXPECT_EQ(pool_of(one.label), std::nullopt) << one.description;
  EXPECT_EQ(pool_of("pnstk-000a-00c0ffee00c0ffee"), 10U);
}

}  // namespace
}  // namespace penstock::config

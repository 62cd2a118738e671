#include "dataplane/state/endpoints/alias_table.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace penstock::state {
namespace {

// What the parts give to each number, exactly.
std::vector<double> shares(const std::vector<AliasPart>& parts) {
  std::vector<double> shares(parts.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    const double keep = parts[i].other == i ? 1 : parts[i].keep / 4294967296.0;
    shares[i] += keep / static_cast<double>(parts.size());
    shares[parts[i].other] += (1 - keep) / static_cast<double>(parts.size());
  }
  return shares;
}

TEST(AliasTable, GivesEachItsWeight) {
  std::vector<std::vector<uint32_t>> cases = {
      {1},          {5},          {1, 1},          {1, 3},
      {1, 0, 0, 0}, {0, 0, 7},    {1, 2, 3, 4},    {1000, 1, 1, 1},
      {1, 999},     {4294967295}, {4294967295, 1}, std::vector<uint32_t>(1024, 1000)};
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    std::vector<uint32_t> weights(1 + random() % 64);
    for (uint32_t& weight : weights) weight = 1 + random() % 1000;
    cases.push_back(weights);
  }
  for (const auto& weights : cases) {
    std::vector<AliasPart> parts(weights.size());
    fill_alias_parts(weights, parts);
    double sum = 0;
    for (const uint32_t weight : weights) sum += weight;
    const std::vector<double> found = shares(parts);
    for (size_t i = 0; i < weights.size(); ++i) {
      ASSERT_LT(parts[i].other, weights.size());
      EXPECT_NEAR(found[i], weights[i] / sum, 1e-5) << i << " of " << weights.size();
    }
  }
}

TEST(AliasTable, DrawsWhatThePartsSay) {
  const std::vector<uint32_t> weights{1, 0, 3};
  std::vector<AliasPart> parts(3);
  fill_alias_parts(weights, parts);
  std::mt19937_64 random(1);
  std::vector<unsigned> counts(3);
  for (int i = 0; i < 40'000; ++i) ++counts[draw(parts, random())];
  EXPECT_NEAR(counts[0], 10'000, 400);
  EXPECT_EQ(counts[1], 0U);
  EXPECT_LT(draw(parts, ~uint64_t{0}), 3U);
  EXPECT_NE(draw(parts, 0), 1U);
}

}  // namespace
}  // namespace penstock::state

#include "config/contract/indices/indexed.h"

#include <gtest/gtest.h>

#include <concepts>
#include <type_traits>
#include <unordered_set>
#include <vector>

namespace penstock::config {
namespace {

// What one kind of index must not do with another, or with a bare integer. None of it compiles where the right kind would.
template <typename Kind, typename Other>
constexpr bool kIsApart =
    !std::is_convertible_v<Other, Kind> && !std::is_convertible_v<Kind, Other> && !std::is_assignable_v<Kind&, Other> &&
    !std::equality_comparable_with<Kind, Other> && !std::is_invocable_v<std::less<>, Kind, Other>;
template <typename Kind, typename... Others>
constexpr bool kIsApartFromAll = (kIsApart<Kind, Others> && ...) && (!std::is_constructible_v<Kind, Others> && ...);

static_assert(kIsApartFromAll<EndpointIndex, EndpointSlot, PoolIndex, RuleIndex>);
static_assert(kIsApartFromAll<EndpointSlot, EndpointIndex, PoolIndex, RuleIndex>);
static_assert(kIsApartFromAll<PoolIndex, EndpointIndex, EndpointSlot, RuleIndex>);
static_assert(kIsApartFromAll<RuleIndex, EndpointIndex, EndpointSlot, PoolIndex>);
static_assert(kIsApart<EndpointSlot, uint16_t> && kIsApart<RuleIndex, uint32_t> && kIsApart<RuleIndex, int>);

// Nor does one find its way into an array of another.
template <typename Array, typename Kind>
concept IsIndexedBy = requires(Array array, Kind index) {
  array[index];
};
using BySlot = IndexedArray<EndpointSlot, int, 4>;
static_assert(IsIndexedBy<BySlot, EndpointSlot>);
static_assert(!IsIndexedBy<BySlot, EndpointIndex> && !IsIndexedBy<BySlot, uint16_t>);
using Rules = IndexedSpan<RuleIndex, const int>;
static_assert(IsIndexedBy<Rules, RuleIndex>);
static_assert(!IsIndexedBy<Rules, PoolIndex> && !IsIndexedBy<Rules, size_t>);

// They stand in structs that cross between processes, and in arrays that nobody fills before they are used.
static_assert(std::is_trivial_v<EndpointSlot> && std::is_standard_layout_v<EndpointSlot>);
static_assert(sizeof(EndpointSlot) == 2 && alignof(EndpointSlot) == 2);
static_assert(sizeof(RuleIndex) == 4 && alignof(RuleIndex) == 4);
static_assert(sizeof(BySlot) == 4 * sizeof(int) && std::is_trivial_v<BySlot>);

TEST(Index, ComparesByItsNumber) {
  constexpr RuleIndex low{3};
  constexpr RuleIndex high{7};
  EXPECT_EQ(low, RuleIndex{3});
  EXPECT_NE(low, high);
  EXPECT_LT(low, high);
  EXPECT_GT(kNoRule, high);
  EXPECT_EQ(RuleIndex{}.value(), 0U);
  EXPECT_EQ(kNoEndpointSlot.value(), 0xffff);
}

TEST(Index, IsAKeyOfHashes) {
  const std::unordered_set<EndpointSlot> slots{EndpointSlot{1}, EndpointSlot{2}, EndpointSlot{1}};
  EXPECT_EQ(slots.size(), 2U);
  EXPECT_TRUE(slots.contains(EndpointSlot{2}));
  EXPECT_FALSE(slots.contains(EndpointSlot{3}));
}

TEST(Index, WalksOverARange) {
  std::vector<uint32_t> walked;
  for (const EndpointIndex i : IndexRange<EndpointIndex>(EndpointIndex{5}, 3)) walked.push_back(i.value());
  EXPECT_EQ(walked, (std::vector<uint32_t>{5, 6, 7}));
  for (const EndpointIndex i : IndexRange<EndpointIndex>(EndpointIndex{5}, 0)) FAIL() << i.value();
}

TEST(Index, NamesAPlaceOfASpanOrAnArray) {
  BySlot numbers{{10, 11, 12, 13}};
  EXPECT_EQ(numbers[EndpointSlot{2}], 12);
  EXPECT_TRUE(numbers.has(EndpointSlot{3}));
  EXPECT_FALSE(numbers.has(EndpointSlot{4}));
  EXPECT_FALSE(numbers.has(kNoEndpointSlot));
  EXPECT_EQ(numbers.part(EndpointSlot{1}, 2)[0], 11);

  const std::vector<int> some{20, 21, 22};
  const Rules rules{std::span(some)};
  EXPECT_EQ(rules[RuleIndex{1}], 21);
  EXPECT_TRUE(rules.has(RuleIndex{2}));
  EXPECT_FALSE(rules.has(RuleIndex{3}));
  EXPECT_FALSE(rules.has(kNoRule));
  EXPECT_EQ(rules.part(RuleIndex{1}, 2).back(), 22);
  int sum = 0;
  for (const RuleIndex i : rules.indices()) sum += rules[i];
  EXPECT_EQ(sum, 63);
}

}  // namespace
}  // namespace penstock::config

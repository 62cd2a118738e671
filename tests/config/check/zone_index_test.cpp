#include "config/check/zone_index.h"

#include <algorithm>

#include "tests/config/read/model_text.h"

namespace penstock::config::test {
namespace {

ZoneNames sample() {
  ZoneNames zones;
  uint32_t line = 0;
  const auto add = [&](const char* name, Scope scope) {
    zones.add(*parse_name(name), scope, line, {0, line + 1}), ++line;
  };
  add("example", Scope::zone);        // line 1
  add("a.example", Scope::below);     // line 2
  add("b.a.example", Scope::name);    // line 3
  add("c.b.a.example", Scope::zone);  // line 4
  add("a.example", Scope::name);      // line 5
  add("c.b.a.example", Scope::zone);  // line 6
  return zones;
}

TEST(ZoneIndex, FindsTheLongestMatch) {
  const ZoneNames zones = sample();
  const ZoneIndex index(zones);
  const struct {
    const char* name;
    bool with_apex;
    uint32_t line;  // 0: none
  } cases[] = {
      {.name = "example", .with_apex = true, .line = 1},
      {.name = "example", .with_apex = false, .line = 0},
      {.name = "x.example", .with_apex = true, .line = 1},
      {.name = "a.example", .with_apex = true, .line = 5},
      {.name = "a.example", .with_apex = false, .line = 1},
      {.name = "b.a.example", .with_apex = true, .line = 3},
      {.name = "b.a.example", .with_apex = false, .line = 2},
      {.name = "x.b.a.example", .with_apex = true, .line = 2},
      {.name = "c.b.a.example", .with_apex = true, .line = 4},
      {.name = "x.c.b.a.example", .with_apex = true, .line = 4},
      {.name = "other", .with_apex = true, .line = 0},
      {.name = ".", .with_apex = true, .line = 0},
  };
  for (const auto& one : cases) {
    const auto* entry = index.longest_match(*parse_name(one.name), one.with_apex);
    EXPECT_EQ(entry == nullptr ? 0 : entry->where.line, one.line) << one.name;
  }
}

TEST(ZoneIndex, MayHoldSomeEntriesOnly) {
  const ZoneNames zones = sample();
  const ZoneIndex index(zones, [](const ZoneNames::Entry& entry) { return entry.scope == Scope::below; });
  EXPECT_EQ(index.find(*parse_name("a.example"), Scope::name), nullptr);
  ASSERT_NE(index.longest_match(*parse_name("d.c.b.a.example"), true), nullptr);
  EXPECT_EQ(index.longest_match(*parse_name("d.c.b.a.example"), true)->where.line, 2U);
}

TEST(ZoneIndex, VisitsRepeatedNames) {
  const ZoneNames zones = sample();
  std::vector<std::vector<uint32_t>> lines;
  ZoneIndex(zones).each_repeated([&](const auto& entries) {
    lines.emplace_back();
    for (const auto* entry : entries) lines.back().push_back(entry->where.line);
  });
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines, (std::vector<std::vector<uint32_t>>{{2, 5}, {4, 6}}));
}

}  // namespace
}  // namespace penstock::config::test

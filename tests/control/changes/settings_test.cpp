// tests/control/changes/settings_test.cpp - differences of settings in words.
#include "control/changes/settings.h"

#include <gtest/gtest.h>

namespace penstock::control {
namespace {

TEST(Settings, SayWhatIsDifferent) {
  const struct {
    const char* description;
    Setting before;
    Setting after;
    std::vector<std::string> lines;
  } cases[] = {
      {.description = "nothing",
       .before = one("policy", std::string("ordered")),
       .after = one("policy", std::string("ordered")),
       .lines = {}},
      {.description = "a word",
       .before = one("policy", std::string("ordered")),
       .after = one("policy", std::string("weighted")),
       .lines = {"policy: ordered -> weighted"}},
      {.description = "a switch",
       .before = one("private", false),
       .after = one("private", true),
       .lines = {"private: off -> on"}},
      {.description = "a number",
       .before = one("rise", uint64_t{2}),
       .after = one("rise", uint64_t{3}),
       .lines = {"rise: 2 -> 3"}},
      {.description = "one that appears",
       .before = one("otherwise", std::string()),
       .after = one("otherwise", std::string("next")),
       .lines = {"otherwise: none -> next"}},
      {.description = "members",
       .before = list("allow", {"b", "a"}),
       .after = list("allow", {"c", "b"}),
       .lines = {"allow: + c, - a"}},
      {.description = "another order of what has none",
       .before = list("allow", {"b", "a"}),
       .after = list("allow", {"a", "b"}),
       .lines = {}},
      {.description = "another order",
       .before = list("order", {"b", "a"}, true),
       .after = list("order", {"a", "b"}, true),
       .lines = {"order: b, a -> a, b"}},
      {.description = "a member twice",
       .before = list("records", {"a"}, true),
       .after = list("records", {"a", "a"}, true),
       .lines = {"records: + a"}},
  };
  for (const auto& c : cases) EXPECT_EQ(differences({c.before}, {c.after}), c.lines) << c.description;
}

TEST(Settings, ManyMembersAreCounted) {
  std::vector<std::string> members;
  for (int i = 10; i < 30; ++i) members.push_back("m" + std::to_string(i));
  const auto lines = differences({list("allow", {})}, {list("allow", members)});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].substr(0, 19), "allow: + m10, + m11");
  EXPECT_EQ(lines[0].substr(lines[0].size() - 9), "+ 10 more");
}

TEST(Settings, WhatIsAddedIsToldInOneLine) {
  EXPECT_EQ(in_words({one("to", std::string("pool vpc")), one("private", true), one("cache.stale", false),
                      one("otherwise", std::string()), list("expect", {"10.0.0.0/8"})}),
            "to pool vpc, private on, expect 10.0.0.0/8");
  EXPECT_EQ(in_words({list("expect", {"a", "b", "c", "d"})}), "expect 4 of them");
}

}  // namespace
}  // namespace penstock::control

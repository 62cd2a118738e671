// tests/dataplane/state/endpoints/odd_responses_test.cpp - how many responses that fit no query may be late, and how long a suspicion lasts.
#include "dataplane/state/endpoints/odd_responses.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace penstock::state {
namespace {

constexpr uint64_t kMs = 1'000'000;

struct Second {
  uint64_t queries;  // sent in it, before its responses
  unsigned odd;
};

TEST(OddResponses, MoreThanCanBeLate) {
  const struct {
    const char* what;
    std::vector<Second> seconds;
    bool is_suspect;
  } cases[] = {
      {.what = "a few", .seconds = {{0, 1000}, {0, 1000}, {0, 1000}}, .is_suspect = false},
      {.what = "one more, in the second second", .seconds = {{0, 1000}, {0, 1001}}, .is_suspect = true},
      {.what = "all in the first", .seconds = {{0, 50'000}, {0, 0}, {0, 50'000}}, .is_suspect = false},
      {.what = "as many as were asked",
       .seconds = {{5000, 5000}, {5000, 6000}, {5000, 6000}, {5000, 11'000}},
       .is_suspect = false},
      {.what = "more than were asked in two seconds", .seconds = {{5000, 1}, {5000, 11'001}}, .is_suspect = true},
      {.what = "more than were asked of late", .seconds = {{50'000, 1}, {0, 1}, {0, 1001}}, .is_suspect = true},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.what);
    const auto made = std::make_unique<OddResponses>();
    OddResponses& odd = *made;
    uint64_t now = 1'000'000 * kMs;
    uint64_t queries = 7;
    unsigned told = 0;
    for (const Second& second : one.seconds) {
      const uint64_t before = queries;
      queries += second.queries;
      for (unsigned i = 0; i < second.odd; ++i)
        told += odd.count(config::EndpointSlot{3}, i == 0 ? before : queries, now) ? 1 : 0;
      EXPECT_FALSE(odd.is_suspect(config::EndpointSlot{4}, now)) << "another endpoint";
      now += 1000 * kMs;
    }
    EXPECT_EQ(odd.is_suspect(config::EndpointSlot{3}, now - 1), one.is_suspect);
    EXPECT_EQ(told, one.is_suspect ? 1U : 0U) << "once";
  }
}

TEST(OddResponses, ASuspicionEndsAndIsToldAgain) {
  const auto made = std::make_unique<OddResponses>();
  OddResponses& odd = *made;
  uint64_t now = 1'000'000 * kMs;
  unsigned told = 0;
  for (unsigned i = 0; i < 30 * 2000; ++i, now += kMs / 2) told += odd.count(config::EndpointSlot{0}, 0, now) ? 1 : 0;
  EXPECT_EQ(told, 1U) << "it lasts as long as they come";
  EXPECT_TRUE(odd.is_suspect(config::EndpointSlot{0}, now + OddResponses::kAlarm - 1000 * kMs));
  now += OddResponses::kAlarm;
  EXPECT_FALSE(odd.is_suspect(config::EndpointSlot{0}, now));
  for (unsigned i = 0; i < 3 * 2000; ++i, now += kMs / 2) told += odd.count(config::EndpointSlot{0}, 0, now) ? 1 : 0;
  EXPECT_EQ(told, 2U);
}

}  // namespace
}  // namespace penstock::state

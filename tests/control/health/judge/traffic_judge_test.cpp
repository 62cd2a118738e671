// tests/control/health/judge/traffic_judge_test.cpp - what clients' queries may say of an endpoint, and what an attack must not.
#include "control/health/judge/traffic_judge.h"

#include <gtest/gtest.h>

#include "control/health/traffic_reader.h"
#include "tests/control/admin/fake_operations.h"

namespace penstock::control {
namespace {

// A sample of 0.4 s at so many queries a second.
TrafficSample sample(double rate, double unanswered, double failed = 0) {
  const double queries = rate * 0.4;
  return {0.4, static_cast<uint64_t>(queries), static_cast<uint64_t>(queries * (1 - unanswered)),
          static_cast<uint64_t>(queries * unanswered), static_cast<uint64_t>(queries * failed)};
}

TEST(TrafficJudge, Suspicion) {
  const struct {
    const char* description;
    std::vector<TrafficSample> samples;
    bool suspicious;
  } cases[] = {
      {.description = "nothing", .samples = {}, .suspicious = false},
      {.description = "all is well", .samples = {sample(1000, 0)}, .suspicious = false},
      {.description = "a tenth is lost", .samples = {sample(1000, 0.1)}, .suspicious = false},
      {.description = "half is lost", .samples = {sample(1000, 0.5)}, .suspicious = true},
      {.description = "half is SERVFAIL", .samples = {sample(1000, 0, 0.5)}, .suspicious = true},
      {.description = "at once, after a good time",
       .samples = {sample(1000, 0), sample(1000, 0), sample(1000, 0), sample(1000, 1)},
       .suspicious = true},
      {.description = "over", .samples = {sample(1000, 1), sample(1000, 0), sample(1000, 0)}, .suspicious = false},
      {.description = "two lost queries mean nothing", .samples = {{0.4, 2, 0, 2, 0}}, .suspicious = false},
      {.description = "few, over two seconds",
       .samples = {{0.4, 1, 0, 1, 0}, {0.4, 1, 0, 1, 0}, {0.4, 1, 0, 1, 0}},
       .suspicious = true},
      {.description = "a clock that stood still", .samples = {{0, 9, 0, 9, 0}}, .suspicious = false},
  };
  for (const auto& one : cases) {
    TrafficJudge judge;
    for (const TrafficSample& each : one.samples) judge.add(each);
    EXPECT_EQ(judge.suspicious(), one.suspicious) << one.description;
  }
}

struct Phase {
  double rate;
  double unanswered;
  int samples;
  int lose_probe_every;  // 0: none is lost; one probe a second
};

TEST(TrafficJudge, Throttled) {
  const struct {
    const char* description;
    std::vector<Phase> phases;
    bool throttled;
  } cases[] = {
      {.description = "answers stop above a rate, probes too",
       .phases = {{300, 0, 100, 0}, {3000, 0.4, 50, 3}},
       .throttled = true},
      {.description = "the attack: names without answers, probes answered",
       .phases = {{300, 0, 100, 0}, {3000, 0.5, 75, 0}},
       .throttled = false},
      {.description = "a path that loses at every rate",
       .phases = {{300, 0.3, 100, 3}, {3000, 0.3, 50, 3}},
       .throttled = false},
      {.description = "nothing is known of lower rates", .phases = {{3000, 0.4, 50, 3}}, .throttled = false},
      {.description = "an outage of two seconds at a high rate",
       .phases = {{300, 0, 100, 0}, {3000, 0, 50, 0}, {3000, 1, 5, 1}, {3000, 0, 3, 0}},
       .throttled = false},
      {.description = "a low rate", .phases = {{10, 0, 100, 0}, {60, 0.4, 50, 3}}, .throttled = false},
      {.description = "over when it answers again",
       .phases = {{300, 0, 100, 0}, {3000, 0.4, 50, 3}, {3000, 0, 50, 0}},
       .throttled = false},
      {.description = "a burst, and calm",
       .phases = {{300, 0, 100, 0}, {3000, 0.4, 50, 3}, {300, 0, 50, 0}},
       .throttled = false},
      {.description = "the same again",
       .phases = {{300, 0, 100, 0}, {3000, 0.4, 50, 3}, {300, 0, 50, 0}, {3000, 0.4, 50, 3}},
       .throttled = true},
  };
  for (const auto& one : cases) {
    TrafficJudge judge;
    int probes = 0;
    for (const Phase& phase : one.phases) {
      for (int i = 0; i < phase.samples; ++i) {
        judge.add(sample(phase.rate, phase.unanswered));
        if (i % 5 % 2 == 1) {  // two in five samples of 0.4 s
          ++probes;
          judge.add_probe(phase.lose_probe_every == 0 || probes % phase.lose_probe_every != 0);
        }
      }
    }
    EXPECT_EQ(judge.throttled(), one.throttled) << one.description;
    EXPECT_TRUE(!one.throttled || judge.reason().find("queries per second") != std::string::npos) << judge.reason();
  }
}

TEST(TrafficReader, Differences) {
  const EndpointId id{"vpc", *config::parse_address("10.16.1.10")};
  const auto page = new_counter_page();
  TrafficReader reader;
  TrafficReader::Time now{std::chrono::seconds(100)};
  const auto read = [&](uint16_t slot) {
    now += std::chrono::milliseconds(400);
    return reader.read(*page, {{id, config::EndpointSlot{slot}}}, now);
  };
  page->lcore[0].endpoints[config::EndpointSlot{3}].queries.set(1000);
  EXPECT_TRUE(read(3).empty()) << "what came before is of an unknown age";
  page->lcore[0].endpoints[config::EndpointSlot{3}].queries.add(7);
  page->lcore[0].endpoints[config::EndpointSlot{3}].responses.add(5);
  page->lcore[0].endpoints[config::EndpointSlot{3}].timeouts.add(2);
  page->lcore[0].endpoints[config::EndpointSlot{3}].servfails.add(1);
  page->lcore[0].endpoints[config::EndpointSlot{3}].refused.add(1);
  const auto samples = read(3);
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].first, id);
  EXPECT_NEAR(samples[0].second.seconds, 0.4, 1e-6);
  EXPECT_EQ(samples[0].second.queries, 7U);
  EXPECT_EQ(samples[0].second.responses, 5U);
  EXPECT_EQ(samples[0].second.timeouts, 2U);
  EXPECT_EQ(samples[0].second.failures, 2U);
  EXPECT_TRUE(read(4).empty()) << "another slot";
  page->started_at = 5;
  EXPECT_TRUE(read(4).empty()) << "another dataplane";
  EXPECT_EQ(read(4).size(), 1U);
}

}  // namespace
}  // namespace penstock::control

// tests/control/admin/queries_test.cpp - what tail, grep and top ask for and get.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/admin/commands.h"
#include "control/admin/render.h"
#include "tests/control/admin/fake_operations.h"
#include "tests/control/queries/samples.h"

namespace penstock::control {
namespace {

using nlohmann::json;

struct QueriesTest : testing::Test {
  json run(const json& request) {
    json answer;
    commands.run(request.dump(), [&](const json& given) { answer = given; });
    return answer;
  }
  void put(uint64_t at, const config::NotedDecision& made) { test::put(*control.page, 0, at, made); }

  FakeOperations control;
  Commands commands{control};
};

TEST_F(QueriesTest, WithoutADataplaneThereIsNothingToSee) {
  for (const char* command : {"queries", "top"}) {
    const json answer = run({{"command", command}});
    EXPECT_EQ(answer["ok"], false);
    EXPECT_EQ(answer["error"], "no dataplane is connected; see penstockctl status");
  }
}

TEST_F(QueriesTest, FromNowOnAndOn) {
  control.page = new_counter_page();
  put(1'000'000, test::noted("before.example", "10.0.0.1"));
  json answer = run({{"command", "queries"}, {"from", "now"}});
  ASSERT_EQ(answer["ok"], true) << answer;
  EXPECT_TRUE(answer["queries"].empty());
  put(2'000'000, test::noted("Mail.example", "10.0.0.2", 2));
  put(3'000'000, test::noted("www.example", "10.0.0.3"));
  answer = run({{"command", "queries"}, {"from", answer["cursor"]}, {"rcode", "SERVFAIL"}, {"form", "text"}});
  ASSERT_EQ(answer["queries"].size(), 1U);
  EXPECT_EQ(
      answer["queries"][0],
      "1970-01-01T00:00:00.002000Z  10.0.0.2#0  mail.example A  SERVFAIL  answered_cached  0.000 ms  0 octets  -");
  EXPECT_EQ(answer["more"], false);
  EXPECT_TRUE(run({{"command", "queries"}, {"from", answer["cursor"]}})["queries"].empty());
  EXPECT_EQ(run({{"command", "queries"}, {"from", "oldest"}})["queries"].size(), 3U);
}

TEST_F(QueriesTest, ALongRingComesInParts) {
  control.page = new_counter_page();
  for (uint64_t at = 1; at <= 2500; ++at) put(at, test::noted("a.example", "10.0.0.1"));
  json from = "oldest";
  std::vector<size_t> parts;
  for (bool more = true; more;) {
    const json answer = run({{"command", "queries"}, {"from", from}});
    parts.push_back(answer["queries"].size());
    from = answer["cursor"];
    more = answer["more"];
  }
  EXPECT_EQ(parts, (std::vector<size_t>{1000, 1000, 500}));
}

TEST_F(QueriesTest, AFilterThatCannotBeReadIsAnError) {
  control.page = new_counter_page();
  for (const char* command : {"queries", "top"})
    EXPECT_EQ(run({{"command", command}, {"type", "NONE!"}})["error"],
              "'NONE!' is not a record type: give A, AAAA, HTTPS, TYPE65 ...");
}

TEST_F(QueriesTest, HealthIsOfTheNodeAndOfAPool) {
  json answer = run({{"command", "health"}, {"pool", ""}});
  EXPECT_EQ(answer["healthy"], false);
  EXPECT_EQ(answer["reason"], "no dataplane is connected");
  control.page = new_counter_page();
  control.page->generation.set(7);
  answer = run({{"command", "health"}, {"pool", ""}});
  EXPECT_EQ(answer["healthy"], true) << answer;
  const std::string pool = answer["pools"][0]["name"];
  EXPECT_EQ(run({{"command", "health"}, {"pool", pool}})["healthy"], answer["pools"][0]["up"] != 0);
  EXPECT_EQ(run({{"command", "health"}, {"pool", "vpcc"}})["error"],
            "there is no pool 'vpcc'; see penstockctl endpoints");
}

TEST_F(QueriesTest, TopIsOfTheLastSecondsOnly) {
  control.page = new_counter_page();
  put(1'000'000'000, test::noted("old.example", "10.0.0.1"));
  for (uint64_t i = 0; i < 4; ++i) put(20'000'000'000 + i, test::noted("www.example", "10.0.0.2"));
  const json answer = run({{"command", "top"}, {"seconds", 10}, {"count", 5}});
  ASSERT_EQ(answer["ok"], true) << answer;
  EXPECT_EQ(answer["queries"], 4);
  EXPECT_EQ(answer["seconds"], 10.0);
  const std::string words = render_top(answer);
  EXPECT_EQ(words.find("4 queries in 10.0 s, 0 per second\nall answers: p50 0.00 ms"), 0U) << words;
  EXPECT_NE(words.find("\nnames\n  4  www.example\n"), std::string::npos) << words;
  EXPECT_EQ(words.find("reach no further"), std::string::npos) << words;
}

}  // namespace
}  // namespace penstock::control

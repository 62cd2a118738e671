// tests/control/admin/explain/cached_test.cpp - cached answers as JSON and in words, and messages that are not what they say.
#include "control/admin/explain/cached.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/admin/commands.h"
#include "control/admin/explain/render.h"
#include "tests/control/admin/explain/entries.h"
#include "tests/control/admin/fake_operations.h"

namespace penstock::control {
namespace {

using nlohmann::json;

json report_of(const config::CachedAnswer& told, const std::string& body, const StatusView* view) {
  BrowsedPages pages;
  add_entry(pages, told, "a.studio.us-east-1.sagemaker.aws", body);
  json report;
  EXPECT_TRUE(each_cached(pages, [&](const CachedEntry& entry) { report = cached_report(entry, view); }));
  return report;
}

TEST(Cached, AnAnswerWithItsTtlAndRule) {
  FakeOperations control;
  const StatusView view = control.view();
  const json report = report_of(cached_address(), kAddress, &view);
  EXPECT_EQ(report["name"], "a.studio.us-east-1.sagemaker.aws");
  EXPECT_EQ(report["type"], "A");
  EXPECT_EQ(report["rcode"], "NOERROR");
  EXPECT_EQ(report["ttl_left_s"], 246);
  EXPECT_EQ(report["age_s"], 54);
  EXPECT_EQ(report["stale_for_s"], 86'400);
  EXPECT_EQ(report["pool"], "studio");
  EXPECT_EQ(report["rule"]["line"], 12);
  EXPECT_EQ(report["records"],
            (json{{{"section", "answer"}, {"text", "a.studio.us-east-1.sagemaker.aws. 246 IN A 10.16.3.4"}}}));
  EXPECT_EQ(
      render_dumped(report),
      "; a.studio.us-east-1.sagemaker.aws A fresh: NOERROR, 1 record, 246 s left of 300 s, stored 54 s ago; stale for "
      "86400 s after its TTL, while no endpoint answers; studio[0] studio (/etc/penstock/penstock.yaml:12), pool "
      "studio; asked with RD\n"
      "a.studio.us-east-1.sagemaker.aws. 246 IN A 10.16.3.4\n");
}

struct Case {
  const char* description;
  void (*change)(config::CachedAnswer&);
  const char* line;
};

TEST(Cached, StatesInWords) {
  const Case cases[] = {
      {.description = "stale",
       .change =
           [](auto& told) {
             told.state = config::CachedState::stale;
             told.age_ms = 400'000;
           },
       .line = "NOERROR, 1 record, over, nothing left of 300 s, stored 400 s ago; stale for 86300 s more, while no "
               "endpoint answers"},
      {.description = "expired, of a pool that gives no stale answers",
       .change =
           [](auto& told) {
             told.state = config::CachedState::expired;
             told.age_ms = 400'000;
             told.max_stale = 0;
           },
       .line = "NOERROR, 1 record, over, nothing left of 300 s, stored 400 s ago"},
      {.description = "NXDOMAIN that was validated, with an EDE",
       .change =
           [](auto& told) {
             told.flags = 0x23;
             told.error = 15;
             told.max_stale = 0;
           },
       .line = "NXDOMAIN, 1 record, AD, EDE 15, 246 s left of 300 s, stored 54 s ago"},
      {.description = "a failure beside it",
       .change =
           [](auto& told) {
             told.failures = 2;
             told.failure = 2;
             told.failed_ms = 700;
             told.pause_ms = 2000;
             told.max_stale = 0;
           },
       .line = "NOERROR, 1 record, 246 s left of 300 s, stored 54 s ago; SERVFAIL 0 s ago, 2 in a row; endpoints are "
               "asked again in 2 s"},
      {.description = "a failure alone",
       .change =
           [](auto& told) {
             told.state = config::CachedState::failure;
             told.ttl = 0;
             told.failures = 1;
             told.failure = 5;
             told.failed_ms = 4000;
             told.pause_ms = 1000;
           },
       .line = "REFUSED 4 s ago, 1 in a row; endpoints are asked again"},
  };
  for (const Case& c : cases) {
    config::CachedAnswer told = cached_address();
    c.change(told);
    EXPECT_EQ(render_cached_line(report_of(told, kAddress, nullptr)), c.line) << c.description;
  }
}

// PowerDNS/pdns#2562: a name ended where it had an octet 0. None of what a client can make us cache reaches a terminal as it is.
TEST(Cached, OctetsOfANameAreWrittenOut) {
  BrowsedPages pages;
  add_entry(pages, cached_address(), "a\\000b\\027[31m.example", kAddress);
  std::string text;
  EXPECT_TRUE(
      each_cached(pages, [&](const CachedEntry& entry) { text = render_cached(cached_report(entry, nullptr)); }));
  EXPECT_TRUE(text.starts_with("a\\000b\\027[31m.example A: fresh\n")) << text;
  EXPECT_NE(text.find("    a\\000b\\027[31m.example. 246 IN A 10.16.3.4"), std::string::npos) << text;
}

TEST(Cached, RecordsThatCannotBeReadAreLeftOut) {
  config::CachedAnswer told = cached_address();
  for (size_t length = 0; length < kAddress.size(); ++length)
    EXPECT_EQ(report_of(told, kAddress.substr(0, length), nullptr)["records"], json::array()) << length;
}

TEST(Cached, AMessageThatContradictsItselfIsNotBelieved) {
  BrowsedPages good;
  add_entry(good, cached_address(), "a.example", kAddress);
  add_entry(good, cached_address(), "b.example", kAddress);
  const auto ignore = [](const CachedEntry&) {};
  EXPECT_TRUE(each_cached(good, ignore));
  for (size_t length = 0; length < good.entries.size(); ++length) {
    BrowsedPages cut = good;
    cut.entries.resize(length);
    EXPECT_FALSE(each_cached(cut, ignore)) << length;
  }
  BrowsedPages more = good;
  more.head.entries = 3;
  EXPECT_FALSE(each_cached(more, ignore));
  BrowsedPages shorter = good;
  const uint32_t small = 8;
  std::memcpy(shorter.entries.data(), &small, sizeof small);
  EXPECT_FALSE(each_cached(shorter, ignore));
}

struct CachedCommandTest : testing::Test {
  json run(const json& request) {
    json answer;
    Commands(control).run(request.dump(), [&](const json& given) { answer = given; });
    return answer;
  }
  FakeOperations control;
};

TEST_F(CachedCommandTest, GoesOnUntilSomethingIsThere) {
  control.pages.resize(4);
  for (uint32_t i = 0; i < 3; ++i) control.pages[i].head.next = i + 1;
  control.pages[2].head.generation = 7;
  add_entry(control.pages[2], cached_address(), "a.example", kAddress);
  const json answer = run({{"command", "cached"}, {"scope", "zone"}, {"name", "Example."}, {"type", "a"}});
  EXPECT_EQ(answer["ok"], true);
  EXPECT_EQ(answer["entries"].size(), 1U);
  EXPECT_EQ(answer["entries"][0]["pool"], "studio");
  EXPECT_EQ(answer["next"], 3);
  EXPECT_EQ(control.browses.size(), 3U);
  EXPECT_EQ(control.browses[0].scope, config::FlushScope::zone);
  EXPECT_EQ(control.browses[0].record_type, 1);
  EXPECT_EQ(std::string(control.browses[0].name.data(), control.browses[0].name_length), std::string("\7example\0", 9));
  const json rest = run({{"command", "cached"}, {"scope", "all"}, {"page", 3}});
  EXPECT_EQ(rest["entries"], json::array());
  EXPECT_EQ(rest["next"], 0);
}

TEST_F(CachedCommandTest, OfOtherRulesNoRuleIsNamed) {
  control.pages.resize(1);
  control.pages[0].head.generation = 6;
  add_entry(control.pages[0], cached_address(), "a.example", kAddress);
  EXPECT_EQ(run({{"command", "cached"}})["entries"][0]["rule"], nullptr);
}

TEST_F(CachedCommandTest, BadRequests) {
  EXPECT_NE(
      run({{"command", "cached"}, {"scope", "name"}, {"name", "a..b"}})["error"].get<std::string>().find("'a..b'"),
      std::string::npos);
  EXPECT_NE(run({{"command", "cached"}, {"type", "BOGUS"}})["error"].get<std::string>().find("not a record type"),
            std::string::npos);
}

}  // namespace
}  // namespace penstock::control

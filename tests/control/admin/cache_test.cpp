// tests/control/admin/cache_test.cpp - what users are told of remembered answers, and how they have them forgotten.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/admin/commands.h"
#include "control/admin/render.h"
#include "tests/control/admin/fake_operations.h"

namespace penstock::control {
namespace {

using nlohmann::json;

struct CacheTest : testing::Test {
  json run(const json& request) {
    json answer;
    commands.run(request.dump(), [&](const json& given) { answer = given; });
    return answer;
  }

  FakeOperations control;
  Commands commands{control};
};

TEST_F(CacheTest, FlushSaysHowManyAreForgotten) {
  using config::FlushScope;
  const struct {
    const char* scope;
    const char* name;
    FlushScope asked;
    const char* words;
  } cases[] = {
      {.scope = "name", .name = "WWW.Example.", .asked = FlushScope::name, .words = "3 answers removed: www.example\n"},
      {.scope = "zone",
       .name = "example",
       .asked = FlushScope::zone,
       .words = "3 answers removed: example and below\n"},
      {.scope = "all", .name = "", .asked = FlushScope::all, .words = "3 answers removed: all\n"},
  };
  for (const auto& c : cases) {
    const json answer = run({{"command", "flush"}, {"scope", c.scope}, {"name", c.name}});
    ASSERT_EQ(answer["ok"], true) << answer;
    EXPECT_EQ(answer["entries"], 3);
    EXPECT_EQ(render_flushed(answer), c.words);
    EXPECT_EQ(control.flushes.back().first, c.asked);
  }
  EXPECT_EQ(control.flushes[0].second, *config::parse_name("www.example")) << "folded, as it is remembered";
  EXPECT_EQ(control.flushes[2].second, "");
  control.flushed->entries = 0;
  EXPECT_EQ(render_flushed(run({{"command", "flush"}, {"scope", "name"}, {"name", "a.b"}})),
            "0 answers removed: a.b; for names below it use --zone a.b\n");
  control.flushed->entries = 1;
  EXPECT_EQ(render_flushed(run({{"command", "flush"}, {"scope", "all"}})), "1 answer removed: all\n");
  control.flushed = tl::make_unexpected(std::string("there is no dataplane"));
  EXPECT_EQ(run({{"command", "flush"}, {"scope", "all"}}), (json{{"ok", false}, {"error", "there is no dataplane"}}));
}

TEST_F(CacheTest, CacheTellsWhatThereIs) {
  control.page = new_counter_page();
  config::LcoreCounters& lcore = control.page->lcore[0];
  lcore.query[config::QueryOutcome::forwarded].set(20);
  lcore.query[config::QueryOutcome::joined].set(5);
  lcore.query[config::QueryOutcome::answered_cached].set(70);
  lcore.query[config::QueryOutcome::answered_stale].set(4);
  lcore.query[config::QueryOutcome::answered_failure].set(1);
  lcore.query[config::QueryOutcome::refused_client].set(900);  // had nothing to do with any pool
  lcore.remember[config::RememberOutcome::stored].set(18);
  lcore.remember[config::RememberOutcome::too_long].set(2);
  lcore.refresh[config::RefreshOutcome::sent].set(6);
  control.page->cache_entries.set(17);
  control.page->cache_used.set(3 << 19);
  control.page->cache_size.set(64 << 20);
  control.page->cache_evicted.set(8);
  control.page->cache_flushed.set(9);
  control.recent = {40, 10};
  control.change([](config::Model& model) {
    model.pools[0].cache.stale = model.pools[0].cache.prefetch = true;
    model.pools[1].cache.enabled = false;
    model.rules[0].cache = false;
  });
  const json answer = run({{"command", "cache"}});
  EXPECT_EQ(answer["ok"], true);
  EXPECT_EQ(answer["cache"]["hits"], (json{{"queries", 100}, {"from_memory", 75}, {"ratio", 0.75}}));
  EXPECT_EQ(answer["cache"]["hits_10s"], (json{{"queries", 40}, {"from_memory", 10}, {"ratio", 0.25}}));
  EXPECT_EQ(answer["remember"]["stored"], 18);
  EXPECT_EQ(answer["remember"].size(), config::kRememberOutcomes);
  EXPECT_EQ(answer["refresh"].size(), config::kRefreshOutcomes);
  EXPECT_EQ(answer["pools"][0]["stale"], true);
  EXPECT_EQ(answer["pools"][1]["enabled"], false);
  EXPECT_EQ(answer["zones_off"], json::array({"studio[0] studio"}));
  const std::string words = render_cache(answer);
  for (const char* part : {"17 answers in 1.5 MiB of 64 MiB; answered from it 75.0 % of 100 queries, in the last 10 s "
                           "25.0 % of 40 queries",
                           "70 fresh, 4 stale, 1 by a cached failure", "18 new, 0 renewed", "2 too long", "6 sent",
                           "8 to make room, 9 by flush", "pool studio     up to 3600 s (negative answers 300 s)",
                           "stale up to 86400 s more when no endpoint answers; renewed before they expire",
                           "pool corporate  nothing: every query is forwarded", "cache: off      studio[0] studio"})
    EXPECT_NE(words.find(part), std::string::npos) << part << " in\n" << words;
  const json status = run({{"command", "status"}});
  EXPECT_EQ(status["dataplane"]["cache"], answer["cache"]);
  const std::string glance = render_status(status);
  for (const char* part : {"17 answers in 1.5 MiB of 64 MiB", "stored 18, too_long 2", "sent 6"})
    EXPECT_NE(glance.find(part), std::string::npos) << part << " in\n" << glance;
}

TEST_F(CacheTest, CacheWithoutADataplaneOrMemory) {
  json answer = run({{"command", "cache"}});
  EXPECT_EQ(answer["connected"], false);
  EXPECT_FALSE(answer.contains("cache"));
  EXPECT_NE(render_cache(answer).find("no dataplane is connected"), std::string::npos);
  EXPECT_NE(render_cache(answer).find("pool studio "), std::string::npos);
  control.page = new_counter_page();
  answer = run({{"command", "cache"}});
  EXPECT_EQ(answer["cache"]["hits"]["ratio"], nullptr);
  EXPECT_EQ(answer["pools"][0]["enabled"], false);
  EXPECT_NE(render_cache(answer).find("none: dataplane.cache_size is 0"), std::string::npos) << render_cache(answer);
}

config::Pool& studio(config::Model& model) {
  return model.pools[0];
}

config::Pool& corporate(config::Model& model) {
  return model.pools[1];
}

const struct {
  const char* description;
  const char* name;
  uint32_t rule;
  std::function<void(config::Model&)> change;
  const char* words;
} kLifetimes[] = {
    {.description = "as the pool says",
     .name = "a.example",
     .rule = 3,
     .change = [](config::Model&) {},
     .words = "up to 3600 s (negative answers 300 s)\n"},
    {.description = "stale and renewed",
     .name = "studio.us-east-1.sagemaker.aws",
     .rule = 0,
     .change = [](config::Model& m) { studio(m).cache.stale = studio(m).cache.prefetch = true; },
     .words = "up to 3600 s (negative answers 300 s); stale up to 86400 s more when no endpoint answers; "
              "renewed before they expire if popular\n"},
    {.description = "clamped below, in order, bounded",
     .name = "a.example",
     .rule = 3,
     .change =
         [](config::Model& m) {
           corporate(m).cache.min_ttl = 10;
           corporate(m).cache.rotate = false;
           corporate(m).cache.size = 1 << 20;
         },
     .words =
         "cached   up to 3600 s (negative answers 300 s), at least 10 s; order of addresses kept; at most 1 MiB\n"},
    {.description = "a service of an Active Directory",
     .name = "_ldap._tcp.dc._msdcs.corp.example",
     .rule = 3,
     .change = [](config::Model&) {},
     .words = "up to 60 s (negative answers 5 s)\n"},
    {.description = "the same label behind AWS",
     .name = "_tcp.studio.us-east-1.sagemaker.aws",
     .rule = 0,
     .change = [](config::Model&) {},
     .words = "up to 3600 s (negative answers 300 s)\n"},
    {.description = "off for the rule",
     .name = "a.example",
     .rule = 3,
     .change = [](config::Model& m) { m.rules[3].cache = false; },
     .words = "no, every query is forwarded: the rule says cache: off\n"},
    {.description = "off for the pool",
     .name = "a.example",
     .rule = 3,
     .change = [](config::Model& m) { corporate(m).cache.enabled = false; },
     .words = "no, every query is forwarded: the pool says cache: off\n"},
    {.description = "off for all",
     .name = "a.example",
     .rule = 3,
     .change = [](config::Model& m) { m.dataplane.cache_size = 0; },
     .words = "no, every query is forwarded: dataplane.cache_size is 0\n"},
};

TEST_F(CacheTest, ExplainSaysForHowLongAnswersAreRemembered) {
  for (const auto& c : kLifetimes) {
    FakeOperations one;
    Commands asked(one);
    one.change(c.change);
    one.find(c.rule, c.rule == 0 ? "studio.us-east-1.sagemaker.aws" : "", false);
    json answer;
    asked.run(json{{"command", "explain"}, {"name", c.name}}.dump(), [&](const json& given) { answer = given; });
    const std::string words = render_explain(answer);
    EXPECT_NE(words.find(c.words), std::string::npos) << c.description << "\n" << words;
    const bool stale = answer["cache"].value("stale", false);
    if (c.rule != 0) continue;
    EXPECT_NE(words.find(stale ? "a stale answer if one is cached, else SERVFAIL" : "the client gets SERVFAIL"),
              std::string::npos)
        << words;
  }
  control.find(2, "ads.example", true);
  EXPECT_EQ(render_explain(run({{"command", "explain"}, {"name", "ads.example"}})).find("  cached "), std::string::npos)
      << "answered here";
}

TEST(MemoryShare, OfTheLastTenSeconds) {
  using std::chrono::seconds;
  const RecentMemoryShare::Time start{};
  RecentMemoryShare recent;
  EXPECT_FALSE(recent.get().ratio());
  recent.add({100, 0}, start);
  EXPECT_EQ(recent.get().queries, 0U);
  for (int second = 1; second <= 30; ++second)  // all from memory, for the last ten seconds only
    recent.add({100U + second, second <= 20 ? 0U : second - 20U}, start + seconds(second));
  EXPECT_EQ(recent.get().queries, 10U);
  EXPECT_EQ(recent.get().ratio(), 1.0);
  recent.add({3, 1}, start + seconds(31));  // another dataplane
  EXPECT_EQ(recent.get().queries, 0U);
  recent.add({5, 2}, start + seconds(32));
  EXPECT_EQ(recent.get().ratio(), 0.5);
}

TEST(Render, Octets) {
  EXPECT_EQ(render_octets(0), "0 octets");
  EXPECT_EQ(render_octets(1023), "1023 octets");
  EXPECT_EQ(render_octets(1024), "1 KiB");
  EXPECT_EQ(render_octets(1536), "1.5 KiB");
  EXPECT_EQ(render_octets(uint64_t{64} << 20), "64 MiB");
  EXPECT_EQ(render_octets(uint64_t{3} << 30), "3 GiB");
}

}  // namespace
}  // namespace penstock::control

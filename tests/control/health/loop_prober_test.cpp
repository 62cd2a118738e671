// tests/control/health/loop_prober_test.cpp - which names are asked of whom, how often, and what a return means.
#include "control/health/loop_prober.h"

#include <gtest/gtest.h>

#include <map>

#include "config/contract/loop_label.h"

namespace penstock::control {
namespace {

using namespace std::chrono_literals;
using config::Action;
using config::Scope;

constexpr uint64_t kToken = 0xc0ffee00c0ffee;

struct LoopProberTest : testing::Test {
  LoopProberTest() {
    add_pool("vpc", config::PoolKind::route53_inbound, true, {"10.16.1.10", "10.16.2.10"});
    add_pool("corporate", config::PoolKind::recursive, false, {"192.168.10.2", "192.168.10.3"});
  }
  void add_pool(const char* name, config::PoolKind kind, bool is_private, std::vector<const char*> addresses) {
    config::Pool& pool = model->pools.emplace_back();
    pool.name = name;
    pool.kind = kind;
    pool.is_private = is_private;
    for (const char* address : addresses) pool.endpoints.emplace_back().address = *config::parse_address(address);
  }
  uint32_t rule(Action action, uint32_t pool, bool is_private) {
    config::Rule& made = model->rules.emplace_back();
    made.action = action;
    made.pool = pool;
    made.is_private = is_private;
    return static_cast<uint32_t>(model->rules.size() - 1);
  }
  void zone(const char* name, Scope scope, uint32_t rule) {
    model->zones.add(*config::parse_name(name), scope, rule, {});
  }
  void run(std::chrono::seconds time) {
    for (const auto end = now + time; now < end; now += 200ms) prober.tick(now);
  }
  std::string text(const char* suffix, uint32_t pool) {
    const config::LoopLabel label = config::loop_label(config::PoolIndex{pool}, kToken);
    return std::string(label.begin(), label.end()) + (*suffix == '\0' ? "" : ".") + suffix;
  }
  EndpointId id(const char* pool, const char* address) { return {pool, *config::parse_address(address)}; }

  std::shared_ptr<config::Model> model = std::make_shared<config::Model>();
  std::map<std::string, std::vector<std::string>> asked;  // by address
  std::map<EndpointId, std::string> looping;
  Asked reply = Asked::yes;
  LoopProber::Time now{1000s};
  LoopProber prober{[this](const EndpointId& endpoint, const ProbeQuestion& question) {
                      if (reply == Asked::yes)
                        asked[config::to_string(endpoint.address)].push_back(config::to_text(question.name));
                      return reply;
                    },
                    [this](const EndpointId& endpoint, const std::string& reason) { looping[endpoint] = reason; }};
};

TEST_F(LoopProberTest, EachPoolBelowItsOwnSuffixes) {
  const uint32_t vpc = rule(Action::forward, 0, true);
  const uint32_t office = rule(Action::forward, 1, false);
  const uint32_t none = rule(Action::nxdomain, 0, false);
  zone("studio.example", Scope::zone, vpc);
  zone("ml.example", Scope::below, vpc);
  zone("api.example", Scope::name, vpc);
  zone("partner.example", Scope::zone, office);
  zone("ads.example", Scope::zone, none);
  model->default_rule = office;
  prober.configure(model, kToken, now);
  run(4s);
  EXPECT_TRUE(asked.empty()) << "health comes first";
  run(60s);
  const std::vector<std::string> vpc_names = {text("studio.example", 0), text("ml.example", 0)};
  const std::vector<std::string> office_names = {text("", 1), text("partner.example", 1)};
  EXPECT_EQ(asked, (std::map<std::string, std::vector<std::string>>{{"10.16.1.10", vpc_names},
                                                                    {"10.16.2.10", vpc_names},
                                                                    {"192.168.10.2", office_names},
                                                                    {"192.168.10.3", office_names}}));
  run(120s);
  EXPECT_EQ(asked["10.16.1.10"].size(), 2U) << "rarely";
  run(200s);
  EXPECT_EQ(asked["10.16.1.10"].size(), 4U);
  EXPECT_TRUE(looping.empty());
}

const struct {
  const char* description;
  bool pool_private, rule_private, root_zone, is_default;
  config::PoolKind kind;
  bool asks;
} kRootCases[] = {
    {.description = "a recursive default",
     .pool_private = false,
     .rule_private = false,
     .root_zone = false,
     .is_default = true,
     .kind = config::PoolKind::recursive,
     .asks = true},
    {.description = "no default",
     .pool_private = false,
     .rule_private = false,
     .root_zone = false,
     .is_default = false,
     .kind = config::PoolKind::recursive,
     .asks = false},
    {.description = "a private pool",
     .pool_private = true,
     .rule_private = false,
     .root_zone = false,
     .is_default = true,
     .kind = config::PoolKind::recursive,
     .asks = false},
    {.description = "a private default",
     .pool_private = false,
     .rule_private = true,
     .root_zone = false,
     .is_default = true,
     .kind = config::PoolKind::recursive,
     .asks = false},
    {.description = "the root is another pool's",
     .pool_private = false,
     .rule_private = false,
     .root_zone = true,
     .is_default = true,
     .kind = config::PoolKind::recursive,
     .asks = false},
    {.description = "a VPC",
     .pool_private = false,
     .rule_private = false,
     .root_zone = false,
     .is_default = true,
     .kind = config::PoolKind::route53_inbound,
     .asks = false},
};

TEST_F(LoopProberTest, TheRootOnlyWhereItMayBeAsked) {
  for (const auto& one : kRootCases) {
    model = std::make_shared<config::Model>();
    add_pool("p", one.kind, one.pool_private, {"192.168.10.2"});
    add_pool("q", config::PoolKind::recursive, true, {"192.168.10.9"});
    const uint32_t number = rule(Action::forward, 0, one.rule_private);
    if (one.is_default) model->default_rule = number;
    if (one.root_zone) model->zones.add(config::WireName(1, '\0'), Scope::zone, rule(Action::forward, 1, true), {});
    asked.clear();
    prober.configure(model, kToken, now);
    run(30s);
    EXPECT_EQ(asked.contains("192.168.10.2"), one.asks) << one.description;
  }
}

TEST_F(LoopProberTest, ManySuffixesTakeTurns) {
  const uint32_t vpc = rule(Action::forward, 0, true);
  const uint32_t other = rule(Action::forward, 1, false);
  for (int i = 0; i < 40; ++i) {
    zone(("v" + std::to_string(i) + ".example").c_str(), Scope::zone, vpc);
    zone(("o" + std::to_string(i) + ".example").c_str(), Scope::zone, other);
  }
  const std::string long_name =
      std::string(63, 'a') + "." + std::string(63, 'a') + "." + std::string(63, 'a') + "." + std::string(40, 'a');
  zone(long_name.c_str(), Scope::zone, vpc);
  prober.configure(model, kToken, now);
  run(60s);
  EXPECT_EQ(asked["10.16.1.10"].size(), LoopProber::kMostSuffixes);
  run(1500s);
  const std::set<std::string> names(asked["10.16.1.10"].begin(), asked["10.16.1.10"].end());
  EXPECT_EQ(names.size(), 40U) << "all but the one that leaves no room for a label";
}

TEST_F(LoopProberTest, AReturnIsTheEndpointsThatWasAsked) {
  zone("partner.example", Scope::zone, rule(Action::forward, 1, false));
  prober.configure(model, kToken, now);
  run(6s);
  ASSERT_EQ(asked["192.168.10.2"].size(), 1U);
  prober.came_back(1, *config::parse_address("172.16.0.9"), "x.partner.example");
  EXPECT_EQ(looping.at(id("corporate", "192.168.10.2")), "the probe x.partner.example came back to us from 172.16.0.9");
  EXPECT_EQ(looping.size(), 1U);
  run(6s);
  EXPECT_EQ(looping.size(), 1U) << "the other one was asked too";
  // Soon again, and then it does not come back.
  run(60s);
  EXPECT_EQ(looping.at(id("corporate", "192.168.10.2")), "");
}

TEST_F(LoopProberTest, AReturnByAnEndpointIsItsOwn) {
  zone("partner.example", Scope::zone, rule(Action::forward, 1, false));
  prober.configure(model, kToken, now);
  run(6s);
  prober.came_back(1, *config::parse_address("192.168.10.3"), "x");
  EXPECT_TRUE(looping.contains(id("corporate", "192.168.10.3")));
  EXPECT_FALSE(looping.contains(id("corporate", "192.168.10.2")));
}

TEST_F(LoopProberTest, StrangeNumbersAndLateReturns) {
  prober.came_back(0, *config::parse_address("1.2.3.4"), "x");
  zone("partner.example", Scope::zone, rule(Action::forward, 1, false));
  prober.configure(model, kToken, now);
  prober.came_back(7, *config::parse_address("1.2.3.4"), "x");
  prober.came_back(1, *config::parse_address("1.2.3.4"), "x");
  run(100s);
  prober.came_back(1, *config::parse_address("1.2.3.4"), "x");
  EXPECT_TRUE(looping.empty()) << "no round ran: nobody knows which endpoint it was";
  prober.stop();
  asked.clear();
  run(1000s);
  EXPECT_TRUE(asked.empty());
}

TEST_F(LoopProberTest, OneThatIsDownOrBusyIsNotInsistedOn) {
  zone("partner.example", Scope::zone, rule(Action::forward, 1, false));
  prober.configure(model, kToken, now);
  reply = Asked::later;
  run(20s);
  reply = Asked::yes;
  run(10s);
  EXPECT_EQ(asked["192.168.10.2"].size(), 1U);
  EXPECT_EQ(asked["192.168.10.3"].size(), 1U);
  reply = Asked::never;
  run(400s);
  EXPECT_EQ(asked["192.168.10.2"].size(), 1U);
}

}  // namespace
}  // namespace penstock::control

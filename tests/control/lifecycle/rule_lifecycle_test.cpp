// tests/control/lifecycle/rule_lifecycle_test.cpp - generations of rules that come into force, are refused or given up, without any other
// part of control: the test is the dataplane.
#include "control/lifecycle/rule_lifecycle.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/files/last_good_config.h"

namespace penstock::control {
namespace {

using namespace std::chrono_literals;

constexpr const char* kPrivate = "{zone: a.example, pool: vpc}, {zone: b.example, pool: vpc}";

struct RuleLifecycleTest : testing::Test {
  RuleLifecycleTest() {
    spdlog::set_level(spdlog::level::off);
    std::string pattern = "/tmp/penstock-test.XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder = pattern;
    write(kPrivate);
  }
  ~RuleLifecycleTest() override {
    rules.reset();
    std::filesystem::remove_all(folder);
  }
  RuleLifecycleTest(const RuleLifecycleTest&) = delete;
  RuleLifecycleTest& operator=(const RuleLifecycleTest&) = delete;

  std::string at(const std::string& name) const { return folder + "/" + name; }
  std::string file() const { return at("penstock.yaml"); }
  void write(const std::string& zones, const std::string& last = "") const {
    std::ofstream(file()) << "ports: [{device: \"af_xdp:eth0\"}]\ndataplane: {state_dir: " << at("state")
                          << "}\npools:\n  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}\n"
                             "  office: {kind: recursive, endpoints: [10.16.2.10]}\n"
                          << "zones: [" << zones << "]\ndefault: {pool: office}\n"
                          << last;
  }

  void make(FirstRules first) {
    rules.reset();
    slots = std::make_unique<EndpointSlots>();
    RuleLifecycle::Steps steps{
        .prepare = [this](const config::Model&) { ++prepared; },
        .publish = [this](const RuleSet& sent) { return publish(sent); },
        .in_force = [this] { ++in_force; },
        .reload_ended = [this] { ++reloads_ended; },
        .failed = [this] { ++failed; },
    };
    rules = std::make_unique<RuleLifecycle>(io, RuleStart{file(), std::move(first)}, *slots, std::move(steps));
  }
  void start() {
    auto first = first_rules(file(), false);
    ASSERT_TRUE(first.has_value()) << first.error();
    make(std::move(*first));
    rules->start();
    run_until([&] { return in_force > 0; });
  }
  // With a dataplane from the first.
  void start_connected() {
    start();
    connect();
    run_until([&] { return rules->is_published(); });
  }

  void connect(uint64_t generation = 0, uint64_t checksum = 0) {
    is_connected = true;
    DataplaneSession session{};
    session.hello.pid = 1;
    session.hello.generation = generation;
    session.hello.checksum = checksum;
    rules->on_connected(session);
  }
  bool publish(const RuleSet& sent) {
    if (!is_connected) return false;
    ++published;
    if (answers)
      asio::post(io, [this, generation = sent.generation] {
        if (!refusal.empty()) return rules->on_refused(generation, refusal);
        config::Published answer{};
        answer.generation = generation;
        rules->on_published(answer);
      });
    return true;
  }

  ReloadResult reload(bool accept_removals = false) {
    std::optional<ReloadResult> result;
    rules->reload(accept_removals, [&](const ReloadResult& got) { result = got; });
    run_until([&] { return result.has_value(); });
    return result.value_or(ReloadResult{false, "no answer", {}, 0});
  }
  template <typename Condition>
  void run_until(Condition condition) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!condition() && !io.stopped() && std::chrono::steady_clock::now() < limit) io.run_one_for(100ms);
    EXPECT_TRUE(condition() || io.stopped());
  }
  bool is_kept() const { return std::filesystem::exists(at("state/accepted-zones")); }

  std::string folder;
  asio::io_context io;
  // What is compiled is no work of the io_context.
  asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
  std::unique_ptr<EndpointSlots> slots;
  std::unique_ptr<RuleLifecycle> rules;
  bool is_connected = false;
  bool answers = true;
  std::string refusal;  // of the dataplane; empty: it takes what it gets
  int prepared = 0;
  int published = 0;
  int in_force = 0;
  int reloads_ended = 0;
  int failed = 0;
};

TEST_F(RuleLifecycleTest, WithoutADataplaneRulesAreInForceAtOnceAndNotKept) {
  start();
  ASSERT_NE(rules->rules(), nullptr);
  EXPECT_EQ(rules->rules()->generation, 1U);
  EXPECT_FALSE(rules->is_published());
  EXPECT_EQ(reload().text, "generation 2 kept until a dataplane connects");
  EXPECT_EQ(rules->reloads().succeeded, 1U);
  EXPECT_FALSE(is_kept()) << "what no dataplane has taken is not known to be good";
  connect(40);
  run_until([&] { return rules->is_published(); });
  EXPECT_EQ(rules->rules()->generation, 41U) << "above what the dataplane has seen";
  run_until([&] { return is_kept(); });
}

TEST_F(RuleLifecycleTest, ARefusedFileKeepsTheGenerationUntilItIsMended) {
  start_connected();
  const RuleSet* before = rules->rules();
  const int sent = published;
  write(kPrivate, "oops: 1\n");
  const ReloadResult bad = reload();
  EXPECT_FALSE(bad.ok);
  EXPECT_EQ(bad.text, file() + " has errors; the rules in force stay");
  ASSERT_EQ(bad.details.size(), 1U);
  EXPECT_EQ(bad.generation, before->generation);
  EXPECT_EQ(rules->rules(), before);
  EXPECT_TRUE(rules->is_published());
  EXPECT_EQ(published, sent);
  EXPECT_EQ(reloads_ended, 1);
  ASSERT_TRUE(rules->reloads().refused_file);
  EXPECT_EQ(rules->reloads().refused_file->reasons, bad.details);
  EXPECT_EQ(rules->reloads().refused_file->copy, "");
  EXPECT_EQ(rules->reloads().last_failure, bad.text);

  write(kPrivate);
  EXPECT_TRUE(reload().ok);
  EXPECT_FALSE(rules->reloads().refused_file);
  EXPECT_EQ(rules->reloads().last_failure, "");
  EXPECT_EQ(rules->reloads().failed, 1U);
  EXPECT_EQ(rules->reloads().succeeded, 1U);
}

TEST_F(RuleLifecycleTest, PrivateNamesGoOnlyWhenThatIsAccepted) {
  start_connected();
  const uint64_t before = rules->rules()->generation;
  write("{zone: a.example, pool: vpc}");
  const ReloadResult held = reload();
  EXPECT_FALSE(held.ok);
  EXPECT_NE(held.text.find("penstockctl reload --accept-removals"), std::string::npos) << held.text;
  EXPECT_EQ(held.details, std::vector<std::string>{"b.example is removed: its names would go to pool office"});
  EXPECT_EQ(rules->rules()->generation, before);
  ASSERT_TRUE(rules->reloads().refused_file);
  EXPECT_EQ(rules->reloads().refused_file->reasons.size(), 2U);
  EXPECT_TRUE(reload(true).ok);
  EXPECT_GT(rules->rules()->generation, before);
  EXPECT_FALSE(rules->reloads().refused_file);
}

TEST_F(RuleLifecycleTest, WhatTheDataplaneRefusesIsGivenUp) {
  start_connected();
  const RuleSet* before = rules->rules();
  refusal = "no room";
  write(kPrivate, "lcores: 2\n");
  const ReloadResult result = reload();
  EXPECT_FALSE(result.ok);
  EXPECT_NE(result.text.find("refused generation 3: no room; the rules in force stay"), std::string::npos)
      << result.text;
  EXPECT_EQ(rules->rules(), before);
  EXPECT_TRUE(rules->is_published());
  EXPECT_EQ(rules->rules_of(3), nullptr);
  refusal.clear();
  const ReloadResult taken = reload();
  EXPECT_TRUE(taken.ok);
  EXPECT_EQ(taken.details, std::vector<std::string>{"lcores changed: restart penstock-dataplane"});
  EXPECT_EQ(rules->needed_restarts(), taken.details);
}

TEST_F(RuleLifecycleTest, ADataplaneThatRunsTheseRulesIsNotSentThemAgain) {
  start_connected();
  const int sent = published;
  const uint64_t generation = rules->rules()->generation;
  rules->on_disconnected();
  EXPECT_FALSE(rules->is_published());
  connect(generation, rules->rules()->checksum);
  EXPECT_TRUE(rules->is_published());
  EXPECT_EQ(published, sent);
  rules->on_disconnected();
  connect(generation, rules->rules()->checksum + 1);
  run_until([&] { return rules->is_published(); });
  EXPECT_EQ(published, sent + 1);
  EXPECT_EQ(rules->rules()->generation, generation + 1);
}

TEST_F(RuleLifecycleTest, AnImageWithoutAnAnswerIsOverdueAndWaitsForTheNextConnection) {
  start_connected();
  answers = false;
  std::optional<ReloadResult> result;
  rules->reload(false, [&](const ReloadResult& got) { result = got; });
  run_until([&] { return published == 2; });
  const auto now = std::chrono::steady_clock::now();
  EXPECT_FALSE(rules->overdue(now));
  EXPECT_EQ(rules->overdue(now + 11s), std::optional<uint64_t>(3));
  EXPECT_EQ(rules->rules()->generation, 2U);
  is_connected = false;
  rules->on_disconnected();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->text, "generation 3 kept until a dataplane connects");
  EXPECT_FALSE(rules->overdue(now + 11s));
}

TEST_F(RuleLifecycleTest, ReloadsThatNobodyTypesBecomeOne) {
  start_connected();
  rules->reload_unasked("SIGHUP");
  rules->reload_unasked("SIGHUP");
  rules->reload_unasked("SIGHUP");
  ReloadResult typed;
  rules->reload(false, [&](const ReloadResult& got) { typed = got; });
  EXPECT_EQ(typed.text, "another reload is in progress: try again");
  run_until([&] { return reloads_ended == 2; });
  io.run_for(50ms);
  EXPECT_EQ(rules->reloads().succeeded, 2U);
}

// More endpoints than there are slots for: the file is well, and cannot be compiled.
struct RulesThatDoNotFit : RuleLifecycleTest {
  FirstRules too_many() const {
    auto first = first_rules(file(), false);
    config::Model model = *first->configuration.model;
    for (size_t i = 0; i <= config::kMaxEndpoints; ++i) {
      config::Endpoint endpoint = model.pools[0].endpoints[0];
      endpoint.address.bytes[2] = static_cast<uint8_t>(100 + i / 256);
      endpoint.address.bytes[3] = static_cast<uint8_t>(i % 256);
      model.pools[0].endpoints.push_back(endpoint);
    }
    first->configuration.model = std::make_shared<const config::Model>(std::move(model));
    return std::move(*first);
  }
};

TEST_F(RulesThatDoNotFit, AtTheStartTheLastGoodCopyIsUsed) {
  start_connected();
  run_until([&] { return is_kept(); });
  is_connected = false;
  in_force = 0;
  make(too_many());
  rules->start();
  run_until([&] { return in_force > 0; });
  EXPECT_EQ(rules->fatal_error(), "");
  ASSERT_TRUE(rules->reloads().refused_file);
  EXPECT_EQ(rules->reloads().refused_file->copy, at("state/last-good.config"));
  EXPECT_EQ(rules->model()->pools[0].endpoints.size(), 1U);
  const ReloadResult mended = reload();
  EXPECT_TRUE(mended.ok) << mended.text;
  EXPECT_FALSE(rules->reloads().refused_file);
}

TEST_F(RulesThatDoNotFit, WithoutACopyTheProcessEnds) {
  make(too_many());
  rules->start();
  EXPECT_TRUE(io.stopped());
  EXPECT_NE(rules->fatal_error(), "");
  EXPECT_EQ(rules->rules(), nullptr);
}

}  // namespace
}  // namespace penstock::control

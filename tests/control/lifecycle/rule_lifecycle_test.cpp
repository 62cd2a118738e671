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
#include "control/history/kept_rules.h"

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

  ReloadResult reload(bool accept_removals = false, bool undo_rollback = false) {
    std::optional<ReloadResult> result;
    rules->reload({{Origin::How::command, "root"}, accept_removals, undo_rollback},
                  [&](const ReloadResult& got) { result = got; });
    run_until([&] { return result.has_value(); });
    return result.value_or(ReloadResult{false, "no answer", {}, 0});
  }
  ReloadResult roll_back(uint64_t generation = 0, bool accept_removals = false) {
    std::optional<ReloadResult> result;
    rules->roll_back(generation, {{Origin::How::rollback, "root"}, accept_removals, false},
                     [&](const ReloadResult& got) { result = got; });
    run_until([&] { return result.has_value(); });
    return result.value_or(ReloadResult{false, "no answer", {}, 0});
  }
  // A rollback reads what is on the disk.
  void wait_kept() {
    run_until([&] {
      const History kept = read_history(at("state"));
      return to_text(kept) == to_text(rules->history());
    });
  }
  // As systemd does, with all that is kept.
  void restart() {
    wait_kept();
    is_connected = false;
    in_force = 0;
    start_connected();
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : rules->model()->zones.entries)
      if (entry.where.line != 0) all.push_back(config::to_text(rules->model()->zones.name(entry)));
    return all;
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
  rules->reload({}, [&](const ReloadResult& got) { result = got; });
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
  rules->reload_unasked(Origin::How::signal);
  rules->reload_unasked(Origin::How::signal);
  rules->reload_unasked(Origin::How::signal);
  ReloadResult typed;
  rules->reload({}, [&](const ReloadResult& got) { typed = got; });
  EXPECT_EQ(typed.text, "another reload is in progress: try again");
  run_until([&] { return reloads_ended == 2; });
  io.run_for(50ms);
  EXPECT_EQ(rules->reloads().succeeded, 2U);
}

// ---- the history, and the way back

using Names = std::vector<std::string>;
constexpr const char* kThree =
    "{zone: a.example, pool: vpc}, {zone: b.example, pool: vpc}, {zone: c.example, pool: office}";

TEST_F(RuleLifecycleTest, TheHistorySaysWhoChangedWhat) {
  start_connected();
  ASSERT_EQ(rules->history().generations().size(), 1U);
  EXPECT_EQ(rules->history().newest()->origin.how, Origin::How::start);
  EXPECT_EQ(rules->history().newest()->last, 2U) << "the rules of the start, sent to the dataplane";
  EXPECT_TRUE(reload().ok);
  EXPECT_EQ(rules->history().generations().size(), 1U) << "the file has not changed";
  write(kThree);
  EXPECT_TRUE(reload().ok);
  const Generation& newest = *rules->history().newest();
  EXPECT_EQ(newest.first, 4U);
  EXPECT_EQ(to_string(newest.origin), "reload by root");
  EXPECT_EQ(newest.changes, "zones: 1 added (c.example)");
  EXPECT_TRUE(newest.is_kept);
  EXPECT_GT(newest.at, 1'700'000'000);
}

TEST_F(RuleLifecycleTest, ARollbackLeavesTheFileUntilItChanges) {
  start_connected();
  write(kThree);
  EXPECT_TRUE(reload().ok);
  wait_kept();
  const ReloadResult back = roll_back();
  ASSERT_TRUE(back.ok) << back.text;
  EXPECT_EQ(names(), (Names{"a.example", "b.example"}));
  EXPECT_EQ(back.generation, 4U) << "a new number";
  EXPECT_NE(back.text.find("with the rules of generation 2"), std::string::npos) << back.text;
  ASSERT_NE(rules->history().rollback(), nullptr);

  const ReloadResult held = reload();
  EXPECT_FALSE(held.ok);
  EXPECT_NE(held.text.find("--undo-rollback"), std::string::npos) << held.text;
  EXPECT_EQ(rules->reloads().failed, 0U) << "the file is not refused";
  EXPECT_FALSE(rules->reloads().refused_file);
  rules->reload_unasked(Origin::How::signal);
  run_until([&] { return reloads_ended == 4; });
  EXPECT_EQ(names().size(), 2U);

  write(kThree, "idle: busy\n");
  EXPECT_TRUE(reload().ok) << "another content";
  EXPECT_EQ(names().size(), 3U);
  EXPECT_EQ(rules->history().rollback(), nullptr);
}

TEST_F(RuleLifecycleTest, ARollbackCanBeUndone) {
  start_connected();
  write(kThree);
  EXPECT_TRUE(reload().ok);
  wait_kept();
  ASSERT_TRUE(roll_back().ok);
  EXPECT_TRUE(reload(false, true).ok);
  EXPECT_EQ(names().size(), 3U);
  EXPECT_EQ(rules->history().rollback(), nullptr);
}

TEST_F(RuleLifecycleTest, ARestartKeepsWhatWasRolledBack) {
  start_connected();
  write(kThree);
  EXPECT_TRUE(reload().ok);
  wait_kept();
  restart();
  EXPECT_EQ(names().size(), 3U);
  EXPECT_EQ(rules->history().generations().size(), 2U);
  ASSERT_TRUE(roll_back().ok);
  const uint64_t number = rules->rules()->generation;
  restart();
  EXPECT_EQ(names(), (Names{"a.example", "b.example"})) << "the file has not changed since";
  ASSERT_NE(rules->history().rollback(), nullptr);
  EXPECT_GT(rules->rules()->generation, number) << "no number means two sets of rules";
  write(kThree, "idle: busy\n");
  restart();
  EXPECT_EQ(names().size(), 3U);
  EXPECT_EQ(rules->history().rollback(), nullptr);
}

TEST_F(RuleLifecycleTest, ARollbackThatCannotBeSaysWhy) {
  start_connected();
  EXPECT_NE(roll_back().text.find("no earlier rules"), std::string::npos);
  EXPECT_NE(roll_back(99).text.find("generation 99 is not known"), std::string::npos);
  EXPECT_NE(roll_back(2).text.find("generation 2 has the rules that are in force"), std::string::npos);
  write(kThree);
  EXPECT_TRUE(reload().ok);
  wait_kept();
  std::filesystem::remove(at("state/history/rules." + rules->history().generations().front().hash));
  const ReloadResult lost = roll_back();
  EXPECT_FALSE(lost.ok);
  ASSERT_FALSE(lost.details.empty());
  EXPECT_NE(lost.details[0].find("state/history/rules."), std::string::npos) << lost.details[0];
  EXPECT_EQ(names().size(), 3U);
  EXPECT_EQ(rules->history().rollback(), nullptr);
}

TEST_F(RuleLifecycleTest, ARollbackTakesPrivateNamesAwayOnlyWhenThatIsAccepted) {
  write("{zone: a.example, pool: vpc}");
  start_connected();
  write(kPrivate);
  EXPECT_TRUE(reload().ok);
  wait_kept();
  const ReloadResult held = roll_back();
  EXPECT_FALSE(held.ok);
  EXPECT_NE(held.text.find("penstockctl rules rollback 2 --accept-removals"), std::string::npos) << held.text;
  EXPECT_EQ(names().size(), 2U);
  EXPECT_FALSE(rules->reloads().refused_file) << "the file on disk is in force";
  EXPECT_TRUE(roll_back(0, true).ok);
  EXPECT_EQ(names(), Names{"a.example"});
}

TEST_F(RuleLifecycleTest, AFileIsLookedAtWithoutBeingTaken) {
  start_connected();
  const auto look = [&] {
    std::optional<Preview> found;
    rules->look_at_file(false, false, [&](const Preview& got) { found = got; });
    run_until([&] { return found.has_value(); });
    return found.value_or(Preview{});
  };
  EXPECT_TRUE(look().is_same_text);
  write(kThree, "lcores: 2\n");
  const Preview found = look();
  ASSERT_TRUE(found.changes);
  EXPECT_EQ(found.changes->count(), 2U);
  EXPECT_EQ(found.restarts, std::vector<std::string>{"lcores changed: restart penstock-dataplane"});
  write("{zone: a.example, pool: vpc}");
  EXPECT_EQ(look().removals.size(), 1U);
  EXPECT_EQ(rules->rules()->generation, 2U);
  EXPECT_EQ(rules->reloads().failed, 0U);
  EXPECT_FALSE(rules->reloads().refused_file);
}

TEST_F(RuleLifecycleTest, TheFilesOfAnyGenerationCanBeHad) {
  start_connected();
  write(kThree);
  EXPECT_TRUE(reload().ok);
  wait_kept();
  const auto source = [&](uint64_t generation) {
    std::optional<RuleLifecycle::Source> found;
    rules->source_of(generation, [&](const RuleLifecycle::Source& got) { found = got; });
    run_until([&] { return found.has_value(); });
    return *found;
  };
  EXPECT_EQ(source(0)->generation, 3U);
  EXPECT_NE(source(0)->files.at(0).content.find("c.example"), std::string::npos);
  EXPECT_EQ(source(1)->files.at(0).content.find("c.example"), std::string::npos);
  EXPECT_FALSE(source(99));
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

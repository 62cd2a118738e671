// tests/control/link/dataplane_link_test.cpp - the link against a fake dataplane: greeting, publishing, loss
// and return.
#include "control/link/dataplane_link.h"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <optional>

#include "tests/control/link/fake_dataplane.h"

namespace penstock::control {
namespace {

using namespace std::chrono_literals;

struct DataplaneLinkTest : testing::Test {
  // Until the condition holds; the limit only ends a test that failed.
  template <typename Condition>
  bool run_until(Condition condition) {
    const auto limit = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      io.restart();
      io.run_for(5ms);
    }
    return true;
  }
  DataplaneLink::Events events() {
    return {[this](const DataplaneSession& opened) {
              session = opened;
              ++connects;
            },
            [this] { ++losses; }, [this](const config::Published& message) { published.push_back(message.generation); },
            [this](uint64_t generation, const std::string& reason) { refused.emplace_back(generation, reason); }};
  }
  int image() {
    const int fd = memfd_create("image", MFD_CLOEXEC);
    EXPECT_EQ(ftruncate(fd, 4096), 0);
    return fd;
  }

  TemporaryFolder folder;
  FakeDataplane dataplane{folder / "dataplane.sock"};
  asio::io_context io;
  std::optional<DataplaneSession> session;
  int connects = 0;
  int losses = 0;
  std::vector<uint64_t> published;
  std::vector<std::pair<uint64_t, std::string>> refused;
};

TEST_F(DataplaneLinkTest, GreetsWithBothPages) {
  dataplane.hello.generation = 41;
  dataplane.counters->zones.set(7);
  dataplane.start();
  DataplaneLink link(io, folder / "dataplane.sock", events());
  link.start();
  ASSERT_TRUE(run_until([&] { return session.has_value(); }));
  EXPECT_TRUE(link.connected());
  EXPECT_EQ(session->hello.generation, 41U);
  EXPECT_EQ(session->counters->zones.get(), 7U);
  session->endpoints->heartbeat_ns = 99;
  EXPECT_EQ(dataplane.endpoints->heartbeat_ns, 99U);
}

TEST_F(DataplaneLinkTest, WaitsForADataplaneThatStartsLater) {
  DataplaneLink link(io, folder / "dataplane.sock", events());
  link.start();
  io.run_for(120ms);
  EXPECT_FALSE(link.connected());
  EXPECT_FALSE(link.publish(-1, 1, 0));
  dataplane.start();
  EXPECT_TRUE(run_until([&] { return connects == 1; }));
}

TEST_F(DataplaneLinkTest, PublishesAndHearsRefusals) {
  dataplane.start();
  DataplaneLink link(io, folder / "dataplane.sock", events());
  link.start();
  ASSERT_TRUE(run_until([&] { return connects == 1; }));
  const int fd = image();
  ASSERT_TRUE(link.publish(fd, 5, 4096));
  ASSERT_TRUE(run_until([&] { return !published.empty(); }));
  EXPECT_EQ(published, std::vector<uint64_t>{5});
  ASSERT_EQ(dataplane.received().size(), 1U);
  EXPECT_EQ(dataplane.received()[0].image.size(), 4096U);
  dataplane.refuse = true;
  ASSERT_TRUE(link.publish(fd, 6, 4096));
  ASSERT_TRUE(run_until([&] { return !refused.empty(); }));
  EXPECT_EQ(refused[0], (std::pair<uint64_t, std::string>{6, "the test says no"}));
  EXPECT_TRUE(link.connected()) << "a refusal is no reason to hang up";
  close(fd);
}

TEST_F(DataplaneLinkTest, ComesBackToARestartedDataplane) {
  dataplane.start();
  DataplaneLink link(io, folder / "dataplane.sock", events());
  link.start();
  ASSERT_TRUE(run_until([&] { return connects == 1; }));
  dataplane.stop();
  ASSERT_TRUE(run_until([&] { return losses == 1; }));
  EXPECT_FALSE(link.connected());
  dataplane.new_pages();
  dataplane.start();
  EXPECT_TRUE(run_until([&] { return connects == 2; }));
}

TEST_F(DataplaneLinkTest, LookupIsAnsweredOrFails) {
  dataplane.found.rule = config::RuleIndex{3};
  dataplane.found.generation = 8;
  DataplaneLink link(io, folder / "dataplane.sock", events());
  const auto name = *config::parse_name("a.example");
  std::vector<tl::expected<config::Found, std::string>> answers;
  const auto keep = [&](tl::expected<config::Found, std::string> answer) { answers.push_back(std::move(answer)); };
  link.lookup(name, {}, keep);
  EXPECT_TRUE(answers.empty()) << "never from inside lookup()";
  ASSERT_TRUE(run_until([&] { return answers.size() == 1; }));
  ASSERT_FALSE(answers[0]);
  EXPECT_NE(answers[0].error().find("is penstock-dataplane running?"), std::string::npos) << answers[0].error();

  dataplane.start();
  link.start();
  ASSERT_TRUE(run_until([&] { return connects == 1; }));
  link.lookup(name, {}, keep);
  ASSERT_TRUE(run_until([&] { return answers.size() == 2; }));
  ASSERT_TRUE(answers[1]) << answers[1].error();
  EXPECT_EQ(answers[1]->rule, config::RuleIndex{3});

  dataplane.mute = true;
  link.lookup(name, {}, keep);
  io.restart();
  io.run_for(50ms);
  dataplane.stop();
  ASSERT_TRUE(run_until([&] { return answers.size() == 3; }));
  ASSERT_FALSE(answers[2]);
  EXPECT_NE(answers[2].error().find("lost"), std::string::npos) << answers[2].error();
}

TEST_F(DataplaneLinkTest, ACaptureBringsItsStreamOrTheReason) {
  DataplaneLink link(io, folder / "dataplane.sock", events());
  std::vector<tl::expected<config::SharedDescriptor, std::string>> answers;
  const auto keep = [&](tl::expected<config::SharedDescriptor, std::string> one) { answers.push_back(std::move(one)); };
  link.capture({}, keep);
  ASSERT_TRUE(run_until([&] { return answers.size() == 1; }));
  EXPECT_NE(answers[0].error().find("is penstock-dataplane running?"), std::string::npos) << answers[0].error();

  dataplane.start();
  link.start();
  ASSERT_TRUE(run_until([&] { return connects == 1; }));
  link.capture({}, keep);
  ASSERT_TRUE(run_until([&] { return answers.size() == 2; }));
  ASSERT_TRUE(answers[1]) << answers[1].error();
  std::array<char, 8> came{};
  EXPECT_EQ(read((*answers[1])->get(), came.data(), came.size()), 3);
  EXPECT_STREQ(came.data(), "abc");

  dataplane.refuse = true;
  link.capture({}, keep);
  ASSERT_TRUE(run_until([&] { return answers.size() == 3; }));
  ASSERT_FALSE(answers[2]);
  EXPECT_EQ(answers[2].error(), "the test says no");
  EXPECT_EQ(losses, 0);
}

TEST_F(DataplaneLinkTest, FlushesAreAnsweredInTheirOrderOrFail) {
  DataplaneLink link(io, folder / "dataplane.sock", events());
  const auto name = *config::parse_name("a.example");
  std::vector<tl::expected<config::Flushed, std::string>> answers;
  const auto keep = [&](tl::expected<config::Flushed, std::string> answer) { answers.push_back(std::move(answer)); };
  link.flush(config::FlushScope::all, {}, keep);
  EXPECT_TRUE(answers.empty()) << "never from inside flush()";
  ASSERT_TRUE(run_until([&] { return answers.size() == 1; }));
  ASSERT_FALSE(answers[0]);
  EXPECT_NE(answers[0].error().find("is penstock-dataplane running?"), std::string::npos) << answers[0].error();

  dataplane.found.rule = config::RuleIndex{3};
  dataplane.start();
  link.start();
  ASSERT_TRUE(run_until([&] { return connects == 1; }));
  // Several at a time, and a question of another kind between them.
  std::optional<uint32_t> rule;
  link.flush(config::FlushScope::name, name, keep);
  link.lookup(name, {}, [&](const auto& found) { rule = found.value().rule.value(); });
  link.flush(config::FlushScope::zone, name, keep);
  link.flush(config::FlushScope::all, {}, keep);
  ASSERT_TRUE(run_until([&] { return answers.size() == 4 && rule.has_value(); }));
  for (size_t i = 1; i < 4; ++i) EXPECT_EQ(answers[i].value().entries, i);
  EXPECT_EQ(rule, 3U);
  const auto flushes = dataplane.flushes();
  ASSERT_EQ(flushes.size(), 3U);
  EXPECT_EQ(flushes[0].scope, config::FlushScope::name);
  EXPECT_EQ(std::string(flushes[0].name.data(), flushes[0].name_length), name);
  EXPECT_EQ(flushes[1].scope, config::FlushScope::zone);
  EXPECT_EQ(flushes[2].scope, config::FlushScope::all);
  EXPECT_EQ(flushes[2].name_length, 0);

  dataplane.mute = true;
  link.flush(config::FlushScope::all, {}, keep);
  io.restart();
  io.run_for(50ms);
  dataplane.stop();
  ASSERT_TRUE(run_until([&] { return answers.size() == 5; }));
  EXPECT_NE(answers[4].error().find("lost"), std::string::npos) << answers[4].error();
}

TEST_F(DataplaneLinkTest, QuestionsAboutNamesAreAnsweredWhole) {
  DataplaneLink link(io, folder / "dataplane.sock", events());
  std::vector<std::string> answers;
  const auto browsed = [&](const tl::expected<BrowsedPages, std::string>& pages) {
    answers.push_back(pages ? "page " + std::to_string(pages->head.next) + " of " +
                                  std::to_string(pages->entries.size()) + " octets " +
                                  std::to_string(pages->entries.back())
                            : pages.error());
  };
  const auto composed = [&](const auto& answer) {
    answers.push_back("rule " + std::to_string(answer.value().rule.value()));
  };
  const auto judged = [&](const auto& answer) {
    answers.push_back("judged " + std::to_string(answer.value().rule.value()));
  };
  config::Browse browse;
  link.browse(browse, browsed);
  ASSERT_TRUE(run_until([&] { return answers.size() == 1; }));
  EXPECT_NE(answers[0].find("is penstock-dataplane running?"), std::string::npos) << answers[0];
  dataplane.start();
  link.start();
  ASSERT_TRUE(run_until([&] { return connects == 1; }));
  answers.clear();
  config::Compose compose;
  compose.record_type = 28;
  browse.page = 7;
  // As long as any answer over TCP; and one without an octet.
  link.judge({}, std::vector<uint8_t>(65'535), judged);
  link.browse(browse, browsed);
  link.compose(compose, composed);
  link.judge({}, {}, judged);
  ASSERT_TRUE(run_until([&] { return answers.size() == 4; }));
  EXPECT_EQ(answers, (std::vector<std::string>{"judged 65535", "page 8 of 80000 octets 7", "rule 28", "judged 0"}));
  dataplane.mute = true;
  link.browse(browse, browsed);
  io.restart();
  io.run_for(50ms);
  dataplane.stop();
  ASSERT_TRUE(run_until([&] { return answers.size() == 5; }));
  EXPECT_NE(answers[4].find("lost"), std::string::npos) << answers[4];
}

struct BadHello {
  const char* description;
  void (*spoil)(FakeDataplane&);
};

struct BadHelloTest : DataplaneLinkTest, testing::WithParamInterface<BadHello> {};

TEST_P(BadHelloTest, IsNotTakenAndTriedAgain) {
  GetParam().spoil(dataplane);
  dataplane.start();
  DataplaneLink link(io, folder / "dataplane.sock", events());
  link.start();
  EXPECT_TRUE(run_until([&] { return dataplane.connections() >= 2; }));
  EXPECT_EQ(connects, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadHelloTest,
    testing::Values(BadHello{"another link version", [](FakeDataplane& d) { d.hello.link_version = 98; }},
                    BadHello{"another image version", [](FakeDataplane& d) { d.hello.image_version = 99; }},
                    BadHello{"more ports than there are", [](FakeDataplane& d) { d.hello.ports = 9; }},
                    BadHello{"another counter page", [](FakeDataplane& d) { d.counters->magic = 1; }},
                    BadHello{"a counter page of more lcores than bytes",
                             [](FakeDataplane& d) { d.counters->lcores = 2; }},
                    BadHello{"another endpoint page", [](FakeDataplane& d) { d.endpoints->magic = 1; }}));

}  // namespace
}  // namespace penstock::control

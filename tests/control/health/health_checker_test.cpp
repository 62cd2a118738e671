// tests/control/health/health_checker_test.cpp - the checker against servers on loopback that fall silent and come back.
#include "control/health/health_checker.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

#include "control/health/judge/traffic_judge.h"
#include "tests/control/health/fake_server.h"

namespace penstock::control {
namespace {

using namespace std::chrono_literals;
using config::Health;
using test::FakeServer;
using test::Manner;

class HealthCheckerTest : public testing::Test {
 protected:
  void SetUp() override {
    first_ = std::make_unique<FakeServer>(io_, "127.0.0.11");
    // Both endpoints of a pool have one port, as in life.
    second_ = std::make_unique<FakeServer>(io_, "127.0.0.12", first_->port());
    before_ = spdlog::default_logger();
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(log_);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
    spdlog::set_pattern("%v");
    checker_ = std::make_unique<HealthChecker>(
        io_, [this](const EndpointHealth& health) { changes_.push_back(health); }, first_->port());
  }
  void TearDown() override {
    checker_.reset();
    spdlog::set_default_logger(before_);
  }

  static config::Model model(std::vector<std::string> addresses, const char* health_name = nullptr) {
    config::Model made;
    config::Pool& pool = made.pools.emplace_back();
    pool.name = "east";
    pool.health.interval = 600ms;
    pool.health.timeout = 100ms;
    if (health_name != nullptr) pool.health.name = *config::parse_name(health_name);
    for (const auto& address : addresses) {
      config::Endpoint endpoint;
      endpoint.address = *config::parse_address(address);
      pool.endpoints.push_back(endpoint);
    }
    return made;
  }

  template <typename Condition>
  bool becomes(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io_.run_for(5ms);
    }
    return true;
  }
  EndpointHealth health(const std::string& address) {
    for (const auto& one : checker_->snapshot()) {
      if (config::to_string(one.id.address) == address) return one;
    }
    return {};
  }
  bool both(Health state) { return health("127.0.0.11").state == state && health("127.0.0.12").state == state; }
  size_t count(const std::string& text) {
    size_t found = 0;
    const std::string log = log_.str();
    for (size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++found;
    return found;
  }

  asio::io_context io_;
  std::unique_ptr<FakeServer> first_;
  std::unique_ptr<FakeServer> second_;
  std::unique_ptr<HealthChecker> checker_;
  std::vector<EndpointHealth> changes_;
  std::ostringstream log_;
  std::shared_ptr<spdlog::logger> before_;
};

TEST_F(HealthCheckerTest, DownAndUpWithOneLineEach) {
  checker_->configure(model({"127.0.0.11", "127.0.0.12"}));
  EXPECT_EQ(health("127.0.0.11").state, Health::unknown);
  ASSERT_TRUE(becomes([&] { return both(Health::up); }));
  EXPECT_EQ(first_->questions, std::set<std::string>{". NS"});
  second_->udp_manner = Manner::silent;
  ASSERT_TRUE(becomes([&] { return health("127.0.0.12").state == Health::down; }));
  EXPECT_EQ(health("127.0.0.11").state, Health::up);
  EXPECT_EQ(count("path to"), 0U);
  ASSERT_TRUE(becomes([&] { return count("127.0.0.12 up -> down") == 1; }));
  first_->udp_manner = Manner::servfail;
  ASSERT_TRUE(becomes([&] { return both(Health::down); }));
  EXPECT_TRUE(health("127.0.0.11").errs) << "it says SERVFAIL";
  EXPECT_FALSE(health("127.0.0.12").errs) << "it says nothing";
  second_->udp_manner = Manner::nxdomain;
  ASSERT_TRUE(becomes([&] { return health("127.0.0.12").state == Health::up; }));
  ASSERT_TRUE(becomes([&] { return count("127.0.0.12 down -> up") == 1; }));
  for (const char* line : {
           "pool east: endpoint 127.0.0.11 unknown -> up: answers\n",
           "pool east: endpoint 127.0.0.12 up -> down: no answer in 100 ms, 3 times; check the path: routes, "
           "firewall, "
           "security group\n",
           "pool east: endpoint 127.0.0.11 up -> down: SERVFAIL, 3 times\n",
           "pool east: endpoint 127.0.0.12 down -> up: answers\n",
       }) {
    EXPECT_EQ(count(line), 1U) << line << "in\n" << log_.str();
  }
  // A callback for each of: two up, two down, one up.
  EXPECT_EQ(changes_.size(), 5U);
  const EndpointHealth one = health("127.0.0.12");
  EXPECT_GE(one.udp.failed, 3U);
  EXPECT_GE(one.udp.sent, one.udp.failed + one.udp.answered);
  EXPECT_TRUE(one.udp.round_trip);
}

TEST_F(HealthCheckerTest, TcpAloneDoesNotTakeItDown) {
  first_->close_tcp();
  checker_->configure(model({"127.0.0.11"}));
  ASSERT_TRUE(becomes([&] { return health("127.0.0.11").condition == Condition::tcp_broken; }));
  EXPECT_EQ(health("127.0.0.11").state, Health::up);
  EXPECT_EQ(count("pool east: endpoint 127.0.0.11 up -> tcp-broken: connection refused over TCP; is the DNS server "
                  "running there?\n"),
            1U)
      << log_.str();
  EXPECT_GE(health("127.0.0.11").tcp.failed, 2U);
}

// Two servers, one of which answers in small letters: both are well, and only the other is asked in random case.
TEST_F(HealthCheckerTest, LettersDecideWhatIsSentAndNobodysHealth) {
  second_->udp_manner = Manner::small_letters;
  config::Model mixed = model({"127.0.0.11", "127.0.0.12"}, "corp.example");
  mixed.pools[0].randomise_case = true;
  checker_->configure(mixed);
  ASSERT_TRUE(becomes([&] { return health("127.0.0.11").echoes_case == config::kCaseRepeated; }));
  EXPECT_EQ(health("127.0.0.11").case_reason, "");
  EXPECT_GE(first_->questions.size(), 2U) << "in letters of its own each";
  EXPECT_TRUE(both(Health::up));
  EXPECT_EQ(health("127.0.0.12").echoes_case, config::kCaseChanged);
  EXPECT_EQ(
      count("pool east: endpoint 127.0.0.11 preserves the case of names: the case of its queries is randomised\n"), 1U);
  EXPECT_EQ(count("pool east: endpoint 127.0.0.12 changes the case of names: the case of its queries is not "
                  "randomised\n"),
            1U)
      << log_.str();
  EXPECT_EQ(count("stays"), 0U) << log_.str();
  EXPECT_EQ(changes_.back().echoes_case, config::kCaseRepeated) << "the callee is told";
  // Without the setting nobody is asked so.
  first_->questions.clear();
  checker_->configure(model({"127.0.0.11", "127.0.0.12"}, "corp.example"));
  ASSERT_TRUE(becomes([&] { return !first_->questions.empty(); }));
  EXPECT_EQ(first_->questions, std::set<std::string>{"corp.example. SOA"});
  EXPECT_EQ(health("127.0.0.11").echoes_case, config::kCaseUnknown);
}

TEST_F(HealthCheckerTest, AServerThatIsDeafToMixedCaseIsUp) {
  first_->udp_manner = Manner::deaf_to_capitals;
  config::Model mixed = model({"127.0.0.11"}, "corp.example");
  mixed.pools[0].randomise_case = true;
  mixed.pools[0].health.fall = 1;
  checker_->configure(mixed);
  ASSERT_TRUE(becomes([&] { return health("127.0.0.11").udp.failed == 2; }));
  EXPECT_EQ(health("127.0.0.11").state, Health::up);
  EXPECT_EQ(count("down"), 0U) << log_.str();
  // That it answers nothing any more is seen all the same.
  first_->udp_manner = Manner::silent;
  ASSERT_TRUE(becomes([&] { return health("127.0.0.11").state == Health::down; }));
}

TEST_F(HealthCheckerTest, TogetherIsOneEvent) {
  checker_->configure(model({"127.0.0.11", "127.0.0.12"}));
  ASSERT_TRUE(becomes([&] { return both(Health::up); }));
  first_->udp_manner = second_->udp_manner = Manner::silent;
  ASSERT_TRUE(becomes([&] { return count("path to east: all 2 endpoints down since ") == 1; })) << log_.str();
  EXPECT_EQ(count("no answer in 100 ms, 3 times; check the path"), 1U) << log_.str();
  EXPECT_EQ(count("-> down"), 0U) << log_.str();
  first_->udp_manner = second_->udp_manner = Manner::answer;
  ASSERT_TRUE(becomes([&] { return count("path to east: all 2 endpoints up again, after ") == 1; })) << log_.str();
  EXPECT_EQ(count("down -> up"), 0U) << log_.str();
}

// One that is down is asked ever more seldom; its sibling's return is a reason to look at once.
TEST_F(HealthCheckerTest, BacksOffAndLooksAgain) {
  first_->udp_manner = second_->udp_manner = Manner::silent;
  checker_->configure(model({"127.0.0.11", "127.0.0.12"}));
  ASSERT_TRUE(becomes([&] { return both(Health::down); }));
  const int asked = first_->udp_queries;
  io_.run_for(5s);
  EXPECT_LE(first_->udp_queries - asked, 5) << "gaps of .6, 1.2, 2.4 s, not of .6 s";
  EXPECT_GE(first_->udp_queries - asked, 2);
  first_->udp_manner = Manner::answer;
  // A client's query to the pool that is all down was answered.
  checker_->observe({"east", *config::parse_address("127.0.0.11")}, {0.4, 5, 5, 0, 0});
  second_->udp_manner = Manner::answer;
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(becomes([&] { return both(Health::up); }));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 9s);
}

TEST_F(HealthCheckerTest, SuspicionStartsProbesAndNothingElse) {
  checker_->configure(model({"127.0.0.11"}));
  ASSERT_TRUE(becomes([&] { return health("127.0.0.11").state == Health::up; }));
  const EndpointId id{"east", *config::parse_address("127.0.0.11")};
  changes_.clear();
  const int before = first_->udp_queries + first_->tcp_queries;
  // The attack: thousands a second that are never answered or get SERVFAIL.
  for (int i = 0; i < 15; ++i) {
    checker_->observe(id, {0.4, 1600, 800, 800, 800});
    io_.run_for(400ms);
  }
  EXPECT_TRUE(changes_.empty()) << log_.str();
  EXPECT_EQ(health("127.0.0.11").condition, Condition::up);
  const int probes = first_->udp_queries + first_->tcp_queries - before;
  EXPECT_LE(probes, 14) << "two a second, and those of a slow machine's seconds";
  EXPECT_GT(probes, 8);
  // The same signs, and probes fail too.
  first_->udp_manner = Manner::silent;
  ASSERT_TRUE(becomes([&] {
    checker_->observe(id, {0.4, 1600, 0, 1600, 0});
    return health("127.0.0.11").state == Health::down;
  }));
}

TEST_F(HealthCheckerTest, LoopingIsShownAndLeavesItInUse) {
  checker_->configure(model({"127.0.0.11"}));
  ASSERT_TRUE(becomes([&] { return health("127.0.0.11").state == Health::up; }));
  const EndpointId id{"east", *config::parse_address("127.0.0.11")};
  checker_->set_looping(id, "back from 192.168.10.2");
  EXPECT_EQ(health("127.0.0.11").condition, Condition::looping);
  EXPECT_EQ(health("127.0.0.11").state, Health::up);
  EXPECT_EQ(count("endpoint 127.0.0.11 up -> looping: back from 192.168.10.2\n"), 1U) << log_.str();
  // A server whose every query ends with us answers SERVFAIL: looping says more than that.
  first_->udp_manner = Manner::servfail;
  ASSERT_TRUE(becomes([&] { return health("127.0.0.11").state == Health::down; }));
  EXPECT_EQ(health("127.0.0.11").condition, Condition::looping);
  EXPECT_EQ(health("127.0.0.11").reason, "back from 192.168.10.2; down: SERVFAIL, 3 times");
  EXPECT_EQ(changes_.back().state, Health::down) << "the dataplane is told";
  first_->udp_manner = Manner::answer;
  ASSERT_TRUE(becomes([&] { return health("127.0.0.11").state == Health::up; }));
  checker_->set_looping(id, "");
  EXPECT_EQ(health("127.0.0.11").condition, Condition::up);
}

TEST_F(HealthCheckerTest, AReloadKeepsTheStateOfThoseThatStay) {
  second_->udp_manner = Manner::silent;
  checker_->configure(model({"127.0.0.11", "127.0.0.12"}));
  ASSERT_TRUE(
      becomes([&] { return health("127.0.0.11").state == Health::up && health("127.0.0.12").state == Health::down; }));
  const auto since = health("127.0.0.12").since;
  // Another question for the pool, one endpoint less.
  changes_.clear();
  checker_->configure(model({"127.0.0.12"}, "private.example"));
  ASSERT_EQ(checker_->snapshot().size(), 1U);
  EXPECT_EQ(health("127.0.0.12").state, Health::down);
  EXPECT_EQ(health("127.0.0.12").since, since);
  const int asked_first = first_->udp_queries;
  ASSERT_TRUE(becomes([&] { return second_->questions.contains("private.example. SOA"); }));
  io_.run_for(1s);
  EXPECT_EQ(first_->udp_queries, asked_first);
  EXPECT_TRUE(changes_.empty());
  checker_->stop();
  const int asked_second = second_->udp_queries;
  io_.run_for(1s);
  EXPECT_EQ(second_->udp_queries, asked_second);
  EXPECT_TRUE(checker_->snapshot().empty());
}

TEST_F(HealthCheckerTest, ProbesLeaveFromThePoolsSource) {
  config::Model with_source = model({"127.0.0.11"});
  with_source.pools[0].source = {*config::parse_address("fd00::1"), *config::parse_address("127.0.0.77")};
  checker_->configure(with_source);
  ASSERT_TRUE(becomes([&] { return first_->udp_queries > 0 && first_->tcp_queries > 0; }));
  EXPECT_EQ(first_->sources, std::set<std::string>{"127.0.0.77"});
}

}  // namespace
}  // namespace penstock::control

// tests/control/control_test.cpp - the whole control process against a fake dataplane: rules on their way, restarts of
// either side, reloads that must not go through. In a network namespace of its own: probes go nowhere.
#include "control/control.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <asio/post.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "config/read/read_model.h"
#include "control/admin/client.h"
#include "tests/control/link/fake_dataplane.h"

namespace penstock::control {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

// Before any thread is there; so the fixed metrics port is free too.
const bool in_namespace = [] {
  if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq lo{};
  std::strcpy(lo.ifr_name, "lo");
  lo.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool up = ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
  close(fd);
  return up;
}();

constexpr const char* kStudio = "studio:\n  - {region: us-east-1, pool: studio, domains: all}\n";

struct ControlTest : testing::Test {
  void SetUp() override { ASSERT_TRUE(in_namespace) << "needs a network namespace"; }
  ~ControlTest() override { stop(); }

  void write(const std::string& studio_endpoints, const std::string& rest = kStudio) {
    std::ofstream file(config);
    file << "ports:\n  - {name: corp, device: \"af_packet:lo\"}\nlisten: [192.168.10.86]\npools:\n"
         << "  studio: {kind: route53-inbound, endpoints: [" << studio_endpoints << "]}\n"
         << "  corporate: {kind: recursive, endpoints: [192.168.10.2]}\n"
         << rest << "default: {pool: corporate}\nmetrics: {listen: \"127.0.0.1:9153\"}\n"
         << "dataplane: {socket: \"" << folder / "dataplane.sock"
         << "\", state_dir: \"" << folder.path() << "\"}\n"
         << "control: {socket: \"" << socket << "\"" << (watch ? ", watch: true" : "") << "}\n";
  }
  void start(bool accept_removals = false) {
    auto first = first_rules(config, accept_removals);
    ASSERT_TRUE(first.has_value()) << first.error();
    io = std::make_unique<asio::io_context>();
    control = std::make_unique<Control>(*io, RuleStart{config, std::move(*first), accept_removals});
    thread = std::thread([this] {
      control->start();
      io->run();
    });
  }
  void stop() {
    if (!thread.joinable()) return;
    asio::post(*io, [this] {
      control->stop();
      io->stop();
    });
    thread.join();
    control.reset();
    io.reset();
  }
  json ask(const json& request) {
    const auto answer = ask_control(socket, request, 20s);
    return answer ? *answer : json{{"ok", nullptr}, {"error", answer.error()}};
  }
  template <typename Condition>
  bool wait_until(Condition condition) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      std::this_thread::sleep_for(10ms);
    }
    return true;
  }
  bool published(uint64_t generation) {
    return wait_until([&] {
      const json rules = ask({{"command", "status"}}).value("rules", json::object());
      return rules.value("published", false) && rules.value("generation", uint64_t{0}) == generation;
    });
  }
  // Whatever the dataplane was given last.
  bool published() {
    return wait_until([&] { return !dataplane.received().empty(); }) &&
           published(dataplane.received().back().generation);
  }
  std::map<std::string, config::EndpointSlot> slots() {
    const json answer = ask({{"command", "endpoints"}});
    std::map<std::string, config::EndpointSlot> numbers;
    for (const json& endpoint : answer["endpoints"])
      numbers.emplace(endpoint["address"], endpoint["slot"].get<uint16_t>());
    return numbers;
  }

  TemporaryFolder folder;
  std::string config = folder / "penstock.yaml";
  std::string socket = folder / "control.sock";
  bool watch = false;
  FakeDataplane dataplane{folder / "dataplane.sock"};
  std::unique_ptr<asio::io_context> io;
  std::unique_ptr<Control> control;
  std::thread thread;
};

TEST_F(ControlTest, PublishesToADataplaneThatComesLater) {
  write("10.16.1.10, 10.16.2.10");
  start();
  ASSERT_TRUE(wait_until([&] { return ask({{"command", "status"}})["rules"]["generation"] == 1; }));
  const json explained = ask({{"command", "explain"}, {"name", "a.example"}});
  EXPECT_EQ(explained["ok"], false);
  EXPECT_NE(explained["error"].get<std::string>().find("is penstock-dataplane running?"), std::string::npos)
      << explained;
  dataplane.start();
  ASSERT_TRUE(published(2));
  const auto got = dataplane.received();
  ASSERT_EQ(got.size(), 1U);
  config::ImageHeader header;
  std::memcpy(&header, got[0].image.data(), sizeof header);
  EXPECT_EQ(header.magic, config::kImageMagic);
  EXPECT_EQ(header.generation, 2U);
  EXPECT_GT(header.zone_count, 0U);
  EXPECT_GT(dataplane.endpoints->heartbeat_ns, 0U);
}

TEST_F(ControlTest, PublishesAgainToARestartedDataplane) {
  write("10.16.1.10, 10.16.2.10");
  dataplane.start();
  start();
  ASSERT_TRUE(published());
  EXPECT_EQ(ask({{"command", "drain"}, {"address", "10.16.1.10"}})["ok"], true);
  const auto before = slots();
  const size_t images = dataplane.received().size();
  dataplane.stop();
  dataplane.new_pages();
  dataplane.hello.generation = 0;
  dataplane.hello.checksum = 0;
  dataplane.hello.pid = 1;
  dataplane.start();
  ASSERT_TRUE(wait_until([&] { return dataplane.received().size() == images + 1; }));
  ASSERT_TRUE(published(dataplane.received().back().generation));
  EXPECT_EQ(slots(), before);
  EXPECT_EQ(dataplane.slot(before.at("10.16.1.10")).drained, 1) << "a drained endpoint stays drained";
}

TEST_F(ControlTest, RestartedControlKeepsSlotsAndGoesAboveTheGeneration) {
  write("10.16.1.10, 10.16.2.10");
  dataplane.hello.generation = 40;
  dataplane.start();
  start();
  ASSERT_TRUE(published(41));
  EXPECT_EQ(ask({{"command", "drain"}, {"address", "10.16.2.10"}})["ok"], true);
  const auto before = slots();
  stop();
  write("10.16.3.10, 10.16.2.10, 10.16.1.10");
  start();
  ASSERT_TRUE(published(43)) << "42 was compiled before the dataplane connected";
  const auto after = slots();
  for (const auto& [address, slot] : before) EXPECT_EQ(after.at(address), slot) << address;
  EXPECT_EQ(dataplane.slot(after.at("10.16.2.10")).drained, 1);
}

TEST_F(ControlTest, ReloadPublishesAndFreesSlotsAfterwards) {
  write("10.16.1.10, 10.16.2.10");
  dataplane.start();
  start();
  ASSERT_TRUE(published());
  const auto before = slots();
  write("10.16.2.10, 10.16.3.10");
  const json reloaded = ask({{"command", "reload"}});
  ASSERT_EQ(reloaded["ok"], true) << reloaded;
  EXPECT_EQ(reloaded["generation"], dataplane.received().back().generation);
  const auto after = slots();
  EXPECT_EQ(after.at("10.16.2.10"), before.at("10.16.2.10"));
  EXPECT_FALSE(after.contains("10.16.1.10"));
  EXPECT_EQ(dataplane.slot(before.at("10.16.1.10")).family, 0);
}

TEST_F(ControlTest, ReloadsThatLeaveTheRunningRulesInPlace) {
  write("10.16.1.10, 10.16.2.10");
  dataplane.start();
  start();
  ASSERT_TRUE(published());
  const uint64_t running = dataplane.received().back().generation;
  const auto numbers = slots();
  const auto expect_refused = [&](const char* what, const char* reason) {
    const json answer = ask({{"command", "reload"}});
    EXPECT_EQ(answer["ok"], false) << what;
    EXPECT_NE(answer.dump().find(reason), std::string::npos) << what << ": " << answer;
    EXPECT_EQ(answer["generation"], running) << what;
    EXPECT_EQ(slots(), numbers) << what;
    const json status = ask({{"command", "status"}});
    EXPECT_EQ(status["rules"]["published"], true) << what;
    EXPECT_NE(status["rules"]["last_failure"], "") << what;
  };
  { std::ofstream(config) << "pools: ["; }
  expect_refused("no YAML", "penstock.yaml");
  write("10.16.1.10, 10.16.2.x");
  expect_refused("a bad address", "10.16.2.x");
  write("10.16.1.10, 10.16.2.10", "");
  expect_refused("a private zone is gone", "studio.us-east-1.sagemaker.aws");
  EXPECT_EQ(dataplane.received().size(), 1U) << "none of these reached the dataplane";
  write("10.16.1.10, 10.16.3.10");
  dataplane.refuse = true;
  expect_refused("the dataplane says no", "the test says no");
  dataplane.refuse = false;
  EXPECT_EQ(ask({{"command", "status"}})["rules"]["reloads_failed"], 4);

  write("10.16.1.10, 10.16.2.10", "");
  const json accepted = ask({{"command", "reload"}, {"accept_removals", true}});
  EXPECT_EQ(accepted["ok"], true) << accepted;
  EXPECT_EQ(ask({{"command", "status"}})["rules"]["last_failure"], "");
}

TEST_F(ControlTest, ARestartDoesNotTakePrivateZonesAway) {
  write("10.16.1.10");
  dataplane.start();
  start();
  ASSERT_TRUE(published());
  const json zones = ask({{"command", "status"}})["rules"]["zones"];
  stop();
  ASSERT_TRUE(std::filesystem::exists(folder / "accepted-zones"));
  write("10.16.1.10", "");
  start();
  // published() would take the generation of the control before for the new one's.
  const auto in_force = [&] {
    return wait_until([&] {
      return ask({{"command", "status"}}).value("rules", json::object()).value("published", false);
    });
  };
  EXPECT_TRUE(in_force());
  const json refused = ask({{"command", "status"}})["rules"];
  EXPECT_EQ(refused["zones"], zones) << "those accepted before";
  EXPECT_NE(refused["refused_file"].dump().find("--accept-removals"), std::string::npos) << refused;
  EXPECT_NE(refused["refused_file"].dump().find("studio.us-east-1.sagemaker.aws is removed"), std::string::npos);
  EXPECT_EQ(refused["refused_file"]["copy"]["path"], folder / "last-good.config");
  stop();
  start(true);
  EXPECT_TRUE(in_force());
  const json accepted = ask({{"command", "status"}})["rules"];
  EXPECT_FALSE(accepted.contains("refused_file")) << accepted;
  EXPECT_NE(accepted["zones"], zones);
  stop();
  start();
  EXPECT_TRUE(in_force()) << "accepted once, accepted";
  stop();
  std::ofstream(folder / "accepted-zones") << "nonsense";
  start();
  EXPECT_TRUE(in_force()) << "an unreadable file refuses nothing";
}

TEST_F(ControlTest, FollowsAFileThatIsReplaced) {
  watch = true;
  write("10.16.1.10");
  dataplane.start();
  start();
  ASSERT_TRUE(published());
  const std::string real = config;
  config = folder / "penstock.yaml.new";
  write("10.16.1.10, 10.16.9.10");
  std::filesystem::rename(config, real);
  EXPECT_TRUE(wait_until([&] { return slots().contains("10.16.9.10"); }));
}

TEST_F(ControlTest, WarnsOfWhatNeedsARestart) {
  write("10.16.1.10");
  dataplane.start();
  start();
  ASSERT_TRUE(published());
  write("10.16.1.10", std::string("lcores: 2\n") + kStudio);
  const json reloaded = ask({{"command", "reload"}});
  ASSERT_EQ(reloaded["ok"], true);
  EXPECT_NE(reloaded["details"].dump().find("lcores changed: restart penstock-dataplane"), std::string::npos)
      << reloaded;
  EXPECT_EQ(ask({{"command", "status"}})["rules"]["restart_needed"],
            json{"lcores changed: restart penstock-dataplane"});
}

TEST_F(ControlTest, AsksTheTableThatForwards) {
  write("10.16.1.10");
  dataplane.start();
  start();
  ASSERT_TRUE(published());
  stop();
  dataplane.stop();
  dataplane.found.rule = config::RuleIndex{0};
  dataplane.found.generation = dataplane.received().back().generation + 2;  // compiled at the start, and again for it
  dataplane.found.matched_length = static_cast<uint8_t>(config::parse_name("studio.us-east-1.sagemaker.aws")->size());
  dataplane.start();
  start();
  ASSERT_TRUE(published(dataplane.found.generation));
  const json explained =
      ask({{"command", "explain"}, {"name", "D-1.Studio.us-east-1.sagemaker.aws"}, {"type", "AAAA"}});
  ASSERT_EQ(explained["ok"], true) << explained;
  EXPECT_EQ(explained["name"], "d-1.studio.us-east-1.sagemaker.aws");
  EXPECT_EQ(explained["match"], (json{{"how", "suffix"}, {"zone", "studio.us-east-1.sagemaker.aws"}}));
  EXPECT_EQ(explained["pool"]["name"], "studio");
  EXPECT_EQ(explained["endpoints"][0]["address"], "10.16.1.10");
}

}  // namespace
}  // namespace penstock::control

// tests/control/lifecycle/first_rules_test.cpp - what control starts with when the file is refused, or takes accepted names away.
#include "control/lifecycle/first_rules.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "config/files/last_good_config.h"
#include "control/rules/accepted_zones.h"
#include "control/rules/zone_records.h"

namespace penstock::control {
namespace {

class FirstRulesTest : public testing::Test {
 protected:
  FirstRulesTest() {
    spdlog::set_level(spdlog::level::off);
    std::string pattern = "/tmp/penstock-test.XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder = pattern;
  }
  ~FirstRulesTest() override { std::filesystem::remove_all(folder); }
  FirstRulesTest(const FirstRulesTest&) = delete;
  FirstRulesTest& operator=(const FirstRulesTest&) = delete;

  std::string at(const std::string& name) const { return folder + "/" + name; }
  std::string file() const { return at("penstock.yaml"); }
  static void put(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
  // What stands in front of the rest is where line 2 begins.
  void write(const std::string& zones, const std::string& line2 = "", const std::string& last = "") {
    put(file(), "ports: [{device: \"af_xdp:eth0\"}]\n" + line2 + "dataplane: {state_dir: " + at("state") + "}\n" +
                    "pools:\n  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}\n"
                    "  office: {kind: recursive, endpoints: [10.16.2.10]}\n" +
                    "zones: [" + zones + "]\ndefault: {pool: office}\n" + last);
  }
  // As a control does whose rules a dataplane has acknowledged.
  void accept() {
    const auto first = first_rules(file(), true);
    ASSERT_TRUE(first.has_value()) << first.error();
    const config::Model& model = *first->configuration.model;
    ASSERT_TRUE(config::save_last_good_config(at("state"), config::kLastGoodRules, *first->configuration.files));
    ASSERT_TRUE(write_accepted_zones(accepted_zones_path(model), accepted_zones(model)));
  }
  static std::vector<std::string> names(const FirstRules& rules) {
    std::vector<std::string> names;
    const config::ZoneNames& zones = rules.configuration.model->zones;
    for (const auto& entry : zones.entries)
      if (entry.where.line != 0) names.push_back(config::to_text(zones.name(entry)));
    return names;
  }

  std::string folder;
};

using Names = std::vector<std::string>;
constexpr const char* kPrivate = "{zone: a.example, pool: vpc}";

TEST_F(FirstRulesTest, AGoodFileIsTaken) {
  write(kPrivate);
  const auto first = first_rules(file(), false);
  ASSERT_TRUE(first.has_value()) << first.error();
  EXPECT_FALSE(first->refused);
  EXPECT_EQ(names(*first), Names{"a.example"});
  ASSERT_TRUE(first->configuration.files);
}

TEST_F(FirstRulesTest, ABadFileIsReplacedByItsLastGoodCopyAndTheReasonIsKept) {
  write(kPrivate);
  accept();
  const struct {
    const char* line2;
    const char* last;
    const char* place;
    const char* what;
  } cases[] = {
      {.line2 = "", .last = "oops: 1\n", .place = ":8: error: ", .what = "oops"},
      {.line2 = "bad: [\n", .last = "", .place = ": error: ", .what = "this is not YAML"},
      {.line2 = "oops: 1\n", .last = "worse: 2\n", .place = ":2: error: ", .what = "oops"},
  };
  for (const auto& c : cases) {
    write(kPrivate, c.line2, c.last);
    const auto first = first_rules(file(), false);
    ASSERT_TRUE(first.has_value()) << first.error();
    EXPECT_EQ(names(*first), Names{"a.example"});
    ASSERT_TRUE(first->refused);
    EXPECT_EQ(first->refused->copy, at("state/last-good.config"));
    // As `penstockctl check` prints them.
    EXPECT_EQ(first->refused->reasons, config::errors_of(read_rules(file()).findings));
    EXPECT_NE(first->refused->reasons.front().find(c.place), std::string::npos) << first->refused->reasons.front();
    EXPECT_NE(first->refused->reasons.front().find(c.what), std::string::npos) << first->refused->reasons.front();
  }
}

TEST_F(FirstRulesTest, WithoutACopyABadFileIsTheEnd) {
  write(kPrivate, "", "oops: 1\n");
  const auto first = first_rules(file(), false);
  ASSERT_FALSE(first.has_value());
  EXPECT_NE(first.error().find("no last good copy"), std::string::npos) << first.error();
  EXPECT_NE(first.error().find(file() + ":8: error: "), std::string::npos) << first.error();
}

TEST_F(FirstRulesTest, RulesThatTakeAcceptedNamesAwayAreRefusedAlike) {
  write("{zone: a.example, pool: vpc}, {zone: b.example, pool: vpc}");
  accept();
  write(kPrivate);
  const auto first = first_rules(file(), false);
  ASSERT_TRUE(first.has_value()) << first.error();
  EXPECT_EQ(names(*first), (Names{"a.example", "b.example"}));
  ASSERT_TRUE(first->refused);
  ASSERT_EQ(first->refused->reasons.size(), 2U);
  EXPECT_NE(first->refused->reasons[0].find("removes names from private zones"), std::string::npos);
  EXPECT_EQ(first->refused->reasons[1], "b.example is removed: its names would go to pool office");

  const auto accepted = first_rules(file(), true);
  ASSERT_TRUE(accepted.has_value());
  EXPECT_FALSE(accepted->refused);
  EXPECT_EQ(names(*accepted), Names{"a.example"});
}

// Its names would leave to public DNS.
TEST_F(FirstRulesTest, ACopyOlderThanWhatWasAcceptedIsNotTaken) {
  write(kPrivate);
  accept();
  write("{zone: a.example, pool: vpc}, {zone: b.example, pool: vpc}");
  const auto newer = read_rules(file());
  ASSERT_TRUE(write_accepted_zones(accepted_zones_path(*newer.model), accepted_zones(*newer.model)));
  write(kPrivate, "", "oops: 1\n");
  const auto first = first_rules(file(), false);
  ASSERT_FALSE(first.has_value());
  EXPECT_NE(first.error().find("b.example is removed"), std::string::npos) << first.error();
}

// Measured in time of the processor, which others use too.
TEST_F(FirstRulesTest, AMillionNamesTakenAwayAreRefusedSoon) {
  constexpr int kNames = 1'000'000;
  {
    std::ofstream list(at("names.txt"));
    for (int i = 0; i < kNames; ++i) list << "host-" << i << ".zone" << i % 1000 << ".corp.example\n";
  }
  write("{zones_file: names.txt, pool: vpc}");
  accept();
  write("{zone: x.example, pool: vpc}");
  const std::clock_t begin = std::clock();
  const auto first = first_rules(file(), false);
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  ASSERT_TRUE(first.has_value()) << first.error();
  EXPECT_EQ(names(*first).size(), kNames);
  ASSERT_TRUE(first->refused);
  EXPECT_EQ(first->refused->reasons[2], "host-0.zone0.corp.example is removed: its names would go to pool office");
  EXPECT_EQ(first->refused->reasons.back(), "and 999981 more");
  std::printf("%.2f s of the processor\n", seconds);
  EXPECT_LT(seconds, 6);
}

}  // namespace
}  // namespace penstock::control

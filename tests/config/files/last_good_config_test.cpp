// tests/config/files/last_good_config_test.cpp - the copy of a configuration that a start goes on with when the file is refused.
#include "config/files/last_good_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace penstock::config {
namespace {

constexpr const char* kYaml = R"(
ports: [{device: "af_xdp:eth0"}]
pools: {office: {kind: recursive, endpoints: [10.16.2.10]}}
zones:
  - {zones_file: lists/partners.txt, pool: office}
  - {zone: lab.example, zone_file: lab.zone}
default: {pool: office}
)";

class LastGoodConfigTest : public testing::Test {
 protected:
  LastGoodConfigTest() {
    std::string pattern = "/tmp/penstock-test.XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder = pattern;
    unsetenv("STATE_DIRECTORY");
    std::filesystem::create_directories(at("etc/lists"));
    put(at("etc/lists/partners.txt"), "one.example\ntwo.example\n");
    put(at("etc/lab.zone"), "@ A 10.0.0.1\n");
    put(file(), std::string("dataplane: {state_dir: ") + at("state") + "}\n" + kYaml);
  }
  ~LastGoodConfigTest() override { std::filesystem::remove_all(folder); }
  LastGoodConfigTest(const LastGoodConfigTest&) = delete;
  LastGoodConfigTest& operator=(const LastGoodConfigTest&) = delete;

  std::string at(const std::string& name) const { return folder + "/" + name; }
  std::string file() const { return at("etc/penstock.yaml"); }
  static void put(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

  std::string folder;
};

TEST_F(LastGoodConfigTest, HasAllFilesAndMeansTheSameWithoutThem) {
  ReadModel read = read_model(file());
  ASSERT_TRUE(read.model) << to_text(read.findings.front());
  ASSERT_EQ(read.files.size(), 3U);
  ASSERT_TRUE(save_last_good_config(at("state"), kLastGoodRules, read.files).has_value());
  put(file(), "dataplane: {state_dir: " + at("state") + "}\nbad: [\n");
  std::filesystem::remove_all(at("etc/lists"));
  put(at("etc/lab.zone"), "@ A 10.0.0.2\n");

  const auto found = find_last_good_config(file(), kLastGoodRules);
  ASSERT_TRUE(found.has_value()) << found.error();
  EXPECT_EQ(found->path, at("state/last-good.config"));
  EXPECT_NEAR(static_cast<double>(found->config.kept_at), static_cast<double>(std::time(nullptr)), 60);
  const ReadModel copy = read_model_of(found->config.files);
  ASSERT_TRUE(copy.model) << to_text(copy.findings.front());
  EXPECT_EQ(describe(*copy.model), describe(*read.model));
  EXPECT_EQ(copy.model->files, read.model->files);
  EXPECT_EQ(copy.model->zones.bytes, read.model->zones.bytes);
  EXPECT_EQ(copy.model->rules[1].records[0].text, "@ A 10.0.0.1\n");
}

TEST_F(LastGoodConfigTest, TheHostPartAlone) {
  const ReadModel read = read_host(file());
  ASSERT_EQ(read.files.size(), 1U);
  const ReadModel copy = read_host_of(read.files.front());
  ASSERT_TRUE(copy.model);
  EXPECT_EQ(copy.model->ports.front().device, "eth0");
  EXPECT_EQ(copy.model->dataplane.state_dir, at("state"));
}

TEST_F(LastGoodConfigTest, IsFoundWithoutAReadableFile) {
  ASSERT_TRUE(save_last_good_config(at("state"), kLastGoodRules, {{file(), "x"}}).has_value());
  std::filesystem::remove(file());
  EXPECT_FALSE(find_last_good_config(file(), kLastGoodRules).has_value());
  setenv("STATE_DIRECTORY", (at("state") + ":/elsewhere").c_str(), 1);
  EXPECT_TRUE(find_last_good_config(file(), kLastGoodRules).has_value());
}

TEST_F(LastGoodConfigTest, OfAnotherFileIsNotTaken) {
  ASSERT_TRUE(save_last_good_config(at("state"), kLastGoodRules, {{at("etc/other.yaml"), "x"}}).has_value());
  const auto found = find_last_good_config(file(), kLastGoodRules);
  ASSERT_FALSE(found.has_value());
  EXPECT_NE(found.error().find("is a copy of " + at("etc/other.yaml")), std::string::npos) << found.error();
  EXPECT_NE(found.error().find("/var/lib/penstock/last-good.config"), std::string::npos) << "the default is looked at";
}

TEST_F(LastGoodConfigTest, ADamagedOneIsNotTaken) {
  const std::string whole = to_text(LastGoodConfig{7, {{"/a b", "one\nend\n"}, {"/c", ""}}});
  const auto parsed = parse_last_good_config(whole);
  ASSERT_TRUE(parsed.has_value()) << parsed.error();
  EXPECT_EQ(parsed->kept_at, 7);
  ASSERT_EQ(parsed->files.size(), 2U);
  EXPECT_EQ(parsed->files[0].path, "/a b");
  EXPECT_EQ(parsed->files[0].content, "one\nend\n");
  EXPECT_EQ(parsed->files[1].content, "");
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(parse_last_good_config(whole.substr(0, size)).has_value()) << size;
  EXPECT_FALSE(parse_last_good_config(whole + "x").has_value());
  EXPECT_FALSE(parse_last_good_config("penstock last-good-config 1\nkept 7\nend\n").has_value()) << "no file";
  EXPECT_FALSE(
      parse_last_good_config("penstock last-good-config 1\nkept 7\nfile 9999999999999 /a\nx\nend\n").has_value());
}

TEST(FindStateDir, InATextThatNeedNotBeYaml) {
  const struct {
    const char* text;
    const char* folder;
  } cases[] = {
      {"dataplane: {state_dir: /srv/state}\n", "/srv/state"},
      {"dataplane:\n  state_dir: /srv/state # here\n  bad: [\n", "/srv/state"},
      {"bad: [\r\ndataplane:\r\n  state_dir: /srv/state\r\n", "/srv/state"},
      {"{\"dataplane\": {\"socket\": \"/x\", \"state_dir\": \"/srv/state\"}, bad", "/srv/state"},
      {"dataplane: {'state_dir' : '/srv/state'", "/srv/state"},
      {"# state_dir: /old\ndataplane: {state_dir: /srv/state}", "/srv/state"},
      {"state_dir: /srv/state", "/srv/state"},
      {"my_state_dir: /old\nstate_dirs: /old\nstate_dir: relative\n", ""},
      {"state_dir", ""},
      {"state_dir:", ""},
      {"", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(find_state_dir(c.text), c.folder) << c.text;
}

}  // namespace
}  // namespace penstock::config

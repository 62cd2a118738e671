// tests/control/history/kept_rules_test.cpp - configurations on disk: whole, once, bounded, and of no use when damaged.
#include "control/history/kept_rules.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace penstock::control {
namespace {

using Files = std::vector<config::SourceFile>;

struct KeptRulesTest : testing::Test {
  KeptRulesTest() {
    spdlog::set_level(spdlog::level::off);
    std::string pattern = "/tmp/penstock-test.XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder = pattern;
  }
  ~KeptRulesTest() override { std::filesystem::remove_all(folder); }
  KeptRulesTest(const KeptRulesTest&) = delete;
  KeptRulesTest& operator=(const KeptRulesTest&) = delete;

  // The hash of it.
  std::string keep(const Files& files) {
    const std::string hash = content_hash(files);
    const auto kept = keep_rules(folder, hash, files);
    EXPECT_TRUE(kept) << kept.error();
    Generation one;
    one.first = one.last = ++number;
    one.hash = hash;
    one.is_kept = true;
    history.add(one);
    EXPECT_TRUE(write_history(folder, history));
    return hash;
  }
  std::string path(const std::string& hash) const { return history_folder(folder) + "/rules." + hash; }

  std::string folder;
  History history;
  uint64_t number = 0;
};

TEST_F(KeptRulesTest, AreWhole) {
  const Files files{{"/etc/p.yaml", "zones: [{zones_file: n.txt}]\n"}, {"/etc/n.txt", "a.example\nb.example"}};
  const std::string hash = keep(files);
  const auto kept = kept_rules(folder, hash);
  ASSERT_TRUE(kept) << kept.error();
  ASSERT_EQ(kept->size(), 2U);
  EXPECT_EQ((*kept)[1].path, "/etc/n.txt");
  EXPECT_EQ((*kept)[1].content, "a.example\nb.example");
  const History read = read_history(folder);
  ASSERT_NE(read.newest(), nullptr);
  EXPECT_TRUE(read.newest()->is_kept);
}

TEST_F(KeptRulesTest, AFileThatIsNamedTwiceIsOne) {
  const std::string hash = keep({{"/etc/p.yaml", "x"}, {"/etc/n.txt", "n"}, {"/etc/./n.txt", "n"}});
  EXPECT_TRUE(kept_rules(folder, hash)) << kept_rules(folder, hash).error();
}

TEST_F(KeptRulesTest, ContentsDecideAboutTheHashAndFoldersDoNot) {
  EXPECT_EQ(content_hash({{"/a/p.yaml", "x"}}), content_hash({{"/b/p.yaml", "x"}}));
  EXPECT_NE(content_hash({{"/a/p.yaml", "x"}}), content_hash({{"/a/p.yaml", "y"}}));
  EXPECT_NE(content_hash({{"/a/p.yaml", "xy"}, {"/a/n", ""}}), content_hash({{"/a/p.yaml", "x"}, {"/a/n", "y"}}));
}

TEST_F(KeptRulesTest, DamagedOnesAreAnError) {
  const std::string hash = keep({{"/etc/p.yaml", "zones: []\n"}});
  std::string text;
  std::getline(std::ifstream(path(hash)), text, '\0');
  text[text.find("zones")] = 'Z';
  std::ofstream(path(hash)) << text;
  ASSERT_FALSE(kept_rules(folder, hash));
  EXPECT_NE(kept_rules(folder, hash).error().find("is damaged"), std::string::npos);
  EXPECT_FALSE(kept_rules(folder, "0123456789abcdef"));
  std::ofstream(history_folder(folder) + "/generations") << "{";
  EXPECT_EQ(read_history(folder).newest(), nullptr);
}

TEST_F(KeptRulesTest, ThoseWhoseFilesAreGoneAreNotKept) {
  const std::string first = keep({{"/etc/p.yaml", "1"}});
  keep({{"/etc/p.yaml", "2"}});
  std::filesystem::remove(path(first));
  const History read = read_history(folder);
  EXPECT_FALSE(read.generations()[0].is_kept);
  EXPECT_TRUE(read.generations()[1].is_kept);
}

TEST_F(KeptRulesTest, ForgottenOnesGo) {
  const std::string first = keep({{"/etc/p.yaml", "0"}});
  for (int i = 1; i <= 16; ++i) keep({{"/etc/p.yaml", std::to_string(i)}});
  ASSERT_TRUE(std::filesystem::exists(path(first)));
  remove_forgotten(folder, history);
  EXPECT_FALSE(std::filesystem::exists(path(first)));
  for (const Generation& one : history.generations()) EXPECT_TRUE(std::filesystem::exists(path(one.hash)));
}

TEST_F(KeptRulesTest, LargeOnesAreBoundedButForTheTwoNewest) {
  std::vector<std::string> hashes;
  for (const char* content : {"1", "2", "3", "4"})
    hashes.push_back(keep({{"/etc/p.yaml", content + std::string(10'000, ' ')}}));
  remove_forgotten(folder, history, 15'000);
  EXPECT_FALSE(std::filesystem::exists(path(hashes[0])));
  for (const size_t i : {1U, 2U, 3U}) EXPECT_TRUE(std::filesystem::exists(path(hashes[i]))) << i;
  remove_forgotten(folder, history, 0);
  EXPECT_FALSE(std::filesystem::exists(path(hashes[1])));
  for (const size_t i : {2U, 3U}) EXPECT_TRUE(std::filesystem::exists(path(hashes[i]))) << i;
}

}  // namespace
}  // namespace penstock::control

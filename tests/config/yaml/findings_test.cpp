#include "config/yaml/findings.h"

#include <gtest/gtest.h>

namespace penstock::config::test {
namespace {

TEST(Findings, NearestWord) {
  const std::vector<std::string_view> known = {"endpoints", "health", "kind", "private", "source", "tracked"};
  const struct {
    const char* word;
    const char* nearest;
  } cases[] = {{"endpoint", "endpoints"}, {"heatlh", "health"}, {"kinds", "kind"}, {"privat", "private"},
               {"sources", "source"},     {"forwarders", ""},   {"", ""},          {"x", ""}};
  for (const auto& one : cases) EXPECT_EQ(nearest_word(one.word, known), one.nearest) << one.word;
}

TEST(Findings, JoinWords) {
  EXPECT_EQ(join_words({}, " or "), "");
  EXPECT_EQ(join_words({"a"}, " or "), "a");
  EXPECT_EQ(join_words({"a", "b"}, " or "), "a or b");
  EXPECT_EQ(join_words({"a", "b", "c"}, " and "), "a, b and c");
}

TEST(Findings, ComeInTheOrderOfFilesAndLines) {
  const std::vector<std::string> files = {"a.yaml", "b.txt"};
  Findings findings(files);
  EXPECT_FALSE(findings.has_error());
  findings.note({1, 1}, "", "third");
  findings.warning({0, 9}, "key", "second");
  EXPECT_FALSE(findings.has_error());
  findings.error({0, 2}, "", "first");
  EXPECT_TRUE(findings.has_error());
  std::string text;
  for (const Finding& finding : findings.take()) text += to_text(finding) + "\n";
  EXPECT_EQ(text, "a.yaml:2: error: first\na.yaml:9: warning: key: second\nb.txt:1: note: third\n");
}

}  // namespace
}  // namespace penstock::config::test

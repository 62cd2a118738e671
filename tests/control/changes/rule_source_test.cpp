// tests/control/changes/rule_source_test.cpp - files on their way through JSON come out octet by octet.
#include "control/changes/rule_source.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace penstock::control {
namespace {

using nlohmann::json;

TEST(RuleSource, ComesOutAsItWentIn) {
  std::string all;
  for (int octet = 0; octet < 256; ++octet) all += static_cast<char>(octet);
  RuleSource source;
  source.generation = 7;
  for (const std::string& content :
       {std::string("zones: []\n"), std::string("# K\xc3\xb6ln\n"), std::string("# K\xf6ln\n"), std::string(), all})
    source.files.push_back({"/etc/f" + std::to_string(source.files.size()), content});
  source.started_with = {{{"lcores", "2", "penstock-dataplane"}}, {{"control.watch", "on", "penstock-control"}}};
  const json sent = json::parse(source_report(source).dump());
  const auto read = read_source_report(sent);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->generation, 7U);
  ASSERT_EQ(read->files.size(), source.files.size());
  for (size_t i = 0; i < source.files.size(); ++i) {
    EXPECT_EQ(read->files[i].path, source.files[i].path);
    EXPECT_EQ(read->files[i].content, source.files[i].content) << i;
  }
  EXPECT_EQ(read->started_with.dataplane, source.started_with.dataplane);
  EXPECT_EQ(read->started_with.control, source.started_with.control);
}

TEST(RuleSource, AnAnswerOfAnotherVersionIsAnError) {
  for (const char* text : {"{}", R"({"files": []})", R"({"files": [7]})", R"({"files": [{"path": "a"}]})",
                           R"({"files": [{"path": 1, "content": "a"}]})"})
    EXPECT_FALSE(read_source_report(json::parse(text))) << text;
}

}  // namespace
}  // namespace penstock::control

// tests/config/read/model_text.h - short ways to read a YAML text and to look at what came out.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "config/read/read_model.h"

namespace penstock::config::test {

// Four lines that every configuration needs; what a case adds starts on line 5.
inline const std::string kBase =
    "ports: [{name: corp, device: \"af_xdp:eth0\"}]\n"
    "pools:\n"
    "  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}\n"
    "  office: {kind: recursive, endpoints: [192.168.10.2]}\n";

inline std::string all_findings(const ReadModel& read) {
  std::string text;
  for (const Finding& finding : read.findings) text += to_text(finding) + "\n";
  return text;
}

// Keeps the text, by the reader's verdict, in the folder PENSTOCK_KEEP_SAMPLES: tests/config/pages/check_schema holds the schema against it.
inline void keep_sample(const std::string& yaml, const ReadModel& read) {
  static const std::string kFolder = [] {
    const char* folder = std::getenv("PENSTOCK_KEEP_SAMPLES");
    if (folder == nullptr) return std::string();
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    return std::string(folder) + "/";
  }();
  constexpr size_t kTooLong = 16384;
  constexpr int kOfATest = 150;  // random ones make thousands
  static std::map<const testing::TestInfo*, int> kept;
  if (kFolder.empty() || yaml.size() > kTooLong) return;
  if (++kept[testing::UnitTest::GetInstance()->current_test_info()] > kOfATest) return;
  const bool has_unknown = std::any_of(read.findings.begin(), read.findings.end(),
                                       [](const Finding& finding) { return finding.text.starts_with("unknown key"); });
  const char* verdict = read.model.has_value() ? "accepted-" : has_unknown ? "unknown-key-" : "refused-";
  std::ofstream(kFolder + verdict + std::to_string(std::hash<std::string>()(yaml)) + ".yaml") << yaml;
}

inline ReadModel read_model_text(const std::string& yaml, const std::string& name,
                                 const std::optional<std::string>& folder = std::nullopt) {
  ReadModel read = config::read_model_text(yaml, name, folder);
  keep_sample(yaml, read);
  return read;
}

inline Model model_of(const std::string& yaml) {
  ReadModel read = read_model_text(yaml, "test.yaml");
  EXPECT_TRUE(read.model.has_value()) << yaml << all_findings(read);
  return read.model.value_or(Model{});
}

// "exact api.x", "zone x" or "below x", with the target: "-> vpc private", "= nxdomain".
inline std::string entry_text(const Model& model, const ZoneNames::Entry& entry) {
  static constexpr const char* kScopes[] = {"exact ", "zone ", "below "};
  static constexpr const char* kActions[] = {"",           " = nxdomain", " = nodata",
                                             " = refused", " = records",  " = addresses"};
  const Rule& rule = model.rules[entry.rule];
  std::string text = kScopes[static_cast<size_t>(entry.scope)] + to_text(model.zones.name(entry));
  text += rule.action == Action::forward ? " -> " + model.pools[rule.pool].name
                                         : kActions[static_cast<size_t>(rule.action)];
  return text + (rule.is_private ? " private" : "");
}

inline std::vector<std::string> entry_texts(const Model& model) {
  std::vector<std::string> texts;
  for (const auto& entry : model.zones.entries)
    if (!model.rules[entry.rule].is_built_in) texts.push_back(entry_text(model, entry));
  return texts;
}

}  // namespace penstock::config::test

#include "control/changes/settings.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

namespace penstock::control {
namespace {

constexpr size_t kMembersShown = 10;

// "+ a, + b, - c, - 3 more"
void add_members(std::string& text, const std::vector<std::string>& members, const char* sign) {
  for (size_t i = 0; i < std::min(members.size(), kMembersShown); ++i)
    text += (text.empty() ? "" : ", ") + std::string(sign) + " " + members[i];
  if (members.size() > kMembersShown)
    text += std::string(", ") + sign + " " + std::to_string(members.size() - kMembersShown) + " more";
}

std::vector<std::string> without(std::vector<std::string> of, std::vector<std::string> those) {
  std::sort(of.begin(), of.end());
  std::sort(those.begin(), those.end());
  std::vector<std::string> left;
  std::set_difference(of.begin(), of.end(), those.begin(), those.end(), std::back_inserter(left));
  return left;
}

std::string joined(const Setting& setting) {
  std::string text;
  for (const std::string& value : setting.values) text += (text.empty() ? "" : ", ") + value;
  return text.empty() ? "none" : text;
}

std::string difference(const Setting& before, const Setting& after) {
  if (after.is_list) {
    std::string text;
    add_members(text, without(after.values, before.values), "+");
    add_members(text, without(before.values, after.values), "-");
    if (!text.empty()) return after.key + ": " + text;
  }
  return after.key + ": " + joined(before) + " -> " + joined(after);
}

}  // namespace

Setting one(std::string key, std::string value) {
  Setting setting{std::move(key), {}, false};
  if (!value.empty()) setting.values.push_back(std::move(value));
  return setting;
}

Setting one(std::string key, bool value) {
  return one(std::move(key), std::string(value ? "on" : "off"));
}

Setting one(std::string key, uint64_t value) {
  return one(std::move(key), std::to_string(value));
}

Setting list(std::string key, std::vector<std::string> values, bool keeps_order) {
  if (!keeps_order) std::sort(values.begin(), values.end());
  return {std::move(key), std::move(values), true};
}

std::vector<std::string> differences(const std::vector<Setting>& before, const std::vector<Setting>& after) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < std::min(before.size(), after.size()); ++i)
    if (before[i] != after[i]) lines.push_back(difference(before[i], after[i]));
  return lines;
}

std::string in_words(const std::vector<Setting>& settings) {
  constexpr size_t kMostNamed = 3;
  std::string text;
  for (const Setting& setting : settings) {
    if (setting.values.empty() || setting.values.front() == "off") continue;
    text += (text.empty() ? "" : ", ") + setting.key + " ";
    text += setting.values.size() <= kMostNamed ? joined(setting) : std::to_string(setting.values.size()) + " of them";
  }
  return text;
}

}  // namespace penstock::control

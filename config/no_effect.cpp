#include "config/no_effect.h"

#include <algorithm>
#include <optional>

namespace penstock::config {
namespace {

struct Setting {
  std::string_view kind;
  std::vector<std::string_view> path;  // "*": every element or key
  std::string_view harmless;           // a value that asks for nothing
  std::string_view text;
};

// Whoever makes a setting work deletes its lines here.
const std::vector<Setting>& settings() {
  static const std::vector<Setting> kSettings = {};
  return kSettings;
}

struct Found {
  std::string path;
  uint32_t line = 0;
};

std::optional<Found> find(const YamlNode& node, const Setting& setting, size_t depth, const std::string& path) {
  if (depth == setting.path.size()) {
    if (node.kind == YamlNode::Kind::scalar && node.text == setting.harmless) return std::nullopt;
    return Found{path, node.line};
  }
  const std::string_view step = setting.path[depth];
  if (step == "*")
    for (size_t i = 0; i < node.items.size(); ++i)
      if (auto found = find(node.items[i], setting, depth + 1, path + "[" + std::to_string(i) + "]")) return found;
  for (const YamlMember& member : node.members)
    if (step == "*" || step == member.key)
      if (auto found = find(member.value, setting, depth + 1, path.empty() ? member.key : path + "." + member.key))
        return found;
  return std::nullopt;
}

}  // namespace

void note_settings_without_effect(const YamlNode& root, Findings& findings) {
  std::vector<std::string_view> told;
  for (const Setting& setting : settings()) {
    if (std::find(told.begin(), told.end(), setting.kind) != told.end()) continue;
    const auto found = find(root, setting, 0, "");
    if (!found) continue;
    told.push_back(setting.kind);
    findings.note({0, found->line}, found->path, "has no effect yet: " + std::string(setting.text));
  }
}

}  // namespace penstock::config

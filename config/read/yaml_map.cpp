#include "config/read/yaml_map.h"

#include <algorithm>
#include <string>
#include <vector>

namespace penstock::config {

YamlMap::YamlMap(const YamlValue& value, Place place) : value_(value) {
  if (!value.is_map()) {
    value.error(value.node().kind == YamlNode::Kind::null ? "the value is missing: give settings, key: value"
                                                          : "this should be settings, {key: value}");
    return;
  }
  std::vector<std::string_view> known;
  for (const Key& key : keys_of(place)) known.push_back(key.name);
  for (const YamlMember& member : value.node().members) {
    if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
    const auto nearest = nearest_word(member.key, known);
    const YamlPath path{&value_.path(), member.key, 0};
    value.findings().error({0, member.line}, path.text(),
                           nearest.empty() ? "unknown key; allowed are " + join_words(known, " and ")
                                           : "unknown key; did you mean '" + std::string(nearest) + "'?");
  }
}

std::optional<YamlValue> YamlMap::get(KeyName key) const {
  const YamlNode* node = value_.node().find(key.text);
  if (node == nullptr) return std::nullopt;
  return YamlValue(*node, {&value_.path(), key.text, 0}, value_.findings());
}

std::optional<YamlValue> YamlMap::require(KeyName key, std::string_view what) const {
  if (auto value = get(key)) return value;
  if (is_valid()) value_.error("'" + std::string(key.text) + ":' is missing: " + std::string(what));
  return std::nullopt;
}

}  // namespace penstock::config

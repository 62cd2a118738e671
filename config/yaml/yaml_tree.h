// config/yaml/yaml_tree.h - YAML text as a plain tree that keeps line numbers and sees what YAML::Node hides.
//
// YAML::Node drops keys that are given twice and turns aliases into shared, possibly cyclic nodes. This tree
// is built from yaml-cpp's events: a key given twice, an alias, a second document and deep nesting are each
// reported with their line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml/findings.h"

namespace penstock::config {

struct YamlMember;

struct YamlNode {
  enum class Kind : uint8_t { null, scalar, sequence, map };
  Kind kind = Kind::null;
  uint32_t line = 0;  // from 1
  std::string text;   // of a scalar
  std::vector<YamlNode> items;
  std::vector<YamlMember> members;

  const YamlNode* find(std::string_view key) const;  // null: a map without it, or no map
};

struct YamlMember {
  std::string key;
  uint32_t line = 0;
  YamlNode value;
};

constexpr size_t kMaxYamlSize = size_t{64} << 20;  // bytes
constexpr size_t kMaxYamlDepth = 16;               // the deepest setting is at 6

// The tree of the first document; what is wrong goes to `findings` with lines of file 0. A null node after a syntax error:
// what stands behind it is unknown, and what stands before it may refer to that.
YamlNode parse_yaml(const std::string& text, Findings& findings);

// The same for a reader of some sections, keys of the top map. Others are left out. What is wrong in the `needed` ones is
// reported; the `quiet` ones are kept without a word. A syntax error, or a second document, is a warning when every needed
// section that the text has was read before it.
YamlNode parse_yaml_sections(const std::string& text, const std::vector<std::string_view>& needed,
                             const std::vector<std::string_view>& quiet, Findings& findings);

}  // namespace penstock::config

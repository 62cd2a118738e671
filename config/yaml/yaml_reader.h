// config/yaml/yaml_reader.h - typed access to a YAML tree: each getter returns the value, or leaves a finding and
// returns nothing.
//
//   if (const auto weight = value.number(1, 1000)) endpoint.weight = *weight;
//
// A path is a chain of references on the stack: nothing is allocated for it unless there is something to
// report.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/contract/address.h"
#include "config/contract/name.h"
#include "config/yaml/findings.h"
#include "config/yaml/yaml_tree.h"

namespace penstock::config {

struct YamlPath {
  const YamlPath* parent = nullptr;
  std::string_view key;  // or, when empty, an index
  size_t index = 0;
  std::string text() const;  // "pools.studio.endpoints[1].address"
};

// A node with its path and the place for findings about it.
class YamlValue {
 public:
  YamlValue(const YamlNode& node, const YamlPath& path, Findings& findings)
      : node_(&node), path_(path), findings_(&findings) {}

  const YamlNode& node() const { return *node_; }
  const YamlPath& path() const { return path_; }
  Findings& findings() const { return *findings_; }
  Where where() const { return {0, node_->line}; }
  bool is_scalar() const { return node_->kind == YamlNode::Kind::scalar; }
  bool is_sequence() const { return node_->kind == YamlNode::Kind::sequence; }
  bool is_map() const { return node_->kind == YamlNode::Kind::map; }

  void error(std::string text) const { findings_->error(where(), path_.text(), std::move(text)); }
  void warning(std::string text) const { findings_->warning(where(), path_.text(), std::move(text)); }

  std::optional<std::string> text() const;
  std::optional<uint32_t> number(uint32_t least, uint32_t most) const;
  std::optional<bool> boolean() const;  // true, false, on, off, yes, no
  std::optional<std::chrono::milliseconds> duration(std::chrono::milliseconds least,
                                                    std::chrono::milliseconds most) const;
  std::optional<uint64_t> octets(uint64_t least, uint64_t most) const;  // 64MiB
  std::optional<IpAddress> address() const;
  std::optional<IpPrefix> prefix() const;
  std::optional<WireName> name() const;
  // Index of the word in `words`.
  std::optional<size_t> word(const std::vector<std::string_view>& words) const;

  // The elements of a list. A single value counts as a list of one when `one_too`.
  void each(const std::function<void(const YamlValue&)>& visit, bool one_too = false) const;
  std::vector<IpAddress> addresses() const;
  std::vector<IpPrefix> prefixes() const;

 private:
  const YamlNode* node_;
  YamlPath path_;
  Findings* findings_;
};

}  // namespace penstock::config

// tests/dataplane/tables/naive_table.h - the second opinion on zone matching: maps of names, walked label by label, no hash.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/model.h"

namespace penstock::test {

class NaiveTable {
 public:
  using Labels = std::vector<std::string>;

  void add(const Labels& name, config::Scope scope, uint32_t rule) {
    if (scope == config::Scope::name) exact_[name] = rule;
    if (scope == config::Scope::below) wildcard_[name] = rule;
    if (scope == config::Scope::zone) zone_[name] = rule;
  }

  uint32_t match(const Labels& name, uint32_t otherwise) const {
    if (const auto found = exact_.find(name); found != exact_.end()) return found->second;
    if (const auto found = zone_.find(name); found != zone_.end()) return found->second;
    for (Labels rest = name; !rest.empty();) {
      rest.erase(rest.begin());
      if (const auto found = wildcard_.find(rest); found != wildcard_.end()) return found->second;
      if (const auto found = zone_.find(rest); found != zone_.end()) return found->second;
    }
    return otherwise;
  }

  static std::string to_wire(const Labels& name) {
    std::string bytes;
    for (const auto& label : name) bytes += static_cast<char>(label.size()) + label;
    return bytes + '\0';
  }

 private:
  std::map<Labels, uint32_t> exact_, zone_, wildcard_;
};

}  // namespace penstock::test

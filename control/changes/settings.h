// control/changes/settings.h - a part of a configuration as words: what two configurations are compared by, and what people are told.
#pragma once

#include <string>
#include <vector>

namespace penstock::control {

struct Setting {
  std::string key;                  // as in the YAML
  std::vector<std::string> values;  // one, or the members of a list
  bool is_list = false;             // told by what is added and what is removed

  bool operator==(const Setting&) const = default;
};

// A pool, an endpoint, a group: two with the same name are the same one.
struct Named {
  std::string name;
  std::vector<Setting> settings;  // the same keys in the same order for all of a kind
};

Setting one(std::string key, std::string value);
Setting one(std::string key, bool value);
Setting one(std::string key, uint64_t value);
// `keeps_order`: another order is another list.
Setting list(std::string key, std::vector<std::string> values, bool keeps_order = false);

// A line for each that differs: "policy: ordered -> weighted", "allow: + 10.2.0.0/16, - 10.1.0.0/16".
std::vector<std::string> differences(const std::vector<Setting>& before, const std::vector<Setting>& after);
// "pool vpc, private on": those that are not empty, for what is added or removed.
std::string in_words(const std::vector<Setting>&);

}  // namespace penstock::control

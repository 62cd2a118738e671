// config/read/yaml_map.h - settings of one place of the file, by the keys that the table has for it (config/read/keys.h).
//
//   const YamlMap cache(value, Place::cache);   // reports what the place does not have
//   if (const auto ttl = cache.get("max_ttl")) policy.max_ttl = ttl->number(0, kLongestKept).value_or(policy.max_ttl);
#pragma once

#include <optional>
#include <string_view>

#include "config/read/keys.h"
#include "config/yaml/yaml_reader.h"

namespace penstock::config {

class YamlMap {
 public:
  // Reports keys that the place does not have, and a value that is not a map.
  YamlMap(const YamlValue& value, Place place);

  bool is_valid() const { return value_.is_map(); }
  const YamlValue& value() const { return value_; }
  bool has(KeyName key) const { return value_.node().find(key.text) != nullptr; }
  std::optional<YamlValue> get(KeyName key) const;
  // Reports a key that is missing; `what` says what would be right.
  std::optional<YamlValue> require(KeyName key, std::string_view what) const;

 private:
  YamlValue value_;
};

}  // namespace penstock::config

// tests/config/pages/schema.h - docs/penstock.schema.json, made from the table of keys (config/read/keys.h): draft 7, the newest that YAML
// language servers know whole.
//
// A key's type is a sentence for people ("`auto` or number 1 to 64"); SchemaType reads it. A phrase that it does not know fails the test
// and has to be added to atom().
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/config/pages/page_text.h"

namespace penstock::config::test {

using Schema = nlohmann::ordered_json;

inline Schema schema_of(Place place);

// The place that holds the settings of a key; `how`: "", "[]" or ".NAME".
inline Place place_below(const Key& key, const std::string& how) {
  const std::string above = key.place == Place::file ? "" : std::string(text_of(key.place).path) + ".";
  const std::string path = above + std::string(key.name) + how;
  for (size_t at = 0; at < kPlaces; ++at)
    if (text_of(static_cast<Place>(at)).path == path) return static_cast<Place>(at);
  throw std::runtime_error("no place " + path);
}

inline Schema matching(const char* pattern) {
  return {{"type", "string"}, {"pattern", pattern}};
}

inline Schema any_of(std::vector<Schema> choices) {
  if (choices.size() == 1) return choices.front();
  return {{"anyOf", choices}};
}

class SchemaType {
 public:
  explicit SchemaType(const Key& key) : key_(key), left_(key.type) {}
  Schema read() { return any_of(alternatives(false)); }

 private:
  bool take(const char* pattern) {
    if (!std::regex_search(left_, found_, std::regex(std::string("^") + pattern + "(?=$|[, ])"))) return false;
    parts_.assign(found_.begin(), found_.end());
    left_ = found_.suffix().str();
    return true;
  }
  long long part(size_t i) const { return std::stoll(parts_[i]); }

  std::vector<Schema> alternatives(bool in_list) {
    std::vector<Schema> choices;
    std::vector<std::string> words;
    for (; !left_.empty(); left_ = std::regex_replace(left_, std::regex("^(, or |, | or )"), "")) {
      if (take("`([^`]+)`")) {
        if (parts_[1].find("NAME") == std::string::npos) words.push_back(parts_[1]);
      } else if (take("a list")) {
        choices.push_back({{"type", "array"}, {"items", {{"enum", words}}}});
      } else if (take("list of")) {
        left_ = left_.substr(1);
        choices.push_back({{"type", "array"}, {"items", any_of(alternatives(true))}});
      } else {
        const Schema one = atom(in_list);
        if (std::find(choices.begin(), choices.end(), one) == choices.end()) choices.push_back(one);
      }
    }
    if (words == std::vector<std::string>{"on", "off"})
      choices.insert(choices.begin(), on_or_off());
    else if (!words.empty())
      choices.insert(choices.begin(), Schema{{"enum", words}});
    return choices;
  }

  static Schema on_or_off() {
    return any_of({{{"enum", {"on", "off"}}},
                   {{"type", "boolean"}},
                   matching("^([Oo][Nn]|[Oo][Ff][Ff]|[Yy][Ee][Ss]|[Nn][Oo])$")});
  }

  // A plural outside a list may be a single value.
  static Schema of_plural(const Schema& item, bool in_list) {
    if (in_list) return item;
    return any_of({item, {{"type", "array"}, {"items", item}}});
  }

  Schema atom(bool in_list) {
    if (take("settings by name"))
      return {{"type", "object"}, {"additionalProperties", schema_of(place_below(key_, ".NAME"))}};
    if (take("settings")) return schema_of(place_below(key_, in_list ? "[]" : ""));
    if (take("number(s?) (\\d+) to (\\d+)")) {
      const Schema number = {{"type", "integer"}, {"minimum", part(2)}, {"maximum", part(3)}};
      return parts_[1].empty() ? number : of_plural(number, in_list);
    }
    if (take("power of two, (\\d+) to (\\d+)")) {
      std::vector<long long> powers;
      for (long long power = part(1); power <= part(2); power *= 2) powers.push_back(power);
      return {{"enum", powers}};
    }
    if (take("duration \\d+\\w+ to \\d+\\w+")) return matching("^[0-9]+(ms|s|m|h)$");
    if (take("size or 0")) return any_of({matching("^[0-9]+(KiB|MiB|GiB)$"), {{"enum", {0, "0"}}}});
    if (take("size(, \\w+ or more| \\w+ to \\w+)")) return matching("^[0-9]+(KiB|MiB|GiB)$");
    if (take("address and port")) return matching("^.+:[0-9]+$");
    if (take("address")) return matching("^[0-9A-Fa-f:.]+$");
    if (take("addresses")) return of_plural(matching("^[0-9A-Fa-f:.]+$"), in_list);
    if (take("prefixes")) return of_plural(matching("^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"), in_list);
    if (take("MAC addresses")) return matching("^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$");
    if (take("text, (\\d+) to (\\d+) characters"))
      return {{"type", "string"}, {"minLength", part(1)}, {"maxLength", part(2)}};
    if (take("text of at most \\d+ octets") || take("text")) return {{"type", {"string", "number"}}};
    if (take("(texts|groups of clients|groups of users|pools|rcodes)")) return of_plural({{"type", "string"}}, in_list);
    if (take("bcrypt hash")) return matching("^\\$2[aby]\\$(0[4-9]|1[0-4])\\$[./A-Za-z0-9]{53}$");
    if (take("(path|pool|prefix|domain name|domain ids|AWS region)")) return {{"type", "string"}};
    throw std::runtime_error("unknown in a type: '" + left_ + "' of key '" + std::string(key_.name) +
                             "'; add it to tests/config/pages/schema.h");
  }

  const Key& key_;
  std::string left_;
  std::smatch found_;
  std::vector<std::string> parts_;
};

inline Schema schema_of(const Key& key) {
  Schema schema;
  schema["description"] =
      std::string(key.meaning) + (key.unit.empty() ? "" : " Unit: " + std::string(key.unit) + ".") +
      (key.fallback.kind == Default::Kind::required ? "" : " Default: " + default_text(key.fallback) + ".") +
      " Example: " + in_code(key.example);
  Schema type = SchemaType(key).read();
  type.erase("description");  // that of the place
  schema.update(type);
  if (key.fallback.kind == Default::Kind::value) {
    const std::string text(key.fallback.text);
    const bool is_number = text.find_first_not_of("0123456789") == std::string::npos;
    schema["default"] = is_number ? Schema(std::stoll(text)) : Schema(text);
  }
  return schema;
}

// "one of the three is required", and the keys that say "see" it.
inline Schema one_of(std::span<const Key> keys, const Key& first) {
  Schema choices = Schema::array({{{"required", {first.name}}}});
  for (const Key& key : keys)
    if (key.fallback.text.starts_with("see `" + std::string(first.name) + "`"))
      choices.push_back({{"required", {key.name}}});
  return {{"oneOf", choices}};
}

inline Schema schema_of(Place place) {
  const std::span<const Key> keys = keys_of(place);
  // ldns makes `false` a macro, 0, for whoever is compiled with it.
  Schema schema = {
      {"type", "object"}, {"description", text_of(place).meaning}, {"additionalProperties", Schema::boolean_t{}}};
  Schema all = Schema::array();
  static const std::regex beside("required beside `(\\w+)`");
  for (const Key& key : keys) {
    const std::string words(key.fallback.text);
    std::smatch found;
    if (key.fallback.kind == Default::Kind::required) schema["required"].push_back(key.name);
    if (words.starts_with("one of the ")) all.push_back(one_of(keys, key));
    if (std::regex_match(words, found, beside)) schema["dependencies"][found[1].str()].push_back(key.name);
  }
  for (const Key& key : keys) schema["properties"][std::string(key.name)] = schema_of(key);
  if (!all.empty()) schema["allOf"] = all;
  return schema;
}

inline std::string schema_page() {
  Schema schema = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                   {"title", "penstock.yaml"},
                   {"$comment", "Made from config/read/keys.h. Change the table there, then: " + std::string(kRecipe)}};
  schema.update(schema_of(Place::file));
  return schema.dump(1) + "\n";
}

}  // namespace penstock::config::test

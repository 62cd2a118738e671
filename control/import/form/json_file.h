// control/import/form/json_file.h - JSON as other programs export it: UTF-16 too, and with the line of a value as far as its text tells.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "control/import/form/source.h"

namespace penstock::imports {

// From UTF-16 with a mark, or UTF-8 with or without one.
std::string to_utf8(std::string text);

// Where strings stand in a JSON text.
class JsonLines {
 public:
  JsonLines(std::string_view text, uint32_t file) : text_(text), file_(file) {}
  // The line of the first such string; line 1 when there is none.
  Where of(const std::string& string);

 private:
  std::string_view text_;
  uint32_t file_;
};

// Reports as broken what is none.
std::optional<nlohmann::json> parse_json(Source& source, const std::string& text, uint32_t file);

// A member whatever the case of its name; null when there is none.
const nlohmann::json& member(const nlohmann::json& object, std::string_view name);
// The texts in a value: a string, a list of them, {"IPAddressToString": ...}, {"value": [...], "Count": n}.
std::vector<std::string> texts_of(const nlohmann::json& value);
std::string text_of(const nlohmann::json& object, std::string_view name);

}  // namespace penstock::imports

#include "control/import/form/json_file.h"

#include <algorithm>

#include "control/import/form/words.h"

namespace penstock::imports {
namespace {

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xe0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

}  // namespace

std::string to_utf8(std::string text) {
  if (text.starts_with("\xef\xbb\xbf")) return text.substr(3);
  const bool is_little = text.starts_with("\xff\xfe");
  if (!is_little && !text.starts_with("\xfe\xff")) return text;
  std::string out;
  for (size_t i = 2; i + 1 < text.size(); i += 2) {
    const auto first = static_cast<uint8_t>(text[i]);
    const auto second = static_cast<uint8_t>(text[i + 1]);
    const uint32_t unit = is_little ? first | second << 8 : first << 8 | second;
    // Surrogates are in no name of a zone.
    append_utf8(out, unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit);
  }
  return out;
}

Where JsonLines::of(const std::string& string) {
  const std::string needle = '"' + string + '"';
  const size_t at = text_.find(needle);
  if (at == std::string_view::npos) return {file_, 1};
  return {file_,
          1 + static_cast<uint32_t>(std::count(text_.begin(), text_.begin() + static_cast<ptrdiff_t>(at), '\n'))};
}

std::optional<nlohmann::json> parse_json(Source& source, const std::string& text, uint32_t file) {
  constexpr std::ptrdiff_t kDeepest = 64;
  std::ptrdiff_t depth = 0;
  for (const char c : text) {
    depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
    if (depth > kDeepest) {
      source.broken({file, 1}, "lists and objects are nested too deep");
      return std::nullopt;
    }
  }
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    const auto end = text.begin() + static_cast<ptrdiff_t>(std::min(error.byte, text.size()));
    source.broken({file, 1 + static_cast<uint32_t>(std::count(text.begin(), end, '\n'))},
                  "this is no JSON from here on");
    return std::nullopt;
  }
}

const nlohmann::json& member(const nlohmann::json& object, std::string_view name) {
  static const nlohmann::json kNone;
  if (!object.is_object()) return kNone;
  for (const auto& [key, value] : object.items())
    if (lower(key) == lower(name)) return value;
  return kNone;
}

std::vector<std::string> texts_of(const nlohmann::json& value) {
  std::vector<std::string> texts;
  if (value.is_string()) {
    texts.push_back(value.get<std::string>());
  } else if (value.is_array()) {
    for (const auto& item : value)
      for (std::string& text : texts_of(item)) texts.push_back(std::move(text));
  } else if (value.is_object()) {
    for (const char* name : {"IPAddressToString", "value"})
      if (const auto& inner = member(value, name); !inner.is_null()) return texts_of(inner);
  } else if (value.is_boolean()) {
    texts.emplace_back(value.get<bool>() ? "true" : "false");
  } else if (value.is_number()) {
    texts.push_back(value.dump());
  }
  return texts;
}

std::string text_of(const nlohmann::json& object, std::string_view name) {
  const auto texts = texts_of(member(object, name));
  return texts.empty() ? std::string() : texts.front();
}

}  // namespace penstock::imports

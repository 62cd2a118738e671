#include "config/contract/name.h"

#include <cstdint>

namespace penstock::config {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

char fold(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// One escaped octet after the backslash at text[at]; advances `at` to its last character.
tl::expected<char, std::string> unescape(std::string_view text, size_t& at) {
  if (at + 1 >= text.size()) return tl::make_unexpected("it ends in a backslash");
  if (!is_digit(text[at + 1])) return text[++at];
  if (at + 3 >= text.size() || !is_digit(text[at + 2]) || !is_digit(text[at + 3]))
    return tl::make_unexpected("a \\DDD escape needs three digits");
  const int octet = (text[at + 1] - '0') * 100 + (text[at + 2] - '0') * 10 + (text[at + 3] - '0');
  if (octet > 255) return tl::make_unexpected("a \\DDD escape is above 255");
  at += 3;
  return static_cast<char>(octet);
}

}  // namespace

tl::expected<WireName, std::string> parse_name(std::string_view text) {
  if (text.empty()) return tl::make_unexpected("it is empty");
  if (text == ".") return WireName(1, '\0');
  WireName wire;
  std::string label;
  const auto end_label = [&]() -> tl::expected<void, std::string> {
    if (label.empty()) return tl::make_unexpected("it has an empty label");
    if (label.size() > kMaxLabelLength)
      return tl::make_unexpected("the label '" + label + "' is longer than 63 octets");
    wire.push_back(static_cast<char>(label.size()));
    wire += label;
    label.clear();
    return {};
  };
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '.') {
      if (auto ended = end_label(); !ended) return tl::make_unexpected(ended.error());
      continue;
    }
    char octet = text[at];
    if (octet == '\\') {
      auto escaped = unescape(text, at);
      if (!escaped) return tl::make_unexpected(escaped.error());
      octet = *escaped;
    } else if (octet <= ' ' || octet > '~') {
      return tl::make_unexpected("it has a space, control or non-ASCII character (write it as \\DDD, or use A-labels)");
    }
    label.push_back(fold(octet));
  }
  if (text.back() != '.' || !label.empty())
    if (auto ended = end_label(); !ended) return tl::make_unexpected(ended.error());
  wire.push_back('\0');
  if (wire.size() > kMaxNameLength) return tl::make_unexpected("it is longer than 255 octets on the wire");
  return wire;
}

std::string to_text(std::string_view wire) {
  if (wire.size() <= 1) return ".";
  std::string text;
  for (size_t at = 0; at < wire.size() && wire[at] != 0;) {
    if (!text.empty()) text.push_back('.');
    const size_t length = static_cast<uint8_t>(wire[at++]);
    for (size_t i = 0; i < length && at < wire.size(); ++i, ++at) {
      const auto octet = static_cast<uint8_t>(wire[at]);
      if (octet == '.' || octet == '\\') {
        text.push_back('\\');
        text.push_back(static_cast<char>(octet));
      } else if (octet <= ' ' || octet > '~') {
        text.push_back('\\');
        text.push_back(static_cast<char>('0' + octet / 100));
        text.push_back(static_cast<char>('0' + octet / 10 % 10));
        text.push_back(static_cast<char>('0' + octet % 10));
      } else {
        text.push_back(static_cast<char>(octet));
      }
    }
  }
  return text;
}

unsigned label_count(std::string_view wire) {
  unsigned labels = 0;
  for (size_t at = 0; at < wire.size() && wire[at] != 0; at += static_cast<uint8_t>(wire[at]) + 1U) ++labels;
  return labels;
}

}  // namespace penstock::config

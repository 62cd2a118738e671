// tests/config/read/configuration_page.h - docs/configuration.md, made from the table of keys (config/read/keys.h).
#pragma once

#include <string>
#include <string_view>

#include "config/read/keys.h"

namespace penstock::config::test {

inline std::string in_code(std::string_view text) {
  return text.empty() ? std::string() : "`" + std::string(text) + "`";
}

inline std::string default_text(const Default& fallback) {
  switch (fallback.kind) {
    case Default::Kind::required:
      return "**required**";
    case Default::Kind::value:
      return in_code(fallback.text);
    case Default::Kind::by_kind:
      return in_code(fallback.text) + "; `recursive`: " + in_code(fallback.recursive);
    case Default::Kind::words:
      break;
  }
  return std::string(fallback.text);
}

inline std::string anchor_of(std::string_view path) {
  std::string anchor;
  for (const char c : path) {
    if (c >= 'A' && c <= 'Z') anchor += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || c == '_') anchor += c;
    if (c == ' ') anchor += '-';
  }
  return anchor;
}

inline std::string configuration_page() {
  std::string page =
      "<!-- Made from config/read/keys.h. Change the table there, then:\n"
      "     ninja -C build/release config_test && PENSTOCK_WRITE_PAGE=1 build/release/tests/config/config_test "
      "--gtest_filter=ConfigurationPage.* -->\n"
      "# Every key of the configuration\n"
      "\n"
      "`penstockctl check FILE` says what a file means, or what is wrong with it and where. `config/examples/` has "
      "whole files.\n"
      "\n"
      "- **List**: `[a, b]`. Where the type is a plural (*addresses*), a single value may stand without brackets.\n"
      "- **Settings**: `{key: value}`. *Settings by name*: `{NAME: {key: value}}`, with a name of your choice.\n"
      "- **On** and **off** may be written `true`, `yes`, `false` and `no`.\n"
      "- **Duration**: a whole number with its unit, such as `500ms`, `2s`, `1m` or `1h`. **Size**: the same with "
      "`KiB`, `MiB` or `GiB`.\n"
      "- **Number**: a whole number without a unit; the unit is in its column.\n"
      "- **Prefix**: a network such as `10.16.0.0/16` or `fd00::/8`, or an address. **Pool** and **group**: a name "
      "that this file gives one.\n"
      "- IPv6 addresses in `[]` or `{}` stand in quotes, and so do names that begin with `*`.\n"
      "\n";
  for (size_t at = 0; at < kPlaces; ++at) {
    const PlaceText text = text_of(static_cast<Place>(at));
    page += "- [" + std::string(text.path) + "](#" + anchor_of(text.path) + ")\n";
  }
  for (size_t at = 0; at < kPlaces; ++at) {
    const auto place = static_cast<Place>(at);
    const PlaceText text = text_of(place);
    page += "\n## " + std::string(text.path) + "\n" + std::string(text.meaning) + "\n\n";
    page += "| key | type | unit | default | meaning | example |\n|---|---|---|---|---|---|\n";
    for (const Key& key : keys_of(place)) {
      page += "| " + in_code(key.name) + " | " + std::string(key.type) + " | " + std::string(key.unit) + " | ";
      page += default_text(key.fallback) + " | " + std::string(key.meaning) + " | " + in_code(key.example) + " |\n";
    }
  }
  return page;
}

}  // namespace penstock::config::test

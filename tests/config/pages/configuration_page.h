// tests/config/pages/configuration_page.h - docs/configuration.md, made from the table of keys (config/read/keys.h).
#pragma once

#include <string>
#include <string_view>

#include "tests/config/pages/page_text.h"

namespace penstock::config::test {

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
      "     " +
      std::string(kRecipe) +
      " -->\n"
      "# Every key of the configuration\n"
      "\n"
      "`penstockctl check FILE` says what a file means, or what is wrong with it and where. `config/examples/` has "
      "whole files.\n"
      "\n";
  for (const std::string_view line : kNotation) page += "- " + std::string(line) + "\n";
  page += "\n";
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

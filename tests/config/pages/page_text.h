// tests/config/pages/page_text.h - what docs/configuration.md, penstock.yaml(5) and the schema say alike, in Markdown.
#pragma once

#include <string>
#include <string_view>

#include "config/read/keys.h"

namespace penstock::config::test {

inline constexpr std::string_view kRecipe =
    "ninja -C build/release config_test && PENSTOCK_WRITE_PAGE=1 build/release/tests/config/config_test "
    "--gtest_filter=ConfigurationPage.*";

inline constexpr std::string_view kNotation[] = {
    R"(**List**: `[a, b]`. Where the type is a plural (*addresses*), a single value may stand without brackets.)",
    R"(**Settings**: `{key: value}`. *Settings by name*: `{NAME: {key: value}}`, with a name of your choice.)",
    R"(**On** and **off** may be written `true`, `yes`, `false` and `no`.)",
    R"(**Duration**: a whole number with its unit, such as `500ms`, `2s`, `1m` or `1h`. **Size**: the same with `KiB`, `MiB` or `GiB`.)",
    R"(**Number**: a whole number without a unit; each key says which unit it has.)",
    R"(**Prefix**: a network such as `10.16.0.0/16` or `fd00::/8`, or an address. **Pool** and **group**: a name that this file gives one.)",
    R"(IPv6 addresses in `[]` or `{}` stand in quotes, and so do names that begin with `*`.)",
};

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

}  // namespace penstock::config::test

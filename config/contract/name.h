// config/contract/name.h - domain names of the configuration: text in, folded wire form out (RFC 1035 section 3.1).
//
//   auto name = parse_name("D-1.Studio.us-east-1.sagemaker.aws");   // "\3d-1\6studio...\0"
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace penstock::config {

constexpr size_t kMaxNameLength = 255;  // octets on the wire, the root's zero octet included
constexpr size_t kMaxLabelLength = 63;

// Wire form, ASCII letters folded to lower case (RFC 4343), uncompressed, ending in the root's zero octet.
using WireName = std::string;

// A trailing dot is optional, "." is the root, \DDD and \X are escapes. The error says what is wrong in words.
tl::expected<WireName, std::string> parse_name(std::string_view text);

// Presentation form without the trailing dot ("." for the root); octets that are not printable become \DDD.
std::string to_text(std::string_view wire_name);

// Labels of a wire name, the root not counted: 0 for ".".
unsigned label_count(std::string_view wire_name);

}  // namespace penstock::config

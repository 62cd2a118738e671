// config/contract/decisions/rcode.h - rcodes by name (RFC 6895 section 2.3), as people write and read them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/contract/decisions/decision.h"

namespace penstock::config {

struct RcodeName {
  uint8_t rcode;
  std::string_view name;
};

// Those that a forwarder may give; "none" is a query without an answer.
constexpr RcodeName kRcodeNames[] = {{0, "NOERROR"},    {1, "FORMERR"},        {2, "SERVFAIL"}, {3, "NXDOMAIN"},
                                     {4, "NOTIMP"},     {5, "REFUSED"},        {6, "YXDOMAIN"}, {7, "YXRRSET"},
                                     {8, "NXRRSET"},    {9, "NOTAUTH"},        {10, "NOTZONE"}, {16, "BADVERS"},
                                     {23, "BADCOOKIE"}, {kNotAnswered, "none"}};

inline std::string rcode_text(uint8_t rcode) {
  for (const RcodeName& known : kRcodeNames)
    if (known.rcode == rcode) return std::string(known.name);
  return "RCODE" + std::to_string(rcode);
}

// In any case. Nothing: it is none of these.
inline std::optional<uint8_t> rcode_number(std::string_view text) {
  const auto same = [](char one, char other) { return (one | 0x20) == (other | 0x20); };
  for (const RcodeName& known : kRcodeNames)
    if (std::equal(known.name.begin(), known.name.end(), text.begin(), text.end(), same)) return known.rcode;
  return std::nullopt;
}

}  // namespace penstock::config

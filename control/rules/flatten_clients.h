// control/rules/flatten_clients.h - allowed and denied prefixes into sorted ranges that need one binary
// search.
#pragma once

#include <vector>

#include "config/model.h"

namespace penstock::control {

using Address128 = unsigned __int128;  // host order; IPv4 in the low 32 bits

struct ClientRange {
  Address128 start = 0;  // reaches to the next range's start
  bool allowed = false;
  uint16_t group = 0;  // 0: none; n: the n-th of Clients::groups
  bool may_snoop = false;
  bool is_exempt = false;  // from limits of rate
  bool operator==(const ClientRange&) const = default;
};

// Of the prefixes that hold an address the longest decides; denied wins over allowed when both are equally
// long. An address in none is not allowed. Of the groups' prefixes the longest decides, too, whoever may ask.
// `family` is 4 or 6. The first range starts at 0, neighbours differ.
std::vector<ClientRange> flatten_clients(const config::Clients& clients, unsigned family);

}  // namespace penstock::control

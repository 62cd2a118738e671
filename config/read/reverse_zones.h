// config/read/reverse_zones.h - the zones in which the names of a network's addresses are: what a prefix in the place of a zone means.
#pragma once

#include <vector>

#include "config/contract/address.h"
#include "config/contract/name.h"

namespace penstock::config {

// Zones are cut at octets (RFC 1035 section 3.5) or nibbles (RFC 3596 section 2.5): a length between two cuts is all zones of the longer one,
// 128 at most of IPv4 and 8 of IPv6. "192.168.0.0/20" is 0.168.192.in-addr.arpa to 15.168.192.in-addr.arpa.
std::vector<WireName> reverse_zones(const IpPrefix& prefix);

}  // namespace penstock::config

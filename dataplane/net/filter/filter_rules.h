// dataplane/net/filter/filter_rules.h - which UDP is ours and not the kernel's: fills the XDP filter and the nft rules.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "config/contract/address.h"
#include "config/model.h"

namespace penstock::net {

using Mac = std::array<uint8_t, 6>;

struct FilterRules {
  // Queries: UDP to one of these, port 53. Empty: no query is ours.
  std::vector<config::IpAddress> listen;
  // Responses: UDP from one of these, port 53, to one of our source ports.
  std::vector<config::IpAddress> endpoints;
  config::SourcePorts source_ports{0, 0};  // count 0: no response is ours
  // Frames to other hosts are the kernel's, which drops them. Group addresses stay ours: what comes to one is counted and dropped.
  std::vector<Mac> macs;
  bool operator==(const FilterRules& other) const {
    return listen == other.listen && endpoints == other.endpoints && source_ports.first == other.source_ports.first &&
           source_ports.count == other.source_ports.count && macs == other.macs;
  }
};

}  // namespace penstock::net

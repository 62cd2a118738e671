// control/queries/query_filter.h - which queries somebody wants to see.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "config/contract/address.h"
#include "config/contract/decisions/decision_ring.h"
#include "config/contract/name.h"

namespace penstock::control {

// A query passes when it fits everything that is set.
struct QueryFilter {
  std::optional<config::WireName> zone;     // the name itself and all names below
  std::optional<config::IpPrefix> clients;  // asked from there
  std::optional<uint16_t> type;
  std::optional<uint8_t> rcode;
  std::string outcome;  // empty: any
  std::optional<uint32_t> slower_than_us;

  bool passes(const config::NotedDecision&) const;
};

// From the members "match" (a name, an address or a network), "type", "rcode", "outcome" and "slow_ms" of a request. The error says which
// is wrong, and what would be right.
tl::expected<QueryFilter, std::string> read_filter(const nlohmann::json& request);

bool is_within(const config::IpAddress& address, const config::IpPrefix& network);

// The name asked for, folded; empty: there was none.
config::WireName folded_name(const config::NotedDecision&);

}  // namespace penstock::control

// control/queries/query_names.h - what the numbers of a decision mean: rules, pools, endpoints, outcomes, types and codes by name.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/contract/decisions/decision.h"
#include "config/model.h"

namespace penstock::control {

// Of one moment: rules and endpoints change.
struct QueryNames {
  std::shared_ptr<const config::Model> model;  // the rules of `generation`
  uint64_t generation = 0;
  std::map<config::EndpointSlot, config::IpAddress> endpoints;

  // Null: of other rules than these, or none matched.
  const config::Rule* rule_of(const config::Decision&) const;
  // Empty: there is none.
  std::string pool_of(const config::Decision&) const;
  std::string endpoint_of(const config::Decision&) const;
};

// As the counters' outcomes are called: "answered_cached", "returned", "expired".
std::string outcome_of(const config::Decision&);
// The number that outcomes of that name have in any of the lists, nothing: no list has it.
bool is_outcome(const std::string& name);

config::IpAddress client_of(const config::Decision&);
// "A", "HTTPS", "TYPE65280"
std::string type_text(uint16_t type);
std::optional<uint16_t> type_number(const std::string& text);
constexpr uint16_t kClassIn = 1;
// "IN", "CLASS7"
std::string class_text(uint16_t number);
std::string_view transport_text(const config::Decision&);  // "udp", "tcp"
// "rd edns do", "cd", "tc": of the query, and of the answer the last
std::string flags_text(const config::Decision&);
// "2026-11-30T20:31:57.123456Z"
std::string time_text(uint64_t unix_ns);
void append_time(std::string& text, uint64_t unix_ns);

}  // namespace penstock::control

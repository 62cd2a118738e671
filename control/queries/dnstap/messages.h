// control/queries/dnstap/messages.h - a decision as dnstap messages (dnstap.proto).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "control/queries/dnstap/rule_zones.h"
#include "control/queries/query_names.h"

namespace penstock::control {

class DnstapMessages {
 public:
  // Both may be empty: messages do not tell them then.
  DnstapMessages(std::string identity, std::string version)
      : identity_(std::move(identity)), version_(std::move(version)) {}

  // One packed message after the other, in the order of their times: CLIENT_QUERY; FORWARDER_QUERY if an endpoint was asked for this client,
  // FORWARDER_RESPONSE if it answered; CLIENT_RESPONSE if the client got an answer. Valid while `give` runs. `unix_ns`: when the query ended.
  using Give = std::function<void(std::span<const uint8_t>)>;
  void make(const config::NotedDecision&, const QueryNames&, uint64_t unix_ns, const Give& give);

 private:
  const std::string identity_;
  const std::string version_;
  RuleZones zones_;
  std::vector<uint8_t> query_;
  std::vector<uint8_t> response_;
  std::string extra_;
  std::vector<uint8_t> packed_;
};

}  // namespace penstock::control

// dataplane/state/said.h - what a message of ours says to a client, for the note about its query (config/contract/decisions).
#pragma once

#include <cstdint>
#include <span>

#include "config/contract/decisions/decision.h"
#include "dataplane/dns/edns.h"
#include "dataplane/dns/message.h"

namespace penstock::state {

struct Said {
  uint16_t size = 0;                                   // octets
  uint16_t extended_error = config::kNoExtendedError;  // RFC 8914
  uint8_t rcode = config::kNotAnswered;                // with its upper bits, where the answer has no records
  bool is_truncated = false;
};

// Adds what the OPT of a message without answer records says: errors and negative answers of ours look like that.
void read_own_opt(std::span<const uint8_t> message, Said& said);

// `message`: whole, as it leaves; empty: nothing is said.
inline Said said_in(std::span<const uint8_t> message) {
  Said said;
  if (message.size() < dns::kHeaderSize) return said;
  const uint16_t flags = dns::flags_of(message.data());
  said.size = static_cast<uint16_t>(message.size());
  said.rcode = static_cast<uint8_t>(flags & dns::kRcodeMask);
  said.is_truncated = (flags & dns::kFlagTruncated) != 0;
  if (dns::load16(&message[6]) == 0) read_own_opt(message, said);
  return said;
}

}  // namespace penstock::state

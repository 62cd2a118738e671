#include "control/queries/dnstap/rebuilt.h"

namespace penstock::control {
namespace {

using config::Decision;

// RFC 1035 section 4.1.1
constexpr uint16_t kResponse = 0x8000;
constexpr uint16_t kTruncated = 0x0200;
constexpr uint16_t kRecursionDesired = 0x0100;
constexpr uint16_t kRecursionAvailable = 0x0080;
constexpr uint16_t kCheckingDisabled = 0x0010;  // RFC 4035 section 3.2.2

constexpr uint16_t kOptType = 41;        // RFC 6891 section 6.1.2
constexpr uint16_t kDnssecOk = 0x8000;   // RFC 3225
constexpr uint16_t kExtendedError = 15;  // RFC 8914 section 2

void put(std::vector<uint8_t>& message, unsigned value) {
  message.push_back(static_cast<uint8_t>(value >> 8));
  message.push_back(static_cast<uint8_t>(value));
}

bool has(const Decision& decision, uint8_t trait) {
  return (decision.traits & trait) != 0;
}

void put_opt(std::vector<uint8_t>& message, const Decision& decision, unsigned rcode, bool with_error) {
  message.push_back(0);  // the root
  put(message, kOptType);
  put(message, kRebuiltUdpSize);
  put(message, rcode >> 4 << 8);  // upper bits of the rcode, version 0
  put(message, has(decision, config::kDecisionDnssecOk) ? kDnssecOk : 0U);
  put(message, with_error ? 6 : 0);
  if (!with_error) return;
  put(message, kExtendedError);
  put(message, 2);
  put(message, decision.extended_error);
}

void rebuild(std::vector<uint8_t>& message, const config::NotedDecision& noted, unsigned flags, unsigned rcode) {
  const Decision& decision = noted.decision;
  const bool has_question = decision.name_length != 0;
  const bool has_opt = has(decision, config::kDecisionOpt);
  if (has(decision, config::kDecisionRecursionDesired)) flags |= kRecursionDesired;
  if (has(decision, config::kDecisionCheckingDisabled)) flags |= kCheckingDisabled;
  message.clear();
  put(message, decision.id);
  put(message, flags | (rcode & 15));
  put(message, has_question ? 1 : 0);
  put(message, 0);
  put(message, 0);
  put(message, has_opt ? 1 : 0);
  if (has_question) {
    message.insert(message.end(), noted.name.begin(), noted.name.begin() + decision.name_length);
    put(message, decision.type);
    put(message, decision.query_class);
  }
  const bool is_response = (flags & kResponse) != 0;
  if (has_opt) put_opt(message, decision, rcode, is_response && decision.extended_error != config::kNoExtendedError);
}

}  // namespace

void rebuild_query(std::vector<uint8_t>& message, const config::NotedDecision& noted) {
  rebuild(message, noted, 0, 0);
}

void rebuild_response(std::vector<uint8_t>& message, const config::NotedDecision& noted) {
  unsigned flags = kResponse | kRecursionAvailable;
  if (has(noted.decision, config::kDecisionTruncated)) flags |= kTruncated;
  rebuild(message, noted, flags, noted.decision.rcode);
}

}  // namespace penstock::control

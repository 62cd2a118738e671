#include "dataplane/inquiry/compose.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <cstring>

#include "dataplane/inquiry/question.h"
#include "dataplane/path/flight/edns.h"

namespace penstock::inquiry {
namespace {

// As a client sends it: header, question, OPT.
uint16_t write_query(const dns::FoldedName& name, uint16_t type, uint8_t* message) {
  dns::store16(message + 2, dns::kFlagRecursionDesired);
  dns::store16(message + 4, 1);
  dns::store16(message + 10, 1);
  std::memcpy(message + dns::kHeaderSize, name.bytes, name.length);
  uint8_t* at = message + dns::kHeaderSize + name.length;
  dns::store16(at, type);
  dns::store16(at + 2, dns::kClassIn);
  dns::write_opt(at + 4, dns::kOurUdpSize, 0, false, 0);
  return static_cast<uint16_t>(dns::kHeaderSize + name.length + 4U + dns::kOptSize);
}

}  // namespace

config::Composed compose(const config::Compose& request, const tables::Ruleset* rules) {
  config::Composed composed;
  composed.rule = config::kNoRule;
  composed.generation = rules == nullptr ? 0 : rules->header().generation;
  const Question question = question_of(request, rules);
  if (question.rule == nullptr) return composed;
  composed.rule = question.number;
  composed.identity = question.rule->identity;

  // A frame in which nothing but the message lies.
  rte_mbuf frame{};
  frame.buf_addr = composed.message.data();
  frame.buf_len = static_cast<uint16_t>(composed.message.size());
  path::QueryWork work{};
  work.packet.frame = &frame;
  work.packet.dns = composed.message.data();
  work.packet.family = request.family;
  work.packet.source = request.client;
  work.packet.dns_length = write_query(question.name, request.record_type, composed.message.data());
  config::ImagePool pool = rules->pool(question.rule->pool);
  if (request.family == 0) pool.edns &= static_cast<uint8_t>(~config::kEdnsEcsAdd);
  const std::span<const uint8_t> message(work.packet.dns, work.packet.dns_length);
  if (dns::parse_query(message, work.query) != dns::QueryVerdict::ok ||
      path::to_endpoints(work, pool) != path::Rewritten::done) {
    composed.rule = config::kNoRule;
    return composed;
  }
  composed.length = work.packet.dns_length;
  return composed;
}

}  // namespace penstock::inquiry

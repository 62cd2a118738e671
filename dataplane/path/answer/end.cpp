#include "dataplane/path/answer/end.h"

#include "dataplane/path/answer/reply.h"
#include "dataplane/path/frame/buffer.h"
#include "dataplane/path/frame/transmit.h"

namespace penstock::path {

using config::QueryOutcome;
using dns::ExtendedError;
using dns::Rcode;

namespace {

// All errors to one network count together: names and types of queries are the sender's choice (limits/limit.h).
constexpr uint64_t kErrors = 0x9e3779b97f4a7c15ULL;

bool is_error_over(state::Lcore& lcore, const QueryWork& work) {
  if (work.response_rate == 0) return false;
  const uint64_t key = lcore.clients.limits.key_of_answer(work.packet.source, work.packet.family, kErrors);
  return !lcore.clients.limits.answers.take(key, work.response_rate, lcore.now);
}

}  // namespace

QueryOutcome end(state::Lcore& lcore, const QueryWork& work, Rcode rcode, ExtendedError error, QueryOutcome outcome) {
  if (is_error_over(lcore, work)) return ignore(lcore, work, QueryOutcome::limited_dropped);
  const dns::QueryTraits& traits = work.query.traits;
  const std::span<uint8_t> room = room_of(work.packet);
  const bool fits = room.size() >= dns::kHeaderSize + traits.question_length + dns::answer_tail(traits, error);
  return end_with(lcore, work, fits ? dns::write_answer(room, traits, rcode, error) : 0, outcome);
}

QueryOutcome end(state::Lcore& lcore, const QueryWork& work, Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::over_budget:
      return end(lcore, work, Rcode::servfail, ExtendedError::over_budget, QueryOutcome::servfail_over_budget);
    case Obstacle::loop:
      return end(lcore, work, Rcode::refused, ExtendedError::loop, QueryOutcome::refused_loop);
    case Obstacle::none:
    case Obstacle::unreachable:
      break;
  }
  return end(lcore, work, Rcode::servfail, ExtendedError::network_error, QueryOutcome::servfail_no_next_hop);
}

QueryOutcome end_unread(state::Lcore& lcore, QueryWork& work, Rcode rcode, QueryOutcome outcome) {
  work.query.traits.question_length = 0;
  work.query.traits.has_opt = false;
  return end(lcore, work, rcode, ExtendedError::none, outcome);
}

QueryOutcome end_truncated(state::Lcore& lcore, const QueryWork& work, QueryOutcome outcome) {
  const dns::QueryTraits& traits = work.query.traits;
  const std::span<uint8_t> room = room_of(work.packet);
  if (room.size() < dns::kHeaderSize + traits.question_length + dns::answer_tail(traits, ExtendedError::none))
    return ignore(lcore, work, QueryOutcome::ignored_no_room);
  const unsigned length = dns::write_answer(room, traits, Rcode::noerror, ExtendedError::none);
  dns::store16(&room[2], static_cast<uint16_t>(dns::flags_of(room.data()) | dns::kFlagTruncated));
  return end_with(lcore, work, length, outcome);
}

QueryOutcome end_with(state::Lcore& lcore, const QueryWork& work, unsigned length, QueryOutcome outcome) {
  if (length != 0 && send_answer(lcore, work.packet, work.query.traits, length)) return outcome;
  return ignore(lcore, work, QueryOutcome::ignored_no_room);
}

QueryOutcome ignore(state::Lcore& lcore, const QueryWork& work, QueryOutcome outcome) {
  if (lcore.host.is_stream(work.packet.port) && send_back(lcore, work.packet, 0)) return outcome;
  return leave(lcore, work, outcome);
}

QueryOutcome leave(state::Lcore& lcore, const QueryWork& work, QueryOutcome outcome) {
  discard(lcore, *work.packet.frame);
  return outcome;
}

}  // namespace penstock::path

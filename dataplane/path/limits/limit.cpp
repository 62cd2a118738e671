#include "dataplane/path/limits/limit.h"

#include "config/contract/enums.h"
#include "dataplane/path/answer/end.h"
#include "dataplane/path/tell.h"

namespace penstock::path {
namespace {

using config::OverRate;
using config::QueryOutcome;

// What answers have in common that are not those to one question.
constexpr uint32_t kDoubt = 16;
constexpr uint64_t kNegativeOfRule = 0xbf58476d1ce4e5b9ULL;

uint64_t negative_of(uint64_t identity) {
  return kNegativeOfRule ^ identity;
}

bool has_records(const uint8_t* message) {
  return static_cast<dns::Rcode>(dns::flags_of(message) & dns::kRcodeMask) == dns::Rcode::noerror &&
         dns::load16(message + 6) != 0;
}

QueryOutcome turn_away(state::Lcore& lcore, QueryWork& work) {
  if (work.verdict != dns::QueryVerdict::ok) return ignore(lcore, work, QueryOutcome::limited_dropped);
  work.response_rate = 0;  // this is the limit: it is not counted once more as an error
  const bool is_proved = work.proof != state::Proof::none;
  if (!is_proved && work.query.traits.has_cookie)
    return end(lcore, work, dns::Rcode::badcookie, dns::ExtendedError::none, QueryOutcome::limited_bad_cookie);
  const auto over_rate = static_cast<OverRate>(lcore.rules->header().over_rate);
  if (over_rate == OverRate::drop) return ignore(lcore, work, QueryOutcome::limited_dropped);
  if (over_rate == OverRate::truncate && !is_proved) return end_truncated(lcore, work, QueryOutcome::limited_truncated);
  return end(lcore, work, dns::Rcode::refused, dns::ExtendedError::over_rate, QueryOutcome::limited_refused);
}

// Who it is that asks too much: of all that do, the one that is met first after a pause.
void report(state::Lcore& lcore, const QueryWork& work) {
  if (!lcore.reports.may_report(config::EventKind::over_rate, 0, lcore.now)) return;
  config::Event event;
  event.kind = config::EventKind::over_rate;
  event.family = work.packet.family;
  event.rule = work.group;
  event.address = work.packet.source;
  event.blocked = 1;
  dns::FoldedName none;
  none.length = 0;
  const bool is_read = work.verdict == dns::QueryVerdict::ok;
  if (is_read) event.type = dns::load16(work.packet.dns + dns::kHeaderSize + work.query.name.length);
  tell(lcore, event, is_read ? work.query.name : none);
}

}  // namespace

std::optional<QueryOutcome> limit(state::Lcore& lcore, QueryWork& work, const tables::ClientEntry& client) {
  work.response_rate = 0;
  if (client.is_exempt) return std::nullopt;
  const config::ImageHeader& header = lcore.rules->header();
  const config::ImageGroup& group = lcore.rules->groups()[client.group];
  const Packet& packet = work.packet;
  state::RateLimits& limits = lcore.clients.limits;
  const uint32_t rate = group.rate_per_client != config::kInherit ? group.rate_per_client : header.rate_per_client;
  const uint64_t network = limits.key_of_client(packet.source, packet.family, state::ClientLevel::network);
  const bool is_proved = work.proof != state::Proof::none;
  if (is_proved) limits.proved.note(network, lcore.now);
  const uint64_t proof = state::key_of(work.proof, packet.peer_mac);
  if ((rate != 0 && !limits.take_of_client(packet.source, packet.family, client.group, proof, rate, lcore.now)) ||
      (group.rate != 0 && !limits.take_of_group(client.group, is_proved, group.rate, lcore.now))) {
    report(lcore, work);
    // A group that is over its rate as a whole says nothing of this client. What is sent in the name of a network that we know better
    // has to be a much larger flood before its address is stopped as a whole.
    if (!came_over_tcp(lcore, packet) &&
        (!limits.proved.holds(network, lcore.now) || lcore.random.next() % kDoubt == 0))
      lcore.clients.turned_away.note(packet.source, packet.family, rate != 0 ? rate : group.rate, lcore.now);
    // What it hears is all that it asks for.
    if (work.verdict == dns::QueryVerdict::cookie_only && !is_proved) return std::nullopt;
    return turn_away(lcore, work);
  }
  work.response_rate = response_rate_of(lcore, work);
  if (work.response_rate == 0 || work.verdict != dns::QueryVerdict::ok) return std::nullopt;
  const uint64_t key = limits.key_of_answer(packet.source, packet.family, work.question_hash);
  if (limits.answers.take(key, work.response_rate, lcore.now)) return std::nullopt;
  return turn_away(lcore, work);
}

std::optional<QueryOutcome> take_negative(state::Lcore& lcore, QueryWork& work, uint64_t identity) {
  const uint64_t key =
      lcore.clients.limits.key_of_answer(work.packet.source, work.packet.family, negative_of(identity));
  if (lcore.clients.limits.answers.take(key, work.response_rate, lcore.now)) return std::nullopt;
  return turn_away(lcore, work);
}

void give_negative_back(state::Lcore& lcore, const state::PendingSlot& slot, const state::QuestionKey& key,
                        const uint8_t* message) {
  if (lcore.rules == nullptr || !has_records(message)) return;
  const config::ImageRule* rule = lcore.rules->kept_rule(key.generation, key.rule);
  if (rule == nullptr) return;
  lcore.clients.limits.answers.give_back(
      lcore.clients.limits.key_of_answer(slot.client, slot.client_family, negative_of(rule->identity)),
      lcore.rules->header().response_rate);
}

}  // namespace penstock::path

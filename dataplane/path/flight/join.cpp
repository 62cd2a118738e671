#include "dataplane/path/flight/join.h"

#include <cstring>
#include <type_traits>

#include "dataplane/path/choose/choose_endpoint.h"
#include "dataplane/path/choose/patience.h"
#include "dataplane/path/limits/admit.h"

namespace penstock::path {
namespace {

using config::QueryOutcome;
using state::HashIndex;

// Of the message and who sent it.
uint32_t hash_alone(const state::Lcore& lcore, const Packet& packet) {
  const uint64_t client = state::hash_octets(lcore.hash_key, packet.source.data(), packet.source.size());
  const uint64_t key = lcore.hash_key ^ client << 32 ^ uint64_t { packet.source_port } << 16 ^ packet.listen;
  return state::hash_octets(key, packet.dns, packet.dns_length);
}

bool is_first_client(const state::PendingSlot& slot, const state::PendingQuery& query, const QueryWork& work) {
  const Packet& packet = work.packet;
  return slot.background == 0 && query.form == state::form_of(work.query.traits) &&
         slot.client_port == packet.source_port && slot.client_id == dns::id_of(packet.dns) &&
         slot.client == packet.source && slot.client_family == packet.family && slot.listen == packet.listen;
}

// The flight that others may join, or kNone. The key and the name are compared whole.
uint32_t find_shared(state::Lcore& lcore, const QueryWork& work, const state::QuestionKey& key) {
  return lcore.flights.by_question.find(work.flight_hash, [&](uint32_t index) {
    const state::PendingQuery& query = lcore.flights.pending.query(index);
    return lcore.flights.pending.slot(index).shared && query.key == key &&
           dns::folds_to(query.question(), work.query.name.bytes, work.query.name.length);
  });
}

// The flight that was made for this very message of this very client, or kNone.
uint32_t find_alone(state::Lcore& lcore, const QueryWork& work, const state::QuestionKey& key) {
  const Packet& packet = work.packet;
  return lcore.flights.by_question.find(work.flight_hash, [&](uint32_t index) {
    const state::PendingSlot& slot = lcore.flights.pending.slot(index);
    const state::PendingQuery& query = lcore.flights.pending.query(index);
    return (!slot.shared || slot.over_tcp != 0) && query.key == key && is_first_client(slot, query, work) &&
           slot.message_length == packet.dns_length &&
           std::memcmp(query.message.data() + 2, packet.dns + 2, packet.dns_length - 2U) == 0;
  });
}

state::Asker asker_of(const QueryWork& work) {
  return {.address = work.packet.source,
          .port = work.packet.source_port,
          .id = dns::id_of(work.packet.dns),
          .family = work.packet.family,
          .listen = work.packet.listen,
          .form = state::form_of(work.query.traits),
          .unused = 0,
          .spelling = dns::spelling_of(work.packet.dns + dns::kHeaderSize, work.query.name)};
}

uint32_t hash_of(const state::Lcore& lcore, uint32_t flight, const state::Asker& asker) {
  static_assert(std::has_unique_object_representations_v<state::Asker>);
  return state::hash_octets(lcore.hash_key + flight, reinterpret_cast<const uint8_t*>(&asker), sizeof asker);
}

// The client has become impatient: unless the endpoint was asked a moment ago, the sweep asks another one now, within
// the retry budget and the number of sends.
QueryOutcome repeat(const Flight& flight, const config::ImagePool& pool) {
  state::Lcore& lcore = flight.lcore;
  const state::PendingSend& last = flight.last_send();
  if (flight.slot.sends < state::kMaxSends && flight.asked().message_length != 0 &&
      lcore.now - last.at > patience_with(lcore, pool, last.endpoint_slot) / 2)
    lcore.flights.pending.hasten(flight.index, lcore.now);
  return QueryOutcome::repeated;
}

// Nothing: nobody more can wait, or this client has more than its share of those who do.
std::optional<QueryOutcome> join_flight(const Flight& flight, const QueryWork& work, const config::ImagePool& pool) {
  state::Lcore& lcore = flight.lcore;
  const Packet& packet = work.packet;
  const uint8_t* typed = packet.dns + dns::kHeaderSize;
  if (is_first_client(flight.slot, flight.query, work) &&
      std::memcmp(flight.query.question(), typed, work.query.name.length) == 0)
    return repeat(flight, pool);
  const state::Asker asker = asker_of(work);
  const uint32_t hash = hash_of(lcore, flight.index, asker);
  if (lcore.flights.waiters.waits(flight.index, asker, hash)) return repeat(flight, pool);
  const state::Scarce scarce{state::Thing::waiters, config::kNoEndpointSlot, lcore.flights.waiters.in_use(),
                             lcore.flights.waiters.capacity()};
  if (!may_hold(lcore, sharer_of(work), work.weight, scarce)) return std::nullopt;
  state::Waiter* waiter = lcore.flights.waiters.join(flight.slot, flight.index, asker, hash);
  if (waiter == nullptr) return std::nullopt;
  waiter->is_counted = hold(lcore, sharer_of(work), scarce);
  waiter->proof = work.proof;
  waiter->has_cookie = work.query.traits.has_cookie;
  waiter->cookie = work.query.traits.cookie;
  waiter->asked_at = lcore.now;
  waiter->vlan = packet.vlan;
  waiter->udp_size = work.query.traits.udp_size;
  waiter->mac = packet.peer_mac;
  waiter->port = packet.port;
  return QueryOutcome::joined;
}

}  // namespace

void prepare_join(const state::Lcore& lcore, QueryWork& work) {
  work.shared = work.query.plain;
  work.question_hash = state::hash_question(lcore.hash_key, work.query, work.packet.dns);
  work.flight_hash = work.shared ? state::narrow_hash(work.question_hash) : hash_alone(lcore, work.packet);
  lcore.flights.by_question.prefetch(work.flight_hash);
}

void fly_alone(const state::Lcore& lcore, QueryWork& work) {
  work.shared = false;
  work.flight_hash = hash_alone(lcore, work.packet);
}

std::optional<QueryOutcome> join(state::Lcore& lcore, QueryWork& work, const state::QuestionKey& key,
                                 const config::ImagePool& pool) {
  // An endpoint that asks us what it was asked would wait for its own answer: it goes to another one, or hears of the loop.
  if (work.shared && endpoint_at(lcore, pool, work.packet.source, work.packet.family) != kNoEndpoint)
    fly_alone(lcore, work);
  // An answer over TCP may be longer than the copies for those who join. It is remembered all the same.
  const bool over_tcp = lcore.host.is_stream(work.packet.port);
  if (over_tcp) work.flight_hash = hash_alone(lcore, work.packet);
  if (work.shared && !over_tcp) {
    const uint32_t index = find_shared(lcore, work, key);
    if (index == HashIndex::kNone) return std::nullopt;
    if (const auto outcome = join_flight(Flight(lcore, index), work, pool)) return *outcome;
    fly_alone(lcore, work);
  }
  const uint32_t index = find_alone(lcore, work, key);
  if (index == HashIndex::kNone) return std::nullopt;
  return repeat(Flight(lcore, index), pool);
}

bool is_in_flight(state::Lcore& lcore, const QueryWork& work, const state::QuestionKey& key) {
  return find_shared(lcore, work, key) != HashIndex::kNone;
}

void enter(const Flight& flight, const QueryWork& work, const state::QuestionKey& key) {
  flight.query.key = key;
  flight.slot.shared = work.shared;
  flight.slot.hash = work.flight_hash;
  flight.lcore.flights.by_question.insert(flight.slot.hash, flight.index);
}

}  // namespace penstock::path

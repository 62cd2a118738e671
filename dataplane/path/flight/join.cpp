#include "dataplane/path/flight/join.h"

#include <cstring>
#include <type_traits>

#include "dataplane/path/choose/choose_endpoint.h"
#include "dataplane/path/choose/patience.h"
#include "dataplane/path/flight/flight.h"
#include "dataplane/path/flight/send.h"
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
  return lcore.flights.find(work.flight_hash, [&](uint32_t index) {
    const state::PendingQuery& query = lcore.pending.query(index);
    return lcore.pending.slot(index).shared && query.key == key &&
           dns::folds_to(query.question(), work.query.name.bytes, work.query.name.length);
  });
}

// The flight that was made for this very message of this very client, or kNone.
uint32_t find_alone(state::Lcore& lcore, const QueryWork& work, const state::QuestionKey& key) {
  const Packet& packet = work.packet;
  return lcore.flights.find(work.flight_hash, [&](uint32_t index) {
    const state::PendingSlot& slot = lcore.pending.slot(index);
    const state::PendingQuery& query = lcore.pending.query(index);
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
QueryOutcome repeat(state::Lcore& lcore, uint32_t index, const config::ImagePool& pool) {
  const state::PendingSlot& slot = lcore.pending.slot(index);
  const state::PendingQuery& query = lcore.pending.query(index);
  const state::PendingSend& last = query.send(slot.sends - 1U);
  if (slot.sends < state::kMaxSends && asked_of(lcore, slot, query).message_length != 0 &&
      lcore.now - last.at > patience_with(lcore, pool, last.endpoint_slot) / 2)
    lcore.pending.hasten(index, lcore.now);
  return QueryOutcome::repeated;
}

}  // namespace

void prepare_join(const state::Lcore& lcore, QueryWork& work) {
  work.shared = work.query.plain;
  work.question_hash = state::hash_question(lcore.hash_key, work.query, work.packet.dns);
  work.flight_hash = work.shared ? state::narrow_hash(work.question_hash) : hash_alone(lcore, work.packet);
  lcore.flights.prefetch(work.flight_hash);
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
    state::PendingSlot& slot = lcore.pending.slot(index);
    const Packet& packet = work.packet;
    const uint8_t* typed = packet.dns + dns::kHeaderSize;
    if (is_first_client(slot, lcore.pending.query(index), work) &&
        std::memcmp(lcore.pending.query(index).question(), typed, work.query.name.length) == 0)
      return repeat(lcore, index, pool);
    const state::Asker asker = asker_of(work);
    const uint32_t hash = hash_of(lcore, index, asker);
    if (lcore.waiters.waits(index, asker, hash)) return repeat(lcore, index, pool);
    const state::Scarce scarce{state::Thing::waiters, 0, lcore.waiters.in_use(), lcore.waiters.capacity()};
    const bool may = may_hold(lcore, sharer_of(work), work.weight, scarce);
    if (state::Waiter* waiter = may ? lcore.waiters.join(slot, index, asker, hash) : nullptr; waiter != nullptr) {
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
    fly_alone(lcore, work);
  }
  const uint32_t index = find_alone(lcore, work, key);
  if (index == HashIndex::kNone) return std::nullopt;
  return repeat(lcore, index, pool);
}

bool is_in_flight(state::Lcore& lcore, const QueryWork& work, const state::QuestionKey& key) {
  return find_shared(lcore, work, key) != HashIndex::kNone;
}

void enter(state::Lcore& lcore, const QueryWork& work, const state::QuestionKey& key, uint32_t index) {
  lcore.pending.query(index).key = key;
  state::PendingSlot& slot = lcore.pending.slot(index);
  slot.shared = work.shared;
  slot.hash = work.flight_hash;
  lcore.flights.insert(slot.hash, index);
}

}  // namespace penstock::path

#include "dataplane/path/guard/chase.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "dataplane/dns/answer.h"
#include "dataplane/dns/compose.h"
#include "dataplane/path/choose/choose_endpoint.h"
#include "dataplane/path/flight/edns.h"
#include "dataplane/path/flight/send.h"
#include "dataplane/path/frame/buffer.h"
#include "dataplane/path/guard/chain.h"
#include "dataplane/path/limits/admit.h"
#include "dataplane/tables/local_answer.h"

namespace penstock::path {
namespace {

using dns::Composed;
using dns::Composer;
using dns::Record;
using dns::RecordSection;

constexpr unsigned kLongestOverTcp = state::Chase::kLongestChain;

dns::WireText text_of(const dns::FoldedName& name) {
  dns::WireText text;
  text.length = name.length;
  std::memcpy(text.bytes.data(), name.bytes, name.length);
  return text;
}

// The chain's first `links` links as CNAMEs, those that DNAMEs stand for as well. False: it cannot be read, or is too long.
bool keep_chain(std::span<const uint8_t> message, unsigned question_length, unsigned links, state::Chase& chase) {
  Composer composer(chase.kept);
  if (composer.add_question(message.subspan(dns::kHeaderSize, question_length)) != Composed::done) return false;
  Chain chain(message, question_length);
  chase.ttl = ~uint32_t{0};
  for (unsigned i = 0; i < links; ++i) {
    const dns::FoldedName owner = chain.name();
    if (chain.next() != Chain::Step::link) return false;
    const Record& link = chain.last();
    const Composed outcome = link.type == dns::kTypeCname ? composer.add(message, link, link.ttl)
                                                          : composer.add_cname(text_of(owner), link.record_class,
                                                                               link.ttl, text_of(chain.name()));
    if (outcome != Composed::done) return false;
    chase.ttl = std::min(chase.ttl, link.ttl);
  }
  chase.kept_length = static_cast<uint16_t>(composer.length());
  chase.links = static_cast<uint8_t>(links);
  return true;
}

// The question for the chain's end, with the bits of the client's and without its options.
void write_question(const dns::FoldedName& name, const uint8_t* type_and_class, const dns::QueryTraits& traits,
                    state::Chase& chase) {
  uint8_t* message = chase.message.data();
  std::memset(message, 0, dns::kHeaderSize);
  std::memcpy(message + dns::kHeaderSize, name.bytes, name.length);
  std::memcpy(message + dns::kHeaderSize + name.length, type_and_class, 4);
  chase.question_length = static_cast<uint16_t>(name.length + 4U);
  // As an answer without records: header, question, OPT. It becomes a query.
  const dns::QueryTraits asked{
      .question_length = chase.question_length, .has_opt = true, .dnssec_ok = traits.dnssec_ok};
  chase.message_length =
      static_cast<uint16_t>(dns::write_answer(chase.message, asked, dns::Rcode::noerror, dns::ExtendedError::none));
  constexpr uint16_t kTheClients = dns::kFlagRecursionDesired | dns::kFlagCheckingDisabled;
  dns::store16(message + 2, static_cast<uint16_t>((traits.flags & kTheClients) | dns::kFlagAuthenticData));
}

bool ask(const Flight& flight, const config::ImagePool& pool, const Packet& packet) {
  state::Lcore& lcore = flight.lcore;
  const state::Chase& chase = lcore.flights.chases[flight.query.chase];
  const Choice choice = choose_endpoint(lcore, pool, {}, flight.slot.client, flight.slot.client_family);
  if (choice.endpoint == kNoEndpoint || room_of(packet).size() < chase.message_length) return false;
  std::memcpy(packet.dns, chase.message.data(), chase.message_length);
  return send(flight, {pool, choice.endpoint}, {*packet.frame, packet.dns, chase.message_length}, {.afresh = true});
}

// The answer says no more than that it does not fit. False: there is no room even for that.
bool cut_down(const state::PendingQuery& query, uint16_t flags, Packet& packet) {
  const std::span<uint8_t> room = room_of(packet);
  if (room.size() < dns::kHeaderSize + query.traits.question_length + dns::kAnswerTail) return false;
  dns::store16(packet.dns + 2, flags);
  packet.dns_length = static_cast<uint16_t>(dns::truncate_answer(room, query.question(), query.traits));
  return true;
}

uint32_t weight_of(const state::Lcore& lcore, const state::PendingSlot& slot) {
  const tables::ClientEntry client = lcore.rules->clients().look_up(slot.client.data(), slot.client_family);
  return lcore.rules->groups()[client.group].weight;
}

// Keeps the chain in `packet` as far as its `links`th link, and the question for that one's target.
bool begin_chase(const Flight& flight, unsigned links, const Packet& packet) {
  state::Lcore& lcore = flight.lcore;
  state::PendingQuery& query = flight.query;
  if (query.chase != state::ChasePool::kNone || links > kMostLinks) return false;
  query.chase = lcore.flights.chases.take();
  if (query.chase == state::ChasePool::kNone) return false;
  state::Chase& chase = lcore.flights.chases[query.chase];
  chase.sharer = sharer_of(flight.slot);
  chase.is_counted = false;
  const std::span<const uint8_t> message(packet.dns, packet.dns_length);
  const unsigned question_length = flight.slot.question_length;
  if (keep_chain(message, question_length, links, chase)) {
    Chain chain(message, question_length);
    for (unsigned i = 0; i < links; ++i) chain.next();
    write_question(chain.name(), query.question() + question_length - 4, query.traits, chase);
    return true;
  }
  end_chase(flight);
  return false;
}

// The least TTL of all that leads to the answer in `message`. Nothing: a record cannot be read.
std::optional<uint32_t> least_ttl(std::span<const uint8_t> message, const state::Chase& chase) {
  uint32_t ttl = chase.ttl;
  dns::Records all(message, dns::kHeaderSize + chase.question_length);
  for (Record record; all.next(record);)
    if (record.section == RecordSection::answer) ttl = std::min(ttl, record.ttl);
  if (all.malformed()) return std::nullopt;
  return ttl;
}

// What the endpoint says of its answer, in our OPT, for the client's.
std::span<const uint8_t> options_of(std::span<const uint8_t> message, const state::Chase& chase,
                                    const dns::QueryTraits& traits) {
  unsigned end = 0;
  dns::Opt opt;
  if (dns::find_opt(message, dns::kHeaderSize + chase.question_length, opt, end) != dns::OptSearch::found) return {};
  const std::span<const uint8_t> options =
      message.subspan(opt.begin + dns::kOptSize, opt.end - opt.begin - dns::kOptSize);
  return traits.keepalive != 0 && !options.empty() ? options.first(options.size() - dns::kKeepaliveSize) : options;
}

// The client's question, the chain that was kept, and the records of `message` but for its additional section.
Composed compose_chain(Composer& composer, const Flight& flight, std::span<const uint8_t> message, uint32_t ttl) {
  const state::Chase& chase = flight.lcore.flights.chases[flight.query.chase];
  const uint16_t question_length = flight.query.traits.question_length;
  const std::span<const uint8_t> kept_message(chase.kept.data(), chase.kept_length);
  Composed outcome = composer.add_question({flight.query.question(), question_length});
  Record record;
  dns::Records kept(kept_message, dns::kHeaderSize + question_length);
  while (outcome == Composed::done && kept.next(record)) outcome = composer.add(kept_message, record, ttl);
  dns::Records rest(message, dns::kHeaderSize + chase.question_length);
  while (outcome == Composed::done && rest.next(record)) {
    if (record.section == RecordSection::additional) continue;
    outcome = composer.add(message, record, std::min(ttl, record.ttl));
  }
  return outcome;
}

// Whether the chain behind the one that was kept ends, and is not too long with it.
Finish follow_to_end(std::span<const uint8_t> message, const state::Chase& chase) {
  Chain chain(message, chase.question_length);
  Chain::Step step = chain.next();
  while (step == Chain::Step::link) step = chain.next();
  if (step != Chain::Step::end) return Finish::unreadable;
  return chase.links + chain.links() > kMostLinks ? Finish::failed : Finish::done;
}

}  // namespace

bool start_chase(const Flight& flight, const config::ImageRule& rule, unsigned links, Packet& packet) {
  state::Lcore& lcore = flight.lcore;
  const state::Scarce scarce{state::Thing::chases, config::kNoEndpointSlot, lcore.flights.chases.in_use(),
                             state::ChasePool::kChases};
  if (!may_hold(lcore, sharer_of(flight.slot), weight_of(lcore, flight.slot), scarce)) return false;
  if (!begin_chase(flight, links, packet)) return false;
  state::Chase& chase = lcore.flights.chases[flight.query.chase];
  chase.is_counted = hold(lcore, chase.sharer, scarce);
  if (ask(flight, lcore.rules->pool(rule.pool), packet)) return true;
  end_chase(flight);
  return false;
}

Finish chase_locally(const Flight& flight, unsigned links, uint16_t group, Packet& packet) {
  state::Lcore& lcore = flight.lcore;
  if (!begin_chase(flight, links, packet)) return Finish::failed;
  const state::Chase& chase = lcore.flights.chases[flight.query.chase];
  const std::span<uint8_t> room = room_of(packet);
  if (room.size() < dns::kHeaderSize + chase.question_length) return Finish::failed;
  std::memcpy(packet.dns, chase.message.data(), dns::kHeaderSize + chase.question_length);
  const unsigned length =
      tables::write_local(*lcore.rules, room, chase.question_length, group, lcore.memory.rotation++);
  packet.dns_length = static_cast<uint16_t>(length);
  return length == 0 ? Finish::failed : finish_chase(flight, packet);
}

Finish finish_chase(const Flight& flight, Packet& packet) {
  const state::PendingQuery& query = flight.query;
  const state::Chase& chase = flight.lcore.flights.chases[query.chase];
  const std::span<const uint8_t> message(packet.dns, packet.dns_length);
  const uint16_t said = dns::flags_of(packet.dns);
  if (!dns::is_answer(static_cast<dns::Rcode>(said & dns::kRcodeMask))) return Finish::failed;
  const uint16_t flags = dns::answer_flags(query.traits.flags, said & dns::kRcodeMask);  // nobody's word as a whole
  if ((said & dns::kFlagTruncated) != 0) return cut_down(query, flags, packet) ? Finish::done : Finish::failed;
  if (const Finish chain = follow_to_end(message, chase); chain != Finish::done) return chain;
  const std::optional<uint32_t> ttl = least_ttl(message, chase);
  if (!ttl) return Finish::unreadable;

  std::array<uint8_t, kLongestOverTcp> answer;
  const std::span<const uint8_t> options = options_of(message, chase, query.traits);
  const size_t tail = query.traits.has_opt ? dns::kOptSize + options.size() + dns::kKeepaliveSize : 0;
  const unsigned longest = query.traits.udp_size == kStreamSize ? kLongestOverTcp : kLongestForCard;
  const size_t limit = std::min<size_t>({query.traits.udp_size, longest, room_of(packet).size()});
  Composer composer({answer.data(), limit - std::min(limit - dns::kHeaderSize, tail)});
  const Composed outcome = compose_chain(composer, flight, message, *ttl);
  if (outcome == Composed::unreadable) return Finish::unreadable;
  // Perhaps at its question already.
  if (outcome == Composed::full) return cut_down(query, flags, packet) ? Finish::done : Finish::failed;
  dns::store16(answer.data() + 2, flags);
  const unsigned length = dns::add_opt(answer, composer.length(), query.traits, 0, options);
  if (length == 0) return Finish::failed;
  std::memcpy(packet.dns + 2, answer.data() + 2, length - 2);
  packet.dns_length = static_cast<uint16_t>(length);
  return Finish::done;
}

}  // namespace penstock::path

#include "dataplane/path/answer_local.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "config/model.h"
#include "dataplane/dns/records.h"
#include "dataplane/path/admit.h"
#include "dataplane/path/chase.h"
#include "dataplane/path/choose_endpoint.h"
#include "dataplane/path/join.h"
#include "dataplane/path/limit.h"
#include "dataplane/path/open.h"
#include "dataplane/path/reply.h"
#include "dataplane/path/transmit.h"

namespace penstock::path {
namespace {

using config::Action;
using config::ImageLocalNode;
using config::ImageLocalSet;
using config::ImageLocalZone;
using config::QueryOutcome;
using dns::ExtendedError;
using dns::FoldedName;
using dns::Rcode;
using tables::LocalRecords;
using tables::Match;

// An IPv6 packet with two VLAN tags in 1500 octets: a longer answer would be fragments.
constexpr unsigned kLongestAnswer = 1444;
constexpr unsigned kRecordHead = 10;  // type, class, TTL, length of data
constexpr uint16_t kTypeIxfr = 251;
constexpr uint16_t kTypeAxfr = 252;

// The records behind a question, until there is no room. Offsets in the message are those that the records will have there.
class Body {
 public:
  // Records begin at `begin` in the message and take `most` octets.
  Body(unsigned begin, unsigned most) : begin_(begin), most_(std::min<unsigned>(most, kLongestAnswer)) {}

  // All records of the set, that number `first` of them first, with the owner at offset `owner` of the message.
  void add(std::span<const uint8_t> data, unsigned owner, unsigned count, size_t first_at) {
    size_t at = first_at;
    for (unsigned i = 0; i < count; ++i) {
      const unsigned size = kRecordHead + dns::load16(&data[at + 8]);
      if (length_ + 2 + size > most_) {
        full_ = true;
        return;
      }
      dns::store16(&bytes_[length_], static_cast<uint16_t>(0xc000 | owner));
      std::memcpy(&bytes_[length_ + 2], &data[at], size);
      length_ += 2 + size;
      at += size;
      if (at == data.size()) at = 0;
    }
  }

  std::span<const uint8_t> bytes() const { return {bytes_.data(), length_}; }
  unsigned end() const { return begin_ + length_; }  // in the message
  bool full() const { return full_; }

 private:
  unsigned begin_;
  unsigned most_;
  unsigned length_ = 0;
  bool full_ = false;
  std::array<uint8_t, kLongestAnswer> bytes_;
};

struct Answer {
  Body body;
  Rcode rcode = Rcode::noerror;
  bool authoritative = true;
  ExtendedError error = ExtendedError::none;
  uint16_t answers = 0;
  uint16_t authorities = 0;
  unsigned links = 0;
  uint32_t leads_to = config::kNoRule;  // of a name that is forwarded
  bool is_left_out = false;             // leads to a name that is not for this client
};

void add_answer(const LocalRecords& local, const ImageLocalSet& set, unsigned owner, uint32_t rotation,
                Answer& answer) {
  const auto data = local.data(set);
  const bool rotates = set.type == dns::kTypeA || set.type == dns::kTypeAaaa;  // all of one length
  answer.body.add(data, owner, set.count, rotates ? rotation % set.count * (data.size() / set.count) : 0);
  answer.answers = static_cast<uint16_t>(answer.answers + set.count);
}

void add_soa(const LocalRecords& local, const ImageLocalZone& zone, unsigned owner, Answer& answer) {
  answer.body.add(local.data(local.set(zone.soa)), owner, 1, 0);
  answer.authorities = 1;
}

// Where, in a name of `length` octets at `at`, the zone's own begins that matched it. The default's is the root.
unsigned apex_of(unsigned at, unsigned length, const Match& match) {
  return at + length - std::max<unsigned>(match.matched_length, 1);
}

// From the name on, along its CNAMEs as far as the rules have records here. `name` lies at offset `at` of the message.
void follow(const tables::Ruleset& rules, const FoldedName& question, Match match, uint16_t group, uint16_t type,
            uint32_t rotation, Answer& answer) {
  const LocalRecords& local = rules.local();
  const FoldedName* name = &question;
  FoldedName target;
  unsigned at = dns::kHeaderSize;
  std::array<const ImageLocalSet*, kMostLocalLinks> links;
  for (unsigned& count = answer.links;;) {
    const uint32_t number = rules.rule(match.rule).pool;
    const ImageLocalZone& zone = local.zone(number);
    const unsigned apex_at = apex_of(at, name->length, match);
    const ImageLocalNode* node =
        zone.node != config::kNoNode ? &local.node(zone.node) : local.find(number, *name, match.matched_length);
    if (node == nullptr) {
      answer.rcode = Rcode::nxdomain;
      return add_soa(local, zone, apex_at, answer);
    }
    // RFC 8482 section 4.1: one RRset is answer enough to ANY.
    const ImageLocalSet* set = type != dns::kTypeAny ? local.find_set(*node, type)
                               : node->sets != 0     ? &local.sets(*node)[0]
                                                     : nullptr;
    if (set != nullptr) return add_answer(local, *set, at, rotation, answer);
    const ImageLocalSet* cname = local.find_set(*node, dns::kTypeCname);
    if (cname == nullptr) return add_soa(local, zone, apex_at, answer);
    const bool is_loop = std::find(links.begin(), links.begin() + count, cname) != links.begin() + count;
    if (count == kMostLocalLinks || is_loop) return;
    links[count++] = cname;
    const unsigned target_at = answer.body.end() + 2 + kRecordHead;
    add_answer(local, *cname, at, 0, answer);
    if (answer.body.full() || !dns::parse_name(local.data(*cname).subspan(kRecordHead), target)) return;
    name = &target;
    at = target_at;
    match = rules.match(target, group);
    answer.is_left_out = match.is_left_out;
    if (match.rule == config::kNoRule || match.is_left_out) return;
    const config::ImageRule& next = rules.rule(match.rule);
    if (static_cast<Action>(next.action) == Action::forward) answer.leads_to = match.rule;
    if (!has_local_records(next)) return;
  }
}

// Header, question and records, and the OPT behind them; cut down to the question with TC where they do not fit.
unsigned write(std::span<uint8_t> message, const dns::QueryTraits& traits, const Answer& answer) {
  unsigned length = dns::write_answer(message, traits, answer.rcode, answer.error);
  uint8_t* header = message.data();
  const unsigned added =
      (answer.authoritative ? dns::kFlagAuthoritative : 0U) | (answer.body.full() ? dns::kFlagTruncated : 0U);
  dns::store16(header + 2, static_cast<uint16_t>(dns::flags_of(header) | added));
  if (answer.body.full()) return length;
  const auto body = answer.body.bytes();
  uint8_t* behind_question = header + dns::kHeaderSize + traits.question_length;
  std::memmove(behind_question + body.size(), behind_question, length - dns::kHeaderSize - traits.question_length);
  std::memcpy(behind_question, body.data(), body.size());
  dns::store16(header + 6, answer.answers);
  dns::store16(header + 8, answer.authorities);
  return length + static_cast<unsigned>(body.size());
}

QueryOutcome outcome_of(Action action) {
  switch (action) {
    case Action::nxdomain:
      return QueryOutcome::answered_nxdomain;
    case Action::nodata:
      return QueryOutcome::answered_nodata;
    case Action::addresses:
      return QueryOutcome::answered_address;
    default:
      return QueryOutcome::answered_local;
  }
}

QueryOutcome ignore(state::Lcore& lcore, const QueryWork& work, QueryOutcome outcome) {
  discard(lcore, *work.packet.frame);
  return outcome;
}

QueryOutcome fail(state::Lcore& lcore, const QueryWork& work, ExtendedError error, QueryOutcome outcome) {
  if (reply(lcore, work.packet, work.query.traits, Rcode::servfail, error)) return outcome;
  return ignore(lcore, work, QueryOutcome::ignored_no_room);
}

// The chain leads to a name of `number`, a rule that forwards: its end is asked of the rule's pool, as that of a chain from
// elsewhere into a private zone is (path/chase.h). Not shared and not remembered: what is here may change with the next rules.
QueryOutcome forward_end(state::Lcore& lcore, QueryWork& work, uint32_t number, const Answer& answer, uint64_t now) {
  const config::ImageRule& rule = lcore.rules->rule(number);
  const config::ImagePool& pool = lcore.rules->pool(rule.pool);
  const dns::QueryTraits& traits = work.query.traits;
  work.query.plain = false;
  prepare_join(lcore, work);
  const state::QuestionKey key = state::question_key(work.query, work.packet.dns, lcore.rules->header().generation,
                                                     number, lcore.rules->class_of(work.group));
  if (const auto outcome = join(lcore, work, key, pool, now)) return ignore(lcore, work, *outcome);
  if (!admit(lcore, pool, sharer_of(work), work.weight, now))
    return fail(lcore, work, ExtendedError::over_share, QueryOutcome::servfail_over_share);
  const uint32_t index = open(lcore, work, pool, now);
  if (index == state::PendingTable::kNone)
    return fail(lcore, work, ExtendedError::other, QueryOutcome::servfail_pending_full);

  const auto* buffer_end = static_cast<uint8_t*>(work.packet.frame->buf_addr) + work.packet.frame->buf_len;
  Packet chain = work.packet;
  dns::QueryTraits without_opt = traits;
  without_opt.has_opt = false;
  chain.dns_length =
      static_cast<uint16_t>(write({chain.dns, static_cast<size_t>(buffer_end - chain.dns)}, without_opt, answer));
  if (start_chase(lcore, index, rule, answer.links, chain, now)) {
    enter(lcore, work, key, index);
    return QueryOutcome::forwarded;
  }
  std::memcpy(work.packet.dns + dns::kHeaderSize, lcore.pending.query(index).question(), traits.question_length);
  dns::store16(work.packet.dns, lcore.pending.slot(index).client_id);
  abandon(lcore, index);
  return fail(lcore, work, ExtendedError::network_error, QueryOutcome::servfail_no_next_hop);
}

}  // namespace

bool has_local_records(const config::ImageRule& rule) {
  const auto action = static_cast<Action>(rule.action);
  return action == Action::records || action == Action::addresses;
}

unsigned write_local(state::Lcore& lcore, std::span<uint8_t> message, unsigned question_length, uint16_t group) {
  const tables::Ruleset& rules = *lcore.rules;
  const unsigned begin = dns::kHeaderSize + question_length;
  if (message.size() <= begin) return 0;
  FoldedName name;
  if (!dns::parse_name(message.subspan(dns::kHeaderSize, question_length), name)) return 0;
  const Match match = rules.match(name, group);
  if (match.rule == config::kNoRule || match.is_left_out || !has_local_records(rules.rule(match.rule))) return 0;
  Answer answer{Body(begin, static_cast<unsigned>(message.size()) - begin)};
  follow(rules, name, match, group, dns::load16(&message[begin - 4]), lcore.rotation++, answer);
  dns::QueryTraits traits;
  traits.question_length = static_cast<uint16_t>(question_length);
  return answer.body.full() || answer.is_left_out ? 0 : write(message, traits, answer);
}

QueryOutcome answer_local(state::Lcore& lcore, QueryWork& work, const Match& match, uint64_t now) {
  const tables::Ruleset& rules = *lcore.rules;
  const config::ImageRule& rule = rules.rule(match.rule);
  const ImageLocalZone& zone = rules.local().zone(rule.pool);
  const Packet& packet = work.packet;
  const dns::QueryTraits& traits = work.query.traits;
  const auto discarded = [&] { return ignore(lcore, work, QueryOutcome::ignored_no_room); };
  const auto* buffer_end = static_cast<uint8_t*>(packet.frame->buf_addr) + packet.frame->buf_len;
  const auto room = static_cast<size_t>(buffer_end - packet.dns);
  const bool is_denied = !has_local_records(rule);
  const auto error = is_denied ? static_cast<ExtendedError>(zone.error) : ExtendedError::none;
  const unsigned begin = dns::kHeaderSize + traits.question_length;
  const unsigned least = begin + (traits.has_opt ? dns::answer_tail(traits, error) : 0);
  const auto most = std::min<size_t>({traits.udp_size, kLongestAnswer, room});
  if (most < least) return discarded();

  const uint16_t type = dns::load16(packet.dns + begin - 4);
  Answer answer{Body(begin, static_cast<unsigned>(most) - least)};
  answer.error = error;
  if (is_denied) {
    answer.authoritative = false;
    answer.rcode = static_cast<Action>(rule.action) == Action::nxdomain ? Rcode::nxdomain : Rcode::noerror;
    add_soa(rules.local(), zone, apex_of(dns::kHeaderSize, work.query.name.length, match), answer);
  } else if (type == kTypeAxfr || type == kTypeIxfr) {
    if (!reply(lcore, packet, traits, Rcode::refused, ExtendedError::not_authoritative)) return discarded();
    return QueryOutcome::refused_local;
  } else {
    follow(rules, work.query.name, match, work.group, type, lcore.rotation++, answer);
    if (answer.is_left_out) {
      if (!reply(lcore, packet, traits, Rcode::refused, ExtendedError::prohibited)) return discarded();
      return QueryOutcome::refused_view;
    }
    const bool recurses = (traits.flags & dns::kFlagRecursionDesired) != 0;
    if (answer.leads_to != config::kNoRule && recurses && !answer.body.full()) {
      const config::ImagePool& pool = rules.pool(rules.rule(answer.leads_to).pool);
      if (endpoint_at(lcore, pool, packet.source, packet.family) == kNoEndpoint)
        return forward_end(lcore, work, answer.leads_to, answer, now);
    }
  }
  if (answer.answers == 0)
    if (const auto outcome = limit_negative(lcore, work, rule.identity)) return *outcome;
  const unsigned length = write({packet.dns, room}, traits, answer);
  if (!send_answer(lcore, packet, traits, length)) return discarded();
  return outcome_of(static_cast<Action>(rule.action));
}

}  // namespace penstock::path

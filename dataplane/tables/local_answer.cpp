#include "dataplane/tables/local_answer.h"

#include "config/contract/enums.h"
#include "dataplane/dns/records.h"

namespace penstock::tables {
namespace {

using config::Action;
using config::ImageLocalNode;
using config::ImageLocalSet;
using config::ImageLocalZone;
using dns::FoldedName;
using dns::Rcode;

void add_answer(const LocalRecords& local, const ImageLocalSet& set, unsigned owner, uint32_t rotation,
                LocalAnswer& answer) {
  const auto data = local.data(set);
  const bool rotates = set.type == dns::kTypeA || set.type == dns::kTypeAaaa;  // all of one length
  answer.body.add(data, owner, set.count, rotates ? rotation % set.count * (data.size() / set.count) : 0);
  answer.answers = static_cast<uint16_t>(answer.answers + set.count);
}

void add_soa(const LocalRecords& local, const ImageLocalZone& zone, unsigned owner, LocalAnswer& answer) {
  answer.body.add(local.data(local.set(zone.soa)), owner, 1, 0);
  answer.authorities = 1;
}

// Where, in a name of `length` octets at `at`, the zone's own begins that matched it. The default's is the root.
unsigned apex_of(unsigned at, unsigned length, const Match& match) {
  return at + length - std::max<unsigned>(match.matched_length, 1);
}

}  // namespace

bool has_local_records(const config::ImageRule& rule) {
  const auto action = static_cast<Action>(rule.action);
  return action == Action::records || action == Action::addresses;
}

void answer_from_records(const Ruleset& rules, const LocalQuestion& question, LocalAnswer& answer) {
  const LocalRecords& local = rules.local();
  const uint16_t type = question.type;
  const FoldedName* name = &question.name;
  Match match = question.match;
  FoldedName target;
  unsigned at = dns::kHeaderSize;
  std::array<const ImageLocalSet*, kMostLocalLinks> links;
  for (unsigned& count = answer.links;;) {
    const uint32_t number = rules.rule(match.rule).local_zone();
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
    if (set != nullptr) return add_answer(local, *set, at, question.rotation, answer);
    const ImageLocalSet* cname = local.find_set(*node, dns::kTypeCname);
    if (cname == nullptr) return add_soa(local, zone, apex_at, answer);
    const bool is_loop = std::find(links.begin(), links.begin() + count, cname) != links.begin() + count;
    if (count == kMostLocalLinks || is_loop) return;
    links[count++] = cname;
    const unsigned target_at = answer.body.end() + 2 + kLocalRecordHead;
    add_answer(local, *cname, at, 0, answer);
    if (answer.body.full() || !dns::parse_name(local.data(*cname).subspan(kLocalRecordHead), target)) return;
    name = &target;
    at = target_at;
    match = rules.match(target, question.group);
    answer.is_left_out = match.is_left_out;
    if (match.rule == config::kNoRule || match.is_left_out) return;
    const config::ImageRule& next = rules.rule(match.rule);
    if (static_cast<Action>(next.action) == Action::forward) answer.leads_to = match.rule;
    if (!has_local_records(next)) return;
  }
}

void deny(const Ruleset& rules, const FoldedName& question, const Match& match, LocalAnswer& answer) {
  const config::ImageRule& rule = rules.rule(match.rule);
  answer.authoritative = false;
  answer.rcode = static_cast<Action>(rule.action) == Action::nxdomain ? Rcode::nxdomain : Rcode::noerror;
  add_soa(rules.local(), rules.local().zone(rule.local_zone()), apex_of(dns::kHeaderSize, question.length, match),
          answer);
}

unsigned write_answer(std::span<uint8_t> message, const dns::QueryTraits& traits, const LocalAnswer& answer) {
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

unsigned write_local(const Ruleset& rules, std::span<uint8_t> message, unsigned question_length, uint16_t group,
                     uint32_t rotation) {
  const unsigned begin = dns::kHeaderSize + question_length;
  if (message.size() <= begin) return 0;
  FoldedName name;
  if (!dns::parse_name(message.subspan(dns::kHeaderSize, question_length), name)) return 0;
  const Match match = rules.match(name, group);
  if (match.rule == config::kNoRule || match.is_left_out || !has_local_records(rules.rule(match.rule))) return 0;
  LocalAnswer answer{LocalBody(begin, static_cast<unsigned>(message.size()) - begin)};
  answer_from_records(rules, {name, match, group, dns::load16(&message[begin - 4]), rotation}, answer);
  dns::QueryTraits traits;
  traits.question_length = static_cast<uint16_t>(question_length);
  return answer.body.full() || answer.is_left_out ? 0 : write_answer(message, traits, answer);
}

}  // namespace penstock::tables

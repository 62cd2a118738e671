#include "dataplane/path/chain.h"

#include <cstring>

#include "config/model.h"

namespace penstock::path {
namespace {

using dns::FoldedName;

bool is_below(const FoldedName& name, const FoldedName& ancestor) {
  if (ancestor.labels >= name.labels) return false;
  const unsigned at = name.offsets[name.labels - ancestor.labels];
  return name.length - at == ancestor.length && std::memcmp(name.bytes + at, ancestor.bytes, ancestor.length) == 0;
}

// RFC 6672 section 2.2: what stands before the owner stays, the owner becomes the target. False: longer than a name may be.
bool substitute(FoldedName& name, const FoldedName& owner, const FoldedName& target) {
  const unsigned kept = name.offsets[name.labels - owner.labels];
  uint8_t wire[512];
  std::memcpy(wire, name.bytes, kept);
  std::memcpy(wire + kept, target.bytes, target.length);
  return dns::parse_name({wire, kept + target.length}, name);
}

}  // namespace

Chain::Chain(std::span<const uint8_t> message, unsigned question_length)
    : message_(message),
      begin_(dns::kHeaderSize + question_length),
      readable_(dns::parse_name(message.subspan(dns::kHeaderSize), name_)) {}

Chain::Step Chain::next() {
  if (!readable_) return Step::unreadable;
  dns::Records records(message_, begin_);
  dns::Record record;
  dns::Record dname{};
  FoldedName owner;
  while (records.next(record) && record.section == dns::RecordSection::answer) {
    if (record.type != dns::kTypeCname && record.type != dns::kTypeDname) continue;
    readable_ = dns::read_name(message_, record.owner, owner);
    if (!readable_) return Step::unreadable;
    if (record.type == dns::kTypeDname) {
      if (dname.type != 0 || !is_below(name_, owner)) continue;
      dname = record;
      continue;
    }
    if (owner.length != name_.length || std::memcmp(owner.bytes, name_.bytes, name_.length) != 0) continue;
    last_ = record;
    readable_ = ++links_ <= kLongestChain && dns::read_name(message_, record.data, name_);
    return readable_ ? Step::link : Step::unreadable;
  }
  if (records.malformed()) return Step::unreadable;
  if (dname.type == 0) return Step::end;
  last_ = dname;
  FoldedName target;
  readable_ = ++links_ <= kLongestChain && dns::read_name(message_, dname.owner, owner) &&
              dns::read_name(message_, dname.data, target) && substitute(name_, owner, target);
  return readable_ ? Step::link : Step::unreadable;
}

const config::ImageRule* rule_of_name(const tables::Ruleset& rules, const FoldedName& name, uint16_t group,
                                      uint32_t& number) {
  const tables::Match match = rules.match(name, group);
  number = match.rule;
  return number != config::kNoRule && !match.is_left_out ? &rules.rule(number) : nullptr;
}

const config::ImageRule* forwarding_rule(const tables::Ruleset& rules, const FoldedName& name, uint16_t group,
                                         uint32_t& number) {
  const config::ImageRule* rule = rule_of_name(rules, name, group, number);
  return rule != nullptr && static_cast<config::Action>(rule->action) == config::Action::forward ? rule : nullptr;
}

}  // namespace penstock::path

#include "dataplane/path/guard/chain.h"

#include <cstring>

namespace penstock::path {
namespace {

using dns::FoldedName;

constexpr unsigned kMostLookedAt = 8192;  // records, and three times those of the answer
constexpr unsigned kFirstMark = 16;       // links: no usual chain has as many

bool is_same(const FoldedName& name, const FoldedName& other) {
  return name.length == other.length && std::memcmp(name.bytes, other.bytes, name.length) == 0;
}

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
      from_start_(message, dns::kHeaderSize + question_length),
      next_(from_start_),
      most_(kMostLookedAt + 3U * dns::load16(&message[6])),
      step_(dns::parse_name(message.subspan(dns::kHeaderSize), name_) ? Step::link : Step::unreadable) {}

// Looks for the CNAME of the name that the chain is at. end: there is none, but perhaps dname_.
Chain::Step Chain::search(dns::Records& records) {
  dns::Record record;
  FoldedName owner;
  dname_.type = 0;
  while (records.next(record) && record.section == dns::RecordSection::answer) {
    if (++looked_at_ > most_) return Step::unreadable;
    if (record.type != dns::kTypeCname && record.type != dns::kTypeDname) continue;
    if (!dns::read_name(message_, record.owner, owner)) return Step::unreadable;
    if (record.type == dns::kTypeDname) {
      if (is_below(name_, owner)) dname_ = record;
    } else if (is_same(name_, owner)) {
      last_ = record;
      return Step::link;
    }
  }
  return records.malformed() ? Step::unreadable : Step::end;
}

// The mark is put down anew at each power of two: no loop is so long that it is never met again (Brent).
Chain::Step Chain::arrive(bool readable) {
  ++links_;
  if (!readable) return Step::unreadable;
  if (links_ < kFirstMark) return Step::link;
  if (links_ > kFirstMark && is_same(name_, mark_)) return Step::loop;
  if ((links_ & (links_ - 1)) == 0) mark_ = name_;
  return Step::link;
}

Chain::Step Chain::follow_dname() {
  FoldedName owner;
  FoldedName target;
  last_ = dname_;
  return arrive(dns::read_name(message_, dname_.owner, owner) && dns::read_name(message_, dname_.data, target) &&
                substitute(name_, owner, target));
}

Chain::Step Chain::next() {
  if (step_ != Step::link) return step_;
  Step found = search(next_);
  if (found == Step::end && links_ != 0) {
    next_ = from_start_;
    found = search(next_);
  }
  if (found == Step::link)
    step_ = arrive(dns::read_name(message_, last_.data, name_));
  else
    step_ = found == Step::end && dname_.type != 0 ? follow_dname() : found;
  return step_;
}

}  // namespace penstock::path

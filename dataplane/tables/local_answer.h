// dataplane/tables/local_answer.h - the answer that the rules themselves have for a question, from records that lie ready in the image:
// no owner is compared, none is looked for, each is a pointer to the question or to the CNAME that led to it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "config/contract/image.h"
#include "dataplane/dns/answer.h"
#include "dataplane/tables/ruleset.h"

namespace penstock::tables {

constexpr unsigned kMostLocalLinks = 16;  // CNAMEs that are followed
constexpr unsigned kLongestLocalAnswer =
    1444;  // an IPv6 packet with two VLAN tags in 1500 octets: a longer one would be fragments
constexpr unsigned kLocalRecordHead = 10;  // type, class, TTL, length of data

// The records behind a question, until there is no room. Offsets in the message are those that the records will have there.
class LocalBody {
 public:
  // Records begin at `begin` in the message and take `most` octets.
  LocalBody(unsigned begin, unsigned most) : begin_(begin), most_(std::min<unsigned>(most, kLongestLocalAnswer)) {}

  // All records of the set, that number `first` of them first, with the owner at offset `owner` of the message.
  void add(std::span<const uint8_t> data, unsigned owner, unsigned count, size_t first_at) {
    size_t at = first_at;
    for (unsigned i = 0; i < count; ++i) {
      const unsigned size = kLocalRecordHead + dns::load16(&data[at + 8]);
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
  std::array<uint8_t, kLongestLocalAnswer> bytes_;
};

struct LocalAnswer {
  LocalBody body;
  dns::Rcode rcode = dns::Rcode::noerror;
  bool authoritative = true;
  dns::ExtendedError error = dns::ExtendedError::none;
  uint16_t answers = 0;
  uint16_t authorities = 0;
  unsigned links = 0;
  config::RuleIndex leads_to = config::kNoRule;  // of a name that is forwarded
  bool is_left_out = false;                      // leads to a name that is not for this client
};

// Names of the rule may have records here.
bool has_local_records(const config::ImageRule& rule);

struct LocalQuestion {
  const dns::FoldedName& name;
  Match match;     // the name's, to a rule that has local records
  uint16_t group;  // of the client
  uint16_t type;
  uint32_t rotation;  // how far sets of addresses are turned
};
// From the name of the question on, along its CNAMEs as far as the rules have records for that group.
void answer_from_records(const Ruleset& rules, const LocalQuestion& question, LocalAnswer& answer);

// No records, and a SOA for as long as that may be remembered: what a rule with `answer: nxdomain` or `nodata` says of the name.
void deny(const Ruleset& rules, const dns::FoldedName& question, const Match& match, LocalAnswer& answer);

// Header, question and records, and the OPT behind them; cut down to the question with TC where they do not fit. The length.
unsigned write_answer(std::span<uint8_t> message, const dns::QueryTraits& traits, const LocalAnswer& answer);

// Writes the answer to the question at the start of `message`, of a header and `question_length` octets, behind it, if its
// name's rule for clients of `group` has local records. The length; 0: it has none, or there is no room.
unsigned write_local(const Ruleset& rules, std::span<uint8_t> message, unsigned question_length, uint16_t group,
                     uint32_t rotation);

}  // namespace penstock::tables

// dataplane/path/chain.h - the chain of CNAMEs and DNAMEs that an answer's question follows, link by link. Pure.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/dns/records.h"
#include "dataplane/tables/ruleset.h"

namespace penstock::path {

constexpr unsigned kLongestChain = 16;  // links that are followed; resolvers give up earlier

class Chain {
 public:
  // `message` has a header and a question of `question_length` octets without compression.
  Chain(std::span<const uint8_t> message, unsigned question_length);

  enum class Step : uint8_t { link, end, unreadable };
  // One link further along the answer section. DNAMEs count where no CNAME goes with them (RFC 6672 section 5.2).
  Step next();

  const dns::FoldedName& name() const { return name_; }  // where the chain has come to: at first the question's name
  const dns::Record& last() const { return last_; }      // the link that led there
  unsigned links() const { return links_; }

 private:
  std::span<const uint8_t> message_;
  unsigned begin_;  // of the records
  unsigned links_ = 0;
  bool readable_;
  dns::Record last_{};
  dns::FoldedName name_;
};

// Whether a chain can be of that question type: a query for CNAME or ANY follows none.
inline bool follows_chains(uint16_t type) {
  return type != dns::kTypeCname && type != dns::kTypeDname && type != dns::kTypeAny;
}

inline uint16_t question_type(const uint8_t* message, unsigned question_length) {
  return dns::load16(message + dns::kHeaderSize + question_length - 4);
}

// The rule of a name for clients of `group`; nullptr: there is none, or they are left out. `number` is its index.
const config::ImageRule* rule_of_name(const tables::Ruleset& rules, const dns::FoldedName& name, uint16_t group,
                                      uint32_t& number);
// The rule of a name that is forwarded; nullptr: the rules answer it themselves, or as above. `number` is its index.
const config::ImageRule* forwarding_rule(const tables::Ruleset& rules, const dns::FoldedName& name, uint16_t group,
                                         uint32_t& number);

}  // namespace penstock::path

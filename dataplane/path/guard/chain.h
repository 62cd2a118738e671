// dataplane/path/guard/chain.h - the chain of CNAMEs and DNAMEs that an answer's question follows, link by link. Pure.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/dns/records.h"

namespace penstock::path {

class Chain {
 public:
  // `message` has a header and a question of `question_length` octets without compression.
  Chain(std::span<const uint8_t> message, unsigned question_length);

  enum class Step : uint8_t {
    link,
    end,
    loop,        // at a name where it has been before: no other comes
    unreadable,  // it goes on, but where to cannot be read, or is more work to find than any honest answer makes
  };
  // One link further along the answer section. DNAMEs count where no CNAME goes with them (RFC 6672 section 5.2).
  Step next();

  const dns::FoldedName& name() const { return name_; }  // where the chain has come to: at first the question's name
  const dns::Record& last() const { return last_; }      // the link that led there
  unsigned links() const { return links_; }

 private:
  Step search(dns::Records& records);
  Step follow_dname();
  Step arrive(bool readable);

  std::span<const uint8_t> message_;
  dns::Records from_start_;
  dns::Records next_;  // behind the CNAME that was followed last: mostly the next one is there
  unsigned links_ = 0;
  unsigned looked_at_ = 0;  // records
  unsigned most_;           // of them
  Step step_ = Step::link;
  dns::Record last_{};
  dns::Record dname_{};  // what search() found to stand for a CNAME
  dns::FoldedName name_;
  dns::FoldedName mark_;  // where it was some links ago
};

// Whether a chain can be of that question type: a query for CNAME or ANY follows none.
inline bool follows_chains(uint16_t type) {
  return type != dns::kTypeCname && type != dns::kTypeDname && type != dns::kTypeAny;
}

inline uint16_t question_type(const uint8_t* message, unsigned question_length) {
  return dns::load16(message + dns::kHeaderSize + question_length - 4);
}

}  // namespace penstock::path

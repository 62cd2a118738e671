// dataplane/path/answer_local.h - a query whose rule says what to answer: local records, addresses, or that there is nothing.
//
// Written into the query's own frame from records that lie ready in the image: no owner is compared, none is looked for, each
// is a pointer to the question or to the CNAME that led to it.
#pragma once

#include "dataplane/path/query.h"

namespace penstock::path {

constexpr unsigned kMostLocalLinks = 16;  // CNAMEs that are followed

// `match` is the query's, to a rule whose action is neither forward nor refused. The frame leaves as the answer, or is discarded.
// Where a CNAME leads to a name that is forwarded it leaves as the question for that, and the answer goes behind what is known
// here: but for clients that ask for no recursion, or are servers of that pool themselves. `now` in ns.
config::QueryOutcome answer_local(state::Lcore& lcore, QueryWork& work, const tables::Match& match, uint64_t now);

// Names of the rule may have records here.
bool has_local_records(const config::ImageRule& rule);

// Writes the answer to the question at the start of `message`, of a header and `question_length` octets, behind it, if its
// name's rule for clients of `group` has local records. The length; 0: it has none, or there is no room.
unsigned write_local(state::Lcore& lcore, std::span<uint8_t> message, unsigned question_length, uint16_t group);

}  // namespace penstock::path

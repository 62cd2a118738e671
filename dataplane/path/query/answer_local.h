// dataplane/path/query/answer_local.h - a query whose rule says what to answer: local records, addresses, or that the name does not exist.
#pragma once

#include "dataplane/path/work.h"

namespace penstock::path {

// `match` is the query's, to a rule whose action is neither forward nor refused. The frame leaves as the answer, or is discarded.
// Where a CNAME leads to a name that is forwarded it leaves as the question for that, and the answer goes behind what is known
// here: but for clients that ask for no recursion, or are servers of that pool themselves.
config::QueryOutcome answer_local(state::Lcore& lcore, QueryWork& work, const tables::Match& match);

}  // namespace penstock::path

// dataplane/path/answer_local.h - a query whose rule says what to answer: local records, addresses, or that there is nothing.
//
// Written into the query's own frame from records that lie ready in the image: no owner is compared, none is looked for, each
// is a pointer to the question or to the CNAME that led to it.
#pragma once

#include "dataplane/path/query.h"

namespace penstock::path {

constexpr unsigned kMostLocalLinks = 8;  // CNAMEs that are followed

// `match` is the query's, to a rule whose action is neither forward nor refused. The frame leaves as the answer, or is discarded.
config::QueryOutcome answer_local(state::Lcore& lcore, const QueryWork& work, const tables::Match& match);

}  // namespace penstock::path

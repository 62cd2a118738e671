// dataplane/path/query/forward.h - a query goes to an endpoint of its rule's pool, or joins the flight of the same question.
#pragma once

#include "dataplane/path/work.h"

namespace penstock::path {

// `key`: the question's, under the rule that `pool` is of. What is remembered for it was no answer, or expired (work.has_stale).
config::QueryOutcome forward(state::Lcore& lcore, QueryWork& work, const state::QuestionKey& key,
                             const config::ImagePool& pool);

}  // namespace penstock::path

// dataplane/inquiry/compose.h - the query that an endpoint would get for a question.
#pragma once

#include "config/contract/inquiry/question.h"
#include "dataplane/tables/ruleset.h"

namespace penstock::inquiry {

// Of a client with RD and an EDNS that asks for nothing. Without one (family 0) no client's network is added. `rules` may be nullptr.
config::Composed compose(const config::Compose& request, const tables::Ruleset* rules);

}  // namespace penstock::inquiry

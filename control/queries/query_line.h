// control/queries/query_line.h - one query as a line of the query log.
#pragma once

#include <cstdint>
#include <string>

#include "config/contract/decisions/decision_ring.h"
#include "control/queries/query_names.h"

namespace penstock::control {

// What query_report() says, as JSON on one line without its end; written without a tree, as there may be 100,000 a second.
void append_json(std::string& line, const config::NotedDecision&, const QueryNames&, uint64_t unix_ns);
// As `penstockctl tail` prints it, without the line's end.
void append_text(std::string& line, const config::NotedDecision&, const QueryNames&, uint64_t unix_ns);

}  // namespace penstock::control

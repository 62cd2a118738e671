// dataplane/path/flight/join.h - a question that is in flight already is not asked again: its answer goes to this client too.
#pragma once

#include <optional>

#include "dataplane/path/flight/flight.h"
#include "dataplane/path/work.h"

namespace penstock::path {

// First pass over a burst: the hash that the query's flight is found by, and the place in the index fetched. A query that is
// not plain (dns::Query) flies alone: only the client's own repetition of it, octet by octet, has the same hash.
void prepare_join(const state::Lcore& lcore, QueryWork& work);

// Nobody shares its answer after all, nor is it remembered.
void fly_alone(const state::Lcore& lcore, QueryWork& work);

// Second pass: `joined` or `repeated`, and the frame is still the caller's; nothing, and the query needs a flight of its own,
// which enter() makes known. A repetition brings the next send forward when the last one has had half of its time. When
// nobody more can wait, the query flies alone. `pool` is the rule's.
std::optional<config::QueryOutcome> join(state::Lcore& lcore, QueryWork& work, const state::QuestionKey& key,
                                         const config::ImagePool& pool);

// Is the question in flight, so that who asks it may join? `work` is plain.
bool is_in_flight(state::Lcore& lcore, const QueryWork& work, const state::QuestionKey& key);

// The flight was made for `work` and has been sent: who asks the same may join it.
void enter(const Flight& flight, const QueryWork& work, const state::QuestionKey& key);

}  // namespace penstock::path

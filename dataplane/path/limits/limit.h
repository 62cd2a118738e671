// dataplane/path/limits/limit.h - who has had enough for now: clients and groups over their rate, and answers that go to one network again
// and again (`response_rate`).
//
// The first is looked at before anything is done for a query. Answers are limited so that nobody can have us send them to a
// victim whose address he writes into his queries. What the answer will be is not known when the query comes, but which answers
// are the same is, mostly:
//   the same question         has the same answer
//   a rule's negative answers (NXDOMAIN, no data) are the same however many names below a zone are made up: those that we know
//                             or make are counted as they leave. What an endpoint is asked counts as such an answer until
//                             it has turned out to be another
//   errors of our own         are the same
// Over the rate a query is truncated, refused or dropped as `over_rate` says; one that came over TCP is refused instead of
// truncated, and its answers are not limited: the handshake has proved where it is from, as a good cookie does (path/limits/cookie.h). Both have
// buckets of their own for the same reason: a flood of datagrams in a client's name takes nothing from them. Who sends a cookie
// without ours hears BADCOOKIE with ours whatever `over_rate` says: 16 octets more than it asked with, and it comes again at once,
// over UDP. Errors are dropped: a refusal is one again.
#pragma once

#include <optional>

#include "dataplane/path/work.h"

namespace penstock::path {

// Whether the client is over its rate, or its group, or the question's answer: then the frame has left or is discarded. Only for
// queries of clients that may ask; sets work.response_rate.
std::optional<config::QueryOutcome> limit(state::Lcore& lcore, QueryWork& work, const tables::ClientEntry& client);

// work.response_rate of a query of a client that may not ask.
inline uint32_t response_rate_of(const state::Lcore& lcore, const QueryWork& work) {
  return work.proof != state::Proof::none ? 0 : lcore.rules->header().response_rate;
}

// The query is about to be answered that there is nothing, by a rule of that identity, or its answer is not known. Nothing: it may be.
std::optional<config::QueryOutcome> take_negative(state::Lcore& lcore, QueryWork& work, uint64_t identity);
inline std::optional<config::QueryOutcome> limit_negative(state::Lcore& lcore, QueryWork& work, uint64_t identity) {
  if (work.response_rate == 0) return std::nullopt;
  return take_negative(lcore, work, identity);
}
// The first client of the flight gets the answer in `message`: where that has records, what the query counted as when it came is given
// back. slot.counts_as_negative says that it did.
void give_negative_back(state::Lcore& lcore, const state::PendingSlot& slot, const state::QuestionKey& key,
                        const uint8_t* message);

}  // namespace penstock::path

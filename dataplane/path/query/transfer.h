// dataplane/path/query/transfer.h - zone transfers (AXFR, RFC 5936; IXFR, RFC 1995): who may have one, and from whom.
//
// An answer of many messages fits no pending slot. So the path decides, as of any query, and the slow lane relays: one connection for
// each transfer, from the endpoint to the client's, nothing remembered, shared or sent to another endpoint.
#pragma once

#include <optional>

#include "dataplane/path/work.h"

namespace penstock::path {

bool is_transfer(const QueryWork& work);

// A query for a transfer, which a forwarding rule matched. Nothing: it is to be refused. Over UDP nobody has proved to be where he
// says: AXFR is refused (RFC 5936 section 4.2), and IXFR is answered with TC, or, signed, asked as any signed query.
std::optional<config::QueryOutcome> pass_transfer(state::Lcore& lcore, QueryWork& work, const tables::Match& match);

}  // namespace penstock::path

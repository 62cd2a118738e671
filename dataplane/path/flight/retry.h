// dataplane/path/flight/retry.h - a query that is overdue at one endpoint, or that it cannot answer, is sent to another.
#pragma once

#include <optional>

#include "dataplane/path/flight/flight.h"

namespace penstock::path {

// The flight gets one more send, by the rules in force now: if its zone has another pool meanwhile, it goes there and nowhere else.
// Frames come from lcore.frames.fresh. On any outcome but `sent` nothing has changed.
config::RetryOutcome retry(const Flight& flight);

// The response to send `number` was cut short, or is not to be believed: the same endpoint is asked again over TCP, in `frame`, the
// response's own: where the pool says `resolve_tc`, or it `must` be. False, and nothing has changed: it may not be, or the rules in
// force do not send it there.
bool ask_over_tcp(const Flight& flight, unsigned number, bool must, rte_mbuf& frame);

// A send did not get through: an endpoint that was not asked yet now is, in `frame`, within the retry budget if `had_left`. False, and
// nothing has changed: there is none, or it may not be. A last send is left for UDP.
bool ask_another(const Flight& flight, bool had_left, rte_mbuf& frame);
// No endpoint that was asked over TCP will answer: one is asked over UDP, of those not asked yet if there are any, within the retry
// budget if the last one `had_left`. False, and nothing has changed: it may not be.
bool ask_by_udp(const Flight& flight, bool had_left);

// An endpoint answered send `number`, with our OPT, with an error that may be about the OPT: it is asked once more without (RFC 6891
// section 6.2.2), in `frame`, the response's own. False, and nothing has changed: its rules have gone, its rate budget is spent, or the
// message is not kept.
bool ask_without_opt(const Flight& flight, unsigned number, rte_mbuf& frame);

// An endpoint answered send `number` with `rcode`. When the pool's `retry_on` has it, by the rules in force, then
// - tried_next: an endpoint that was not asked yet now is, within the retry budget, in `frame`, the response's own;
// - held_back: there is none, but another still owes an answer: the rcode is the client's only if that one does not come.
// Nothing: the answer is the client's, and frame and flight are as before.
std::optional<config::ResponseOutcome> try_others(const Flight& flight, unsigned number, dns::Rcode rcode,
                                                  rte_mbuf& frame);

}  // namespace penstock::path

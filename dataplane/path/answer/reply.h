// dataplane/path/answer/reply.h - an answer of our own, written into the query's frame and sent back to where it came from.
#pragma once

#include "dataplane/dns/answer.h"
#include "dataplane/path/frame/headers.h"
#include "dataplane/path/frame/packet.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// The answer of `length` octets that stands in the place of the query, whose `traits` are the client's, leaves with the options that are
// for this client alone: to the MAC, VLAN, address and port that asked, from the address that was asked (RFC 2181 section 4.1). False
// when the buffer has no room: the frame is still the caller's.
bool send_answer(state::Lcore& lcore, const Packet& packet, const dns::QueryTraits& traits, unsigned length);

// The same as it stands there.
bool send_back(state::Lcore& lcore, const Packet& packet, unsigned length);

// The headers of an answer to the client that a flight was made for, or to one that joined it.
UdpHeaders headers_to(state::Lcore& lcore, const state::PendingSlot& slot);
UdpHeaders headers_to(state::Lcore& lcore, const state::Waiter& waiter);

// Writes an error for an open query into a fresh frame: SERVFAIL, or the rcode that was held back. Its id is 0. The length; 0: it does not
// fit.
uint16_t write_servfail(rte_mbuf& frame, const state::PendingQuery& query, const dns::QueryTraits& traits,
                        dns::ExtendedError error);

}  // namespace penstock::path

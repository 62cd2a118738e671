// dataplane/path/answer/reply.h - an answer of our own, written into the query's frame and sent back to where it came from.
#pragma once

#include "dataplane/dns/answer.h"
#include "dataplane/path/frame/headers.h"
#include "dataplane/path/frame/packet.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// The frame goes to the MAC, VLAN, address and port that asked, from the address that was asked (RFC 2181 section 4.1). A
// question length of 0 in `traits` leaves the question out. False when the buffer has no room: the frame is still the
// caller's.
bool reply(state::Lcore& lcore, const Packet& packet, const dns::QueryTraits& traits, dns::Rcode rcode,
           dns::ExtendedError error);

// The same with an answer of `length` octets that stands in the place of the query, whose `traits` are the client's: with the options
// that are for this client alone.
bool send_answer(state::Lcore& lcore, const Packet& packet, const dns::QueryTraits& traits, unsigned length);

// The same as it stands there.
bool send_back(state::Lcore& lcore, const Packet& packet, unsigned length);

// The headers of an answer to the client that a flight was made for, or to one that joined it.
UdpHeaders headers_to(state::Lcore& lcore, const state::PendingSlot& slot);
UdpHeaders headers_to(state::Lcore& lcore, const state::Waiter& waiter);

// Writes SERVFAIL, or the rcode that an endpoint gave meanwhile, to a query in flight, of the question that was sent and with id 0, where a message begins in `frame`. Its
// length; 0 when there is no room.
uint16_t write_servfail(rte_mbuf& frame, const state::PendingQuery& query, const dns::QueryTraits& traits,
                        dns::ExtendedError error);

}  // namespace penstock::path

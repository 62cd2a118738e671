// dataplane/path/flight/edns.h - what of a message's OPT goes further than one hop, and what we say to the next one (RFC 6891).
//
// Towards endpoints: always an OPT of ours, the last record, with the client's DO. Towards clients: one of ours if they sent one.
// Options are dropped but for those that the pool lets pass, and what an endpoint says about its answer. Messages that are
// opaque (dns::Query) keep what they have.
#pragma once

#include <algorithm>

#include "dataplane/path/flight/flight.h"
#include "dataplane/path/work.h"
#include "dataplane/state/lanes/stream_peer.h"

namespace penstock::path {

// Octets of a client that came over TCP: its answers have no limit.
constexpr uint16_t kStreamSize = 0xffff;

// Octets of an answer that this client takes, its way to us considered: what it says, what its group may have, what the port
// takes in one piece.
inline uint16_t client_size(const tables::LocalHost& host, const Packet& packet, uint16_t said,
                            const config::ImageGroup& group) {
  // A datagram that the kernel put together comes by the same port.
  if (host.is_stream(packet.port) && state::is_connection(packet.peer_mac)) return kStreamSize;
  unsigned most = host.ports[packet.port].mtu - (packet.family == 4 ? 28U : 48U);
  if (group.udp_size != 0) most = std::min(most, unsigned{group.udp_size});
  return static_cast<uint16_t>(std::min(most, unsigned{said}));
}
// The same of what comes from the pool, whose OPT also says so. `most`: ImagePool::udp_size, or dns::kOurUdpSize.
inline void limit_size(dns::QueryTraits& traits, uint16_t most) {
  traits.own_size = most;
  if (traits.udp_size != kStreamSize && traits.udp_size > most) traits.udp_size = most;
}

// Does the query take something to the pool that belongs to this client alone? Then nobody shares its answer.
bool passes_any(const QueryWork& work, const config::ImagePool& pool);
inline bool is_for_one_client(const QueryWork& work, const config::ImagePool& pool) {
  if ((pool.edns & config::kEdnsEcsAdd) != 0) return true;
  return work.query.opt.has_options() && work.opt_length == 0 && passes_any(work, pool);
}

enum class Rewritten : uint8_t {
  done,
  unreadable,  // something points into the OPT
  no_room,
};
// The packet's message becomes the one that the pool's endpoints are to get: what stands there is sent, kept for another send, and
// compared with. Done once, however often it is called.
Rewritten to_endpoints(QueryWork& work, const config::ImagePool& pool);

// The flight's answer, of which `opt` is the endpoint's, becomes one of ours: for the client, all but its size. Without an OPT where there
// is no room for it. False: something points into the endpoint's, and it cannot be sent.
bool to_client(const Flight& flight, Packet& answer, const dns::Opt& opt);

}  // namespace penstock::path

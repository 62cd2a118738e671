#include "dataplane/path/query/transfer.h"

#include "dataplane/dns/transfer.h"
#include "dataplane/path/answer/end.h"
#include "dataplane/path/choose/choose_endpoint.h"
#include "dataplane/path/frame/headers.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/limits/admit.h"
#include "dataplane/path/query/update.h"

namespace penstock::path {
namespace {

using config::QueryOutcome;
using dns::ExtendedError;
using dns::Rcode;

const uint8_t* behind_name(const QueryWork& work) {
  return work.packet.dns + dns::kHeaderSize + work.query.name.length;
}

// To the slow lane: the client's message as it came, between our address and the endpoint's, and whose connection it is.
QueryOutcome give_to_slow_lane(state::Lcore& lcore, const QueryWork& work, const state::EndpointHop& hop) {
  const Packet& packet = work.packet;
  state::StreamPeer client = state::StreamPeer::of(packet.peer_mac.data());
  client.kind = state::PeerKind::transfer;
  const uint8_t port = lcore.host.stream_port();
  const UdpHeaders headers{
      .destination_mac = client.mac(),
      .source_mac = lcore.host.ports[port].mac,
      .source = hop.source,
      .destination = hop.address,
      .source_port = lcore.endpoints.no_edns.is_without(hop.slot, hop.address, lcore.now) ? state::kTransferWithoutOpt
                                                                                          : uint16_t{0},
      .destination_port = 53,
      .vlan = 0,
      .ip_id = 0,
      .family = hop.family,
  };
  if (!write_udp_frame(*packet.frame, packet.dns, packet.dns_length, headers))
    return ignore(lcore, work, QueryOutcome::ignored_no_room);
  transmit(lcore, port, *packet.frame);
  return QueryOutcome::transferred;
}

}  // namespace

bool is_transfer(const QueryWork& work) {
  const uint16_t type = dns::load16(behind_name(work));
  return type == dns::kTypeIxfr || type == dns::kTypeAxfr;
}

std::optional<QueryOutcome> pass_transfer(state::Lcore& lcore, QueryWork& work, const tables::Match& match) {
  const tables::Ruleset& rules = *lcore.rules;
  const config::ImageRule& rule = rules.rule(match.rule);
  if (!match.is_apex || !rules.may_transfer(rule, work.group)) return std::nullopt;
  if (dns::load16(behind_name(work) + 2) != dns::kClassIn) return std::nullopt;
  const Packet& packet = work.packet;
  if (!came_over_tcp(lcore, packet)) {
    if (dns::load16(behind_name(work)) == dns::kTypeAxfr) return std::nullopt;
    if (work.query.opaque) return pass_query(lcore, work, match.rule);
    return end_truncated(lcore, work, QueryOutcome::truncated_transfer);
  }
  const config::ImagePool& pool = rules.pool(rule.pool);
  if (!admit(lcore, pool, sharer_of(work), work.weight))
    return end(lcore, work, Rcode::servfail, ExtendedError::over_share, QueryOutcome::servfail_over_share);
  // What is signed may go by a key that one server has (RFC 3645).
  const Choice choice = work.query.opaque ? choose_for_client(lcore, pool, packet.source, packet.family)
                                          : choose_endpoint(lcore, pool, {}, packet.source, packet.family);
  if (choice.obstacle != Obstacle::none) return end(lcore, work, choice.obstacle);
  return give_to_slow_lane(lcore, work, lcore.endpoints.hops[choice.endpoint]);
}

}  // namespace penstock::path

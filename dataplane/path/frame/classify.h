// dataplane/path/frame/classify.h - first stage: whose frame is this? Ethernet, one VLAN tag, IP and UDP are read and verified.
#pragma once

#include "config/contract/counters.h"
#include "dataplane/path/frame/packet.h"
#include "dataplane/tables/local_host.h"

namespace penstock::path {

// Reads `frame`, which came in on `port`, into `packet`. What is well formed but not ours is a stranger: ARP, ND, ICMP, TCP,
// fragments, IP options, other ports and addresses.
config::ClassifyOutcome classify(rte_mbuf& frame, uint8_t port, const tables::LocalHost& host, Packet& packet);

}  // namespace penstock::path

// config/source_ports.h - how many source ports a forwarder takes, which ones, and how hard they make its queries to forge.
#pragma once

#include <cstdint>

#include "config/model.h"

namespace penstock::config {

constexpr double kLeastEntropyBits = 24;  // `check` warns below

// Source ports that this forwarder takes when it is not told: its part of the budget, at most 16384.
uint32_t source_port_share(const Dataplane&);

// The ports that are configured, or a block of source_port_share() outside `low` to `high`, the range that the kernel deals
// to the host's own sockets; fewer when there is no room for all.
SourcePorts choose_source_ports(const Dataplane&, unsigned low, unsigned high);
// The same with this host's net.ipv4.ip_local_port_range.
SourcePorts choose_source_ports(const Dataplane&);

// Bits that somebody must guess who forges a response: the port, one of those that one lcore has, and the id, which is drawn
// among the values whose pending slot is free. `free_share` of the slots are, 1 for an idle table. The case of the
// name is the client's and counts for nothing.
double entropy_bits(uint32_t ports_of_an_lcore, double free_share);

}  // namespace penstock::config

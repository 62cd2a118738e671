#include "control/rules/flatten_clients.h"

#include <algorithm>
#include <tuple>

namespace penstock::control {
namespace {

struct Network {
  Address128 first = 0;
  Address128 last = 0;
  unsigned length = 0;
  bool allowed = false;
};

Network network_of(const config::IpPrefix& prefix, bool allowed) {
  const unsigned bits = prefix.address.is_v4() ? 32 : 128;
  Address128 first = 0;
  for (unsigned i = 0; i < bits / 8; ++i) first = first << 8 | prefix.address.bytes[i];
  const unsigned host_bits = bits - prefix.length;
  const Address128 hosts = host_bits == 128 ? ~Address128{0} : (Address128{1} << host_bits) - 1;
  return {first, first | hosts, prefix.length, allowed};
}

}  // namespace

std::vector<ClientRange> flatten_clients(const config::Clients& clients, unsigned family) {
  std::vector<Network> networks;
  for (const auto& prefix : clients.allow)
    if (prefix.address.family == family) networks.push_back(network_of(prefix, true));
  for (const auto& prefix : clients.deny)
    if (prefix.address.family == family) networks.push_back(network_of(prefix, false));
  // Prefixes nest or are apart: outer ones first, of two equal ones the denied last, so that it decides.
  std::sort(networks.begin(), networks.end(), [](const Network& a, const Network& b) {
    return std::tuple(a.first, a.length, !a.allowed) < std::tuple(b.first, b.length, !b.allowed);
  });

  std::vector<ClientRange> ranges;
  const auto begin_range = [&](Address128 start, bool allowed) {
    if (!ranges.empty() && ranges.back().start == start) ranges.pop_back();
    if (ranges.empty() || ranges.back().allowed != allowed) ranges.push_back({start, allowed});
  };
  const Address128 last_address = family == 4 ? Address128{0xffffffff} : ~Address128{0};
  begin_range(0, false);
  std::vector<Network> open;
  const auto close = [&] {
    const Network closed = open.back();
    open.pop_back();
    if (closed.last != last_address) begin_range(closed.last + 1, !open.empty() && open.back().allowed);
  };
  for (const auto& network : networks) {
    while (!open.empty() && open.back().last < network.first) close();
    begin_range(network.first, network.allowed);
    open.push_back(network);
  }
  while (!open.empty()) close();
  return ranges;
}

}  // namespace penstock::control

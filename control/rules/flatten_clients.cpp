#include "control/rules/flatten_clients.h"

#include <algorithm>
#include <optional>
#include <tuple>

namespace penstock::control {
namespace {

struct Network {
  Address128 first = 0;
  Address128 last = 0;
  unsigned length = 0;
  uint16_t value = 0;
};

struct Range {
  Address128 start = 0;
  uint16_t value = 0;
};

Network network_of(const config::IpPrefix& prefix, uint16_t value) {
  const unsigned bits = prefix.address.is_v4() ? 32 : 128;
  Address128 first = 0;
  for (unsigned i = 0; i < bits / 8; ++i) first = first << 8 | prefix.address.bytes[i];
  const unsigned host_bits = bits - prefix.length;
  const Address128 hosts = host_bits == 128 ? ~Address128{0} : (Address128{1} << host_bits) - 1;
  return {first, first | hosts, prefix.length, value};
}

// The value of the longest network that holds an address, 0 where none does; of two equal networks the lower value.
std::vector<Range> flatten(std::vector<Network> networks, unsigned family) {
  // Networks nest or are apart: outer ones first, of two equal ones the lower value last, so that it decides.
  std::sort(networks.begin(), networks.end(), [](const Network& a, const Network& b) {
    return std::tuple(a.first, a.length, b.value) < std::tuple(b.first, b.length, a.value);
  });
  std::vector<Range> ranges;
  const auto begin_range = [&](Address128 start, uint16_t value) {
    if (!ranges.empty() && ranges.back().start == start) ranges.pop_back();
    if (ranges.empty() || ranges.back().value != value) ranges.push_back({start, value});
  };
  const Address128 last_address = family == 4 ? Address128{0xffffffff} : ~Address128{0};
  begin_range(0, 0);
  std::vector<Network> open;
  const auto close = [&] {
    const Network closed = open.back();
    open.pop_back();
    if (closed.last != last_address) begin_range(closed.last + 1, open.empty() ? uint16_t{0} : open.back().value);
  };
  for (const auto& network : networks) {
    while (!open.empty() && open.back().last < network.first) close();
    begin_range(network.first, network.value);
    open.push_back(network);
  }
  while (!open.empty()) close();
  return ranges;
}

}  // namespace

std::vector<ClientRange> flatten_clients(const config::Clients& clients, unsigned family) {
  std::vector<Network> verdicts;
  const auto add = [&](std::vector<Network>& networks, const std::vector<config::IpPrefix>& prefixes, uint16_t value) {
    for (const auto& prefix : prefixes)
      if (prefix.address.family == family) networks.push_back(network_of(prefix, value));
  };
  add(verdicts, clients.allow, 1);
  add(verdicts, clients.deny, 0);
  std::vector<Network> members;
  for (size_t i = 0; i < clients.groups.size(); ++i)
    add(members, clients.groups[i].prefixes, static_cast<uint16_t>(i + 1));

  std::vector<Network> snoopers;
  add(snoopers, clients.allow_snoop, 1);

  std::vector<Network> exempted;
  add(exempted, clients.rate_exempt, 1);

  const std::vector<Range> allowed = flatten(std::move(verdicts), family);
  const std::vector<Range> snoop = flatten(std::move(snoopers), family);
  const std::vector<Range> exempt = flatten(std::move(exempted), family);
  const std::vector<Range> groups = flatten(std::move(members), family);
  std::vector<ClientRange> ranges;
  size_t a = 0;
  size_t s = 0;
  size_t e = 0;
  size_t g = 0;
  for (Address128 start = 0;;) {
    ranges.push_back({start, allowed[a].value != 0, groups[g].value, snoop[s].value != 0, exempt[e].value != 0});
    // On to whichever changes first.
    std::optional<Address128> next;
    for (const auto& [list, at] :
         {std::pair(&allowed, a), std::pair(&snoop, s), std::pair(&exempt, e), std::pair(&groups, g)})
      if (at + 1 < list->size() && (!next || (*list)[at + 1].start < *next)) next = (*list)[at + 1].start;
    if (!next) return ranges;
    start = *next;
    for (const auto& [list, at] :
         {std::pair(&allowed, &a), std::pair(&snoop, &s), std::pair(&exempt, &e), std::pair(&groups, &g)})
      if (*at + 1 < list->size() && (*list)[*at + 1].start == start) ++*at;
  }
}

}  // namespace penstock::control

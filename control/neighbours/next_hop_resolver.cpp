#include "control/neighbours/next_hop_resolver.h"

#include <linux/neighbour.h>
#include <spdlog/fmt/fmt.h>

#include <cstdio>

namespace penstock::control {
namespace {

std::string name_of(const Links& links, int interface) {
  const auto at = links.find(interface);
  return at == links.end() ? "interface " + std::to_string(interface) : at->second.name;
}

std::string to_text(const std::array<uint8_t, 6>& mac) {
  std::array<char, 18> text{};
  std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
                mac[5]);
  return text.data();
}

std::string why_no_route(const std::error_code& error) {
  if (error == std::errc::network_unreachable) return "no route";
  // How the kernel's look-up says blackhole, unreachable and prohibit.
  if (error == std::errc::invalid_argument) return "its route is a blackhole";
  if (error == std::errc::host_unreachable) return "its route is unreachable";
  if (error == std::errc::permission_denied) return "its route is prohibited";
  return "no route: " + error.message();
}

// "unicast" is the only kind that leads to another host.
const char* text_of_type(uint8_t type) {
  switch (type) {
    case RTN_LOCAL:
      return "it is an address of this host";
    case RTN_BROADCAST:
      return "it is a broadcast address";
    case RTN_MULTICAST:
      return "it is a multicast address";
    case RTN_BLACKHOLE:
      return "its route is a blackhole";
    case RTN_PROHIBIT:
      return "its route is prohibited";
    default:
      return "its route is unreachable";
  }
}

std::optional<Route> find_route(NetlinkSocket& netlink, const NextHopTarget& target, std::string& why) {
  std::optional<Route> route;
  // IPv6 takes any source in a look-up, also one that bind() would refuse.
  if (target.source) {
    std::optional<Route> home;
    netlink.ask(route_request(*target.source, std::nullopt),
                [&](const nlmsghdr* message) { home = read_route(message); });
    if (!home || home->type != RTN_LOCAL) {
      why = "source " + config::to_string(*target.source) + " is not an address of this host";
      return std::nullopt;
    }
  }
  const std::error_code error = netlink.ask(route_request(target.id.address, target.source),
                                            [&](const nlmsghdr* message) { route = read_route(message); });
  if (error || !route) {
    why = why_no_route(error);
    return std::nullopt;
  }
  if (route->type != RTN_UNICAST) {
    why = text_of_type(route->type);
    return std::nullopt;
  }
  return route;
}

}  // namespace

std::optional<Exit> find_exit(const Links& links, const std::vector<PortInterface>& ports, int interface,
                              std::string& why) {
  const auto port_named = [&](const std::string& name) -> const PortInterface* {
    for (const PortInterface& port : ports) {
      if (!port.interface.empty() && port.interface == name) return &port;
    }
    return nullptr;
  };
  const auto at = links.find(interface);
  if (at == links.end()) {
    why = fmt::format("its route leaves by interface {}, which is gone", interface);
    return std::nullopt;
  }
  const Link& link = at->second;
  if (!link.up) {
    why = fmt::format("{} is down", link.name);
    return std::nullopt;
  }
  if (const PortInterface* port = port_named(link.name)) return Exit{port->port, 0};
  if (link.vlan) {
    const auto parent = links.find(link.parent);
    const PortInterface* port = parent == links.end() ? nullptr : port_named(parent->second.name);
    if (port != nullptr && !link.service_vlan) return Exit{port->port, *link.vlan};
    if (port != nullptr) {
      why = fmt::format("{} has 802.1ad tags; only 802.1Q can be sent", link.name);
      return std::nullopt;
    }
  }
  why = fmt::format("its route leaves by {}, which is not a port of the dataplane", link.name);
  return std::nullopt;
}

Resolution resolve(NetlinkSocket& netlink, NeighbourKeeper& keeper, const Links& links,
                   const std::vector<PortInterface>& ports, const NextHopTarget& target,
                   NeighbourKeeper::Clock::time_point now) {
  Resolution resolution;
  const auto route = find_route(netlink, target, resolution.text);
  if (!route) return resolution;
  const auto exit = find_exit(links, ports, route->interface, resolution.text);
  if (!exit) return resolution;
  const auto source = target.source ? target.source : route->source;
  if (!source) {
    resolution.text = "the kernel has no source address for " + name_of(links, route->interface);
    return resolution;
  }
  const NeighbourKey key{route->interface, route->gateway.value_or(target.id.address)};
  resolution.neighbour = key;
  const std::string place = (route->gateway ? "via " + config::to_string(key.address) : std::string("on-link")) +
                            " on " + name_of(links, key.interface);
  const auto neighbour = keeper.look(key, now);
  const uint16_t state = neighbour ? neighbour->state : static_cast<uint16_t>(NUD_NONE);
  constexpr uint16_t kValid = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY;
  if ((state & kValid) == 0) {
    resolution.resolving = (state & NUD_INCOMPLETE) != 0;
    resolution.text = place + ": " + config::to_string(key.address) + " does not answer " +
                      (key.address.is_v4() ? "ARP" : "neighbour solicitations");
    return resolution;
  }
  if (!neighbour->mac) {
    resolution.text = place + ": the link has no Ethernet addresses";
    return resolution;
  }
  resolution.hop = NextHop{*neighbour->mac, exit->vlan, exit->port, *source};
  resolution.text = place + ", " + to_text(*neighbour->mac);
  return resolution;
}

}  // namespace penstock::control

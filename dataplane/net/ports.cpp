// dataplane/net/ports.cpp - opens each port by its kind, and tells what became of it.
#include "dataplane/net/ports.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

#include "dataplane/net/devices/af_packet.h"
#include "dataplane/net/devices/af_xdp.h"
#include "dataplane/net/devices/own_port.h"
#include "dataplane/net/kernel/interface.h"

namespace penstock::net {
namespace {

using config::PortKind;
using AnyPort = std::variant<AfXdpPort, AfPacketPort, OwnPort>;

template <typename Opened>
tl::expected<AnyPort, std::string> any(tl::expected<Opened, std::string> opened) {
  if (!opened) return tl::make_unexpected(std::move(opened.error()));
  return AnyPort(std::in_place_type<Opened>, *std::move(opened));
}

tl::expected<AnyPort, std::string> open_any(const config::Port& port, unsigned lcores, rte_mempool* pool) {
  switch (port.kind) {
    case PortKind::af_xdp:
      return any(AfXdpPort::open(port.device, lcores, pool));
    case PortKind::af_packet:
      return any(AfPacketPort::open(port.device, lcores, pool));
    case PortKind::pci:
    case PortKind::vdev:
      return any(OwnPort::open(port, lcores, pool));
  }
  return tl::make_unexpected("unknown kind of port");
}

void add_queues(OpenPort& port, const Ethdev& ethdev, uint16_t count, size_t index) {
  for (uint16_t queue = 0; queue < count; ++queue) {
    port.queues.push_back({ethdev.id(), queue, static_cast<uint8_t>(index)});
  }
}

void take_over(OpenPort& port, const Interface& interface) {
  port.interface = interface.name;
  port.ifindex = interface.index;
  port.mac = interface.mac;
  port.mtu = interface.mtu;
  port.addresses = interface.addresses;
  port.kernel_sees_frames = true;
  port.checksum_partial = true;
}

struct Describe {
  OpenPort& port;
  size_t index;
  void operator()(AfXdpPort& open) const {
    take_over(port, open.interface());
    for (const Ethdev& ethdev : open.ethdevs()) add_queues(port, ethdev, 1, index);
  }
  void operator()(AfPacketPort& open) const {
    take_over(port, open.interface());
    add_queues(port, open.ethdev(), open.queues(), index);
  }
  void operator()(OwnPort& open) const {
    port.mac = open.ethdev().mac();
    port.mtu = open.ethdev().mtu();
    add_queues(port, open.ethdev(), open.queues(), index);
    if (const Door* door = open.door()) {
      port.interface = door->interface();
      port.ifindex = door->ifindex();
      port.addresses = interface_addresses(door->interface());
    }
  }
};

}  // namespace

struct Ports::State {
  std::vector<OpenPort> ports;
  std::vector<AnyPort> open;  // in the order of ports
};

unsigned count_queues(std::span<const config::Port> ports, unsigned lcores) {
  unsigned count = 0;
  for (const auto& port : ports) {
    if (port.kind == PortKind::af_xdp) {
      const auto interface = read_interface(port.device);
      count += interface ? interface->receive_queues : 0;
    } else {
      count += port.kind == PortKind::af_packet ? af_packet_queues(lcores) : lcores;
    }
  }
  return count;
}

bool may_zero_copy(std::span<const config::Port> ports) {
  return std::any_of(ports.begin(), ports.end(), [](const config::Port& port) {
    if (port.kind != PortKind::af_xdp) return false;
    const auto interface = read_interface(port.device);
    return interface && !is_copy_only(*interface);
  });
}

std::vector<std::string> pci_addresses(std::span<const config::Port> ports) {
  std::vector<std::string> addresses;
  for (const auto& port : ports) {
    if (port.kind == PortKind::pci) addresses.push_back(port.device);
  }
  return addresses;
}

tl::expected<Ports, std::string> Ports::open(std::span<const config::Port> ports, unsigned lcores, rte_mempool* pool) {
  auto state = std::make_unique<State>();
  for (const auto& port : ports) {
    auto opened = open_any(port, lcores, pool);
    if (!opened) return tl::make_unexpected("port " + port.name + ": " + opened.error());
    OpenPort open;
    open.name = port.name;
    open.kind = port.kind;
    std::visit(Describe{open, state->ports.size()}, *opened);
    state->ports.push_back(std::move(open));
    state->open.push_back(*std::move(opened));
  }
  return Ports(std::move(state));
}

Ports::Ports(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ports::Ports(Ports&&) noexcept = default;
Ports& Ports::operator=(Ports&&) noexcept = default;
Ports::~Ports() = default;

const std::vector<OpenPort>& Ports::all() const {
  return state_->ports;
}

std::vector<PortLosses> Ports::losses() {
  std::vector<PortLosses> losses;
  for (AnyPort& port : state_->open) {
    losses.push_back(std::visit(
        [](auto& open) {
          if constexpr (std::is_same_v<std::decay_t<decltype(open)>, OwnPort>) {
            return open.ethdev().losses();
          } else {
            return open.losses();
          }
        },
        port));
  }
  return losses;
}

Door* Ports::door(size_t port) {
  auto* own = std::get_if<OwnPort>(&state_->open.at(port));
  return own != nullptr ? own->door() : nullptr;
}

tl::expected<void, std::string> Ports::set_filter(FilterRules rules, std::span<const std::vector<Mac>> macs) {
  for (size_t i = 0; i < state_->open.size(); ++i) {
    rules.macs = i < macs.size() ? macs[i] : std::vector<Mac>{};
    auto set = std::visit(
        [&](auto& port) -> tl::expected<void, std::string> {
          using Port = std::decay_t<decltype(port)>;
          if constexpr (std::is_same_v<Port, AfXdpPort>) return port.filter().set(rules);
          if constexpr (std::is_same_v<Port, AfPacketPort>) return port.set_filter(rules);
          return {};
        },
        state_->open[i]);
    if (!set) return tl::make_unexpected("port " + state_->ports[i].name + ": " + set.error());
  }
  return {};
}

bool Ports::police(const config::IpAddress& client, uint32_t per_second) {
  bool policed = false;
  for (auto& port : state_->open)
    if (auto* xdp = std::get_if<AfXdpPort>(&port)) policed = xdp->filter().police(client, per_second) || policed;
  return policed;
}

void Ports::release(const config::IpAddress& client) {
  for (auto& port : state_->open)
    if (auto* xdp = std::get_if<AfXdpPort>(&port)) xdp->filter().release(client);
}

uint64_t Ports::dropped_of(const config::IpAddress& client) const {
  uint64_t dropped = 0;
  for (auto& port : state_->open)
    if (auto* xdp = std::get_if<AfXdpPort>(&port)) dropped += xdp->filter().dropped_of(client);
  return dropped;
}

}  // namespace penstock::net

// dataplane/net/devices/own_port.cpp - sets up a PCI card or a vdev, and its door.
#include "dataplane/net/devices/own_port.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace penstock::net {
namespace {

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return text.starts_with(prefix); });
}

// Of these every queue can be used or left: they say how many are possible, not how many are there.
bool queues_are_free(std::string_view devargs) {
  return starts_with_any(devargs, {"net_tap", "net_null", "net_memif"});
}

}  // namespace

bool wants_door(const std::string& devargs) {
  return starts_with_any(devargs, {"net_tap", "net_memif", "net_vhost", "eth_vhost", "net_virtio_user", "virtio_user"});
}

tl::expected<OwnPort, std::string> OwnPort::open(const config::Port& port, unsigned lcores, rte_mempool* pool) {
  const bool pci = port.kind == config::PortKind::pci;
  auto ethdev = pci ? Ethdev::find_pci(port.device) : Ethdev::probe_vdev(port.device);
  if (!ethdev) return tl::make_unexpected(ethdev.error());
  auto queues = ethdev->most_queues();
  if (pci || queues_are_free(port.device)) {
    const auto fit = static_cast<uint16_t>(std::min<unsigned>({lcores, queues.receive, queues.transmit}));
    queues = {fit, fit};
  }
  if (queues.receive == 0 || queues.receive != queues.transmit) {
    return tl::make_unexpected(port.device + " has " + std::to_string(queues.receive) + " receive and " +
                               std::to_string(queues.transmit) + " transmit queues: configure equal numbers");
  }
  if (auto set_up = ethdev->set_up(queues, pci, pool); !set_up) return tl::make_unexpected(set_up.error());
  if (auto started = ethdev->start(); !started) return tl::make_unexpected(started.error());
  if (pci) {
    ethdev->receive_all_multicast();
  } else {
    ethdev->receive_everything();
  }
  OwnPort own(*std::move(ethdev), queues.receive);
  if (pci || wants_door(port.device)) {
    auto door = Door::open(port.name, own.ethdev_.mac(), own.ethdev_.mtu());
    if (!door) return tl::make_unexpected(door.error());
    own.door_.emplace(*std::move(door));
  }
  return own;
}

}  // namespace penstock::net

// dataplane/assembly/host.cpp - who we are when we start: the ports' MACs, the addresses to listen on, the source ports of lcores.
#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "config/source_ports.h"
#include "dataplane/assembly/assembly.h"
#include "dataplane/housekeeping/doors.h"
#include "dataplane/housekeeping/host_keeper.h"
#include "dataplane/state/lanes/stream_peer.h"

namespace penstock::assembly {
namespace {

// Empty: the kernel does not say it whole.
std::string name_of_host() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

tables::LocalPort describe_port(const Parts& parts, size_t number) {
  const net::OpenPort& port = parts.ports->all()[number];
  tables::LocalPort local{.mac = port.mac,
                          .accepts_partial_checksum = port.checksum_partial,
                          .mtu = port.mtu,
                          .sees_own_frames = port.kind == config::PortKind::af_packet,
                          .has_door = parts.ports->door(number) != nullptr};
  HostFollower::start(followed_port(port, parts.model.ports[number]), local);
  return local;
}

// As written, or every address of the ports.
std::vector<config::IpAddress> addresses_to_listen_on(const Parts& parts) {
  if (!parts.model.listen.empty()) return parts.model.listen;
  std::vector<config::IpAddress> listen;
  for (const net::OpenPort& port : parts.ports->all())
    std::copy_if(port.addresses.begin(), port.addresses.end(), std::back_inserter(listen),
                 [](const auto& address) { return !config::is_link_local(address); });
  return listen;
}

// 0, or why a socket of ours cannot have port 53 of this address.
int try_to_bind(const config::IpAddress& address, int kind) {
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (address.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    *v4 = {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr = {}, .sin_zero = {}};
    std::memcpy(&v4->sin_addr, address.bytes.data(), 4);
    size = sizeof *v4;
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(53);
    std::memcpy(&v6->sin6_addr, address.bytes.data(), 16);
    size = sizeof *v6;
  }
  const int trial = socket(storage.ss_family, kind | SOCK_CLOEXEC, 0);
  const int failed = bind(trial, reinterpret_cast<const sockaddr*>(&storage), size) == 0 ? 0 : errno;
  close(trial);
  return failed;
}

// What the kernel has on port 53 of our addresses is not ours, and answers what we leave to the kernel: TCP, and all of it
// when we are gone.
void warn_of_neighbours(net::Ports& ports, const config::IpAddress& listen) {
  for (const auto& [kind, text] : {std::pair{SOCK_DGRAM, "UDP"}, std::pair{SOCK_STREAM, "TCP"}}) {
    const int failed = try_to_bind(listen, kind);
    if (failed == EADDRINUSE)
      spdlog::warn(
          "another server on this host has {} port 53 of {}: it answers what the dataplane leaves to the kernel, "
          "private names included; move it to another address",
          text, config::to_string(listen));
    if (failed == EADDRNOTAVAIL && kind == SOCK_DGRAM && !has_doors(ports))
      spdlog::warn("{} is not on any interface: nothing answers ARP or ND for it", config::to_string(listen));
  }
}

Step listen_on_addresses(const Parts& parts, tables::LocalHost& host) {
  const std::vector<config::IpAddress> listen = addresses_to_listen_on(parts);
  if (listen.empty())
    spdlog::warn("no address to listen on yet: nothing is answered until the interface of a port has one");
  for (const config::IpAddress& address : listen) {
    if (!host.add_listen(address))
      return tl::make_unexpected("more than " + std::to_string(tables::LocalHost::kMaxListen) +
                                 " addresses to listen on");
    spdlog::info("listening on {} port 53", config::to_string(address));
    warn_of_neighbours(*parts.ports, address);
  }
  return {};
}

// As many to each lcore.
Step deal_source_ports(Parts& parts, tables::LocalHost& host) {
  const auto lcores = static_cast<unsigned>(parts.eal.polling_lcores.size());
  const config::Dataplane& settings = parts.model.dataplane;
  config::SourcePorts& ports = parts.source_ports;
  ports = config::choose_source_ports(settings);
  ports.count = static_cast<uint16_t>(ports.count / lcores * lcores);
  const unsigned each = ports.count / lcores;
  const char* chosen_by =
      settings.source_ports ? "dataplane.source_ports leaves" : "net.ipv4.ip_local_port_range leaves";
  if (each == 0)
    return tl::make_unexpected(std::string(chosen_by) + " too few source ports: each lcore needs at least one");
  if (each < 1024)
    spdlog::warn("{} {} source ports per lcore: fewer than 1024 are easy to guess (RFC 5452)", chosen_by, each);
  host.deal_source_ports(ports.first, ports.count, lcores);
  return {};
}

}  // namespace

Step describe_host(Parts& parts) {
  const config::Dataplane& settings = parts.model.dataplane;
  auto host = std::make_unique<tables::LocalHost>();
  host->port_count = static_cast<unsigned>(parts.ports->all().size());
  for (size_t i = 0; i < host->port_count; ++i) host->ports[i] = describe_port(parts, i);
  host->identity.set(settings.identity ? *settings.identity : name_of_host());
  host->software.set(settings.version);
  host->tcp_keepalive = static_cast<uint16_t>(settings.tcp.idle_timeout.count() / 100);
  host->ports[host->stream_port()].mac = state::kStreamPortMac;
  if (auto listening = listen_on_addresses(parts, *host); !listening) return listening;
  if (auto dealt = deal_source_ports(parts, *host); !dealt) return dealt;
  parts.host = std::make_unique<tables::LocalHost>(*host);
  parts.start_host = std::move(host);
  return {};
}

}  // namespace penstock::assembly

#include "dataplane/net/kernel/neighbourhood.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "dataplane/net/kernel/neighbour_watch.h"

namespace penstock::net {
namespace {

struct Hop {
  std::optional<config::IpAddress> gateway;
  int interface = 0;
};

struct RouteParts {
  std::optional<config::IpAddress> destination;
  Hop hop;
  std::vector<Hop> hops;  // of a multipath route
};

std::optional<config::IpAddress> address_in(const void* bytes, size_t size) {
  if (size != 4 && size != 16) return std::nullopt;
  config::IpAddress read;
  read.family = size == 4 ? 4 : 6;
  std::memcpy(read.bytes.data(), bytes, size);
  return read;
}

std::optional<config::IpAddress> address_in(const nlattr* attribute) {
  return address_in(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));
}

void read_gateway(const nlattr* attribute, Hop& hop) {
  const uint16_t type = mnl_attr_get_type(attribute);
  if (type == RTA_GATEWAY) hop.gateway = address_in(attribute);
  // RTA_VIA: a family, then the address.
  const size_t size = mnl_attr_get_payload_len(attribute);
  if (type == RTA_VIA && size > sizeof(uint16_t))
    hop.gateway = address_in(static_cast<const char*>(mnl_attr_get_payload(attribute)) + sizeof(uint16_t),
                             size - sizeof(uint16_t));
}

void read_hops(const nlattr* attribute, std::vector<Hop>& hops) {
  auto* next = static_cast<rtnexthop*>(mnl_attr_get_payload(attribute));
  for (int left = mnl_attr_get_payload_len(attribute); RTNH_OK(next, left);) {
    Hop& hop = hops.emplace_back();
    hop.interface = next->rtnh_ifindex;
    const auto* one = reinterpret_cast<const nlattr*>(RTNH_DATA(next));
    for (int size = next->rtnh_len - static_cast<int>(RTNH_LENGTH(0)); mnl_attr_ok(one, size);
         size -= MNL_ALIGN(one->nla_len), one = mnl_attr_next(one))
      read_gateway(one, hop);
    left -= RTNH_ALIGN(next->rtnh_len);
    next = RTNH_NEXT(next);
  }
}

int read_route(const nlattr* attribute, void* data) {
  RouteParts& parts = *static_cast<RouteParts*>(data);
  read_gateway(attribute, parts.hop);
  switch (mnl_attr_get_type(attribute)) {
    case RTA_DST:
      parts.destination = address_in(attribute);
      break;
    case RTA_OIF:
      if (mnl_attr_get_payload_len(attribute) == 4) parts.hop.interface = static_cast<int>(mnl_attr_get_u32(attribute));
      break;
    case RTA_MULTIPATH:
      read_hops(attribute, parts.hops);
      break;
    default:
      break;
  }
  return MNL_CB_OK;
}

template <typename Set, typename Item>
bool add(Set& set, const Item& item, size_t most) {
  return set.size() < most && set.insert(item).second;
}

}  // namespace

bool Neighbourhood::update(const nlmsghdr* message) {
  switch (message->nlmsg_type) {
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      return update_neighbour(message);
    case RTM_NEWROUTE:
      return update_route(message);
    default:
      return false;
  }
}

bool Neighbourhood::update_neighbour(const nlmsghdr* message) {
  const auto entry = read_neighbour(message);
  if (!entry) return false;
  if (!entry->mac) {
    const auto at = by_interface_.find(entry->interface);
    return at != by_interface_.end() && at->second.macs.erase(entry->address) != 0;
  }
  auto& macs = by_interface_[entry->interface].macs;
  const auto known = macs.find(entry->address);
  if (known != macs.end()) return std::exchange(known->second, *entry->mac) != *entry->mac;
  return macs.size() < kMost && macs.emplace(entry->address, *entry->mac).second;
}

bool Neighbourhood::update_route(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(rtmsg)) return false;
  const auto* head = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  if (head->rtm_type != RTN_UNICAST || (head->rtm_family != AF_INET && head->rtm_family != AF_INET6)) return false;
  RouteParts parts;
  mnl_attr_parse(message, sizeof(rtmsg), read_route, &parts);
  parts.hops.push_back(parts.hop);
  config::IpPrefix network;
  network.length = head->rtm_dst_len;
  network.address.family = head->rtm_family == AF_INET ? 4 : 6;
  if (parts.destination) network.address = *parts.destination;
  bool changed = false;
  for (const Hop& hop : parts.hops) {
    if (hop.interface == 0) continue;
    Neighbours& known = by_interface_[hop.interface];
    changed = (hop.gateway ? add(known.gateways, *hop.gateway, kMost) : add(known.on_link, network, kMost)) || changed;
  }
  return changed;
}

const Neighbours* Neighbourhood::of(int index) const {
  const auto at = by_interface_.find(index);
  return at == by_interface_.end() ? nullptr : &at->second;
}

void call_neighbour(int interface, const config::IpAddress& neighbour) {
  constexpr uint16_t kDiscard = 9;
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_in);
  if (neighbour.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    *v4 = {.sin_family = AF_INET, .sin_port = htons(kDiscard), .sin_addr = {}, .sin_zero = {}};
    std::memcpy(&v4->sin_addr, neighbour.bytes.data(), 4);
  } else {
    size = sizeof(sockaddr_in6);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(kDiscard);
    v6->sin6_scope_id = static_cast<uint32_t>(interface);
    std::memcpy(&v6->sin6_addr, neighbour.bytes.data(), 16);
  }
  const int fd = socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  if (setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &interface, sizeof interface) == 0)
    sendto(fd, nullptr, 0, 0, reinterpret_cast<const sockaddr*>(&storage), size);
  close(fd);
}

}  // namespace penstock::net

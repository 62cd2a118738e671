#include "control/neighbours/netlink_messages.h"

#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <unistd.h>

#include <cstring>

namespace penstock::control {
namespace {

using config::IpAddress;

// Room for one request: headers and at most four attributes.
struct Builder {
  alignas(NLMSG_ALIGNTO) std::array<char, 512> room{};

  Builder(uint16_t type, uint16_t flags) {
    mnl_nlmsg_put_header(room.data());
    header()->nlmsg_type = type;
    header()->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  }
  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(room.data()); }
  template <typename T>
  T* body() {
    return static_cast<T*>(mnl_nlmsg_put_extra_header(header(), sizeof(T)));
  }
  void put(uint16_t type, const void* data, size_t size) { mnl_attr_put(header(), type, size, data); }
  NetlinkBytes bytes() {
    const auto* begin = reinterpret_cast<const uint8_t*>(room.data());
    return {begin, begin + header()->nlmsg_len};
  }
};

uint8_t family_of(const IpAddress& address) {
  return address.is_v4() ? AF_INET : AF_INET6;
}
size_t size_of(const IpAddress& address) {
  return address.is_v4() ? 4 : 16;
}

std::optional<IpAddress> to_address(const void* data, size_t size) {
  if (size != 4 && size != 16) return std::nullopt;
  IpAddress address;
  address.family = size == 4 ? 4 : 6;
  std::memcpy(address.bytes.data(), data, size);
  return address;
}

std::optional<IpAddress> to_address(const nlattr* attribute) {
  return to_address(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));
}

// 0 when the attribute is too short for a T.
template <typename T>
T number(const nlattr* attribute) {
  T value{};
  if (mnl_attr_get_payload_len(attribute) >= sizeof value) {
    std::memcpy(&value, mnl_attr_get_payload(attribute), sizeof value);
  }
  return value;
}

std::string text(const nlattr* attribute) {
  const auto* begin = static_cast<const char*>(mnl_attr_get_payload(attribute));
  return {begin, strnlen(begin, mnl_attr_get_payload_len(attribute))};
}

// libmnl's own loops are macros that C++ does not take.
template <typename Each>
void each_attribute(const void* begin, const void* end, Each each) {
  const auto* attribute = static_cast<const nlattr*>(begin);
  const auto* stop = static_cast<const char*>(end);
  while (mnl_attr_ok(attribute, static_cast<int>(stop - reinterpret_cast<const char*>(attribute)))) {
    each(attribute, mnl_attr_get_type(attribute));
    attribute = mnl_attr_next(attribute);
  }
}

template <typename Each>
void each_attribute(const nlmsghdr* message, size_t fixed, Each each) {
  each_attribute(mnl_nlmsg_get_payload_offset(message, fixed),
                 reinterpret_cast<const char*>(message) + message->nlmsg_len, each);
}

template <typename Each>
void each_nested(const nlattr* nest, Each each) {
  const auto* begin = static_cast<const char*>(mnl_attr_get_payload(nest));
  each_attribute(begin, begin + mnl_attr_get_payload_len(nest), each);
}

// The message's fixed part when it is there in full; attributes start behind it.
template <typename T>
const T* body_of(const nlmsghdr* message, uint16_t type) {
  if (message->nlmsg_type != type || mnl_nlmsg_get_payload_len(message) < sizeof(T)) return nullptr;
  return static_cast<const T*>(mnl_nlmsg_get_payload(message));
}

Builder neighbour_change(const NeighbourKey& key, uint16_t flags, uint16_t state, uint8_t entry_flags) {
  Builder builder(RTM_NEWNEIGH, static_cast<uint16_t>(NLM_F_ACK | flags));
  auto* body = builder.body<ndmsg>();
  body->ndm_family = family_of(key.address);
  body->ndm_ifindex = key.interface;
  body->ndm_state = state;
  body->ndm_flags = entry_flags;
  builder.put(NDA_DST, key.address.bytes.data(), size_of(key.address));
  return builder;
}

void read_vlan(const nlattr* data, Link& link) {
  each_nested(data, [&](const nlattr* attribute, uint16_t type) {
    if (type == IFLA_VLAN_ID) link.vlan = number<uint16_t>(attribute) & 0x0fff;
    if (type == IFLA_VLAN_PROTOCOL) {
      // Network order.
      const auto protocol = number<std::array<uint8_t, 2>>(attribute);
      link.service_vlan = (protocol[0] << 8 | protocol[1]) != ETH_P_8021Q;
    }
  });
}

void read_link_info(const nlattr* info, Link& link) {
  std::string kind;
  const nlattr* data = nullptr;
  each_nested(info, [&](const nlattr* attribute, uint16_t type) {
    if (type == IFLA_INFO_KIND) kind = text(attribute);
    if (type == IFLA_INFO_DATA) data = attribute;
  });
  if (kind == "vlan" && data != nullptr) read_vlan(data, link);
}

}  // namespace

NetlinkBytes route_request(const IpAddress& destination, const std::optional<IpAddress>& source) {
  Builder builder(RTM_GETROUTE, 0);
  auto* body = builder.body<rtmsg>();
  body->rtm_family = family_of(destination);
  body->rtm_dst_len = static_cast<uint8_t>(size_of(destination) * 8);
  builder.put(RTA_DST, destination.bytes.data(), size_of(destination));
  if (source) {
    body->rtm_src_len = static_cast<uint8_t>(size_of(*source) * 8);
    builder.put(RTA_SRC, source->bytes.data(), size_of(*source));
  }
  return builder.bytes();
}

NetlinkBytes link_dump_request() {
  Builder builder(RTM_GETLINK, NLM_F_DUMP);
  builder.body<ifinfomsg>()->ifi_family = AF_UNSPEC;
  return builder.bytes();
}

NetlinkBytes neighbour_dump_request(uint8_t family) {
  Builder builder(RTM_GETNEIGH, NLM_F_DUMP);
  builder.body<ndmsg>()->ndm_family = family;
  return builder.bytes();
}

NetlinkBytes neighbour_request(const NeighbourKey& key) {
  Builder builder(RTM_GETNEIGH, 0);
  auto* body = builder.body<ndmsg>();
  body->ndm_family = family_of(key.address);
  body->ndm_ifindex = key.interface;
  builder.put(NDA_DST, key.address.bytes.data(), size_of(key.address));
  return builder.bytes();
}

NetlinkBytes manage_neighbour(const NeighbourKey& key) {
  Builder builder = neighbour_change(key, NLM_F_CREATE | NLM_F_REPLACE, NUD_NONE, 0);
  const uint32_t managed = NTF_EXT_MANAGED;
  builder.put(NDA_FLAGS_EXT, &managed, sizeof managed);
  builder.put(NDA_PROTOCOL, &kNeighbourProtocol, sizeof kNeighbourProtocol);
  return builder.bytes();
}

NetlinkBytes use_neighbour(const NeighbourKey& key) {
  return neighbour_change(key, NLM_F_CREATE | NLM_F_REPLACE, NUD_NONE, NTF_USE).bytes();
}

NetlinkBytes probe_neighbour(const NeighbourKey& key, const std::array<uint8_t, 6>& mac) {
  Builder builder = neighbour_change(key, NLM_F_REPLACE, NUD_PROBE, 0);
  builder.put(NDA_LLADDR, mac.data(), mac.size());
  return builder.bytes();
}

std::optional<Route> read_route(const nlmsghdr* message) {
  const auto* body = body_of<rtmsg>(message, RTM_NEWROUTE);
  if (body == nullptr) return std::nullopt;
  Route route;
  route.type = body->rtm_type;
  each_attribute(message, sizeof *body, [&](const nlattr* attribute, uint16_t type) {
    switch (type) {
      case RTA_OIF:
        route.interface = number<int>(attribute);
        break;
      case RTA_GATEWAY:
        route.gateway = to_address(attribute);
        break;
      case RTA_VIA: {
        // struct rtvia: a family of two octets, then the address.
        const size_t size = mnl_attr_get_payload_len(attribute);
        const auto* via = static_cast<const uint8_t*>(mnl_attr_get_payload(attribute));
        if (size > sizeof(uint16_t)) route.gateway = to_address(via + sizeof(uint16_t), size - sizeof(uint16_t));
        break;
      }
      case RTA_PREFSRC:
        route.source = to_address(attribute);
        break;
      default:
        break;
    }
  });
  return route;
}

std::optional<Link> read_link(const nlmsghdr* message) {
  const auto* body = body_of<ifinfomsg>(message, RTM_NEWLINK);
  if (body == nullptr) return std::nullopt;
  Link link;
  link.index = body->ifi_index;
  link.up = (body->ifi_flags & IFF_UP) != 0;
  link.loopback = (body->ifi_flags & IFF_LOOPBACK) != 0;
  bool other_namespace = false;
  each_attribute(message, sizeof *body, [&](const nlattr* attribute, uint16_t type) {
    switch (type) {
      case IFLA_IFNAME:
        link.name = text(attribute);
        break;
      case IFLA_LINK:
        link.parent = number<int>(attribute);
        break;
      case IFLA_LINK_NETNSID:
        other_namespace = true;
        break;
      case IFLA_LINKINFO:
        read_link_info(attribute, link);
        break;
      default:
        break;
    }
  });
  // The index would be one of that namespace.
  if (other_namespace) link.parent = 0;
  return link;
}

std::optional<Neighbour> read_neighbour(const nlmsghdr* message) {
  const auto* body = body_of<ndmsg>(message, RTM_NEWNEIGH);
  if (body == nullptr) body = body_of<ndmsg>(message, RTM_DELNEIGH);
  if (body == nullptr) return std::nullopt;
  Neighbour neighbour;
  neighbour.key.interface = body->ndm_ifindex;
  neighbour.state = message->nlmsg_type == RTM_DELNEIGH ? static_cast<uint16_t>(NUD_NONE) : body->ndm_state;
  each_attribute(message, sizeof *body, [&](const nlattr* attribute, uint16_t type) {
    switch (type) {
      case NDA_DST:
        if (const auto address = to_address(attribute)) neighbour.key.address = *address;
        break;
      case NDA_LLADDR:
        if (mnl_attr_get_payload_len(attribute) == 6) neighbour.mac = number<std::array<uint8_t, 6>>(attribute);
        break;
      case NDA_FLAGS_EXT:
        neighbour.managed = (number<uint32_t>(attribute) & NTF_EXT_MANAGED) != 0;
        break;
      case NDA_PROTOCOL:
        neighbour.protocol = number<uint8_t>(attribute);
        break;
      case NDA_CACHEINFO: {
        // In ticks of USER_HZ.
        static const long ticks = sysconf(_SC_CLK_TCK);
        neighbour.since_confirmed =
            std::chrono::milliseconds(int64_t{number<nda_cacheinfo>(attribute).ndm_confirmed} * 1000 / ticks);
        break;
      }
      default:
        break;
    }
  });
  if (!neighbour.key.address) return std::nullopt;
  return neighbour;
}

}  // namespace penstock::control

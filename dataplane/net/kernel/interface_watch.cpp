#include "dataplane/net/kernel/interface_watch.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace penstock::net {
namespace {

constexpr int kReadsAtOnce = 64;  // of 32 KiB
constexpr int kHighest = 4;       // a macvlan on a VLAN on a bond, and one more

struct LinkParts {
  std::optional<std::array<uint8_t, 6>> mac;
  std::optional<int> below;
  bool below_is_elsewhere = false;
  std::string_view kind;
  std::optional<uint16_t> vlan;
  bool service_vlan = false;
};

int read_vlan(const nlattr* attribute, void* data) {
  LinkParts& parts = *static_cast<LinkParts*>(data);
  if (mnl_attr_get_payload_len(attribute) != 2) return MNL_CB_OK;
  if (mnl_attr_get_type(attribute) == IFLA_VLAN_ID) parts.vlan = mnl_attr_get_u16(attribute);
  if (mnl_attr_get_type(attribute) == IFLA_VLAN_PROTOCOL)
    parts.service_vlan = ntohs(mnl_attr_get_u16(attribute)) != ETH_P_8021Q;
  return MNL_CB_OK;
}

int read_kind(const nlattr* attribute, void* data) {
  if (mnl_attr_get_type(attribute) != IFLA_INFO_KIND) return MNL_CB_OK;
  const auto* text = static_cast<const char*>(mnl_attr_get_payload(attribute));
  static_cast<LinkParts*>(data)->kind = {text, strnlen(text, mnl_attr_get_payload_len(attribute))};
  return MNL_CB_OK;
}

int read_data(const nlattr* attribute, void* data) {
  if (mnl_attr_get_type(attribute) == IFLA_INFO_DATA) mnl_attr_parse_nested(attribute, read_vlan, data);
  return MNL_CB_OK;
}

int read_link(const nlattr* attribute, void* data) {
  LinkParts& parts = *static_cast<LinkParts*>(data);
  const size_t size = mnl_attr_get_payload_len(attribute);
  switch (mnl_attr_get_type(attribute)) {
    case IFLA_ADDRESS:
      if (size == 6) std::memcpy(parts.mac.emplace().data(), mnl_attr_get_payload(attribute), size);
      break;
    case IFLA_LINK:
      if (size == 4) parts.below = static_cast<int>(mnl_attr_get_u32(attribute));
      break;
    case IFLA_LINK_NETNSID:
      parts.below_is_elsewhere = true;
      break;
    case IFLA_LINKINFO:
      mnl_attr_parse_nested(attribute, read_kind, data);
      if (parts.kind == "vlan") mnl_attr_parse_nested(attribute, read_data, data);
      break;
    default:
      break;
  }
  return MNL_CB_OK;
}

std::optional<config::IpAddress> address_of(const nlattr* attribute) {
  const size_t size = mnl_attr_get_payload_len(attribute);
  if (size != 4 && size != 16) return std::nullopt;
  config::IpAddress read;
  read.family = size == 4 ? 4 : 6;
  std::memcpy(read.bytes.data(), mnl_attr_get_payload(attribute), size);
  return read;
}

struct AddressParts {
  std::optional<config::IpAddress> address;
  std::optional<config::IpAddress> local;  // ours on a point-to-point interface, where `address` is the other end's
  uint32_t flags = 0;
};

int read_address(const nlattr* attribute, void* data) {
  AddressParts& parts = *static_cast<AddressParts*>(data);
  switch (mnl_attr_get_type(attribute)) {
    case IFA_ADDRESS:
      parts.address = address_of(attribute);
      break;
    case IFA_LOCAL:
      parts.local = address_of(attribute);
      break;
    case IFA_FLAGS:
      if (mnl_attr_get_payload_len(attribute) == 4) parts.flags = mnl_attr_get_u32(attribute);
      break;
    default:
      break;
  }
  return MNL_CB_OK;
}

// An interface that goes down and an address that goes take routes with them, of which the kernel does not tell one by one.
bool takes_routes_away(const nlmsghdr* message) {
  if (message->nlmsg_type == RTM_NEWLINK && mnl_nlmsg_get_payload_len(message) >= sizeof(ifinfomsg))
    return (static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message))->ifi_flags & IFF_UP) == 0;
  return message->nlmsg_type == RTM_DELROUTE || message->nlmsg_type == RTM_DELADDR ||
         message->nlmsg_type == RTM_DELLINK;
}

}  // namespace

bool InterfaceTable::update(const nlmsghdr* message) {
  switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return update_link(message);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return update_address(message);
    default:
      return neighbourhood_.update(message);
  }
}

bool InterfaceTable::update_link(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(ifinfomsg)) return false;
  const auto* head = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  if (head->ifi_family != AF_UNSPEC) return false;  // of a bridge's port, which it stays
  if (message->nlmsg_type == RTM_DELLINK) neighbourhood_.forget(head->ifi_index);
  if (message->nlmsg_type == RTM_DELLINK) return interfaces_.erase(head->ifi_index) != 0;
  if (interfaces_.size() == kMost && interfaces_.count(head->ifi_index) == 0) return false;
  LinkParts parts;
  mnl_attr_parse(message, sizeof(ifinfomsg), read_link, &parts);
  const auto [at, is_new] = interfaces_.try_emplace(head->ifi_index);
  const KernelInterface before = at->second;
  KernelInterface& interface = at->second;
  interface.up = (head->ifi_flags & IFF_UP) != 0;
  if (parts.mac) interface.mac = *parts.mac;
  if (!parts.kind.empty()) {
    const bool is_upper = (parts.kind == "vlan" || parts.kind == "macvlan") && !parts.below_is_elsewhere;
    interface.below = is_upper ? parts.below.value_or(0) : 0;
    interface.vlan = parts.vlan;
    interface.service_vlan = parts.service_vlan;
  }
  return is_new || interface != before;
}

bool InterfaceTable::update_address(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(ifaddrmsg)) return false;
  const auto* head = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
  const auto at = interfaces_.find(static_cast<int>(head->ifa_index));
  if (at == interfaces_.end()) return false;
  AddressParts parts{.address = {}, .local = {}, .flags = head->ifa_flags};
  mnl_attr_parse(message, sizeof(ifaddrmsg), read_address, &parts);
  const auto& address = parts.local ? parts.local : parts.address;
  if (!address) return false;
  auto& addresses = at->second.addresses;
  const InterfaceAddress one{*address, head->ifa_prefixlen};
  const auto known = std::find(addresses.begin(), addresses.end(), one);
  if (message->nlmsg_type == RTM_DELADDR || (parts.flags & IFA_F_DADFAILED) != 0) {
    if (known == addresses.end()) return false;
    addresses.erase(known);
    return true;
  }
  if (known != addresses.end()) return false;
  addresses.push_back(one);
  return true;
}

const KernelInterface* InterfaceTable::find(int index) const {
  const auto at = interfaces_.find(index);
  return at == interfaces_.end() ? nullptr : &at->second;
}

bool InterfaceTable::stands_on(const KernelInterface& interface, int index) const {
  const KernelInterface* at = &interface;
  for (int level = 0; level < kHighest && at != nullptr && at->below != 0; ++level) {
    if (at->below == index) return true;
    at = find(at->below);
  }
  return false;
}

std::map<int, const KernelInterface*> InterfaceTable::on(int index) const {
  std::map<int, const KernelInterface*> found;
  for (const auto& [number, interface] : interfaces_)
    if (number != index && stands_on(interface, index)) found.emplace(number, &interface);
  return found;
}

tl::expected<InterfaceWatch, std::string> InterfaceWatch::open(bool with_neighbours) {
  InterfaceWatch watch(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE), with_neighbours);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (with_neighbours) address.nl_groups |= RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (watch.fd_ < 0 || bind(watch.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      !watch.start_over())
    return tl::make_unexpected("rtnetlink, for the kernel's interfaces: " + std::string(strerror(errno)));
  return watch;
}

InterfaceWatch::InterfaceWatch(InterfaceWatch&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      with_neighbours_(other.with_neighbours_),
      is_doubtful_(other.is_doubtful_),
      began_at_(other.began_at_),
      not_again_before_(other.not_again_before_),
      table_(std::move(other.table_)),
      fresh_(std::move(other.fresh_)),
      asked_for_(other.asked_for_),
      interrupted_(other.interrupted_),
      complete_(other.complete_) {}

InterfaceWatch& InterfaceWatch::operator=(InterfaceWatch&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(with_neighbours_, other.with_neighbours_);
  std::swap(is_doubtful_, other.is_doubtful_);
  std::swap(began_at_, other.began_at_);
  std::swap(not_again_before_, other.not_again_before_);
  std::swap(table_, other.table_);
  std::swap(fresh_, other.fresh_);
  std::swap(asked_for_, other.asked_for_);
  std::swap(interrupted_, other.interrupted_);
  std::swap(complete_, other.complete_);
  return *this;
}

InterfaceWatch::~InterfaceWatch() {
  if (fd_ >= 0) close(fd_);
}

bool InterfaceWatch::ask_for(uint16_t type) {
  struct {
    nlmsghdr header;
    rtgenmsg body;
  } request{};
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.body);
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  asked_for_ = type;
  return send(fd_, &request, request.header.nlmsg_len, 0) == static_cast<ssize_t>(request.header.nlmsg_len);
}

bool InterfaceWatch::start_over() {
  fresh_ = {};
  interrupted_ = false;
  is_doubtful_ = false;
  began_at_ = Clock::now();
  return ask_for(RTM_GETLINK);
}

bool InterfaceWatch::take(const nlmsghdr* message) {
  if (asked_for_ != 0 && (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted_ = true;
  if (message->nlmsg_type != NLMSG_DONE) {
    is_doubtful_ = is_doubtful_ || (with_neighbours_ && takes_routes_away(message));
    if (asked_for_ != 0) fresh_.update(message);
    return complete_ && table_.update(message);
  }
  if (interrupted_) return start_over(), false;
  if (asked_for_ == RTM_GETLINK) return ask_for(RTM_GETADDR), false;
  if (with_neighbours_ && asked_for_ == RTM_GETADDR) return ask_for(RTM_GETNEIGH), false;
  if (with_neighbours_ && asked_for_ == RTM_GETNEIGH) return ask_for(RTM_GETROUTE), false;
  asked_for_ = 0;
  const auto now = Clock::now();
  not_again_before_ = now + std::max<Clock::duration>(std::chrono::seconds(1), 20 * (now - began_at_));
  const bool changed = !complete_ || table_ != fresh_;
  table_ = std::exchange(fresh_, {});
  complete_ = true;
  return changed;
}

bool InterfaceWatch::read() {
  bool changed = false;
  alignas(nlmsghdr) std::array<char, size_t{32} * 1024> buffer;
  if (is_doubtful_ && asked_for_ == 0 && Clock::now() >= not_again_before_) start_over();
  // Whoever waits for fd() is back at once for what is left: routes may be a million.
  for (int reads = 0; reads < kReadsAtOnce; ++reads) {
    const ssize_t received = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (received < 0 && errno == ENOBUFS && start_over()) continue;
    if (received <= 0) break;
    int left = static_cast<int>(received);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left))
      changed = take(message) || changed;
  }
  return changed;
}

}  // namespace penstock::net

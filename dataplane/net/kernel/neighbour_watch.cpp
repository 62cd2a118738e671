#include "dataplane/net/kernel/neighbour_watch.h"

#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace penstock::net {
namespace {

// States in which the kernel would send to the MAC that the entry has.
constexpr uint16_t kUsable = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY;

struct Entry {
  std::optional<config::IpAddress> address;
  std::optional<std::array<uint8_t, 6>> mac;
};

int read_attribute(const nlattr* attribute, void* data) {
  Entry& entry = *static_cast<Entry*>(data);
  const size_t size = mnl_attr_get_payload_len(attribute);
  const void* bytes = mnl_attr_get_payload(attribute);
  switch (mnl_attr_get_type(attribute)) {
    case NDA_DST:
      if (size == 4 || size == 16) {
        entry.address.emplace();
        entry.address->family = size == 4 ? 4 : 6;
        std::memcpy(entry.address->bytes.data(), bytes, size);
      }
      break;
    case NDA_LLADDR:
      if (size == 6) std::memcpy(entry.mac.emplace().data(), bytes, size);
      break;
    default:
      break;
  }
  return MNL_CB_OK;
}

}  // namespace

std::optional<NeighbourEntry> read_neighbour(const nlmsghdr* message) {
  const bool is_gone = message->nlmsg_type == RTM_DELNEIGH;
  if ((message->nlmsg_type != RTM_NEWNEIGH && !is_gone) || mnl_nlmsg_get_payload_len(message) < sizeof(ndmsg))
    return std::nullopt;
  const auto* head = static_cast<const ndmsg*>(mnl_nlmsg_get_payload(message));
  if (head->ndm_family == AF_BRIDGE) return std::nullopt;  // which port of a bridge a MAC is behind
  Entry entry;
  mnl_attr_parse(message, sizeof(ndmsg), read_attribute, &entry);
  if (!entry.address) return std::nullopt;
  if (is_gone || (head->ndm_state & kUsable) == 0) entry.mac.reset();
  return NeighbourEntry{static_cast<int>(head->ndm_ifindex), *entry.address, entry.mac};
}

std::optional<MacChange> NeighbourTable::update(const nlmsghdr* message) {
  const auto entry = read_neighbour(message);
  if (!entry || !entry->mac) return std::nullopt;
  const auto key = std::make_pair(entry->interface, entry->address);
  const auto known = macs_.find(key);
  if (known == macs_.end()) {
    if (macs_.size() < kMost) macs_.emplace(key, *entry->mac);
    return std::nullopt;
  }
  if (known->second == *entry->mac) return std::nullopt;
  MacChange change{key.first, key.second, known->second, *entry->mac};
  known->second = *entry->mac;
  return change;
}

tl::expected<NeighbourWatch, std::string> NeighbourWatch::open() {
  NeighbourWatch watch(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_NEIGH;
  if (watch.fd_ < 0 || bind(watch.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      !watch.ask_for_all())
    return tl::make_unexpected("rtnetlink, for the kernel's neighbours: " + std::string(strerror(errno)));
  return watch;
}

NeighbourWatch::NeighbourWatch(NeighbourWatch&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), table_(std::move(other.table_)) {}

NeighbourWatch& NeighbourWatch::operator=(NeighbourWatch&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(table_, other.table_);
  return *this;
}

NeighbourWatch::~NeighbourWatch() {
  if (fd_ >= 0) close(fd_);
}

bool NeighbourWatch::ask_for_all() const {
  struct {
    nlmsghdr header;
    ndmsg body;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETNEIGH;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  return send(fd_, &request, sizeof request, 0) == sizeof request;
}

std::vector<MacChange> NeighbourWatch::read() {
  std::vector<MacChange> changes;
  alignas(nlmsghdr) std::array<char, size_t{32} * 1024> buffer;
  for (;;) {
    const ssize_t received = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (received < 0 && errno == ENOBUFS && ask_for_all()) continue;
    if (received <= 0) return changes;
    int left = static_cast<int>(received);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left))
      if (auto change = table_.update(message)) changes.push_back(*change);
  }
}

}  // namespace penstock::net

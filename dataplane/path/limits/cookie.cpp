#include "dataplane/path/limits/cookie.h"

#include <algorithm>
#include <cstring>

namespace penstock::path {
namespace {

using dns::Cookie;
using dns::CookieSecret;

constexpr uint16_t kVlanId = 0x0fff;  // the rest of the tag is the frame's, not the network's

// Whom a cookie is for: an address and, behind it, a MAC and a VLAN, which are zeros where the cookie is good from any.
class Owner {
 public:
  explicit Owner(const Packet& packet)
      : address_size_(state::prefix_length(state::ClientLevel::host, packet.family) / 8U) {
    std::memcpy(octets_.data(), packet.source.data(), address_size_);
  }
  void set_link(const Packet& packet) {
    std::memcpy(&octets_[address_size_], packet.peer_mac.data(), packet.peer_mac.size());
    dns::store16(&octets_[address_size_ + 6], packet.vlan & kVlanId);
  }
  std::span<const uint8_t> address() const { return {octets_.data(), address_size_}; }
  std::span<const uint8_t> whole() const { return {octets_.data(), address_size_ + 8U}; }

 private:
  unsigned address_size_;
  std::array<uint8_t, dns::kMostOwner> octets_{};
};

// What the client's cookie proves.
state::Proof proof_of(const state::Lcore& lcore, const Packet& packet, bool by_kernel, const Cookie& cookie,
                      uint32_t time) {
  const CookieSecret secret = lcore.clients.cookies.secret_of(dns::time_of(cookie));
  Owner owner(packet);
  if (dns::is_server_cookie(cookie, secret, owner.whole(), time)) return state::Proof::address;
  if (by_kernel) return state::Proof::none;
  owner.set_link(packet);
  return dns::is_server_cookie(cookie, secret, owner.whole(), time) ? state::Proof::link : state::Proof::none;
}

}  // namespace

void read_cookie(const state::Lcore& lcore, QueryWork& work) {
  const Packet& packet = work.packet;
  const dns::Query& query = work.query;
  const bool by_kernel = lcore.host.is_stream(packet.port);
  const uint32_t time = lcore.clients.cookies.unix_seconds(lcore.now);
  Cookie& cookie = work.query.traits.cookie;
  work.query.traits.has_cookie = true;
  std::memcpy(cookie.data(), packet.dns + query.cookie_at, std::min<size_t>(query.cookie_length, cookie.size()));
  if (query.cookie_length == cookie.size()) {
    const state::Proof proof = proof_of(lcore, packet, by_kernel, cookie, time);
    work.has_good_cookie = proof != state::Proof::none;
    if (work.proof == state::Proof::none) work.proof = proof;
    if (work.has_good_cookie && time - dns::time_of(cookie) < dns::kCookieRenewAfter)
      return;  // it is told the same again
  }
  Owner owner(packet);
  if (!by_kernel) owner.set_link(packet);
  dns::make_server_cookie(cookie, lcore.clients.cookies.secret(), owner.whole(), time);
}

}  // namespace penstock::path

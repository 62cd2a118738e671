// control/neighbours/neighbour_keeper.h - keeps the kernel's neighbour entries of our next hops fresh.
//
// Traffic that bypasses the kernel neither resolves nor refreshes an entry. So each wanted entry is marked as
// managed: the kernel resolves it and asks again when it grows stale. That alone notices a gateway that was
// replaced without a gratuitous ARP after about a minute (a REACHABLE entry is believed for up to 45 s), so
// an entry that nothing confirmed for `verify` is probed. Kernels before 5.16 ignore the mark; there the
// entry is used in the kernel's sense (NTF_USE) in every look.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>

#include "control/neighbours/neighbour_hand.h"
#include "control/neighbours/netlink_socket.h"

namespace penstock::control {

class NeighbourKeeper {
 public:
  using Clock = std::chrono::steady_clock;

  // `hand`: who changes entries for us; nullptr: we do it ourselves, which needs CAP_NET_ADMIN.
  NeighbourKeeper(NetlinkSocket& netlink, bool managed, std::chrono::seconds verify, NeighbourHand* hand = nullptr)
      : netlink_(netlink), hand_(hand), managed_(managed), verify_(verify) {}

  // The entry as it is now, after doing what it needs; nullopt: there is none.
  std::optional<Neighbour> look(const NeighbourKey& key, Clock::time_point now);

  bool keeps(const NeighbourKey& key) const { return kept_.contains(key); }
  // Gives up all entries but `wanted`; those that an earlier process of ours left managed too when
  // `leftovers`.
  void release_all_but(const std::set<NeighbourKey>& wanted, bool leftovers = false);

 private:
  struct Kept {
    bool ours = false;  // we made it managed
    std::optional<Clock::time_point> touched;
  };
  std::optional<Neighbour> get(const NeighbourKey& key);
  void touch(const NeighbourKey& key, Kept& kept, Clock::time_point now);
  std::error_code change(Touch touch, const NeighbourKey& key, const std::array<uint8_t, 6>& mac = {});

  NetlinkSocket& netlink_;
  NeighbourHand* hand_;
  bool managed_;
  std::chrono::seconds verify_;
  std::map<NeighbourKey, Kept> kept_;
};

}  // namespace penstock::control

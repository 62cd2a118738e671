// dataplane/state/clients/client_shares.h - what single clients have lately taken of something scarce: one lcore's own, of bounded size.
//
// A client is an IPv4 address or an IPv6 network (client_network.h), and apart from that what is proved to come from it: nobody can
// take that client's share with datagrams in its name. Only while something is scarce is anybody noted
// here. A set of places that is full gives up the one that has taken least: many addresses do not wash out the busy one.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/state/flights/pending.h"

namespace penstock::state {

// What there is only so much of.
enum class Thing : uint8_t {
  rate,             // what a pool's endpoints may be asked: taken, not held
  pending,          // slots of the pending table
  pending_of_pool,  // those that one pool may have
  waiters,
  chases,
};

// How much of it is in use. `of`: where each pool has its own, whose: by the slot of its first endpoint; else kNoEndpointSlot.
struct Scarce {
  Thing thing;
  config::EndpointSlot of;
  uint64_t used;
  uint64_t most;
};

struct Sharer {
  AddressBytes address;  // network order
  uint8_t family;
  uint64_t proof;  // key_of() what shows that the address is the sender's
};

struct ClientShare {
  uint64_t key = 0;    // 0: free
  uint32_t tick = 0;   // of kTickShift: when it was last used
  uint32_t taken = 0;  // in the window of that tick
  uint32_t usual = 0;  // in a window, in 256ths: the mean of the last second, the older the less
  uint32_t held = 0;   // now
};

class ClientShares {
 public:
  static constexpr unsigned kTickShift = 24;    // ns: 16.8 ms, the shortest window
  static constexpr unsigned kLongestShift = 6;  // of ticks: 1.07 s, the longest
  static constexpr size_t kSets = 2048;
  static constexpr size_t kWays = 4;

  // `seed`: nobody outside may know it.
  explicit ClientShares(uint64_t seed) : seed_(seed) {}

  // The client's entry for one scarce thing, new when there is none. `now` in ns. A window of the
  // thing has 2^shift ticks, shift <= kLongestShift.
  ClientShare& entry(const Sharer& sharer, Thing thing, config::EndpointSlot of, uint64_t now, unsigned shift);
  // The same, or nullptr.
  ClientShare* find(const Sharer& sharer, Thing thing, config::EndpointSlot of);

  // Places that were ever taken: old ones are given up only for new ones.
  uint32_t in_use() const { return in_use_; }
  static constexpr uint32_t capacity() { return kSets * kWays; }

 private:
  uint64_t key_of(const Sharer& sharer, Thing thing, config::EndpointSlot of) const;

  uint64_t seed_;
  uint32_t in_use_ = 0;
  std::array<std::array<ClientShare, kWays>, kSets> sets_{};
};

}  // namespace penstock::state

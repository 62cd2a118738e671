// dataplane/state/clients/turned_away.h - which clients an lcore turns away most: who may not ask, or is over its rate.
//
// One lcore writes, the main thread reads: whoever floods us is to be stopped before the lcore (dataplane/housekeeping/flood_police.h). In each
// window a place belongs to the client that most of its queries are from (Boyer and Moore's majority vote), so a flood has its
// place whoever else shares it. A client is an IPv4 address or an IPv6 network (client_network.h).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

#include "dataplane/state/clients/client_network.h"

namespace penstock::state {

class TurnedAway {
 public:
  static constexpr unsigned kWindowShift = 28;  // of ns: 268 ms
  static constexpr unsigned kPlaces = 64;

  struct Client {
    AddressBytes address;
    uint8_t family;
    uint32_t rate;   // queries/s that it may ask, 0: none
    uint32_t count;  // of its queries in this window, less those of others
  };

  void note(const AddressBytes& address, uint8_t family, uint32_t rate, uint64_t now) {
    const NetworkWords words = network_words(address, family, ClientLevel::network);
    Place& place = places_[(words[0] ^ words[0] >> 32) * 0x9e3779b97f4a7c15ULL >> 58];
    const auto window = static_cast<uint32_t>(now >> kWindowShift);
    const uint32_t count = place.window.load(kRelaxed) == window ? place.count.load(kRelaxed) : 0;
    if (count == 0) {
      place.count.store(0, kRelaxed);
      place.high.store(words[0], kRelaxed);
      place.low.store(words[1], kRelaxed);
      place.family.store(family, kRelaxed);
      place.window.store(window, kRelaxed);
    }
    const bool is_its_own = place.high.load(kRelaxed) == words[0] && place.low.load(kRelaxed) == words[1];
    if (is_its_own) place.rate.store(rate, kRelaxed);
    place.count.store(is_its_own ? count + 1 : count - 1, kRelaxed);
  }

  // Any thread: `take(const Client&)` for each place of this window or the one before. A place that is just being written may
  // give a client that there is not.
  template <typename Take>
  void each(uint64_t now, Take&& take) const {
    const auto window = static_cast<uint32_t>(now >> kWindowShift);
    for (const Place& place : places_) {
      if (window - place.window.load(kRelaxed) > 1) continue;
      const std::array<uint64_t, 2> words{place.high.load(kRelaxed), place.low.load(kRelaxed)};
      Client client{{}, place.family.load(kRelaxed), place.rate.load(kRelaxed), place.count.load(kRelaxed)};
      std::memcpy(client.address.data(), words.data(), sizeof words);
      if (client.count != 0) take(client);
    }
  }

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;

  struct alignas(32) Place {
    std::atomic<uint64_t> high{0};
    std::atomic<uint64_t> low{0};
    std::atomic<uint32_t> window{0};
    std::atomic<uint32_t> count{0};
    std::atomic<uint32_t> rate{0};
    std::atomic<uint8_t> family{0};
  };
  std::array<Place, kPlaces> places_;
};

}  // namespace penstock::state

// control/link/endpoint_slots.h - which slot of the endpoint state page belongs to which endpoint, and what
// it says.
//
// The page outlives control: it belongs to the dataplane. So slots are found again by key (address, family,
// pool), a fresh control takes over what the last one wrote until it knows better, and slots are freed only
// when no running image uses them. Without a dataplane all of it lives in a private copy; attach() merges the
// copy into the page.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "config/contract/endpoint_state.h"
#include "control/health/endpoint_id.h"
#include "control/neighbours/next_hop_mirror.h"

namespace penstock::control {

// XXH3 (64 bits) of the pool's name: the pool's part of a slot's key.
uint64_t pool_key(std::string_view pool);

class EndpointSlots {
 public:
  using Map = std::map<EndpointId, config::EndpointSlot>;

  // A slot for every endpoint of `wanted`; those that have one keep it. Frees nothing. Fails when
  // kMaxEndpoints are taken.
  tl::expected<Map, std::string> allocate(const std::vector<EndpointId>& wanted);

  // The dataplane's page from now on. Slots of the page keep their numbers, so ours may move: allocate()
  // again afterwards.
  void attach(std::shared_ptr<config::EndpointStatePage> page);
  void detach() { page_.reset(); }
  bool attached() const { return page_ != nullptr; }

  // Frees the slots of all other endpoints. Only once the dataplane has acknowledged rules that use `used`
  // alone.
  void release_all_but(const std::vector<EndpointId>& used);

  // Endpoints without a slot are ignored.
  void set_health(const EndpointId&, config::Health, uint8_t echoes_case = config::kCaseUnknown, bool errs = false);
  void set_next_hop(const EndpointId&, const std::optional<NextHop>&);
  // Every slot with this address, in any pool. Returns how many there are.
  size_t set_drained(const config::IpAddress&, bool drained);

  void beat(uint64_t monotonic_ns);

  std::optional<config::EndpointSlot> slot_of(const EndpointId&) const;
  uint32_t used() const;
  const config::EndpointState& state(config::EndpointSlot slot) const { return entries_[slot].state; }

 private:
  // The bits say what this control has written itself; the rest was taken over from the page.
  struct Entry {
    config::EndpointState state;
    bool health_known = false;
    bool next_hop_known = false;
    bool drained_known = false;
  };

  std::optional<config::EndpointSlot> find(const config::EndpointState& key) const;
  std::optional<config::EndpointSlot> find_free();
  void write(config::EndpointSlot slot);
  void write_all();

  config::IndexedArray<config::EndpointSlot, Entry, config::kMaxEndpoints> entries_{};
  config::EndpointSlot next_{0};  // freed slots rest as long as possible: their counters belonged to another endpoint
  std::shared_ptr<config::EndpointStatePage> page_;
};

}  // namespace penstock::control

#include "control/link/endpoint_slots.h"

#include <xxhash.h>

#include <algorithm>

namespace penstock::control {
namespace {

config::EndpointState key_of(const EndpointId& id) {
  config::EndpointState key;
  key.address = id.address.bytes;
  key.family = id.address.family;
  key.pool_key = pool_key(id.pool);
  return key;
}

bool same_key(const config::EndpointState& a, const config::EndpointState& b) {
  return a.family == b.family && a.pool_key == b.pool_key && a.address == b.address;
}

void copy_next_hop(config::EndpointState& to, const config::EndpointState& from) {
  to.source = from.source;
  to.mac = from.mac;
  to.vlan = from.vlan;
  to.port = from.port;
  to.reachable = from.reachable;
}

}  // namespace

uint64_t pool_key(std::string_view pool) {
  return XXH3_64bits(pool.data(), pool.size());
}

std::optional<config::EndpointSlot> EndpointSlots::find(const config::EndpointState& key) const {
  for (const config::EndpointSlot slot : config::kEndpointSlots)
    if (same_key(entries_[slot].state, key)) return slot;
  return std::nullopt;
}

std::optional<config::EndpointSlot> EndpointSlots::find_free() {
  for (uint32_t tried = 0; tried < config::kMaxEndpoints; ++tried) {
    const config::EndpointSlot slot = next_;
    next_ = config::EndpointSlot{static_cast<uint16_t>((next_.value() + 1) % config::kMaxEndpoints)};
    if (entries_[slot].state.family == 0) return slot;
  }
  return std::nullopt;
}

std::optional<config::EndpointSlot> EndpointSlots::slot_of(const EndpointId& id) const {
  return find(key_of(id));
}

uint32_t EndpointSlots::used() const {
  return static_cast<uint32_t>(
      std::count_if(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.state.family != 0; }));
}

tl::expected<EndpointSlots::Map, std::string> EndpointSlots::allocate(const std::vector<EndpointId>& wanted) {
  Map slots;
  for (const EndpointId& id : wanted) {
    const config::EndpointState key = key_of(id);
    std::optional<config::EndpointSlot> slot = find(key);
    if (!slot) {
      slot = find_free();
      if (!slot)
        return tl::make_unexpected("more than " + std::to_string(config::kMaxEndpoints) +
                                   " endpoints in the old and the new rules together: remove some first");
      entries_[*slot] = {key};
      write(*slot);
    }
    slots[id] = *slot;
  }
  return slots;
}

void EndpointSlots::attach(std::shared_ptr<config::EndpointStatePage> page) {
  page_ = std::move(page);
  const auto ours = entries_;
  entries_ = {};
  for (const config::EndpointSlot slot : config::kEndpointSlots) {
    const config::EndpointState found = page_->slots[slot].load();
    // A doubled key can only be what a control left that was killed while writing.
    if (found.family != 0 && !find(found)) entries_[slot] = {found};
  }
  for (const config::EndpointSlot slot : config::kEndpointSlots) {
    const Entry& our = ours[slot];
    if (our.state.family == 0) continue;
    if (const auto kept = find(our.state)) {
      Entry& entry = entries_[*kept];
      if (our.health_known) {
        entry.state.health = our.state.health;
        entry.state.echoes_case = our.state.echoes_case;
        entry.state.errs = our.state.errs;
      }
      if (our.next_hop_known) copy_next_hop(entry.state, our.state);
      if (our.drained_known) entry.state.drained = our.state.drained;
      entry.health_known = our.health_known;
      entry.next_hop_known = our.next_hop_known;
      entry.drained_known = our.drained_known;
    } else if (entries_[slot].state.family == 0) {
      entries_[slot] = our;
    } else if (const auto free = find_free()) {
      entries_[*free] = our;
    }
  }
  write_all();
}

void EndpointSlots::release_all_but(const std::vector<EndpointId>& used) {
  config::IndexedArray<config::EndpointSlot, bool, config::kMaxEndpoints> keep{};
  for (const EndpointId& id : used)
    if (const auto slot = slot_of(id)) keep[*slot] = true;
  bool changed = false;
  for (const config::EndpointSlot slot : config::kEndpointSlots) {
    if (keep[slot] || entries_[slot].state.family == 0) continue;
    entries_[slot] = {};
    changed = true;
  }
  if (changed) write_all();
}

void EndpointSlots::set_health(const EndpointId& id, config::Health health, uint8_t echoes_case, bool errs) {
  const auto slot = slot_of(id);
  if (!slot) return;
  entries_[*slot].state.health = health;
  entries_[*slot].state.echoes_case = echoes_case;
  entries_[*slot].state.errs = errs ? 1 : 0;
  entries_[*slot].health_known = true;
  write(*slot);
}

void EndpointSlots::set_next_hop(const EndpointId& id, const std::optional<NextHop>& hop) {
  const auto slot = slot_of(id);
  if (!slot) return;
  config::EndpointState via;
  if (hop) {
    via.source = hop->source.bytes;
    via.mac = hop->mac;
    via.vlan = hop->vlan;
    via.port = hop->port;
    via.reachable = 1;
  }
  copy_next_hop(entries_[*slot].state, via);
  entries_[*slot].next_hop_known = true;
  write(*slot);
}

size_t EndpointSlots::set_drained(const config::IpAddress& address, bool drained) {
  size_t found = 0;
  for (const config::EndpointSlot slot : config::kEndpointSlots) {
    Entry& entry = entries_[slot];
    if (entry.state.family != address.family || entry.state.address != address.bytes) continue;
    entry.state.drained = drained ? 1 : 0;
    entry.drained_known = true;
    write(slot);
    ++found;
  }
  return found;
}

void EndpointSlots::beat(uint64_t monotonic_ns) {
  if (page_) page_->heartbeat_ns.store(monotonic_ns, std::memory_order_relaxed);
}

void EndpointSlots::write(config::EndpointSlot slot) {
  if (!page_) return;
  config::write_slots(*page_, [&](auto&& slots) { slots[slot].store(entries_[slot].state); });
}

void EndpointSlots::write_all() {
  if (!page_) return;
  config::write_slots(*page_, [&](auto&& slots) {
    for (const config::EndpointSlot slot : config::kEndpointSlots) slots[slot].store(entries_[slot].state);
  });
}

}  // namespace penstock::control

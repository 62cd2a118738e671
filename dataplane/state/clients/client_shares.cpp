#include "dataplane/state/clients/client_shares.h"

#include "dataplane/state/clients/client_network.h"

namespace penstock::state {
namespace {

// Windows go by: what was taken becomes part of what is usual.
void move_to(ClientShare& share, uint32_t tick, unsigned shift) {
  const uint32_t passed = (tick >> shift) - (share.tick >> shift);
  share.tick = tick;
  if (passed == 0) return;
  const unsigned windows = ClientShares::kLongestShift - shift;  // in a second, as a power of two
  uint64_t taken = uint64_t{share.taken} * 256;
  share.taken = 0;
  if (passed > 8U << windows) {
    share.usual = 0;
    return;
  }
  for (uint32_t i = 0; i < passed; ++i) {
    share.usual = static_cast<uint32_t>((((uint64_t{share.usual} << windows) - share.usual) + taken) >> windows);
    taken = 0;
  }
}

uint64_t weight_of(const ClientShare& share, uint32_t tick) {
  if (share.key == 0) return 0;
  const bool is_recent = tick - share.tick < 2U << ClientShares::kLongestShift;
  return 1 + (is_recent ? uint64_t{share.taken} * 256 + share.usual : 0) + (uint64_t{share.held} << 32);
}

}  // namespace

uint64_t ClientShares::key_of(const Sharer& sharer, Thing thing, config::EndpointSlot of) const {
  return client_key(seed_, sharer.address, sharer.family, ClientLevel::network,
                    uint64_t{of.value()} << 8 | static_cast<uint8_t>(thing), sharer.proof);
}

ClientShare* ClientShares::find(const Sharer& sharer, Thing thing, config::EndpointSlot of) {
  const uint64_t key = key_of(sharer, thing, of);
  for (ClientShare& share : sets_[key % kSets])
    if (share.key == key) return &share;
  return nullptr;
}

ClientShare& ClientShares::entry(const Sharer& sharer, Thing thing, config::EndpointSlot of, uint64_t now,
                                 unsigned shift) {
  const auto tick = static_cast<uint32_t>(now >> kTickShift);
  const uint64_t key = key_of(sharer, thing, of);
  auto& set = sets_[key % kSets];
  ClientShare* least = &set[0];
  for (ClientShare& share : set) {
    if (share.key == key) {
      move_to(share, tick, shift);
      return share;
    }
    if (weight_of(share, tick) < weight_of(*least, tick)) least = &share;
  }
  if (least->key == 0) ++in_use_;
  *least = {.key = key, .tick = tick};
  return *least;
}

}  // namespace penstock::state

#include "control/neighbours/neighbour_keeper.h"

#include <spdlog/spdlog.h>

#include <linux/neighbour.h>

namespace penstock::control {

std::optional<Neighbour> NeighbourKeeper::get(const NeighbourKey& key) {
  std::optional<Neighbour> found;
  netlink_.ask(neighbour_request(key), [&](const nlmsghdr* message) { found = read_neighbour(message); });
  return found;
}

std::error_code NeighbourKeeper::change(Touch touch, const NeighbourKey& key, const std::array<uint8_t, 6>& mac) {
  if (hand_ != nullptr) return hand_->touch(touch, key, mac);
  return netlink_.ask(message_of({.touch = touch,
                                  .family = key.address.family,
                                  .mac = mac,
                                  .interface = key.interface,
                                  .address = key.address.bytes}));
}

void NeighbourKeeper::touch(const NeighbourKey& key, Kept& kept, Clock::time_point now) {
  kept.touched = now;
  if (managed_) {
    const std::error_code error = change(Touch::manage, key);
    const auto after = get(key);
    if (!error && after && after->managed) {
      kept.ours = true;
      return;
    }
    managed_ = false;
    spdlog::warn(
        "neighbours: the kernel does not refresh entries by itself ({}): Penstock refreshes them every few seconds",
        error ? error.message() : "NTF_EXT_MANAGED needs Linux 5.16");
  }
  if (const std::error_code error = change(Touch::use, key)) {
    spdlog::debug("neighbours: {}: {}", config::to_string(key.address), error.message());
  }
}

std::optional<Neighbour> NeighbourKeeper::look(const NeighbourKey& key, Clock::time_point now) {
  auto entry = get(key);
  const auto [at, is_new] = kept_.try_emplace(key);
  Kept& kept = at->second;
  if (is_new && entry && entry->managed) kept.ours = entry->protocol == kNeighbourProtocol;
  const uint16_t state = entry ? entry->state : static_cast<uint16_t>(NUD_NONE);
  // Set by an operator, or a link without addresses: the kernel keeps these as they are, and so do we.
  if ((state & (NUD_PERMANENT | NUD_NOARP)) != 0) return entry;

  const bool lately = kept.touched && now - *kept.touched < std::chrono::seconds(1);
  const bool asking = (state & (NUD_INCOMPLETE | NUD_DELAY | NUD_PROBE)) != 0;
  const bool lost = state == NUD_NONE || (state & NUD_FAILED) != 0;
  const bool unmanaged = managed_ && !(entry && entry->managed);
  const bool old = entry && entry->mac && !asking && entry->since_confirmed >= verify_;
  if (!lately && (lost || unmanaged || (!managed_ && state == NUD_STALE) || old)) {
    // The probe takes the mark away, the touch gives it back and leaves the probe alone.
    if (old && !lost) change(Touch::probe, key, *entry->mac);
    if (!old || managed_)
      touch(key, kept, now);
    else
      kept.touched = now;
    entry = get(key);
  }
  return entry;
}

void NeighbourKeeper::release_all_but(const std::set<NeighbourKey>& wanted, bool leftovers) {
  if (leftovers && managed_) {
    for (const uint8_t family : {AF_INET, AF_INET6}) {
      netlink_.ask(neighbour_dump_request(family), [&](const nlmsghdr* message) {
        const auto found = read_neighbour(message);
        if (found && found->managed && found->protocol == kNeighbourProtocol)
          kept_.try_emplace(found->key).first->second.ours = true;
      });
    }
  }
  std::erase_if(kept_, [&](const auto& one) {
    if (wanted.contains(one.first)) return false;
    if (one.second.ours) change(Touch::use, one.first);
    return true;
  });
}

}  // namespace penstock::control

// control/neighbours/neighbour_hand.h - the one thing of control that needs a right: changing the kernel's neighbour entries. A process
// of its own has CAP_NET_ADMIN and reads nothing but these requests, so control reads bytes from the network without any.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <system_error>

#include "control/neighbours/netlink_messages.h"

namespace penstock::control {

enum class Touch : uint8_t { manage, use, probe };  // as the messages of these names (netlink_messages.h)

struct TouchRequest {
  Touch touch = Touch::use;
  uint8_t family = 0;            // 4 or 6
  std::array<uint8_t, 6> mac{};  // of probe
  int32_t interface = 0;
  std::array<uint8_t, 16> address{};
};
static_assert(sizeof(TouchRequest) == 28);

class NeighbourHand {
 public:
  // Forks, so before any thread. `prepare` is run by the child, which lives until this object and its process are gone; signals
  // meant for us do not end it. Throws std::system_error.
  static std::unique_ptr<NeighbourHand> start(const std::function<void()>& prepare);
  ~NeighbourHand();
  NeighbourHand(const NeighbourHand&) = delete;
  NeighbourHand& operator=(const NeighbourHand&) = delete;

  // The kernel's answer; timed_out when there is none within a second.
  std::error_code touch(Touch touch, const NeighbourKey& key, const std::array<uint8_t, 6>& mac = {});

 private:
  explicit NeighbourHand(int socket) : socket_(socket) {}

  int socket_;
};

// The message of a request; empty: no entry can be meant.
NetlinkBytes message_of(const TouchRequest& request);

}  // namespace penstock::control

// dataplane/capture/frame_filter.h - whether a frame is captured: ours, of the side, client, endpoint and name that were asked for.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "config/contract/capture/capture_request.h"
#include "dataplane/capture/record_ring.h"
#include "dataplane/tables/local_host.h"

namespace penstock::capture {

class FrameFilter {
 public:
  // The request is sound (is_sound).
  explicit FrameFilter(const config::CaptureRequest& request);

  // `frame`, from the first octet of Ethernet on, was received on `port` or is about to leave by it. Only UDP with port 53 on one of our
  // addresses, or between one of our source ports and port 53, is ours. Checksums and MACs are not looked at: a query that is dropped
  // for one of them is what somebody looks for.
  bool passes(std::span<const uint8_t> frame, Direction direction, uint8_t port, const tables::LocalHost& host) const;

 private:
  struct Datagram;
  static bool read(std::span<const uint8_t> frame, Datagram& datagram);
  bool is_wanted_client(uint8_t family, const tables::AddressBytes& address) const;
  bool is_wanted_endpoint(uint8_t family, const tables::AddressBytes& address) const;
  bool has_wanted_name(std::span<const uint8_t> message) const;

  config::CaptureRequest request_;
  std::array<uint8_t, 16> client_mask_{};
  unsigned labels_ = 0;  // of the name, the root not counted
};

// Families, lengths and counts are within their bounds and the name is one: control is another process.
bool is_sound(const config::CaptureRequest& request);

}  // namespace penstock::capture

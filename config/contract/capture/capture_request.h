// config/contract/capture/capture_request.h - which packets of clients and endpoints a capture takes, and its bounds. penstockctl asks control, control
// the dataplane (config/contract/link.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "config/contract/name.h"

namespace penstock::config {

constexpr size_t kMaxCaptureEndpoints = 64;
constexpr uint32_t kMaxCaptureSeconds = 3600;
constexpr uint64_t kMinCaptureBytes = uint64_t{64} * 1024;
constexpr uint64_t kMaxCaptureBytes = uint64_t{64} << 30;

struct CaptureEndpoint {
  std::array<uint8_t, 16> address{};  // network order, IPv4 in the first four octets
  uint8_t family = 0;                 // 4 or 6
};

// All conditions must hold. Those of one side say nothing of the other.
struct CaptureRequest {
  uint8_t clients = 1;                      // 1: packets between clients and us
  uint8_t endpoints = 1;                    // 1: packets between us and endpoints
  uint8_t client_family = 0;                // of the prefix of clients; 0: any client
  uint8_t client_length = 0;                // bits
  std::array<uint8_t, 16> client{};         // network order
  uint8_t name_length = 0;                  // 0: any question
  std::array<char, kMaxNameLength> name{};  // folded wire form: this name and all names below it
  uint32_t endpoint_count = 0;              // 0: any endpoint
  std::array<CaptureEndpoint, kMaxCaptureEndpoints> endpoint{};
  uint32_t seconds = 60;  // 1 to kMaxCaptureSeconds
  uint32_t reserved = 0;
  uint64_t bytes = uint64_t{64} << 20;  // of the file, kMinCaptureBytes to kMaxCaptureBytes
  uint64_t packets = 0;                 // 0: any number
  std::array<char, 256> words{};        // the conditions as text, for the log and the file; ends with a zero octet
};

}  // namespace penstock::config

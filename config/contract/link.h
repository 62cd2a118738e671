// config/contract/link.h - what control and the dataplane say to each other over a SOCK_SEQPACKET UNIX socket.
//
// The dataplane listens, one control at a time connects. One message is one packet; file descriptors ride with it.
//
//   dataplane -> control  Hello + [counter page (read-only), endpoint state page]
//   control -> dataplane  Publish + [sealed memfd]     -> Published | Refused
//   control -> dataplane  Lookup                       -> Found
//   control -> dataplane  Flush                        -> Flushed
//   control -> dataplane  Browse, Compose, Judge       -> Browsed, Composed, Judged (config/contract/inquiry/)
//   control -> dataplane  StartCapture                 -> CaptureStarted + [stream socket: pcap-ng comes out]
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "config/contract/capture/capture_request.h"
#include "config/contract/indices/index.h"
#include "config/contract/name.h"

namespace penstock::config {

constexpr uint32_t kLinkVersion = 4;
constexpr size_t kMaxPorts = 8;

enum class MessageType : uint32_t {
  hello = 1,
  publish,
  published,
  refused,
  lookup,
  found,
  flush,
  flushed,
  browse,
  browsed,
  compose,
  composed,
  judge,
  judged,
  start_capture,
  capture_started
};

struct PortInfo {
  std::array<char, 16> name;
  std::array<char, 16>
      interface;  // the kernel's: the interface itself, or the TAP of a door; empty: the kernel has none
  std::array<uint8_t, 6> mac;
  uint8_t kind;  // config::PortKind
  uint8_t reserved;
};

struct Hello {
  MessageType type = MessageType::hello;
  uint32_t link_version = kLinkVersion;
  uint32_t image_version = 0;
  uint32_t lcores = 0;
  uint64_t generation = 0;  // running; 0: none
  uint64_t checksum = 0;    // of the running image
  uint64_t pid = 0;
  uint32_t ports = 0;
  uint32_t reserved = 0;
  std::array<PortInfo, kMaxPorts> port{};
};

struct Publish {
  MessageType type = MessageType::publish;
  uint32_t reserved = 0;
  uint64_t generation = 0;
  uint64_t size = 0;
};

// Every lcore has passed a quiescent state under the new rules; the old ones are gone.
struct Published {
  MessageType type = MessageType::published;
  uint32_t lcores = 0;
  uint64_t generation = 0;
  uint64_t checksum = 0;
  uint64_t swap_ns = 0;
  uint32_t zones = 0;
  uint32_t rules = 0;
  uint32_t pools = 0;
  uint32_t endpoints = 0;
};

struct Refused {
  MessageType type = MessageType::refused;
  uint32_t reserved = 0;
  uint64_t generation = 0;  // of the refused image
  std::array<char, 256> reason{};
};

// "Which rule would this name get?", asked of the very table that forwards.
struct Lookup {
  MessageType type = MessageType::lookup;
  uint8_t name_length = 0;
  std::array<char, kMaxNameLength> name{};  // folded wire form
  uint8_t family = 0;                       // of the client; 0: one of no group
  std::array<uint8_t, 16> client{};         // its address, in network order
};

struct Found {
  MessageType type = MessageType::found;
  RuleIndex rule{};  // or kNoRule
  uint64_t generation = 0;
  uint8_t matched_length = 0;     // wire octets of the zone that matched; 0: the default, or none
  uint8_t is_apex = 0;            // 1: the name itself matched, not a suffix of it
  uint8_t is_left_out = 0;        // 1: the rule is not for this client, who is refused
  uint8_t depends_on_client = 0;  // 1: other clients may have another rule
  uint16_t group = 0;             // of the client: of the image's groups, 0: none
  uint8_t may_ask = 0;            // 1: the client may ask at all; valid when it was given
  uint8_t reserved = 0;
};

// Remembered answers are to be forgotten.
enum class FlushScope : uint8_t { all, name, zone };
struct Flush {
  MessageType type = MessageType::flush;
  FlushScope scope = FlushScope::all;
  uint8_t name_length = 0;
  std::array<char, kMaxNameLength> name{};  // folded wire form
};
struct Flushed {
  MessageType type = MessageType::flushed;
  uint32_t reserved = 0;
  uint64_t entries = 0;  // forgotten
};

// Packets are to be captured. Who reads the stream ends the capture by shutting its end down for writing; it goes on until the stream
// ends. A capture ends with the link, too.
struct StartCapture {
  MessageType type = MessageType::start_capture;
  uint32_t reserved = 0;
  CaptureRequest request;
};
struct CaptureStarted {
  MessageType type = MessageType::capture_started;
  uint32_t reserved = 0;
  std::array<char, 256> reason{};  // not empty: it was not started, and no descriptor comes
};

struct Message {
  std::vector<uint8_t> bytes;
  std::vector<int> fds;  // the receiver's to close
  // The message as a struct, when type and size are that struct's.
  template <typename T>
  const T* as() const {
    if (bytes.size() != sizeof(T)) return nullptr;
    const auto* message = reinterpret_cast<const T*>(bytes.data());
    return message->type == T{}.type ? message : nullptr;
  }
  // The same of a struct that octets may follow: these are in `rest`, as long as the message is.
  template <typename T>
  const T* head(std::span<const uint8_t>& rest) const {
    if (bytes.size() < sizeof(T)) return nullptr;
    const auto* message = reinterpret_cast<const T*>(bytes.data());
    if (message->type != T{}.type) return nullptr;
    rest = std::span(bytes).subspan(sizeof(T));
    return message;
  }
};

// With all that follows its struct.
constexpr size_t kMaxMessage = size_t{96} * 1024;

// Blocking; at most four descriptors. The error is the system's text.
tl::expected<void, std::string> send_message(int socket, const void* bytes, size_t size,
                                             const std::vector<int>& fds = {});
template <typename T>
tl::expected<void, std::string> send_message(int socket, const T& message, const std::vector<int>& fds = {}) {
  return send_message(socket, &message, sizeof message, fds);
}
// A struct and octets behind it.
template <typename T>
tl::expected<void, std::string> send_message(int socket, const T& message, std::span<const uint8_t> rest) {
  std::vector<uint8_t> whole(sizeof message + rest.size());
  std::memcpy(whole.data(), &message, sizeof message);
  std::copy(rest.begin(), rest.end(), whole.begin() + sizeof message);
  return send_message(socket, whole.data(), whole.size());
}
// An empty message (no bytes): the other side closed.
tl::expected<Message, std::string> receive_message(int socket);

}  // namespace penstock::config

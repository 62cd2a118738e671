#include "dataplane/capture/frame_filter.h"

#include <algorithm>
#include <cstring>

#include "dataplane/dns/message.h"

namespace penstock::capture {

using dns::load16;
using tables::AddressBytes;

namespace {

constexpr uint16_t kDnsPort = 53;
constexpr uint8_t kUdp = 17;
constexpr uint8_t kFragment = 44;  // RFC 8200 section 4.5

std::span<const uint8_t> name_of(const config::CaptureRequest& request) {
  return {reinterpret_cast<const uint8_t*>(request.name.data()), request.name_length};
}

bool is_family(uint8_t family) {
  return family == 4 || family == 6;
}

}  // namespace

bool is_sound(const config::CaptureRequest& request) {
  if (request.endpoint_count > config::kMaxCaptureEndpoints || request.name_length > config::kMaxNameLength)
    return false;
  for (unsigned i = 0; i < request.endpoint_count; ++i)
    if (!is_family(request.endpoint[i].family)) return false;
  if (request.client_family != 0 && !is_family(request.client_family)) return false;
  if (request.client_length > (request.client_family == 4 ? 32 : 128)) return false;
  if (request.seconds == 0 || request.seconds > config::kMaxCaptureSeconds) return false;
  if (request.bytes < config::kMinCaptureBytes || request.bytes > config::kMaxCaptureBytes) return false;
  dns::FoldedName name;
  return request.name_length == 0 || (dns::parse_name(name_of(request), name) && name.length == request.name_length);
}

// As classify reads it (dataplane/path/frame), but for what it verifies.
struct FrameFilter::Datagram {
  const uint8_t* source_mac;
  AddressBytes source{};
  AddressBytes destination{};
  uint16_t source_port;
  uint16_t destination_port;
  uint8_t family;
  std::span<const uint8_t> message;
};

FrameFilter::FrameFilter(const config::CaptureRequest& request) : request_(request) {
  for (unsigned bit = 0; bit < request_.client_length; ++bit)
    client_mask_[bit / 8] = static_cast<uint8_t>(client_mask_[bit / 8] | 0x80U >> bit % 8);
  dns::FoldedName name;
  if (request_.name_length != 0 && dns::parse_name(name_of(request_), name)) labels_ = name.labels;
}

bool FrameFilter::read(std::span<const uint8_t> frame, Datagram& datagram) {
  if (frame.size() < 14) return false;
  datagram.source_mac = frame.data() + 6;
  uint16_t type = load16(frame.data() + 12);
  frame = frame.subspan(14);
  if (type == 0x8100 && frame.size() >= 4) {
    type = load16(frame.data() + 2);
    frame = frame.subspan(4);
  }
  if (type == 0x0800 && frame.size() >= 20 && frame[0] == 0x45) {
    if (frame[9] != kUdp || (load16(frame.data() + 6) & 0x1fff) != 0) return false;
    datagram.family = 4;
    std::memcpy(datagram.source.data(), frame.data() + 12, 4);
    std::memcpy(datagram.destination.data(), frame.data() + 16, 4);
    frame = frame.subspan(20);
  } else if (type == 0x86dd && frame.size() >= 48 && (frame[0] >> 4) == 6) {
    const uint8_t next = frame[6];
    const bool is_fragment = next == kFragment && frame[40] == kUdp && (load16(frame.data() + 42) & 0xfff8) == 0;
    if (next != kUdp && !is_fragment) return false;
    datagram.family = 6;
    std::memcpy(datagram.source.data(), frame.data() + 8, 16);
    std::memcpy(datagram.destination.data(), frame.data() + 24, 16);
    frame = frame.subspan(is_fragment ? 48 : 40);
  } else {
    return false;
  }
  if (frame.size() < 8) return false;
  datagram.source_port = load16(frame.data());
  datagram.destination_port = load16(frame.data() + 2);
  datagram.message = frame.subspan(8);
  return true;
}

bool FrameFilter::passes(std::span<const uint8_t> frame, Direction direction, uint8_t port,
                         const tables::LocalHost& host) const {
  Datagram datagram;
  if (!read(frame, datagram)) return false;
  const bool is_received = direction == Direction::received;
  // It comes back from the packet socket, and was captured as it left.
  const tables::LocalPort& local = host.ports[port];
  if (is_received && local.sees_own_frames && std::equal(local.mac.begin(), local.mac.end(), datagram.source_mac))
    return false;
  const AddressBytes& ours = is_received ? datagram.destination : datagram.source;
  const AddressBytes& theirs = is_received ? datagram.source : datagram.destination;
  const uint16_t our_port = is_received ? datagram.destination_port : datagram.source_port;
  const uint16_t their_port = is_received ? datagram.source_port : datagram.destination_port;
  if (our_port == kDnsPort && host.listen_index(datagram.family, ours) != tables::LocalHost::kNotListening) {
    if (request_.clients == 0 || !is_wanted_client(datagram.family, theirs)) return false;
  } else if (their_port == kDnsPort && host.owner(our_port) != tables::LocalHost::kNobody) {
    if (request_.endpoints == 0 || !is_wanted_endpoint(datagram.family, theirs)) return false;
  } else {
    return false;
  }
  return request_.name_length == 0 || has_wanted_name(datagram.message);
}

bool FrameFilter::is_wanted_client(uint8_t family, const AddressBytes& address) const {
  if (request_.client_family == 0) return true;
  if (request_.client_family != family) return false;
  for (unsigned i = 0; i < address.size(); ++i)
    if (((address[i] ^ request_.client[i]) & client_mask_[i]) != 0) return false;
  return true;
}

bool FrameFilter::is_wanted_endpoint(uint8_t family, const AddressBytes& address) const {
  if (request_.endpoint_count == 0) return true;
  for (unsigned i = 0; i < request_.endpoint_count; ++i)
    if (request_.endpoint[i].family == family && request_.endpoint[i].address == address) return true;
  return false;
}

bool FrameFilter::has_wanted_name(std::span<const uint8_t> message) const {
  if (message.size() < dns::kHeaderSize || dns::qdcount_of(message.data()) == 0) return false;
  dns::FoldedName name;
  if (!dns::parse_name(message.subspan(dns::kHeaderSize), name) || name.labels < labels_) return false;
  const unsigned at = name.offsets[name.labels - labels_];
  return name.length - at == request_.name_length &&
         std::memcmp(name.bytes + at, request_.name.data(), request_.name_length) == 0;
}

}  // namespace penstock::capture

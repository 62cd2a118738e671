// dataplane/capture/pcapng.h - blocks of a pcap-ng file (draft-ietf-opsawg-pcapng), put behind what `out` has.
//
// Little-endian. All interfaces have one link type (Ethernet) and one snap length, 262144: libpcap refuses files with several.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "dataplane/capture/record_ring.h"

namespace penstock::capture {

using Bytes = std::vector<uint8_t>;

// The beginning of a file (section 4.1).
void put_section(Bytes& out, std::string_view application, std::string_view comment);
// Section 4.2. The first one is interface 0. Times of its packets are in ns.
void put_interface(Bytes& out, std::string_view name, std::string_view description);
// Octets of a packet block with a frame of this length.
size_t size_of_packet(size_t length);
// Section 4.3. The record's port is its interface.
void put_packet(Bytes& out, const Record& record, uint64_t unix_ns);

struct InterfaceStatistics {
  uint64_t begin_ns;  // Unix time
  uint64_t end_ns;
  uint64_t matched;  // passed the filter
  uint64_t lost;     // of these: not in the file, for want of room
  uint64_t written;  // in the file
};
constexpr size_t kMostStatistics = 512;  // octets of its block, its comment of at most 255 octets included
// Section 4.6.
void put_statistics(Bytes& out, uint32_t interface, const InterfaceStatistics& statistics, std::string_view comment);

}  // namespace penstock::capture

#include "dataplane/capture/pcapng.h"

#include <array>
#include <cstring>

namespace penstock::capture {
namespace {

constexpr uint32_t kSectionBlock = 0x0a0d0d0a;
constexpr uint32_t kInterfaceBlock = 1;
constexpr uint32_t kStatisticsBlock = 5;
constexpr uint32_t kPacketBlock = 6;
constexpr uint16_t kEthernet = 1;
constexpr uint32_t kSnapLength = 262144;

// Options (section 3.5).
constexpr uint16_t kEnd = 0;
constexpr uint16_t kComment = 1;
constexpr uint16_t kApplication = 4;  // of a section
constexpr uint16_t kName = 2;         // of an interface
constexpr uint16_t kDescription = 3;
constexpr uint16_t kResolution = 9;
constexpr uint16_t kPacketFlags = 2;
constexpr uint16_t kBegin = 2;  // of statistics
constexpr uint16_t kEndTime = 3;
constexpr uint16_t kDropped = 5;
constexpr uint16_t kAccepted = 6;
constexpr uint16_t kDelivered = 8;

constexpr size_t padded(size_t length) {
  return (length + 3) / 4 * 4;
}

class Block {
 public:
  Block(Bytes& out, uint32_t type) : out_(out), begin_(out.size()) {
    put(type);
    put(uint32_t{0});
  }
  // Its length stands before and behind it.
  ~Block() {
    const auto length = static_cast<uint32_t>(out_.size() - begin_ + 4);
    std::memcpy(out_.data() + begin_ + 4, &length, 4);
    put(length);
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  template <typename Number>
  void put(Number number) {
    put_octets({reinterpret_cast<const uint8_t*>(&number), sizeof number});
  }
  void put_octets(std::span<const uint8_t> octets) {
    out_.insert(out_.end(), octets.begin(), octets.end());
    out_.resize(begin_ + padded_from_begin());
  }
  void put_option(uint16_t code, std::span<const uint8_t> value) {
    put(std::array<uint16_t, 2>{code, static_cast<uint16_t>(value.size())});
    put_octets(value);
  }
  void put_option(uint16_t code, std::string_view text) {
    text = text.substr(0, 255);
    if (!text.empty()) put_option(code, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  }
  void put_option(uint16_t code, uint64_t number) {
    put_option(code, {reinterpret_cast<const uint8_t*>(&number), sizeof number});
  }
  // The upper half first (section 4.6).
  void put_time(uint16_t code, uint64_t time) { put_option(code, time << 32 | time >> 32); }
  void end_options() { put(uint32_t{kEnd}); }

 private:
  size_t padded_from_begin() const { return padded(out_.size() - begin_); }

  Bytes& out_;
  const size_t begin_;
};

}  // namespace

void put_section(Bytes& out, std::string_view application, std::string_view comment) {
  Block block(out, kSectionBlock);
  block.put(uint32_t{0x1a2b3c4d});
  block.put(std::array<uint16_t, 2>{1, 0});
  block.put(int64_t{-1});  // its length is not known
  block.put_option(kComment, comment);
  block.put_option(kApplication, application);
  block.end_options();
}

void put_interface(Bytes& out, std::string_view name, std::string_view description) {
  Block block(out, kInterfaceBlock);
  block.put(std::array<uint16_t, 2>{kEthernet, 0});
  block.put(kSnapLength);
  block.put_option(kName, name);
  block.put_option(kDescription, description);
  const uint8_t nanoseconds = 9;
  block.put_option(kResolution, {&nanoseconds, 1});
  block.end_options();
}

size_t size_of_packet(size_t length) {
  return 8 + 20 + padded(length) + 8 + 4 + 4;
}

void put_packet(Bytes& out, const Record& record, uint64_t unix_ns) {
  Block block(out, kPacketBlock);
  block.put(uint32_t{record.port});
  block.put(static_cast<uint32_t>(unix_ns >> 32));
  block.put(static_cast<uint32_t>(unix_ns));
  block.put(record.length);
  block.put(record.wire_length);
  block.put_octets(record.frame());
  const uint32_t flags = record.direction == Direction::received ? 1 : 2;
  block.put_option(kPacketFlags, {reinterpret_cast<const uint8_t*>(&flags), sizeof flags});
  block.end_options();
}

void put_statistics(Bytes& out, uint32_t interface, const InterfaceStatistics& statistics, std::string_view comment) {
  Block block(out, kStatisticsBlock);
  block.put(interface);
  block.put(static_cast<uint32_t>(statistics.end_ns >> 32));
  block.put(static_cast<uint32_t>(statistics.end_ns));
  block.put_option(kComment, comment);
  block.put_time(kBegin, statistics.begin_ns);
  block.put_time(kEndTime, statistics.end_ns);
  block.put_option(kDropped, statistics.lost);
  block.put_option(kAccepted, statistics.matched);
  block.put_option(kDelivered, statistics.written);
  block.end_options();
}

}  // namespace penstock::capture

#include "dataplane/dns/records.h"

#include <cstring>

namespace penstock::dns {

bool Records::next(Record& record) {
  while (section_ < left_.size() && left_[section_] == 0) ++section_;
  if (section_ == left_.size() || malformed_) return false;
  --left_[section_];
  const unsigned fixed = skip_name(message_, at_);
  if (fixed == 0 || fixed + 10 > message_.size()) {
    malformed_ = true;
    return false;
  }
  const uint8_t* bytes = message_.data() + fixed;
  record.owner = static_cast<uint16_t>(at_);
  record.type = load16(bytes);
  record.record_class = load16(bytes + 2);
  record.ttl = load32(bytes + 4);
  record.data_length = load16(bytes + 8);
  record.data = static_cast<uint16_t>(fixed + 10);
  record.section = static_cast<RecordSection>(section_);
  at_ = fixed + 10U + record.data_length;
  malformed_ = at_ > message_.size();
  return !malformed_;
}

bool copy_name(std::span<const uint8_t> message, unsigned at, WireText& name) {
  unsigned length = 0;
  unsigned pointers = 0;
  unsigned bound = at;  // a pointer leads to before it
  while (at < message.size()) {
    const unsigned octet = message[at];
    if (octet >= 0xc0) {
      if (at + 2 > message.size() || ++pointers > kMaxPointers) return false;
      at = load16(&message[at]) & 0x3fff;
      if (at >= bound || at < kHeaderSize) return false;
      bound = at;
      continue;
    }
    if (octet > 63 || length + octet + 1 > name.bytes.size() || at + octet + 1 > message.size()) return false;
    std::memcpy(&name.bytes[length], &message[at], octet + 1);
    length += octet + 1;
    at += octet + 1;
    if (octet != 0) continue;
    name.length = static_cast<uint8_t>(length);
    return true;
  }
  return false;
}

bool read_name(std::span<const uint8_t> message, unsigned at, FoldedName& name) {
  WireText text;
  return copy_name(message, at, text) && parse_name({text.bytes.data(), text.length}, name);
}

bool is_name(std::span<const uint8_t> message, unsigned at, const FoldedName& name) {
  FoldedName other;
  return read_name(message, at, other) && other.length == name.length &&
         std::memcmp(other.bytes, name.bytes, name.length) == 0;
}

}  // namespace penstock::dns

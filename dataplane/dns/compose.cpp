#include "dataplane/dns/compose.h"

#include <algorithm>
#include <cstring>

namespace penstock::dns {
namespace {

constexpr uint16_t kTypeNaptr = 35;

// Octets before the names in a type's data, and how many names there are; anything behind them is copied.
struct NamesInData {
  uint16_t type;
  uint8_t before;
  uint8_t names;
};
constexpr NamesInData kNamesInData[] = {
    {2, 0, 1},           // NS
    {3, 0, 1},           // MD
    {4, 0, 1},           // MF
    {kTypeCname, 0, 1},  //
    {kTypeSoa, 0, 2},    //
    {7, 0, 1},           // MB
    {8, 0, 1},           // MG
    {9, 0, 1},           // MR
    {12, 0, 1},          // PTR
    {14, 0, 2},          // MINFO
    {15, 2, 1},          // MX
    {17, 0, 2},          // RP
    {18, 2, 1},          // AFSDB
    {21, 2, 1},          // RT
    {24, 18, 1},         // SIG
    {26, 2, 2},          // PX
    {30, 0, 1},          // NXT
    {33, 6, 1},          // SRV
    {kTypeNaptr, 4, 1},  // and three character strings before
    {36, 2, 1},          // KX
    {kTypeDname, 0, 1},  //
};
constexpr uint16_t kLastTypeOfRfc1035 = 16;

// The octets before a NAPTR's name; 0: they do not fit its data.
unsigned naptr_prefix(std::span<const uint8_t> data) {
  unsigned at = 4;
  for (int string = 0; string < 3; ++string) {
    if (at >= data.size()) return 0;
    at += data[at] + 1U;
  }
  return at <= data.size() ? at : 0;
}

}  // namespace

unsigned names_in_data(uint16_t type, std::span<const uint8_t> data, unsigned& at) {
  const auto* known = std::find_if(std::begin(kNamesInData), std::end(kNamesInData),
                                   [&](const NamesInData& one) { return one.type == type; });
  if (known == std::end(kNamesInData)) return 0;
  at = known->before;
  if (type == kTypeNaptr) {
    at = naptr_prefix(data);
    if (at == 0) at = static_cast<unsigned>(data.size()) + 1;
  }
  return known->names;
}

Composer::Composer(std::span<uint8_t> room) : room_(room) {
  std::memset(room_.data(), 0, kHeaderSize);
}

// Counts what was written, or takes it back.
Composed Composer::take(Composed outcome, unsigned before, unsigned count_at) {
  if (outcome == Composed::done) {
    store16(&room_[count_at], static_cast<uint16_t>(load16(&room_[count_at]) + 1));
    return outcome;
  }
  length_ = before;
  while (known_count_ > 0 && known_[known_count_ - 1].at >= before) --known_count_;
  return outcome;
}

Composed Composer::write_bytes(std::span<const uint8_t> bytes) {
  if (bytes.size() > room_.size() - length_) return Composed::full;
  std::copy(bytes.begin(), bytes.end(), room_.begin() + length_);
  length_ += static_cast<unsigned>(bytes.size());
  return Composed::done;
}

Composed Composer::write_name(const WireText& name, bool compress) {
  const std::span<const uint8_t> wire(name.bytes.data(), name.length);
  FoldedName folded;
  if (!parse_name(wire, folded)) return Composed::unreadable;
  const unsigned begin = length_;
  unsigned written = 0;  // labels before what is known
  unsigned pointer = 0;
  for (; written < folded.labels && pointer == 0; ++written) {
    const unsigned from = folded.offsets[written];
    for (unsigned i = 0; i < known_count_ && compress && pointer == 0; ++i) {
      const Known& known = known_[i];
      if (known.name.length < folded.length - from) continue;
      const unsigned suffix = known.name.length - (folded.length - from);
      for (unsigned label = 0; label < known.written && known.name.offsets[label] <= suffix; ++label)
        if (known.name.offsets[label] == suffix &&
            std::memcmp(known.name.bytes + suffix, folded.bytes + from, folded.length - from) == 0)
          pointer = known.at + suffix;
    }
    if (pointer != 0) break;
  }
  if (const Composed outcome = write_bytes(wire.first(folded.offsets[written])); outcome != Composed::done)
    return outcome;
  const uint8_t to[] = {static_cast<uint8_t>(0xc0 | pointer >> 8), static_cast<uint8_t>(pointer)};
  const uint8_t root[] = {0};
  if (const Composed outcome = pointer != 0 ? write_bytes(to) : write_bytes(root); outcome != Composed::done)
    return outcome;
  if (written > 0 && known_count_ < kKnown && length_ < 0x4000)
    known_[known_count_++] = {folded, static_cast<uint16_t>(begin), static_cast<uint8_t>(written)};
  return Composed::done;
}

Composed Composer::write_name(std::span<const uint8_t> message, unsigned at, bool compress) {
  WireText name;
  return copy_name(message, at, name) ? write_name(name, compress) : Composed::unreadable;
}

Composed Composer::write_fixed(uint16_t type, uint16_t record_class, uint32_t ttl) {
  uint8_t fixed[10] = {};  // the length of the data is put in later
  store16(fixed, type);
  store16(fixed + 2, record_class);
  store32(fixed + 4, ttl);
  return write_bytes(fixed);
}

Composed Composer::write_data(std::span<const uint8_t> message, const Record& record) {
  const std::span<const uint8_t> data = message.subspan(record.data, record.data_length);
  unsigned at = 0;
  const unsigned names = names_in_data(record.type, data, at);
  if (at > data.size()) return Composed::unreadable;
  if (const Composed outcome = write_bytes(data.first(at)); outcome != Composed::done) return outcome;
  for (unsigned i = 0; i < names; ++i) {
    const unsigned end = skip_name(data, at);
    if (end == 0) return Composed::unreadable;
    const Composed outcome = write_name(message, record.data + at, record.type <= kLastTypeOfRfc1035);
    if (outcome != Composed::done) return outcome;
    at = end;
  }
  return write_bytes(data.subspan(at));
}

Composed Composer::add_question(std::span<const uint8_t> question) {
  const unsigned before = length_;
  WireText name;
  if (question.size() < 5 || question.size() > name.bytes.size() + 4) return Composed::unreadable;
  name.length = static_cast<uint8_t>(question.size() - 4);
  std::copy(question.begin(), question.end() - 4, name.bytes.begin());
  Composed outcome = write_name(name, false);
  if (outcome == Composed::done) outcome = write_bytes(question.last(4));
  return take(outcome, before, 4);
}

Composed Composer::add(std::span<const uint8_t> message, const Record& record, uint32_t ttl) {
  const unsigned before = length_;
  Composed outcome = write_name(message, record.owner, true);
  if (outcome == Composed::done) outcome = write_fixed(record.type, record.record_class, ttl);
  const unsigned data = length_;
  if (outcome == Composed::done) outcome = write_data(message, record);
  if (outcome == Composed::done) store16(&room_[data - 2], static_cast<uint16_t>(length_ - data));
  return take(outcome, before, 6 + 2 * static_cast<unsigned>(record.section));
}

Composed Composer::add_cname(const WireText& owner, uint16_t record_class, uint32_t ttl, const WireText& target) {
  const unsigned before = length_;
  Composed outcome = write_name(owner, true);
  if (outcome == Composed::done) outcome = write_fixed(kTypeCname, record_class, ttl);
  const unsigned data = length_;
  if (outcome == Composed::done) outcome = write_name(target, true);
  if (outcome == Composed::done) store16(&room_[data - 2], static_cast<uint16_t>(length_ - data));
  return take(outcome, before, 6);
}

}  // namespace penstock::dns

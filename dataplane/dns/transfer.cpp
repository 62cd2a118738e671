#include "dataplane/dns/transfer.h"

#include <algorithm>
#include <cstring>

#include "dataplane/dns/spelling.h"

namespace penstock::dns {
namespace {

constexpr unsigned kShortestSoa = 22;  // two names and five numbers

// RFC 1982 section 3.2.
bool is_newer(uint32_t serial, uint32_t than) {
  return static_cast<int32_t>(serial - than) > 0;
}

// Of an SOA: its numbers are the last 20 octets. False: they are not there.
bool read_serial(std::span<const uint8_t> message, const Record& record, uint32_t& serial) {
  if (record.type != kTypeSoa || record.data_length < kShortestSoa) return false;
  serial = load32(&message[record.data + record.data_length - 20U]);
  return true;
}

}  // namespace

Transfer::Transfer(std::span<const uint8_t> query, unsigned question_length)
    : question_length_(static_cast<uint16_t>(std::min<size_t>(question_length, question_.size()))),
      id_(id_of(query.data())) {
  std::memcpy(question_.data(), &query[kHeaderSize], question_length_);
  if (load16(&question_[question_length_ - 4U]) != kTypeIxfr) return;
  Records records(query, kHeaderSize + question_length_);
  for (Record record; !is_incremental_ && records.next(record);)
    is_incremental_ = record.section == RecordSection::authority && read_serial(query, record, known_);
}

// RFC 5936 section 2.2.1: the question is there in the first message, and may be missing in the others.
bool Transfer::is_of_it(std::span<const uint8_t> message) const {
  if (message.size() < kHeaderSize || id_of(message.data()) != id_) return false;
  if ((flags_of(message.data()) & (kFlagResponse | kOpcodeMask | kFlagTruncated)) != kFlagResponse) return false;
  if (qdcount_of(message.data()) == 0) return awaits_ != Awaits::soa || message.size() == kHeaderSize;
  const unsigned name_length = question_length_ - 4U;
  return qdcount_of(message.data()) == 1 && message.size() >= kHeaderSize + question_length_ &&
         is_same_name(&message[kHeaderSize], question_.data(), name_length) &&
         std::memcmp(&message[kHeaderSize + name_length], &question_[name_length], 4) == 0;
}

TransferStep Transfer::take(std::span<const uint8_t> message) {
  if (!is_of_it(message)) return TransferStep::broken;
  if ((flags_of(message.data()) & kRcodeMask) != 0) return TransferStep::done;
  Records records(message, kHeaderSize + (qdcount_of(message.data()) != 0 ? unsigned{question_length_} : 0U));
  for (Record record; records.next(record) && record.section == RecordSection::answer;)
    if (const TransferStep step = take(message, record); step != TransferStep::more) return step;
  if (records.malformed()) return TransferStep::broken;
  // Without any record nothing has begun.
  return awaits_ == Awaits::soa ? TransferStep::done : TransferStep::more;
}

TransferStep Transfer::take(std::span<const uint8_t> message, const Record& record) {
  uint32_t serial = 0;
  const bool is_soa = read_serial(message, record, serial);
  if (record.type == kTypeSoa && !is_soa) return TransferStep::broken;
  switch (awaits_) {
    case Awaits::soa:
      if (!is_soa) return TransferStep::broken;
      newest_ = serial;
      // RFC 1995 section 2: this SOA alone, as there is nothing newer.
      if (is_incremental_ && !is_newer(newest_, known_)) return TransferStep::done;
      awaits_ = Awaits::form;
      return TransferStep::more;
    case Awaits::form:
      if (is_soa && is_incremental_ && serial == known_) {
        awaits_ = Awaits::added;
        return TransferStep::more;
      }
      awaits_ = Awaits::end;
      return is_soa ? TransferStep::done : TransferStep::more;
    case Awaits::end:
      return is_soa ? TransferStep::done : TransferStep::more;
    case Awaits::added:
      if (!is_soa) return TransferStep::more;
      reached_ = serial;
      awaits_ = Awaits::change;
      return TransferStep::more;
    case Awaits::change:
      if (!is_soa) return TransferStep::more;
      if (serial == newest_) return TransferStep::done;
      // RFC 1995 section 4: each difference begins with the version that the last one ended with.
      if (serial != reached_) return TransferStep::broken;
      awaits_ = Awaits::added;
      return TransferStep::more;
  }
  return TransferStep::broken;
}

}  // namespace penstock::dns

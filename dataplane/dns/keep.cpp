#include "dataplane/dns/keep.h"

#include <algorithm>
#include <cstring>

namespace penstock::dns {
namespace {

constexpr uint16_t kTypeSig = 24;
constexpr uint16_t kTypeTkey = 249;        // and above, up to ANY, are transfers and signatures
constexpr uint32_t kNodataWithoutSoa = 5;  // s

bool is_for_one_only(uint16_t type) {
  return type == kTypeSig || (type >= kTypeTkey && type < kTypeAny);
}

// RFC 2181 section 8: one with the highest bit set is 0.
uint32_t ttl_of(const Record& record) {
  return record.ttl > 0x7fffffff ? 0 : record.ttl;
}

// What the limits allow, s. Negative answers are those with a SOA (RFC 2308).
struct TtlRange {
  uint32_t least;
  uint32_t most;

  uint32_t nearest(uint32_t ttl) const { return std::min(std::max(ttl, least), most); }
};
TtlRange range_of(const KeepLimits& limits, bool is_negative) {
  if (is_negative) return {0, std::min(limits.max_ttl, limits.max_negative_ttl)};
  return {std::min(limits.min_ttl, limits.max_ttl), limits.max_ttl};
}

// The first error that the options tell of; codes that we have no room for are not kept.
ExtendedError error_of(std::span<const uint8_t> message, unsigned opt) {
  Opt of_message;
  read_opt(message.data(), opt, 0, of_message);
  Options options(message, of_message);
  for (Option option; options.next(option);)
    if (option.code == kOptionExtendedError && option.data().size() >= 2 && option.data()[0] == 0)
      return static_cast<ExtendedError>(option.data()[1]);
  return ExtendedError::none;
}

// Reads one record after another and notes the first run of addresses of one owner.
class AddressRun {
 public:
  AddressRun(std::span<const uint8_t> message, unsigned begin) : message_(message), begin_(begin) {}

  void take(const Record& record) {
    if (done_) return;
    const bool is_address =
        record.section == RecordSection::answer &&
        ((record.type == kTypeA && record.data_length == 4) || (record.type == kTypeAaaa && record.data_length == 16));
    if (count_ != 0 && (!is_address || !continues(record))) {
      done_ = count_ > 1;
      count_ = 0;
      if (done_) return;
    }
    if (!is_address) return;
    if (count_ == 0) first_ = record;
    last_ = record;
    if (++count_ > 1) {
      found_.first_address = static_cast<uint16_t>(first_.data - begin_);
      found_.stride = static_cast<uint8_t>(stride());
      found_.addresses = static_cast<uint8_t>(count_);
    }
  }
  void write(KeptAnswer& answer) const {
    answer.first_address = found_.first_address;
    answer.stride = found_.stride;
    answer.addresses = found_.addresses;
  }

 private:
  unsigned stride() const { return static_cast<unsigned>(last_.data - first_.data) / (count_ - 1); }
  bool continues(const Record& record) const {
    const unsigned head = first_.data - first_.owner;  // owner and fixed fields
    const unsigned whole = head + first_.data_length;
    return record.type == first_.type && record.owner == last_.owner + whole &&
           record.data - record.owner == static_cast<int>(head) && whole <= 255 && count_ < 255 &&
           std::memcmp(&message_[record.owner], &message_[first_.owner], head - 6) == 0;  // all but TTL and length
  }

  std::span<const uint8_t> message_;
  unsigned begin_;
  Record first_{};
  Record last_{};
  unsigned count_ = 0;
  bool done_ = false;
  KeptAnswer found_{};
};

}  // namespace

KeptAnswer find_addresses(std::span<const uint8_t> message, unsigned question_length) {
  const unsigned begin = kHeaderSize + question_length;
  KeptAnswer found;
  Records records(message, begin);
  AddressRun run(message, begin);
  Record record;
  while (records.next(record) && record.section == RecordSection::answer) run.take(record);
  run.write(found);
  return found;
}

Keep read_answer(std::span<const uint8_t> message, unsigned question_length, const KeepLimits& limits, Kept& kept) {
  const unsigned begin = kHeaderSize + question_length;
  const uint16_t flags = flags_of(message.data());
  const auto rcode = static_cast<Rcode>(flags & kRcodeMask);
  kept.over_limits = true;  // as far as is known
  if (!is_answer(rcode)) return Keep::failure;
  if ((flags & kFlagTruncated) != 0) return Keep::cut;
  const uint16_t type = load16(&message[begin - 4]);
  if (is_for_one_only(type)) return Keep::once;

  KeptAnswer& answer = kept.answer;
  answer = KeptAnswer{};
  kept.error = ExtendedError::none;
  Records records(message, begin);
  Record record;
  AddressRun run(message, begin);
  uint32_t least = 0xffffffff;
  uint32_t greatest = 0;
  uint32_t negative = 0xffffffff;  // what the SOA says
  uint16_t soa_at = 0;
  unsigned end = begin;  // of the last record that is kept
  bool with_opt = false;
  bool has_data = false;  // of the type asked
  while (records.next(record)) {
    if (record.type == kTypeOpt && record.section == RecordSection::additional) {
      // RFC 6891 section 6.1.3: the upper bits of the rcode.
      if (with_opt || message[record.owner] != 0 || record.ttl >> 24 != 0) return Keep::nothing;
      with_opt = true;
      if (record.data_length != 0) kept.error = error_of(message, record.owner);
      continue;
    }
    // Records behind an OPT would have to move, and what points at them with them.
    if (with_opt || is_for_one_only(record.type)) return Keep::once;
    if (answer.records == kMostRecords) return Keep::too_long;
    const uint32_t ttl = ttl_of(record);
    least = std::min(least, ttl);
    greatest = std::max(greatest, ttl);
    kept.ttl_at[answer.records++] = static_cast<uint16_t>(record.data - 6 - begin);
    ++answer.counts[static_cast<size_t>(record.section)];
    end = record.data + record.data_length;
    run.take(record);
    if (record.section == RecordSection::answer) {
      if (record.type == kTypeCname || record.type == kTypeDname) answer.has_chain = 1;
      has_data = has_data || record.type == type || type == kTypeAny;
    }
    // RFC 2308 section 5: the lesser of its TTL and its MINIMUM, which is what its data ends with.
    if (record.section == RecordSection::authority && record.type == kTypeSoa && record.data_length >= 22) {
      negative = std::min(ttl, load32(&message[end - 4]));
      soa_at = kept.ttl_at[answer.records - 1U];
    }
  }
  if (records.malformed()) return Keep::nothing;
  if (end - begin > kLongestBody) return Keep::too_long;

  const bool is_negative = rcode == Rcode::nxdomain || !has_data;
  TtlRange range = range_of(limits, is_negative && soa_at != 0);
  kept.over_limits = answer.records != 0 && (least < range.least || greatest > range.most);
  if (is_negative) {
    if (soa_at == 0) {
      // RFC 2308 section 5: without a SOA it should not be kept. For a moment it is: there are servers that never send one.
      if (rcode == Rcode::nxdomain) return Keep::once;
      negative = kNodataWithoutSoa;
    }
    range = {0, std::min({limits.max_ttl, limits.max_negative_ttl, negative})};
  }
  answer.ttl = range.nearest(least);
  if (answer.ttl == 0) return Keep::once;
  answer.flags = flags & (kRcodeMask | kFlagAuthenticData);
  answer.body_length = static_cast<uint16_t>(end - begin);
  std::memcpy(kept.body.data(), message.data() + begin, answer.body_length);
  // The links of a chain that ends in nothing are no negative answer: they have the limits of others.
  const TtlRange of_chain = range_of(limits, false);
  for (unsigned i = 0; i < answer.records; ++i) {
    uint8_t* at = &kept.body[kept.ttl_at[i]];
    const uint32_t raw = load32(at);
    store32(at, (i < answer.counts[0] ? of_chain : range).nearest(raw > 0x7fffffff ? 0 : raw));
  }
  run.write(answer);
  return Keep::answer;
}

void limit_ttls(std::span<uint8_t> message, unsigned question_length, const KeepLimits& limits) {
  const unsigned begin = kHeaderSize + question_length;
  const uint16_t type = load16(&message[begin - 4]);
  const bool is_nxdomain = static_cast<Rcode>(flags_of(message.data()) & kRcodeMask) == Rcode::nxdomain;
  bool has_data = false;  // of the type asked
  bool has_soa = false;
  Record record;
  Records look(message, begin);
  while (look.next(record)) {
    if (record.section == RecordSection::answer) has_data = has_data || record.type == type || type == kTypeAny;
    if (record.section == RecordSection::authority) has_soa = has_soa || record.type == kTypeSoa;
  }
  const TtlRange of_answers = range_of(limits, false);
  const TtlRange of_others = range_of(limits, has_soa && (is_nxdomain || !has_data));
  Records records(message, begin);
  while (records.next(record)) {
    if (record.type == kTypeOpt || is_for_one_only(record.type)) continue;
    const TtlRange& range = record.section == RecordSection::answer ? of_answers : of_others;
    store32(&message[record.data - 6], range.nearest(ttl_of(record)));
  }
}

void rotate_addresses(std::span<uint8_t> behind_question, const KeptAnswer& answer, uint32_t rotation) {
  const unsigned count = answer.addresses;
  if (count < 2) return;
  const unsigned by = rotation % count;
  if (by == 0) return;
  // The data's length stands before it.
  const unsigned length = load16(&behind_question[answer.first_address - 2U]);
  const auto swap = [&](unsigned a, unsigned b) {
    uint8_t* first = &behind_question[answer.first_address + a * answer.stride];
    std::swap_ranges(first, first + length, &behind_question[answer.first_address + b * answer.stride]);
  };
  const auto reverse = [&](unsigned from, unsigned to) {
    for (; from + 1 < to; ++from) swap(from, --to);
  };
  reverse(0, by);
  reverse(by, count);
  reverse(0, count);
}

unsigned give_answer(std::span<uint8_t> message, const QueryTraits& traits, const Kept& kept, const Giving& giving) {
  const KeptAnswer& answer = kept.answer;
  const auto rcode = static_cast<Rcode>(answer.flags & kRcodeMask);
  uint8_t* header = message.data();
  uint8_t* body = header + kHeaderSize + traits.question_length;
  // It was asked for with AD (RFC 6840 section 5.8).
  const uint16_t kept_flags = wants_ad(traits.flags, traits.dnssec_ok) ? answer.flags & kFlagAuthenticData : 0;
  const unsigned opt = traits.has_opt ? answer_tail(traits, giving.error) : 0;
  if (kHeaderSize + traits.question_length + answer.body_length + opt > traits.udp_size) {
    const unsigned length = write_answer(message, traits, rcode, giving.error);
    store16(header + 2, static_cast<uint16_t>(flags_of(header) | kept_flags | kFlagTruncated));
    return length;
  }
  std::memcpy(body, kept.body.data(), answer.body_length);
  const unsigned length = write_answer_around(message, traits, rcode, giving.error, answer.body_length);
  if (kept_flags != 0) store16(header + 2, static_cast<uint16_t>(flags_of(header) | kept_flags));
  store16(header + 6, answer.counts[0]);
  store16(header + 8, answer.counts[1]);
  store16(header + 10, static_cast<uint16_t>(answer.counts[2] + (traits.has_opt ? 1 : 0)));
  for (unsigned i = 0; i < answer.records; ++i) {
    const uint32_t ttl = load32(&kept.body[kept.ttl_at[i]]);
    store32(body + kept.ttl_at[i], giving.stale_ttl != 0 ? giving.stale_ttl : ttl > giving.age ? ttl - giving.age : 0);
  }
  rotate_addresses({body, answer.body_length}, answer, giving.rotation);
  return length;
}

}  // namespace penstock::dns

#include "dataplane/path/leak.h"

#include <cstring>

namespace penstock::path {
namespace {

using dns::Record;
using dns::RecordSection;

constexpr uint16_t kHintV4 = 4;  // RFC 9460 section 14.3.2
constexpr uint16_t kHintV6 = 6;

uint64_t load64(const uint8_t* at) {
  uint64_t value = 0;
  std::memcpy(&value, at, 8);
  return __builtin_bswap64(value);
}

bool lies_inside_v4(std::span<const config::ImagePrefix> networks, const uint8_t* address) {
  const uint32_t wanted = dns::load32(address);
  for (const config::ImagePrefix& network : networks)
    if (network.family == 4 && (uint64_t{wanted ^ dns::load32(network.address)} >> (32U - network.length)) == 0)
      return true;
  return false;
}

bool lies_inside_v6(std::span<const config::ImagePrefix> networks, const uint8_t* address) {
  const uint64_t high = load64(address);
  const uint64_t low = load64(address + 8);
  for (const config::ImagePrefix& network : networks) {
    if (network.family != 6) continue;
    const unsigned bits = network.length;
    uint64_t differs = high ^ load64(network.address);
    if (bits < 64)
      differs = bits == 0 ? 0 : differs >> (64 - bits);
    else if (bits > 64)
      differs |= (low ^ load64(network.address + 8)) >> (128 - bits);
    if (differs == 0) return true;
  }
  return false;
}

Leak address_leak(uint8_t family, const uint8_t* address) {
  Leak leak{.kind = LeakKind::address, .family = family};
  std::memcpy(leak.address.data(), address, family == 4 ? 4 : 16);
  return leak;
}

// `length` octets of addresses of one family.
Leak check_addresses(std::span<const config::ImagePrefix> networks, uint8_t family, const uint8_t* at,
                     unsigned length) {
  const unsigned size = family == 4 ? 4 : 16;
  if (length == 0 || length % size != 0) return {.kind = LeakKind::unreadable};
  if (networks.empty()) return {};
  for (unsigned i = 0; i < length; i += size)
    if (!lies_inside(networks, family, at + i)) return address_leak(family, at + i);
  return {};
}

// RFC 9460 section 2.2: priority, target without compression, parameters of key, length and value.
Leak check_hints(std::span<const config::ImagePrefix> networks, std::span<const uint8_t> data) {
  constexpr Leak kUnreadable{.kind = LeakKind::unreadable};
  dns::FoldedName target;
  if (data.size() < 3 || !dns::parse_name(data.subspan(2), target)) return kUnreadable;
  data = data.subspan(2U + target.length);
  while (!data.empty()) {
    if (data.size() < 4) return kUnreadable;
    const uint16_t key = dns::load16(&data[0]);
    const uint16_t length = dns::load16(&data[2]);
    data = data.subspan(4);
    if (data.size() < length) return kUnreadable;
    if (key == kHintV4 || key == kHintV6)
      if (const Leak leak = check_addresses(networks, key == kHintV4 ? 4 : 6, data.data(), length);
          leak.kind != LeakKind::none)
        return leak;
    data = data.subspan(length);
  }
  return {};
}

// Whether the answer section has what was asked, or an address, under that name.
bool ends_with_data(std::span<const uint8_t> message, unsigned begin, const dns::FoldedName& end, uint16_t asked) {
  dns::Records records(message, begin);
  Record record;
  while (records.next(record) && record.section == RecordSection::answer)
    if ((record.type == asked || record.type == dns::kTypeA || record.type == dns::kTypeAaaa) &&
        dns::is_name(message, record.owner, end))
      return true;
  return false;
}

Leak check_chain(const tables::Ruleset& rules, uint16_t group, std::span<const uint8_t> message,
                 unsigned question_length) {
  Chain chain(message, question_length);
  Chain::Step step = chain.next();
  if (step == Chain::Step::end) return {};  // a CNAME of another name: nobody follows it
  while (step == Chain::Step::link) step = chain.next();
  if (step != Chain::Step::end) return {.kind = LeakKind::unreadable};
  const uint16_t asked = question_type(message.data(), question_length);
  if (ends_with_data(message, dns::kHeaderSize + question_length, chain.name(), asked)) return {};
  uint32_t number = 0;
  const config::ImageRule* end = rule_of_name(rules, chain.name(), group, number);
  if (end != nullptr && end->is_private != 0) return {};
  return {.kind = LeakKind::chain};
}

}  // namespace

bool lies_inside(std::span<const config::ImagePrefix> networks, uint8_t family, const uint8_t* address) {
  return family == 4 ? lies_inside_v4(networks, address) : lies_inside_v6(networks, address);
}

Leak find_leak(const tables::Ruleset& rules, const config::ImageRule& rule, uint16_t group,
               std::span<const uint8_t> message, unsigned question_length) {
  const std::span<const config::ImagePrefix> networks = rules.expected(rule);
  dns::Records records(message, dns::kHeaderSize + question_length);
  Record record;
  Leak beside;  // behind the answer section
  bool has_link = false;
  bool has_data = false;
  bool has_soa = false;
  while (records.next(record)) {
    const bool in_answer = record.section == RecordSection::answer;
    const uint8_t* data = message.data() + record.data;
    Leak leak;
    switch (record.type) {
      case dns::kTypeA:
        leak = check_addresses(networks, 4, data, record.data_length == 4 ? 4 : 0);
        break;
      case dns::kTypeAaaa:
        leak = check_addresses(networks, 6, data, record.data_length == 16 ? 16 : 0);
        break;
      case dns::kTypeSvcb:
      case dns::kTypeHttps:
        leak = check_hints(networks, {data, record.data_length});
        break;
      case dns::kTypeCname:
      case dns::kTypeDname:
        has_link = has_link || in_answer;
        continue;
      case dns::kTypeRrsig:
        continue;
      case dns::kTypeSoa:
        has_soa = has_soa || record.section == RecordSection::authority;
        break;
      default:
        break;
    }
    has_data = has_data || in_answer;
    if (leak.kind == LeakKind::none) continue;
    if (in_answer || leak.kind == LeakKind::unreadable) return leak;
    if (beside.kind == LeakKind::none) beside = leak;
  }
  if (records.malformed()) return {.kind = LeakKind::unreadable};

  const auto rcode = static_cast<dns::Rcode>(dns::flags_of(message.data()) & dns::kRcodeMask);
  const bool negative = !has_data && (rcode == dns::Rcode::nxdomain || (rcode == dns::Rcode::noerror && has_soa));
  if (negative) return {};
  if (beside.kind != LeakKind::none) return beside;
  if (!has_link || rcode != dns::Rcode::noerror) return {};
  if (!follows_chains(question_type(message.data(), question_length))) return {};
  return check_chain(rules, group, message, question_length);
}

}  // namespace penstock::path

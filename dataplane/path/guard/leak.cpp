#include "dataplane/path/guard/leak.h"

#include <algorithm>
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

constexpr uint8_t kNat64[12] = {0, 0x64, 0xff, 0x9b};  // 64:ff9b::/96

bool has_v4_inside(uint8_t family, const uint8_t* address) {
  return family == 6 && std::memcmp(address, kNat64, sizeof kNat64) == 0;
}

// Did nobody write where addresses of the family lie?
bool is_withheld(std::span<const config::ImagePrefix> networks, uint8_t family) {
  return std::none_of(networks.begin(), networks.end(),
                      [&](const auto& one) { return one.family == family && one.is_assumed == 0; });
}

Leak address_leak(std::span<const config::ImagePrefix> networks, uint8_t family, const uint8_t* address) {
  const bool withheld = is_withheld(networks, has_v4_inside(family, address) ? 4 : family);
  Leak leak{.kind = withheld ? LeakKind::withheld : LeakKind::address, .family = family};
  std::memcpy(leak.address.data(), address, family == 4 ? 4 : 16);
  return leak;
}

// Of several leaks the first, but one that is not only withheld goes before.
void worsen(Leak& leak, const Leak& other) {
  const bool is_worse = leak.kind == LeakKind::withheld && other.kind != LeakKind::withheld;
  if (leak.kind == LeakKind::none || (is_worse && other.kind != LeakKind::none)) leak = other;
}

// `length` octets of addresses of one family.
Leak check_addresses(std::span<const config::ImagePrefix> networks, uint8_t family, const uint8_t* at,
                     unsigned length) {
  const unsigned size = family == 4 ? 4 : 16;
  if (length == 0 || length % size != 0) return {.kind = LeakKind::unreadable};
  if (networks.empty()) return {};
  Leak leak;
  for (unsigned i = 0; i < length; i += size)
    if (!lies_inside(networks, family, at + i)) worsen(leak, address_leak(networks, family, at + i));
  return leak;
}

// RFC 9460 section 2.2: priority, target without compression, parameters of key, length and value.
Leak check_hints(std::span<const config::ImagePrefix> networks, std::span<const uint8_t> data) {
  constexpr Leak kUnreadable{.kind = LeakKind::unreadable};
  Leak leak;
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
      worsen(leak, check_addresses(networks, key == kHintV4 ? 4 : 6, data.data(), length));
    if (leak.kind == LeakKind::unreadable) return leak;
    data = data.subspan(length);
  }
  return leak;
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
  config::RuleIndex number{};
  const config::ImageRule* end = rules.rule_of_name(chain.name(), group, number);
  if (end != nullptr && end->is_private != 0) return {};
  return {.kind = LeakKind::chain};
}

// What one record says.
Leak leak_of(std::span<const config::ImagePrefix> networks, const uint8_t* message, const Record& record) {
  const uint8_t* data = message + record.data;
  switch (record.type) {
    case dns::kTypeA:
      return check_addresses(networks, 4, data, record.data_length == 4 ? 4 : 0);
    case dns::kTypeAaaa:
      return check_addresses(networks, 6, data, record.data_length == 16 ? 16 : 0);
    case dns::kTypeSvcb:
    case dns::kTypeHttps:
      return check_hints(networks, {data, record.data_length});
    default:
      return {};
  }
}

// What there is of an answer beside single leaks.
struct Contents {
  uint16_t asked;
  bool has_link = false;
  bool has_data = false;
  bool has_other_data = false;  // than what was asked for
  bool has_soa = false;

  void note(const Record& record) {
    const bool in_answer = record.section == RecordSection::answer;
    switch (record.type) {
      case dns::kTypeCname:
      case dns::kTypeDname:
        has_link = has_link || in_answer;
        return;
      case dns::kTypeRrsig:
        return;
      case dns::kTypeSoa:
        has_soa = has_soa || record.section == RecordSection::authority;
        break;
      default:
        break;
    }
    has_data = has_data || in_answer;
    has_other_data = has_other_data || (in_answer && record.type != asked);
  }
  // NXDOMAIN, or SOA and no data.
  bool is_negative(dns::Rcode rcode) const {
    return !has_data && (rcode == dns::Rcode::nxdomain || (rcode == dns::Rcode::noerror && has_soa));
  }
};

}  // namespace

bool lies_inside(std::span<const config::ImagePrefix> networks, uint8_t family, const uint8_t* address) {
  if (family == 4) return lies_inside_v4(networks, address);
  return lies_inside_v6(networks, address) ||
         (has_v4_inside(family, address) && lies_inside_v4(networks, address + sizeof kNat64));
}

Leak find_leak(const tables::Ruleset& rules, const config::ImageRule& rule, uint16_t group,
               std::span<const uint8_t> message, unsigned question_length) {
  const std::span<const config::ImagePrefix> networks = rules.expected(rule);
  dns::Records records(message, dns::kHeaderSize + question_length);
  Contents contents{.asked = question_type(message.data(), question_length)};
  Leak beside;    // behind the answer section
  Leak withheld;  // in the answer section
  for (Record record; records.next(record);) {
    contents.note(record);
    const Leak leak = leak_of(networks, message.data(), record);
    if (leak.kind == LeakKind::none) continue;
    const bool in_answer = record.section == RecordSection::answer;
    if (leak.kind == LeakKind::unreadable || (in_answer && leak.kind != LeakKind::withheld)) return leak;
    worsen(in_answer ? withheld : beside, leak);
  }
  if (records.malformed()) return {.kind = LeakKind::unreadable};
  if (withheld.kind != LeakKind::none) {
    // What else was asked for would be lost with it: that is told by the failure.
    if (contents.has_other_data) withheld.kind = LeakKind::address;
    return withheld;
  }

  const auto rcode = static_cast<dns::Rcode>(dns::flags_of(message.data()) & dns::kRcodeMask);
  if (contents.is_negative(rcode)) return {};
  if (beside.kind == LeakKind::address) return beside;
  if (contents.has_link && rcode == dns::Rcode::noerror && follows_chains(contents.asked))
    if (const Leak chain = check_chain(rules, group, message, question_length); chain.kind != LeakKind::none)
      return chain;
  if (beside.kind == LeakKind::withheld) beside.kind = LeakKind::beside;
  return beside;
}

}  // namespace penstock::path

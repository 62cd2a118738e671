#include "config/model.h"

#include <algorithm>

namespace penstock::config {

bool is_withheld(const Rule& rule, uint8_t family) {
  if (rule.expect.empty()) return false;
  if (family == 6 && rule.assumes_ipv6) return true;
  return std::none_of(rule.expect.begin(), rule.expect.end(),
                      [&](const IpPrefix& one) { return one.address.family == family; });
}

bool is_expected(const Rule& rule, const IpAddress& address) {
  if (rule.expect.empty()) return true;
  const IpAddress inside = judged_address(address);
  return std::any_of(rule.expect.begin(), rule.expect.end(),
                     [&](const IpPrefix& one) { return one.contains(address) || one.contains(inside); });
}

IpAddress judged_address(const IpAddress& address) {
  static const IpPrefix kNat64 = *parse_prefix("64:ff9b::/96");
  if (!kNat64.contains(address)) return address;
  IpAddress inside;
  inside.family = 4;
  std::copy_n(address.bytes.begin() + 12, 4, inside.bytes.begin());
  return inside;
}

void ZoneNames::add(std::string_view wire_name, Scope scope, uint32_t rule, Where where) {
  entries.push_back({static_cast<uint32_t>(bytes.size()), rule, where, static_cast<uint8_t>(wire_name.size()), scope});
  bytes.append(wire_name);
}

}  // namespace penstock::config

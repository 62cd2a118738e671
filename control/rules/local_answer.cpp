#include "control/rules/local_answer.h"

#include <ldns/ldns.h>

#include <algorithm>
#include <memory>

#include "control/rules/zone_records.h"

namespace penstock::control {
namespace {

std::string text_of(const ZoneRecord& record, std::string_view owner) {
  std::string wire(owner);
  const auto put = [&](uint32_t value, int octets) {
    for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) wire.push_back(static_cast<char>(value >> shift));
  };
  put(record.type, 2);
  put(1, 2);
  put(record.ttl, 4);
  put(static_cast<uint32_t>(record.data.size()), 2);
  wire += record.data;
  ldns_rr* made = nullptr;
  size_t at = 0;
  if (ldns_wire2rr(&made, reinterpret_cast<const uint8_t*>(wire.data()), wire.size(), &at, LDNS_SECTION_ANSWER) !=
      LDNS_STATUS_OK)
    return config::to_text(owner) + " TYPE" + std::to_string(record.type);
  const std::unique_ptr<char, decltype(&free)> written(ldns_rr2str(made), free);
  ldns_rr_free(made);
  std::string text = written ? written.get() : "";
  std::replace(text.begin(), text.end(), '\t', ' ');
  return text.substr(0, text.find('\n'));
}

bool is_at_or_below(std::string_view name, std::string_view ancestor) {
  while (name.size() > ancestor.size()) name.remove_prefix(static_cast<uint8_t>(name[0]) + 1U);
  return name == ancestor;
}

}  // namespace

LocalAnswer local_answer(const config::Rule& rule, std::string_view zone, config::Scope scope, std::string_view name) {
  const std::vector<ZoneRecord> records = read_zone_records(rule, zone, scope).records;
  const auto exists = [&](std::string_view wanted) {
    return wanted == zone || std::any_of(records.begin(), records.end(), [&](const ZoneRecord& record) {
             return is_at_or_below(record.owner, wanted);
           });
  };
  LocalAnswer answer;
  const auto take = [&](std::string_view owner) {
    for (const ZoneRecord& record : records)
      if (record.owner == owner) answer.records.push_back(text_of(record, name));
  };
  if (exists(name)) {
    take(name);
    answer.how = answer.records.empty() ? "no record at this name: NODATA" : "records of this name";
    return answer;
  }
  // RFC 4592: the wildcard at the closest encloser, or nothing.
  std::string_view encloser = name;
  while (encloser.size() > zone.size() && !exists(encloser))
    encloser.remove_prefix(static_cast<uint8_t>(encloser[0]) + 1U);
  const std::string wildcard = std::string("\1*", 2).append(encloser);
  if (!exists(wildcard)) {
    answer.how = "no such name: NXDOMAIN";
    return answer;
  }
  take(wildcard);
  answer.how = "records of " + config::to_text(wildcard) + (answer.records.empty() ? ", which has none: NODATA" : "");
  return answer;
}

}  // namespace penstock::control

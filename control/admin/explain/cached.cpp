#include "control/admin/explain/cached.h"

#include <ldns/ldns.h>
// ldns makes them ints in the absence of C99's.
#undef true
#undef false

#include <algorithm>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/contract/image.h"
#include "control/admin/explain/records.h"
#include "control/queries/query_names.h"

namespace penstock::control {
namespace {

using config::CachedAnswer;
using config::CachedState;
using nlohmann::json;

struct Free {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
using Packet = std::unique_ptr<ldns_pkt, Free>;

void put16(std::vector<uint8_t>& message, unsigned number) {
  message.push_back(static_cast<uint8_t>(number >> 8));
  message.push_back(static_cast<uint8_t>(number));
}

// As a client would get it: names in the records may point at the question.
Packet packet_of(const CachedEntry& entry) {
  std::vector<uint8_t> message;
  put16(message, 0);
  put16(message, 0x8000U | entry.told.flags);
  put16(message, 1);
  for (const uint16_t count : entry.told.counts) put16(message, count);
  message.insert(message.end(), entry.name.begin(), entry.name.end());
  put16(message, entry.told.record_type);
  put16(message, entry.told.record_class);
  message.insert(message.end(), entry.body.begin(), entry.body.end());
  ldns_pkt* packet = nullptr;
  if (ldns_wire2pkt(&packet, message.data(), message.size()) != LDNS_STATUS_OK) return nullptr;
  return Packet(packet);
}

json records_of(const CachedEntry& entry) {
  const Packet packet = packet_of(entry);
  return packet ? record_lines(*packet, entry.told.age_ms / 1000) : json::array();
}

const char* text_of(CachedState state) {
  switch (state) {
    case CachedState::fresh:
      return "fresh";
    case CachedState::stale:
      return "stale";
    case CachedState::expired:
      return "expired";
    case CachedState::failure:
      return "failure";
    case CachedState::unused:
      break;
  }
  return "unused";
}

json asked_with(uint8_t bits) {
  json with = json::array();
  if ((bits & config::kAskedForRecursion) != 0) with.push_back("RD");
  if ((bits & config::kAskedWithoutChecking) != 0) with.push_back("CD");
  if ((bits & config::kAskedForDnssec) != 0) with.push_back("DO");
  return with;
}

json failure_of(const CachedAnswer& told) {
  if (told.failures == 0) return nullptr;
  const uint64_t left = told.pause_ms > told.failed_ms ? told.pause_ms - told.failed_ms : 0;
  return {{"rcode", rcode_text(told.failure)},
          {"ago_s", told.failed_ms / 1000},
          {"in_a_row", told.failures},
          {"asked_again_in_s", (left + 999) / 1000}};
}

}  // namespace

bool each_cached(const BrowsedPages& pages, const std::function<void(const CachedEntry&)>& visit) {
  std::span<const uint8_t> rest(pages.entries);
  for (uint32_t i = 0; i < pages.head.entries; ++i) {
    CachedAnswer told;
    if (rest.size() < sizeof told) return false;
    std::memcpy(&told, rest.data(), sizeof told);
    if (told.size > rest.size() || told.size < sizeof told + told.name_length + told.body_length) return false;
    const std::span<const uint8_t> behind = rest.subspan(sizeof told);
    visit({told,
           {reinterpret_cast<const char*>(behind.data()), told.name_length},
           behind.subspan(told.name_length, told.body_length)});
    rest = rest.subspan(told.size);
  }
  return rest.empty();
}

json cached_report(const CachedEntry& entry, const StatusView* view) {
  const CachedAnswer& told = entry.told;
  const bool has_answer = told.ttl != 0;
  const uint64_t age_s = told.age_ms / 1000;
  json of{{"name", config::to_text(entry.name)},
          {"type", type_text(told.record_type)},
          {"class", class_text(told.record_class)},
          {"state", text_of(told.state)},
          {"asked", asked_with(told.bits)},
          {"age_s", age_s},
          {"heat", told.heat},
          {"failure", failure_of(told)},
          {"rule", nullptr},
          {"pool", nullptr}};
  of["rcode"] = has_answer ? json(rcode_text(told.flags & 0xf)) : json(nullptr);
  of["records"] = has_answer ? records_of(entry) : json::array();
  of["octets"] = told.body_length;
  of["ttl_s"] = told.ttl;
  of["ttl_left_s"] = told.ttl > age_s ? told.ttl - age_s : 0;
  const uint64_t stale_end = uint64_t{told.ttl} + told.max_stale;
  of["stale_for_s"] = has_answer && told.max_stale != 0 && stale_end > age_s
                          ? json(stale_end - std::max<uint64_t>(age_s, told.ttl))
                          : json(nullptr);
  constexpr uint16_t kAuthenticData = 0x20;
  of["authenticated"] = (told.flags & kAuthenticData) != 0;
  of["ede"] = told.error == config::kNoError || !has_answer ? json(nullptr) : json(told.error);
  if (view == nullptr || told.rule.value() >= view->model->rules.size()) return of;
  const config::Rule& rule = view->model->rules[told.rule.value()];
  const bool is_written = rule.where.line != 0 && rule.where.file < view->model->files.size();
  of["rule"] = {{"origin", rule.origin},
                {"file", is_written ? view->model->files[rule.where.file] : ""},
                {"line", is_written ? rule.where.line : 0}};
  if (rule.action == config::Action::forward) of["pool"] = view->model->pools[rule.pool].name;
  return of;
}

}  // namespace penstock::control

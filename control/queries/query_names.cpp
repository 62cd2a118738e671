#include "control/queries/query_names.h"

#include <fmt/format.h>
#include <ldns/ldns.h>
// ldns makes them ints in the absence of C99's.
#undef true
#undef false

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <span>

#include "config/contract/counters.h"

namespace penstock::control {
namespace {

#define PENSTOCK_NAME(name, help) #name,
constexpr const char* kQuery[] = {PENSTOCK_QUERY_OUTCOMES(PENSTOCK_NAME)};
constexpr const char* kResponse[] = {PENSTOCK_RESPONSE_OUTCOMES(PENSTOCK_NAME)};
constexpr const char* kSweep[] = {PENSTOCK_SWEEP_OUTCOMES(PENSTOCK_NAME)};
constexpr const char* kWaiter[] = {PENSTOCK_WAITER_OUTCOMES(PENSTOCK_NAME)};
#undef PENSTOCK_NAME
constexpr std::array<std::span<const char* const>, config::kDecidedBy> kOutcomes{kQuery, kResponse, kSweep, kWaiter};

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

}  // namespace

const config::Rule* QueryNames::rule_of(const config::Decision& decision) const {
  if (!model || decision.generation != static_cast<uint32_t>(generation) || decision.rule >= model->rules.size())
    return nullptr;
  return &model->rules[decision.rule];
}

std::string QueryNames::pool_of(const config::Decision& decision) const {
  const config::Rule* rule = rule_of(decision);
  if (rule == nullptr || rule->action != config::Action::forward || rule->pool >= model->pools.size()) return "";
  return model->pools[rule->pool].name;
}

std::string QueryNames::endpoint_of(const config::Decision& decision) const {
  const auto found = endpoints.find(decision.endpoint_slot);
  return found == endpoints.end() ? "" : config::to_string(found->second);
}

std::string outcome_of(const config::Decision& decision) {
  const auto by = static_cast<size_t>(decision.by);
  if (by >= kOutcomes.size() || decision.outcome >= kOutcomes[by].size()) return "unknown";
  // A client that had joined is answered as the first one was.
  return (decision.by == config::DecidedBy::waiter ? "joined_" : std::string()) + kOutcomes[by][decision.outcome];
}

bool is_outcome(const std::string& name) {
  config::Decision decision;
  for (size_t by = 0; by < kOutcomes.size(); ++by) {
    decision.by = static_cast<config::DecidedBy>(by);
    for (size_t i = 0; i < kOutcomes[by].size(); ++i) {
      decision.outcome = static_cast<uint8_t>(i);
      if (outcome_of(decision) == name) return true;
    }
  }
  return false;
}

config::IpAddress client_of(const config::Decision& decision) {
  config::IpAddress address;
  address.bytes = decision.client;
  address.family = (decision.traits & config::kDecisionIpv6) != 0 ? 6 : 4;
  return address;
}

std::string type_text(uint16_t type) {
  char* text = ldns_rr_type2str(static_cast<ldns_rr_type>(type));
  std::string copy = text == nullptr ? "TYPE" + std::to_string(type) : text;
  std::free(text);
  return copy;
}

std::optional<uint16_t> type_number(const std::string& text) {
  const ldns_rr_type type = ldns_get_rr_type_by_name(upper(text).c_str());
  if (type == 0) return std::nullopt;
  return static_cast<uint16_t>(type);
}

std::string_view transport_text(const config::Decision& decision) {
  return (decision.traits & config::kDecisionTcp) != 0 ? "tcp" : "udp";
}

std::string flags_text(const config::Decision& decision) {
  static constexpr std::pair<uint8_t, const char*> kFlags[] = {{config::kDecisionRecursionDesired, "rd"},
                                                               {config::kDecisionCheckingDisabled, "cd"},
                                                               {config::kDecisionOpt, "edns"},
                                                               {config::kDecisionDnssecOk, "do"},
                                                               {config::kDecisionTruncated, "tc"}};
  std::string text;
  for (const auto& [bit, name] : kFlags)
    if ((decision.traits & bit) != 0) text += (text.empty() ? "" : " ") + std::string(name);
  return text;
}

std::string class_text(uint16_t number) {
  switch (number) {
    case kClassIn:
      return "IN";
    case 3:
      return "CH";
    case 255:
      return "ANY";
    default:
      return "CLASS" + std::to_string(number);
  }
}

void append_time(std::string& text, uint64_t unix_ns) {
  const auto seconds = static_cast<time_t>(unix_ns / 1'000'000'000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  fmt::format_to(std::back_inserter(text), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", parts.tm_year + 1900,
                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                 unix_ns / 1000 % 1'000'000);
}

std::string time_text(uint64_t unix_ns) {
  std::string text;
  append_time(text, unix_ns);
  return text;
}

}  // namespace penstock::control

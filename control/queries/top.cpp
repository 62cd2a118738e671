#include "control/queries/top.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/contract/counters.h"
#include "config/contract/decisions/rcode.h"
#include "config/contract/name.h"
#include "control/queries/query_filter.h"

namespace penstock::control {
namespace {

using nlohmann::json;

constexpr uint8_t kServfail = 2;
constexpr uint8_t kRefused = 5;

// The largest first, and equal ones by name, so that a table does not jump.
template <typename Map>
json largest(const Map& counts, size_t count, const char* what) {
  std::vector<std::pair<std::string, uint64_t>> rows(counts.begin(), counts.end());
  const auto is_before = [](const auto& one, const auto& other) {
    return one.second != other.second ? one.second > other.second : one.first < other.first;
  };
  const size_t kept = std::min(count, rows.size());
  std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(kept), rows.end(), is_before);
  json table = json::array();
  for (size_t i = 0; i < kept; ++i) table.push_back({{"of", rows[i].first}, {what, rows[i].second}});
  return table;
}

json quantiles(std::vector<uint32_t> took_us) {
  if (took_us.empty()) return nullptr;
  std::sort(took_us.begin(), took_us.end());
  const auto at = [&](double share) {
    return took_us[static_cast<size_t>(share * static_cast<double>(took_us.size() - 1))] / 1000.0;
  };
  return {{"p50", at(0.5)}, {"p99", at(0.99)}, {"max", at(1)}};
}

}  // namespace

void Top::add(const config::NotedDecision& noted) {
  const config::Decision& decision = noted.decision;
  ++queries_;
  ++outcomes_[outcome_of(decision)];
  ++rcodes_[config::rcode_text(decision.rcode)];
  const std::string client = config::to_string(client_of(decision));
  ++clients_[client];
  if (decision.rcode == kRefused) ++refused_[client];
  took_us_.push_back(decision.took_us);
  if (decision.by == config::DecidedBy::response) {
    took_forwarded_us_.push_back(decision.took_us);
    if (const std::string endpoint = names_.endpoint_of(decision); !endpoint.empty()) ++endpoints_[endpoint];
  }
  if (const config::Rule* rule = names_.rule_of(decision); rule != nullptr) ++rules_[rule->origin];
  if (decision.name_length == 0) return;
  const std::string name = config::to_text(folded_name(noted));
  ++names_asked_[name];
  ++types_[type_text(decision.type)];
  if (decision.rcode == kServfail || decision.rcode == config::kNotAnswered) ++failing_[name];
  if (decision.took_us != 0) {
    uint32_t& slowest = slowest_us_[name];
    slowest = std::max(slowest, decision.took_us);
  }
}

json Top::report(double seconds, size_t count) const {
  json slow = largest(slowest_us_, count, "us");
  for (json& row : slow) row = {{"of", row["of"]}, {"ms", row["us"].get<double>() / 1000}};
  return {{"queries", queries_},
          {"seconds", seconds},
          {"per_second", seconds > 0 ? static_cast<double>(queries_) / seconds : 0},
          {"ms", {{"all", quantiles(took_us_)}, {"endpoints", quantiles(took_forwarded_us_)}}},
          {"rcodes", largest(rcodes_, count, "queries")},
          {"outcomes", largest(outcomes_, count, "queries")},
          {"names", largest(names_asked_, count, "queries")},
          {"types", largest(types_, count, "queries")},
          {"rules", largest(rules_, count, "queries")},
          {"clients", largest(clients_, count, "queries")},
          {"failing", largest(failing_, count, "queries")},
          {"refused", largest(refused_, count, "queries")},
          {"slow", slow},
          {"endpoints", largest(endpoints_, count, "answers")}};
}

}  // namespace penstock::control

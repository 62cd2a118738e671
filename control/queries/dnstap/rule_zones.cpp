#include "control/queries/dnstap/rule_zones.h"

#include "control/queries/query_filter.h"

namespace penstock::control {
namespace {

// Decisions of the rules before come for a moment only.
constexpr size_t kModelsKept = 2;
constexpr std::string_view kRoot("\0", 1);

}  // namespace

std::string_view RuleZones::zone_of(const config::NotedDecision& noted, const QueryNames& names) {
  const config::Rule* rule = names.rule_of(noted.decision);
  if (rule == nullptr || noted.decision.name_length == 0) return {};
  if (names.model->default_rule == noted.decision.rule) return kRoot;
  const config::ZoneIndex& index = index_of(names.model);
  const config::WireName name = folded_name(noted);
  for (std::string_view suffix = name;; suffix.remove_prefix(1U + static_cast<uint8_t>(suffix.front()))) {
    for (const config::ZoneNames::Entry* entry : index.all(suffix))
      if (entry->rule == noted.decision.rule) return names.model->zones.name(*entry);
    if (suffix.front() == 0) return {};
  }
}

const config::ZoneIndex& RuleZones::index_of(const std::shared_ptr<const config::Model>& model) {
  for (const Indexed& one : indexed_)
    if (one.model == model) return one.index;
  if (indexed_.size() == kModelsKept) indexed_.pop_back();
  indexed_.push_front({model, config::ZoneIndex(model->zones)});
  return indexed_.front().index;
}

}  // namespace penstock::control

#include "control/changes/changes_report.h"

#include <nlohmann/json.hpp>

namespace penstock::control {
namespace {

using nlohmann::json;

json to_json(const RuleChanges& changes) {
  json sections = json::array();
  for (const Section& section : changes.sections) {
    json of{{"name", section.name}, {"changes", json::array()}};
    for (const ChangeKind kind : {ChangeKind::added, ChangeKind::removed, ChangeKind::changed})
      of[to_string(kind)] = section.counts[static_cast<size_t>(kind)];
    for (const Change& change : section.changes)
      of["changes"].push_back({{"kind", to_string(change.kind)}, {"name", change.name}, {"details", change.details}});
    sections.push_back(std::move(of));
  }
  return sections;
}

}  // namespace

json preview_report(const Preview& preview) {
  const bool is_refused = !preview.changes || (!preview.removals.empty() && !preview.accept_removals);
  const bool is_held = !preview.held_back.empty();
  json of{{"ok", true},
          {"file", preview.file},
          {"findings", preview.findings},
          {"removals", preview.removals},
          {"removals_accepted", preview.accept_removals},
          {"restart_needed", preview.restarts},
          {"same_text", preview.is_same_text}};
  if (is_held) of["held_back"] = preview.held_back;
  of["verdict"] = is_refused || is_held ? "refused" : preview.changes->count() == 0 ? "nothing" : "changes";
  if (!preview.changes) return of;
  of["sections"] = to_json(*preview.changes);
  of["line"] = preview.changes->line();
  return of;
}

}  // namespace penstock::control

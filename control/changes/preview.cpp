#include "control/changes/preview.h"

#include <algorithm>

#include "control/rules/removal_guard.h"

namespace penstock::control {

bool have_same_content(const std::vector<config::SourceFile>& a, const std::vector<config::SourceFile>& b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(),
      [](const config::SourceFile& one, const config::SourceFile& other) { return one.content == other.content; });
}

Preview preview(const std::string& file, const config::ReadModel& read, const InForce& in_force, bool accept_removals,
                size_t most) {
  Preview of;
  of.file = file;
  of.accept_removals = accept_removals;
  for (const config::Finding& finding : read.findings) of.findings.push_back(config::to_text(finding));
  of.is_same_text = have_same_content(read.files, in_force.files);
  if (!read.model) return of;
  of.changes = find_changes(in_force.model, *read.model, most);
  of.removals = to_lines(find_removals(in_force.model, *read.model));
  of.restarts = restarts_for(in_force.started_with, host_settings(*read.model));
  return of;
}

}  // namespace penstock::control

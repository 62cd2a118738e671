// control/changes/preview.h - what a reload would make of a file, without one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/read/read_model.h"
#include "control/changes/host_settings.h"
#include "control/changes/rule_changes.h"

namespace penstock::control {

struct Preview {
  std::string file;
  std::vector<std::string> findings;   // lines, as `penstockctl check` prints them
  std::optional<RuleChanges> changes;  // empty: the file has errors, which stand among the findings
  bool is_same_text = false;           // the file, and those that it names, have the content that is in force
  std::vector<std::string> removals;   // what the removal guard holds against it
  bool accept_removals = false;
  std::string held_back;              // why a reload would refuse it all the same; empty: it would not
  std::vector<std::string> restarts;  // what would wait for a restart
};

struct InForce {
  const config::Model& model;
  const std::vector<config::SourceFile>& files;
  StartedWith started_with;
};

// `read`: of the file. `most`: changes of a section that are put in words. `held_back` is left to the caller.
Preview preview(const std::string& file, const config::ReadModel& read, const InForce&, bool accept_removals,
                size_t most);

// In whatever folders the files lie.
bool have_same_content(const std::vector<config::SourceFile>&, const std::vector<config::SourceFile>&);

}  // namespace penstock::control

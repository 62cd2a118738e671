// control/lifecycle/reload_record.h - how reloads went, and the file that is refused, if it is.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/history/history.h"

namespace penstock::control {

struct RefusedFile {
  std::chrono::system_clock::time_point at;
  std::vector<std::string> reasons;  // each a line, as `penstockctl check` prints it; not empty
  // Of the last good copy that the rules in force come from, as control has found the file so at its start; empty: they were in
  // force when the file was refused.
  std::string copy;
  std::chrono::system_clock::time_point copied_at;
};

// What somebody wants when rules are to be replaced.
struct ReloadRequest {
  Origin origin;
  bool accept_removals = false;  // of private zones
  bool undo_rollback = false;    // a file that was left by a rollback is taken again
};

struct ReloadResult {
  bool ok = false;
  std::string text;                        // one line
  std::vector<std::string> details;        // findings, or the names that the removal guard holds back
  uint64_t generation = 0;                 // now in force
  std::vector<std::string> restarts = {};  // what waits for a restart, a line each; among the details as well
};

struct ReloadRecord {
  uint64_t succeeded = 0;
  uint64_t failed = 0;
  std::chrono::system_clock::time_point succeeded_at;  // at first the start
  std::string last_failure;                 // of a reload or a publication, in words; empty: the last one was good
  std::optional<RefusedFile> refused_file;  // the configuration on disk is not the one in force
};

}  // namespace penstock::control

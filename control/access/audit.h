// control/access/audit.h - one line in the log for each change: who, what, and the generation before and after.
#pragma once

#include <cstdint>
#include <string>

namespace penstock::control {

struct AuditEvent {
  std::string user = {};  // empty: nobody typed it
  int64_t uid = -1;       // -1: the same
  int64_t pid = -1;
  std::string command = {};  // with what it was given, or "SIGHUP", "file watch"
  enum class Result : uint8_t { done, failed, denied } result = Result::done;
  std::string why = {};  // not done
  uint64_t generation_before = 0;
  uint64_t generation_after = 0;
};

// "audit: user=alice uid=1000 pid=4242 command=\"reload\" result=done generation_before=6 generation_after=7"
std::string audit_text(const AuditEvent&);
// Written whatever the level of the log (config/log): the logger is "audit", where the program has made one.
void write_audit(const AuditEvent&);

}  // namespace penstock::control

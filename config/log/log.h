// config/log/log.h - the log of both programs: to standard error, as text or JSON, by `log.format`, `log.level` and `log.time`.
//
// Lines before the configuration is read are text of level info. In the journal text has no time: the journal stamps lines itself. The
// logger "audit" writes whatever the level is: a change is never left out.
#pragma once

#include <spdlog/common.h>

#include <memory>
#include <string>

#include "config/model.h"

namespace penstock::config {

// The default logger and "audit". `is_journal`: what reads standard error stamps lines.
void start_log(const std::string& program, bool is_journal);
// What systemd says of standard error.
bool is_journal();
// From now on, on any thread. Does nothing before start_log().
void use_log(const Log&);

// "2026-11-30T20:57:01.123Z info: text", or {"time": ..., "level": ..., "program": ..., "message": ...} on one line; of the logger "audit"
// with "event": "audit".
std::unique_ptr<spdlog::formatter> log_formatter(const std::string& program, const Log&, bool is_journal);

}  // namespace penstock::config

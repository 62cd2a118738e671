// control/changes/host_settings.h - the settings that a program reads when it starts: a change waits for a restart.
#pragma once

#include <string>
#include <vector>

#include "config/model.h"

namespace penstock::control {

struct HostSetting {
  std::string key;      // "dataplane.pending"
  std::string value;    // in words; the same text is the same setting
  std::string program;  // that must be restarted: "penstock-dataplane", "penstock-control" or "both programs"

  bool operator==(const HostSetting&) const = default;
};

// The same keys in the same order for each model.
std::vector<HostSetting> host_settings(const config::Model&);

// A line for each that differs: "lcores changed: restart penstock-dataplane".
std::vector<std::string> restarts_between(const std::vector<HostSetting>& was, const std::vector<HostSetting>& now);

// What each program read when it started. They may have read other files than the one in force.
struct StartedWith {
  std::vector<HostSetting> dataplane;
  std::vector<HostSetting> control;
};
// What waits for a restart when these settings are in force. A line each, none twice.
std::vector<std::string> restarts_for(const StartedWith&, const std::vector<HostSetting>& now);

}  // namespace penstock::control

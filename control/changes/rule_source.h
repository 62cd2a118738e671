// control/changes/rule_source.h - the files that rules were made of, on their way from penstock-control to penstockctl.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/read/read_model.h"
#include "control/changes/host_settings.h"

namespace penstock::control {

struct RuleSource {
  uint64_t generation = 0;
  std::vector<config::SourceFile> files;  // the YAML first
  StartedWith started_with;
};

// Contents need not be UTF-8: each octet of one that is not is a character of its own, and "octets" says so.
nlohmann::json source_report(const RuleSource&);
// The error says what is missing.
tl::expected<RuleSource, std::string> read_source_report(const nlohmann::json&);

}  // namespace penstock::control

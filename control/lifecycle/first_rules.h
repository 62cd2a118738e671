// control/lifecycle/first_rules.h - which rules a control starts with: those of the file or, when the file is refused, the last good ones.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/read/read_model.h"
#include "control/history/history.h"
#include "control/lifecycle/reload_record.h"

namespace penstock::control {

// A model, and the files that it was read from.
struct Configuration {
  std::shared_ptr<const config::Model> model;
  std::shared_ptr<const std::vector<config::SourceFile>> files;
  std::string hash = {};  // content_hash() of them
};
Configuration configuration_of(config::ReadModel);  // of one without errors

struct FirstRules {
  Configuration configuration;
  std::optional<RefusedFile> refused;  // the file: the configuration is its last good copy, and is kept already
  History history = {};
  bool is_rollback = false;  // the file is the one that a rollback has left: the configuration is what it went back to
};

// In the journal, with the level that its severity has.
void log_finding(const config::Finding&);

// Reads the file and compares it with what was accepted before, then logs what was found. The error: there is nothing to start with.
tl::expected<FirstRules, std::string> first_rules(const std::string& config_file, bool accept_removals);

// The last good copy of a file that is refused for `reasons`, each a line. The error says why there is none to go on with.
tl::expected<FirstRules, std::string> last_good_rules(const std::string& config_file, std::vector<std::string> reasons);

// What the removal guard holds against `what`, after a line that says how to take it nevertheless: by the command.
std::vector<std::string> refusal_of(const std::string& what, const std::string& command,
                                    std::vector<std::string> removals);

// In the state folder of these rules: what the removal guard compares the next start with.
std::string accepted_zones_path(const config::Model&);

}  // namespace penstock::control

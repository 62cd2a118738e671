#include "control/lifecycle/first_rules.h"

#include <spdlog/spdlog.h>

#include "config/files/last_good_config.h"
#include "control/history/kept_rules.h"
#include "control/rules/accepted_zones.h"
#include "control/rules/removal_guard.h"
#include "control/rules/zone_records.h"
#include "control/service_manager.h"

namespace penstock::control {
namespace {

// What was accepted before, read once: there may be a million names. The copy of a file lies in the same folder as what belongs to it.
class Accepted {
 public:
  // What the model takes away from it, each a line; empty: nothing, or nothing is known of it.
  std::vector<std::string> removals_of(const config::Model& model) {
    if (const std::string path = accepted_zones_path(model); path != path_) {
      path_ = path;
      zones_ = read_accepted_zones(path);
      if (!zones_) spdlog::info("rules: not compared with earlier ones: {}", zones_.error());
    }
    return zones_ ? to_lines(find_removals(*zones_, model)) : std::vector<std::string>();
  }

 private:
  std::string path_;
  tl::expected<AcceptedZones, std::string> zones_;
};

tl::expected<FirstRules, std::string> last_good(const std::string& config_file, std::vector<std::string> reasons,
                                                Accepted& accepted) {
  const std::string& reason = reasons.front();
  notify_starting(config_file + " is refused; reading its last good copy");
  const auto without = [&](const std::string& why) {
    return tl::make_unexpected(
        config_file + " is refused, and there is no last good copy to start with: " + why +
        ". Nothing is published; a running dataplane keeps its rules. Reason of the refusal: " + reason);
  };
  auto found = config::find_last_good_config(config_file, config::kLastGoodRules);
  if (!found) return without(found.error());
  config::ReadModel read = read_rules_of(found->config.files);
  if (!read.model) return without(found->path + ": " + config::errors_of(read.findings).front());
  // Names that were accepted after the copy was made would leave to other pools.
  if (const std::vector<std::string> removals = accepted.removals_of(*read.model); !removals.empty())
    return without(found->path + " is older than the last accepted rules: " + removals.front());
  spdlog::error("{} is refused, using the rules of {}: {}", config_file, found->path, reason);
  RefusedFile refused;
  refused.at = std::chrono::system_clock::now();
  refused.reasons = std::move(reasons);
  refused.copy = found->path;
  refused.copied_at = std::chrono::system_clock::from_time_t(found->config.kept_at);
  FirstRules first{configuration_of(std::move(read)), std::move(refused)};
  first.history = read_history(first.configuration.model->dataplane.state_dir);
  return first;
}

// What a rollback went back to, if it has left this very file; nothing: the file is to be taken.
std::optional<FirstRules> rolled_back(const std::string& config_file, const config::ReadModel& file) {
  FirstRules first;
  const std::string& state_dir = file.model->dataplane.state_dir;
  first.history = read_history(state_dir);
  const Generation* rollback = first.history.rollback();
  if (rollback == nullptr || rollback->left_hash != content_hash(file.files)) return std::nullopt;
  const auto files = kept_rules(state_dir, rollback->hash);
  config::ReadModel kept = files ? read_rules_of(*files) : config::ReadModel{};
  if (!kept.model) {
    spdlog::error("rules: {} was left by a rollback and is taken again, because what it went back to is not there: {}",
                  config_file, files ? config::errors_of(kept.findings).front() : files.error());
    return std::nullopt;
  }
  spdlog::warn("rules: {} was left by a {}, and has not changed since: generation {} stays in force", config_file,
               to_string(rollback->origin), rollback->restored);
  first.configuration = configuration_of(std::move(kept));
  first.is_rollback = true;
  return first;
}

}  // namespace

Configuration configuration_of(config::ReadModel read) {
  Configuration of;
  of.hash = content_hash(read.files);
  of.model = std::make_shared<const config::Model>(std::move(*read.model));
  of.files = std::make_shared<const std::vector<config::SourceFile>>(std::move(read.files));
  return of;
}

void log_finding(const config::Finding& finding) {
  const auto level = finding.severity == config::Severity::error     ? spdlog::level::err
                     : finding.severity == config::Severity::warning ? spdlog::level::warn
                                                                     : spdlog::level::info;
  spdlog::log(level, "{}", config::to_text(finding));
}

std::vector<std::string> refusal_of(const std::string& what, const std::string& command,
                                    std::vector<std::string> removals) {
  removals.insert(removals.begin(), what + " removes names from private zones, as listed. To accept this: " + command +
                                        " --accept-removals");
  return removals;
}

std::string accepted_zones_path(const config::Model& model) {
  return model.dataplane.state_dir + "/accepted-zones";
}

tl::expected<FirstRules, std::string> first_rules(const std::string& config_file, bool accept_removals) {
  notify_starting("reading " + config_file);
  config::ReadModel read = read_rules(config_file);
  for (const config::Finding& finding : read.findings) log_finding(finding);
  Accepted accepted;
  if (!read.model) return last_good(config_file, config::errors_of(read.findings), accepted);

  if (auto kept = rolled_back(config_file, read)) return std::move(*kept);
  notify_starting("comparing " + config_file + " with the last accepted rules");
  std::vector<std::string> removals = accepted.removals_of(*read.model);
  for (const std::string& removal : removals)
    spdlog::log(accept_removals ? spdlog::level::warn : spdlog::level::err, "rules: {}{}", removal,
                accept_removals ? " (accepted)" : "");
  if (!removals.empty() && !accept_removals) {
    return last_good(config_file, refusal_of(config_file, "penstockctl reload", std::move(removals)), accepted);
  }
  FirstRules first{configuration_of(std::move(read)), {}};
  first.history = read_history(first.configuration.model->dataplane.state_dir);
  return first;
}

tl::expected<FirstRules, std::string> last_good_rules(const std::string& config_file,
                                                      std::vector<std::string> reasons) {
  Accepted accepted;
  return last_good(config_file, std::move(reasons), accepted);
}

}  // namespace penstock::control

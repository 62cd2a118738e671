// control/admin/subcommands/changes.cpp - the commands about changes of the rules: rules diff, show, history and rollback.
#include <iostream>
#include <limits>
#include <memory>

#include "control/admin/client.h"
#include "control/admin/subcommands/subcommands.h"
#include "control/changes/changes_report.h"
#include "control/changes/render_changes.h"
#include "control/changes/rule_source.h"
#include "control/history/history_report.h"
#include "control/rules/zone_records.h"

namespace penstock::control {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kSlow{120};  // a million names are read, compiled and acknowledged

struct DiffOptions {
  std::string file;
  uint64_t from = 0;
  bool accept_removals = false;
  bool all = false;
};

// The files of a generation, 0: of that in force.
tl::expected<RuleSource, std::string> source_of(const Invocation& control, uint64_t generation) {
  const auto answer = ask_control(control.socket, {{"command", "source"}, {"generation", generation}}, kSlow);
  if (!answer) return tl::make_unexpected(answer.error());
  if (!answer->value("ok", false))
    return tl::make_unexpected(answer->value("error", std::string("no reason is given")));
  return read_source_report(*answer);
}

void fail(Invocation& control, const std::string& why) {
  if (control.as_json) print_json({{"ok", false}, {"error", why}});
  std::cerr << "penstockctl: " << why << '\n';
  control.status = kUsage;
}

// What the file is read with is this program, for the rules in force too: both are compared as the same version understands them.
void diff(Invocation& control, const DiffOptions& options) {
  if (options.file.empty() && options.from == 0)
    return fail(control, "rules diff needs FILE, or --from GENERATION to compare that with the rules in force");
  const auto base = source_of(control, options.from);
  if (!base) return fail(control, base.error());
  const config::ReadModel before = read_rules_of(base->files);
  if (!before.model)
    return fail(control, "this penstockctl does not read the rules of generation " + std::to_string(base->generation) +
                             ": " + config::errors_of(before.findings).front() +
                             "; are penstockctl and the running penstock-control of one version?");
  std::string name = options.file;
  config::ReadModel next;
  if (name.empty()) {
    const auto in_force = source_of(control, 0);
    if (!in_force) return fail(control, in_force.error());
    next = read_rules_of(in_force->files);
    name = "generation " + std::to_string(in_force->generation);
  } else {
    next = read_rules(name);
  }
  const json report = preview_report(preview(name, next, {*before.model, base->files, base->started_with},
                                             options.accept_removals, options.all ? kAllChanges : kChangesShown));
  show_preview(control, report, options.all);
}

void add_diff(CLI::App& rules, Invocation& control) {
  const auto options = std::make_shared<DiffOptions>();
  auto* command = rules.add_subcommand("diff", "show what a file would change against the rules in force");
  command->add_option("FILE", options->file, "a configuration file");
  command->add_option("--from", options->from, "compare with the rules of this generation, FILE or those in force");
  command->add_flag("--accept-removals", options->accept_removals, "as a reload with this option would take it");
  command->add_flag("--all", options->all, "list every change");
  command->footer(kPreviewStatus);
  command->callback([&control, options] { diff(control, *options); });
}

// The YAML itself; the files that it names with --file.
void show(Invocation& control, uint64_t generation, const std::string& file) {
  const auto source = source_of(control, generation);
  if (!source) return fail(control, source.error());
  if (control.as_json) {
    print_json(source_report(*source));
    control.status = kDone;
    return;
  }
  if (file.empty()) {
    std::cout << source->files.front().content;
    for (size_t i = 1; i < source->files.size(); ++i)
      std::cerr << "penstockctl: it names " << source->files[i].path << ", see --file\n";
    control.status = kDone;
    return;
  }
  for (const config::SourceFile& one : source->files) {
    if (one.path != file) continue;
    std::cout << one.content;
    control.status = kDone;
    return;
  }
  fail(control, "these rules were not made of " + file);
}

void add_show(CLI::App& rules, Invocation& control) {
  const auto generation = std::make_shared<uint64_t>(0);
  const auto file = std::make_shared<std::string>();
  auto* command = rules.add_subcommand("show", "print the configuration that the rules in force were made of");
  command->add_option("GENERATION", *generation, "of an earlier generation; see rules history");
  command->add_option("--file", *file, "print this file, which the configuration names, as it was");
  command->callback([&control, generation, file] { show(control, *generation, *file); });
}

void add_rollback(CLI::App& rules, Invocation& control) {
  const auto generation = std::make_shared<uint64_t>(0);
  const auto accept_removals = std::make_shared<bool>(false);
  auto* command = rules.add_subcommand("rollback", "go back to earlier rules; the file on disk is not touched");
  command->add_option("GENERATION", *generation, "see rules history; without it, the rules before those in force");
  command->add_flag("--accept-removals", *accept_removals, "even if private zones are removed");
  command->footer(
      "The file on disk is not taken again until its content changes: not by a reload, not by a restart. "
      "'penstockctl\nreload --undo-rollback' takes it as it is.\n"
      "Exit status: 0 done; 1 refused or failed; 2 no answer from penstock-control; 3 done, but something waits for a "
      "restart.");
  command->callback([&control, generation, accept_removals] {
    control.ask({{"command", "rollback"}, {"generation", *generation}, {"accept_removals", *accept_removals}}, kSlow,
                render_reload, verdict_of_reload);
  });
}

}  // namespace

const char* const kPreviewStatus =
    "Exit status: 0 nothing would change; 1 something would; 2 a reload would refuse the file, or no answer from "
    "penstock-control.";

void show_preview(Invocation& control, const json& report, bool all) {
  constexpr size_t kShown = 20;  // of a section
  if (control.as_json)
    print_json(report);
  else
    std::cout << render_preview(report, all ? std::numeric_limits<size_t>::max() : kShown);
  control.status = report["verdict"] == "nothing" ? kDone : report["verdict"] == "changes" ? kFailed : kUsage;
}

std::string render_reload(const json& answer) {
  std::string text;
  for (const json& detail : answer.value("details", json::array())) text += detail.get<std::string>() + "\n";
  return text + answer.value("text", "done") + "\n";
}

int verdict_of_reload(const json& answer) {
  return answer.value("restart_needed", json::array()).empty() ? kDone : kWaits;
}

void add_rules(CLI::App& app, Invocation& control) {
  auto* rules = app.add_subcommand("rules", "compare, list and take back changes of the rules");
  rules->require_subcommand(1);
  add_diff(*rules, control);
  add_show(*rules, control);
  rules->add_subcommand("history", "list the last generations: when, by whom, and what each changed")
      ->callback([&control] {
        control.ask({{"command", "history"}}, kQuick, render_history);
      });
  add_rollback(*rules, control);
}

}  // namespace penstock::control

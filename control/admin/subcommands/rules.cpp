// control/admin/subcommands/rules.cpp - the commands about the rules in force: status, health, reload, explain.
#include <algorithm>
#include <iostream>
#include <memory>

#include "control/admin/client.h"
#include "control/admin/explain_file.h"
#include "control/admin/render.h"
#include "control/admin/subcommands/subcommands.h"

namespace penstock::control {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kExplain{30};  // all of a large cache is looked at, and endpoints may not answer
constexpr std::chrono::seconds kReload{120};  // a million names are read, compiled and acknowledged

int verdict_of_status(const json& status) {
  return status["state"] == "green" ? kDone : status["state"] == "degraded" ? kFailed : kUsage;
}

// 1: the client that was named gets nothing, whatever the name; or the question was sent, and not all that was asked gave an answer that
// clients get.
int verdict_of_explain(const json& explanation) {
  const bool may_ask = !explanation.contains("client") || explanation["client"].value("may_ask", true);
  const bool left_out =
      explanation.contains("client") && explanation.value("rule", json::object()).value("left_out", false);
  if (!may_ask || left_out) return kFailed;
  const json sent = explanation.value("sent", json::array());
  const bool all_good =
      std::all_of(sent.begin(), sent.end(), [](const json& one) { return one["verdict"].value("ok", false); });
  return all_good && (!explanation.contains("sent") || !sent.empty()) ? kDone : kFailed;
}

void explain(Invocation& control, ExplainOptions& asked) {
  const bool has_one = asked.name.empty() != asked.names.empty();
  if (!has_one || (asked.config.empty() && asked.name.empty())) {
    std::cerr << "penstockctl: explain needs NAME, or --config FILE and NAME or --names FILE\n";
    return;
  }
  if (!asked.config.empty() && asked.send) {
    std::cerr << "penstockctl: --send asks endpoints as the running daemons do: leave --config out, or use penstockctl "
                 "verify\n";
    return;
  }
  if (!asked.config.empty()) {
    asked.as_json = control.as_json;
    control.status = explain_by_file(asked);
    return;
  }
  control.ask({{"command", "explain"},
               {"name", asked.name},
               {"type", asked.type},
               {"client", asked.client},
               {"send", asked.send}},
              kExplain, render_explain, verdict_of_explain);
}

}  // namespace

void add_status(CLI::App& app, Invocation& control) {
  app.add_subcommand("status", "overall state (green, degraded or down), rules, dataplane, endpoints and counters")
      ->footer(
          "Exit status: 0 green; 1 degraded: there is a problem, but most names are answered; 2 down: no dataplane,\n"
          "no rules, no endpoint up, or no answer from penstock-control.")
      ->callback([&control] {
        control.ask({{"command", "status"}}, kQuick, render_status, verdict_of_status);
      });
}

void add_health(CLI::App& app, Invocation& control) {
  const auto pool = std::make_shared<std::string>();
  auto* command = app.add_subcommand("health", "may this node take queries? For load balancers and routing daemons");
  command->add_option("--pool", *pool, "and is one of the endpoints of this pool up?");
  command->footer("Exit status: 0 yes; 1 no; 2 no answer from penstock-control.");
  command->callback([&control, pool] {
    control.ask(
        {{"command", "health"}, {"pool", *pool}}, kQuick,
        [](const json& health) { return health.value("text", std::string()); },
        [](const json& health) { return health.value("healthy", false) ? kDone : kFailed; });
  });
}

namespace {

struct ReloadOptions {
  bool accept_removals = false;
  bool undo_rollback = false;
  bool dry_run = false;
  bool all = false;
  bool restart_later = false;
};

void reload(Invocation& control, const ReloadOptions& options) {
  const json request{{"command", options.dry_run ? "preview" : "reload"},
                     {"accept_removals", options.accept_removals},
                     {"undo_rollback", options.undo_rollback}};
  if (!options.dry_run) {
    control.ask(request, kReload, render_reload,
                options.restart_later ? [](const json&) { return kDone; } : verdict_of_reload);
    return;
  }
  const auto answer = ask_control(control.socket, request, kReload);
  if (answer && answer->value("ok", false)) return show_preview(control, *answer, options.all);
  const std::string why = answer ? answer->value("error", std::string("no reason is given")) : answer.error();
  if (control.as_json) print_json({{"ok", false}, {"error", why}});
  std::cerr << "penstockctl: " << why << '\n';
  control.status = kUsage;
}

}  // namespace

void add_reload(CLI::App& app, Invocation& control) {
  const auto options = std::make_shared<ReloadOptions>();
  auto* command = app.add_subcommand("reload", "reload the configuration and publish its rules");
  command->add_flag("--accept-removals", options->accept_removals, "even if private zones are removed");
  command->add_flag("--undo-rollback", options->undo_rollback, "even if a rollback has left this very file");
  command->add_flag("--restart-later", options->restart_later, "exit with 0 even if something waits for a restart");
  auto* dry_run = command->add_flag("--dry-run", options->dry_run, "show what it would change, and change nothing");
  command->add_flag("--all", options->all, "with --dry-run: list up to 1000 changes of a kind")->needs(dry_run);
  command->footer(
      std::string("Exit status: 0 done; 1 refused or failed; 2 no answer from penstock-control; 3 done, but "
                  "something waits for a\nrestart. With --dry-run: ") +
      (kPreviewStatus + std::string_view("Exit status: ").size()));
  command->callback([&control, options] { reload(control, *options); });
}

void add_explain(CLI::App& app, Invocation& control) {
  const auto asked = std::make_shared<ExplainOptions>();
  auto* command = app.add_subcommand("explain", "show the rule of a name, and how a query for it is handled");
  command->add_option("NAME", asked->name, "a domain name");
  command->add_option("TYPE", asked->type, "a record type; it does not affect the rule")->capture_default_str();
  command->add_option("--client", asked->client, "address of the client; zones can be limited to client groups");
  command->add_flag("--send", asked->send,
                    "send the question to the endpoints, and show what a client gets for each answer");
  command->add_option("--config", asked->config, "by the rules of this configuration file; needs no daemon");
  command->add_option("--names", asked->names,
                      "with --config: a file of lines 'NAME [CLIENT]' in place of NAME, '-' for standard input");
  command->footer(
      "Exit status: 1 if the client is not allowed, or the zone is not for it; with --send also if an endpoint that "
      "was\n"
      "asked gives no answer, or one that clients do not get. With --config a line a name is "
      "printed,\n"
      "with --json an object a line; with --names the status is 2 if a line has no name, else 0.");
  command->callback([&control, asked] { explain(control, *asked); });
}

}  // namespace penstock::control

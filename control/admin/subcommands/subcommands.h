// control/admin/subcommands/subcommands.h - the commands of penstockctl, a file a group: each adds itself to the command line with its help
// and leaves its exit status in `Invocation`.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

namespace penstock::control {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kWaits = 3;  // done, but something waits for a restart
constexpr std::chrono::seconds kQuick{3};

struct Invocation {
  std::string socket = "/run/penstock/control.sock";
  bool as_json = false;
  int status = kUsage;

  // Asks penstock-control. `render` turns a good answer into words, `verdict` into the exit status.
  void ask(
      const nlohmann::json& request, std::chrono::seconds timeout, std::string (*render)(const nlohmann::json&),
      int (*verdict)(const nlohmann::json&) = [](const nlohmann::json&) { return kDone; });
};

void print_json(const nlohmann::json&);

// Of `rules diff` and `reload --dry-run`: the help about their exit status, and what prints a preview and sets it.
extern const char* const kPreviewStatus;
void show_preview(Invocation&, const nlohmann::json& report, bool all);
// Of `reload` and `rules rollback`.
std::string render_reload(const nlohmann::json& answer);
int verdict_of_reload(const nlohmann::json& answer);

// In the order of the help. `Invocation` outlives the command line.
void add_check(CLI::App&, Invocation&);
void add_status(CLI::App&, Invocation&);
void add_health(CLI::App&, Invocation&);
void add_reload(CLI::App&, Invocation&);
void add_rules(CLI::App&, Invocation&);  // diff, show, history, rollback
void add_explain(CLI::App&, Invocation&);
void add_verify(CLI::App&, Invocation&);
void add_import(CLI::App&, Invocation&);
void add_endpoints(CLI::App&, Invocation&);
void add_cache(CLI::App&, Invocation&);
void add_queries(CLI::App&, Invocation&);  // tail, grep, top
void add_capture(CLI::App&, Invocation&);

}  // namespace penstock::control

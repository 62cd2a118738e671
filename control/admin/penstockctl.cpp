// control/admin/penstockctl.cpp - penstockctl: asks a running penstock-control, or checks a file without one.
//
// Exit status: 0 done, 1 refused or failed, 2 wrong usage or nobody answers, 3 done but something waits for a restart. What answers a question says by it what it found: status,
// health, grep, verify, explain --client. The commands stand in subcommands/.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <sstream>

#include "config/yaml/findings.h"
#include "control/admin/subcommands/subcommands.h"

namespace {

using namespace penstock;
using namespace penstock::control;

// Names of the options, without their short ones.
std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    std::istringstream parts(option->get_name(false, true));
    for (std::string name; std::getline(parts, name, ',');)
      if (name.starts_with("--")) known.push_back(name);
  }
  return known;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(command->get_name());
  return known;
}

// A word that is neither a command nor an option where it stands, and what may have been meant; empty: there is none.
std::string unknown_word(const CLI::App& app) {
  const std::vector<std::string> rest = app.remaining(true);
  if (rest.empty()) return {};
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  const bool is_option = rest.front().starts_with('-');
  std::vector<std::string> known = is_option ? options_of(*at) : commands_of(*at);
  if (is_option && at != &app)
    for (std::string& option : options_of(app)) known.push_back(std::move(option));
  const std::vector<std::string_view> words(known.begin(), known.end());
  const auto nearest = config::nearest_word(rest.front(), words);
  std::string text = std::string("unknown ") + (is_option ? "option" : "command") + " '" + rest.front() + "'";
  if (at != &app) text += " of '" + at->get_name() + "'";
  if (!nearest.empty()) return text + "; did you mean '" + std::string(nearest) + "'?";
  return text + (known.empty() ? "; see --help" : ": known are " + config::join_words(words, " and "));
}

int run(int argc, char** argv) {
  Invocation control;
  CLI::App app{"Queries and controls a running penstock-control."};
  app.set_version_flag("--version", "penstockctl " PENSTOCK_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--socket", control.socket, "socket of penstock-control (control.socket)")->capture_default_str();
  app.add_flag("--json", control.as_json, "print the answer as JSON");
  for (const auto add : {add_check, add_status, add_health, add_reload, add_rules, add_explain, add_verify, add_import,
                         add_endpoints, add_cache, add_queries, add_capture})
    add(app, control);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::string unknown = error.get_exit_code() == 0 ? "" : unknown_word(app);
    if (!unknown.empty()) {
      std::cerr << "penstockctl: " << unknown << '\n';
      return kUsage;
    }
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  return control.status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "penstockctl: %s\n", error.what());
    return kFailed;
  }
}

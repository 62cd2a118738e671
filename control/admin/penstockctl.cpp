// control/admin/penstockctl.cpp - penstockctl: asks a running penstock-control, or checks a file without one.
//
// Exit codes: 0 done, 1 refused or failed, 2 wrong usage or nobody answers. What answers a question says by them what it found: status, verify,
// explain --client.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/read/read_model.h"
#include "config/yaml/findings.h"
#include "control/admin/client.h"
#include "control/admin/render.h"
#include "control/rules/zone_records.h"
#include "control/verify/verify.h"

namespace {

using nlohmann::json;
using namespace penstock;

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr std::chrono::seconds kQuick{3};
constexpr std::chrono::seconds kFlush{15};
constexpr std::chrono::seconds kReload{120};  // a million names are read, compiled and acknowledged

const char* text_of(config::Severity severity) {
  switch (severity) {
    case config::Severity::error:
      return "error";
    case config::Severity::warning:
      return "warning";
    case config::Severity::note:
      break;
  }
  return "note";
}

void print(const json& answer) {
  std::cout << answer.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

int check(const std::string& file, bool as_json) {
  const config::ReadModel read = control::read_rules(file);
  if (as_json) {
    json findings = json::array();
    for (const config::Finding& finding : read.findings)
      findings.push_back({{"severity", text_of(finding.severity)},
                          {"file", finding.file},
                          {"line", finding.line},
                          {"key", finding.key},
                          {"text", finding.text}});
    json answer{{"ok", read.model.has_value()}, {"findings", findings}};
    if (read.model) answer["description"] = config::describe(*read.model);
    print(answer);
    return read.model ? kDone : kFailed;
  }
  for (const config::Finding& finding : read.findings) std::cerr << config::to_text(finding) << '\n';
  if (!read.model) return kFailed;
  std::cout << config::describe(*read.model);
  return kDone;
}

int verify(const std::string& file, const std::string& name, control::VerifyOptions options, bool suggest,
           bool as_json) {
  const config::ReadModel read = control::read_rules(file);
  if (!read.model) {
    for (const config::Finding& finding : read.findings) std::cerr << config::to_text(finding) << '\n';
    return kUsage;
  }
  if (!name.empty()) {
    const auto parsed = config::parse_name(name);
    if (!parsed) {
      std::cerr << "penstockctl: '" << name << "' is not a domain name: " << parsed.error() << '\n';
      return kUsage;
    }
    options.name = *parsed;
  }
  const json report = control::verify(*read.model, options, [](const std::string& text) { std::cerr << text << '\n'; });
  if (as_json) {
    print(report);
  } else if (report.contains("error")) {
    std::cerr << "penstockctl: " << report["error"].get<std::string>() << '\n';
  } else {
    std::cout << control::render_verify(report, suggest);
  }
  if (report.contains("error")) return kUsage;
  return report["ok"].get<bool>() ? kDone : kFailed;
}

struct Connection {
  std::string socket = "/run/penstock/control.sock";
  bool as_json = false;

  // `render` turns a good answer into words.
  // `verdict` makes it the exit code.
  template <typename Render>
  int ask(
      const json& request, std::chrono::seconds timeout, Render render,
      int (*verdict)(const json&) = [](const json&) { return kDone; }) const {
    const auto answer = control::ask_control(socket, request, timeout);
    if (!answer) {
      if (as_json) print({{"ok", false}, {"error", answer.error()}});
      std::cerr << "penstockctl: " << answer.error() << '\n';
      return kUsage;
    }
    const bool ok = answer->value("ok", false);
    if (as_json) {
      print(*answer);
    } else if (ok) {
      std::cout << render(*answer);
    } else {
      for (const json& detail : answer->value("details", json::array())) std::cerr << detail.get<std::string>() << '\n';
      std::cerr << "penstockctl: "
                << answer->value("error", "the command failed without a reason; see the log of penstock-control")
                << '\n';
    }
    return ok ? verdict(*answer) : kFailed;
  }
};

int verdict_of_status(const json& status) {
  return status["state"] == "green" ? kDone : status["state"] == "degraded" ? kFailed : kUsage;
}

// 1: the client that was named gets nothing, whatever the name.
int verdict_of_explain(const json& explanation) {
  const bool may_ask = !explanation.contains("client") || explanation["client"].value("may_ask", true);
  const bool left_out =
      explanation.contains("client") && explanation.value("rule", json::object()).value("left_out", false);
  return may_ask && !left_out ? kDone : kFailed;
}

// A word that is neither a command nor an option where it stands, and what may have been meant; empty: there is none.
std::string unknown_word(const CLI::App& app) {
  const std::vector<std::string> rest = app.remaining(true);
  if (rest.empty()) return {};
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  const bool is_option = rest.front().starts_with('-');
  std::vector<std::string> known;
  for (const CLI::App* of : {at, &app}) {
    if (is_option)
      for (const CLI::Option* option : of->get_options()) known.push_back(option->get_name(false, true));
    else if (of == at)
      for (const CLI::App* command : of->get_subcommands([](const CLI::App*) { return true; }))
        known.push_back(command->get_name());
  }
  if (is_option) {
    std::vector<std::string> words;
    for (const std::string& names : known) {
      std::istringstream parts(names);
      for (std::string name; std::getline(parts, name, ',');)
        if (name.starts_with("--")) words.push_back(name);
    }
    known = std::move(words);
  }
  const std::vector<std::string_view> words(known.begin(), known.end());
  const auto nearest = config::nearest_word(rest.front(), words);
  std::string text = std::string("unknown ") + (is_option ? "option" : "command") + " '" + rest.front() + "'";
  if (at != &app) text += " of '" + at->get_name() + "'";
  if (!nearest.empty()) return text + "; did you mean '" + std::string(nearest) + "'?";
  return text + (known.empty() ? "; see --help" : ": known are " + config::join_words(words, " and "));
}

std::string render_drain(const json& answer) {
  std::string text = control::render_endpoints(answer);
  for (const json& warning : answer["warnings"]) text += "warning: " + warning.get<std::string>() + "\n";
  return text;
}

std::string render_reload(const json& answer) {
  std::string text;
  for (const json& detail : answer.value("details", json::array())) text += detail.get<std::string>() + "\n";
  return text + answer.value("text", "done") + "\n";
}

int run(int argc, char** argv) {
  CLI::App app{"Queries and controls a running penstock-control."};
  app.set_version_flag("--version", "penstockctl " PENSTOCK_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  Connection control;
  app.add_option("--socket", control.socket, "socket of penstock-control (control.socket)")->capture_default_str();
  app.add_flag("--json", control.as_json, "print the answer as JSON");

  int result = kUsage;
  std::string file;
  auto* check_command =
      app.add_subcommand("check", "describe a configuration, or list all its errors; needs no daemon");
  check_command->add_option("FILE", file, "the configuration file")->required();
  check_command->callback([&] { result = check(file, control.as_json); });

  app.add_subcommand("status", "overall state (green, degraded or down), rules, dataplane, endpoints and counters")
      ->footer(
          "Exit status: 0 green; 1 degraded: there is a problem, but most names are answered; 2 down: no dataplane,\n"
          "no rules, no endpoint up, or no answer from penstock-control.")
      ->callback([&] {
        result = control.ask({{"command", "status"}}, kQuick, control::render_status, verdict_of_status);
      });

  bool accept_removals = false;
  auto* reload = app.add_subcommand("reload", "reload the configuration and publish its rules");
  reload->add_flag("--accept-removals", accept_removals, "even if private zones are removed");
  reload->callback([&] {
    result = control.ask({{"command", "reload"}, {"accept_removals", accept_removals}}, kReload, render_reload);
  });

  std::string name;
  std::string type = "A";
  auto* explain = app.add_subcommand("explain", "show the rule of a name, and how a query for it is handled");
  explain->add_option("NAME", name, "a domain name")->required();
  explain->add_option("TYPE", type, "a record type; it does not affect the rule")->capture_default_str();
  std::string client;
  explain->add_option("--client", client, "address of the client; zones can be limited to client groups");
  explain->footer("Exit status: 1 if the client is not allowed, or the zone is not for it.");
  explain->callback([&] {
    result = control.ask({{"command", "explain"}, {"name", name}, {"type", type}, {"client", client}}, kQuick,
                         control::render_explain, verdict_of_explain);
  });

  std::string verify_file = "/etc/penstock/penstock.yaml";
  control::VerifyOptions verify_options;
  bool suggest = false;
  auto* verify_command = app.add_subcommand(
      "verify", "query the endpoints of private zones from this host and explain wrong answers; needs no daemon");
  verify_command->add_option("NAME", name, "a single name instead of every private zone");
  verify_command->add_option("--config", verify_file, "the configuration file")->capture_default_str();
  verify_command->add_flag("--suggest", suggest, "print the networks of the answers, for use as 'expect:'");
  verify_command->add_flag("--compare-default", verify_options.compare_default,
                           "query the default pool too, which shows the names to its servers");
  verify_command
      ->add_option("--resolv-conf", verify_options.resolv_conf,
                   "query each resolver listed in this file, as a client would")
      ->expected(0, 1)
      ->default_str("/etc/resolv.conf");
  verify_command->footer(
      "Exit status: 0 all answers correct, 1 not all. Answers of the default pool (--compare-default) do not count.");
  verify_command->callback([&] { result = verify(verify_file, name, verify_options, suggest, control.as_json); });

  auto* endpoints = app.add_subcommand("endpoints", "list endpoints with health, next hop and counters");
  endpoints->require_subcommand(0, 1);
  std::string address;
  for (const char* verb : {"drain", "undrain"}) {
    const bool is_drain = std::string_view(verb) == "drain";
    auto* command = endpoints->add_subcommand(
        verb, is_drain ? "stop sending queries to an endpoint" : "send queries to an endpoint again");
    command->add_option("ADDRESS", address, "address of the endpoint, in every pool that has it")->required();
    command->callback([&, verb] {
      result = control.ask({{"command", verb}, {"address", address}}, kQuick, render_drain);
    });
  }
  endpoints->callback([&] {
    if (endpoints->get_subcommands().empty())
      result = control.ask({{"command", "endpoints"}}, kQuick, control::render_endpoints);
  });

  auto* cache = app.add_subcommand("cache", "contents and use of the answer cache");
  cache->require_subcommand(0, 1);
  std::string flushed_name;
  std::string flushed_zone;
  bool all = false;
  auto* flush = cache->add_subcommand("flush", "remove cached answers of a name, of a zone, or all");
  flush->add_option("NAME", flushed_name, "this name only, all types");
  flush->add_option("--zone", flushed_zone, "this name and all names below it");
  flush->add_flag("--all", all, "all cached answers");
  flush->callback([&] {
    if (!flushed_name.empty() + !flushed_zone.empty() + all > 1) {
      std::cerr << "penstockctl: NAME, --zone and --all exclude each other: give one of them\n";
      return;
    }
    const char* scope = all ? "all" : !flushed_zone.empty() ? "zone" : !flushed_name.empty() ? "name" : "";
    const json request{{"command", "flush"}, {"scope", scope}, {"name", flushed_zone + flushed_name}};
    if (*scope == '\0') {
      std::cerr << "penstockctl: nothing to flush: give NAME for one name, --zone NAME for it and all names below, or "
                   "--all\n";
      return;
    }
    result = control.ask(request, kFlush, control::render_flushed);
  });
  cache->callback([&] {
    if (cache->get_subcommands().empty()) result = control.ask({{"command", "cache"}}, kQuick, control::render_cache);
  });

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
  return result;
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

// control/admin/subcommands/check.cpp - the commands that read a file themselves: check and verify need no daemon.
#include <iostream>
#include <memory>

#include "config/read/read_model.h"
#include "control/admin/render.h"
#include "control/admin/subcommands/subcommands.h"
#include "control/rules/zone_records.h"
#include "control/verify/verify.h"

namespace penstock::control {
namespace {

using nlohmann::json;

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

int check(const std::string& file, bool as_json) {
  const config::ReadModel read = read_rules(file);
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
    print_json(answer);
    return read.model ? kDone : kFailed;
  }
  for (const config::Finding& finding : read.findings) std::cerr << config::to_text(finding) << '\n';
  if (!read.model) return kFailed;
  std::cout << config::describe(*read.model);
  return kDone;
}

struct VerifyArguments {
  std::string file = "/etc/penstock/penstock.yaml";
  std::string name;
  VerifyOptions options;
  bool suggest = false;
};

int print_report(const json& report, bool suggest, bool as_json) {
  if (as_json) {
    print_json(report);
  } else if (report.contains("error")) {
    std::cerr << "penstockctl: " << report["error"].get<std::string>() << '\n';
  } else {
    std::cout << render_verify(report, suggest);
  }
  if (report.contains("error")) return kUsage;
  return report["ok"].get<bool>() ? kDone : kFailed;
}

int verify_file(VerifyArguments arguments, bool as_json) {
  const config::ReadModel read = read_rules(arguments.file);
  if (!read.model) {
    for (const config::Finding& finding : read.findings) std::cerr << config::to_text(finding) << '\n';
    return kUsage;
  }
  if (!arguments.name.empty()) {
    const auto parsed = config::parse_name(arguments.name);
    if (!parsed) {
      std::cerr << "penstockctl: '" << arguments.name << "' is not a domain name: " << parsed.error() << '\n';
      return kUsage;
    }
    arguments.options.name = *parsed;
  }
  const json report =
      verify(*read.model, arguments.options, [](const std::string& text) { std::cerr << text << '\n'; });
  return print_report(report, arguments.suggest, as_json);
}

}  // namespace

void add_check(CLI::App& app, Invocation& control) {
  const auto file = std::make_shared<std::string>();
  auto* command = app.add_subcommand("check", "describe a configuration, or list all its errors; needs no daemon");
  command->add_option("FILE", *file, "the configuration file")->required();
  command->callback([&control, file] { control.status = check(*file, control.as_json); });
}

void add_verify(CLI::App& app, Invocation& control) {
  const auto given = std::make_shared<VerifyArguments>();
  auto* command = app.add_subcommand(
      "verify", "query the endpoints of private zones from this host and explain wrong answers; needs no daemon");
  command->add_option("NAME", given->name, "a single name instead of every private zone");
  command->add_option("--config", given->file, "the configuration file")->capture_default_str();
  command->add_flag("--suggest", given->suggest, "print the networks of the answers, for use as 'expect:'");
  command->add_flag("--compare-default", given->options.compare_default,
                    "query the default pool too, which shows the names to its servers");
  command
      ->add_option("--resolv-conf", given->options.resolv_conf,
                   "query each resolver listed in this file, as a client would")
      ->expected(0, 1)
      ->default_str("/etc/resolv.conf");
  command->footer(
      "Exit status: 0 all answers correct, 1 not all. Answers of the default pool (--compare-default) do not count.");
  command->callback([&control, given] { control.status = verify_file(*given, control.as_json); });
}

}  // namespace penstock::control

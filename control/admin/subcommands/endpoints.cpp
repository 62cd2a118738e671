// control/admin/subcommands/endpoints.cpp - the commands about endpoints: the list, drain, undrain.
#include <memory>
#include <string_view>

#include "control/admin/render.h"
#include "control/admin/subcommands/subcommands.h"

namespace penstock::control {
namespace {

using nlohmann::json;

std::string render_drain(const json& answer) {
  std::string text = render_endpoints(answer);
  for (const json& warning : answer["warnings"]) text += "warning: " + warning.get<std::string>() + "\n";
  return text;
}

void add_verb(CLI::App& endpoints, Invocation& control, const char* verb, const char* help) {
  const auto address = std::make_shared<std::string>();
  auto* command = endpoints.add_subcommand(verb, help);
  command->add_option("ADDRESS", *address, "address of the endpoint, in every pool that has it")->required();
  command->callback([&control, verb, address] {
    control.ask({{"command", verb}, {"address", *address}}, kQuick, render_drain);
  });
}

}  // namespace

void add_endpoints(CLI::App& app, Invocation& control) {
  auto* command = app.add_subcommand("endpoints", "list endpoints with health, next hop and counters");
  command->require_subcommand(0, 1);
  add_verb(*command, control, "drain", "stop sending queries to an endpoint");
  add_verb(*command, control, "undrain", "send queries to an endpoint again");
  command->callback([&control, command] {
    if (command->get_subcommands().empty()) control.ask({{"command", "endpoints"}}, kQuick, render_endpoints);
  });
}

}  // namespace penstock::control

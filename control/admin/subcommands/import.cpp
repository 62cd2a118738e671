#include "control/import/import.h"

#include <memory>

#include "control/admin/subcommands/subcommands.h"

namespace penstock::control {
namespace {

constexpr const char* kFooter =
    "What is lost, or means something else here, is told with its file and line, and stands in the YAML as a comment\n"
    "with DECIDE.\n"
    "Examples:\n"
    "  penstockctl import --host\n"
    "  penstockctl import bind /etc/bind/named.conf --verify -o penstock.yaml\n"
    "  penstockctl import windows zones.json forwarders.json -o penstock.yaml\n"
    "Exit status: 0 nothing is lost; 1 something has to be decided; 2 the files cannot be read.\n"
    "With --host: 0 one server is there to be imported; 1 several, or none; 2 a file of theirs cannot be read.";

}  // namespace

void add_import(CLI::App& app, Invocation& control) {
  const auto options = std::make_shared<imports::ImportOptions>();
  auto* command =
      app.add_subcommand("import", "write our YAML from the configuration of another server; needs no daemon");
  std::vector<std::string> kinds;
  std::string footer = "KIND and its FILEs:\n";
  for (const imports::Format& format : imports::formats()) {
    kinds.emplace_back(format.name);
    footer +=
        "  " + std::string(format.name) + std::string(10 - format.name.size(), ' ') + std::string(format.what) + "\n";
  }
  command->add_option("KIND", options->kind, "what wrote the files")->check(CLI::IsMember(kinds));
  command->add_option("FILE", options->paths, "its configuration");
  command->add_flag("--host", options->host,
                    "look which DNS servers run or are configured on this host, and propose the command for each");
  command->add_option("-o,--output", options->output, "where the YAML goes; else to standard output");
  command
      ->add_option("--verify", options->queries,
                   "print every name that goes elsewhere than before: names of the files with their neighbours, and "
                   "those that QUERIES lists")
      ->expected(0, 1)
      ->type_name("QUERIES");
  command->footer(footer + kFooter);
  command->callback([options, command, &control] {
    options->verify = command->count("--verify") != 0;
    control.status = imports::run_import(*options);
  });
}

}  // namespace penstock::control

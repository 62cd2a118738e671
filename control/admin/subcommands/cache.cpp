// control/admin/subcommands/cache.cpp - the commands about the answer cache: its numbers, and flush.
#include <iostream>
#include <memory>

#include "control/admin/render.h"
#include "control/admin/subcommands/subcommands.h"

namespace penstock::control {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kFlush{15};

struct Flushed {
  std::string name;
  std::string zone;
  bool all = false;
};

void flush(Invocation& control, const Flushed& what) {
  if (!what.name.empty() + !what.zone.empty() + what.all > 1) {
    std::cerr << "penstockctl: NAME, --zone and --all exclude each other: give one of them\n";
    return;
  }
  const char* scope = what.all ? "all" : !what.zone.empty() ? "zone" : !what.name.empty() ? "name" : "";
  if (*scope == '\0') {
    std::cerr << "penstockctl: nothing to flush: give NAME for one name, --zone NAME for it and all names below, or "
                 "--all\n";
    return;
  }
  control.ask({{"command", "flush"}, {"scope", scope}, {"name", what.zone + what.name}}, kFlush, render_flushed);
}

void add_flush(CLI::App& cache, Invocation& control) {
  const auto what = std::make_shared<Flushed>();
  auto* command = cache.add_subcommand("flush", "remove cached answers of a name, of a zone, or all");
  command->add_option("NAME", what->name, "this name only, all types");
  command->add_option("--zone", what->zone, "this name and all names below it");
  command->add_flag("--all", what->all, "all cached answers");
  command->callback([&control, what] { flush(control, *what); });
}

}  // namespace

void add_cache(CLI::App& app, Invocation& control) {
  auto* command = app.add_subcommand("cache", "contents and use of the answer cache");
  command->require_subcommand(0, 1);
  add_flush(*command, control);
  command->callback([&control, command] {
    if (command->get_subcommands().empty()) control.ask({{"command", "cache"}}, kQuick, render_cache);
  });
}

}  // namespace penstock::control

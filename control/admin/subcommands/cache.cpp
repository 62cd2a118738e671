// control/admin/subcommands/cache.cpp - the commands about the answer cache: its numbers, its answers, and flush.
#include <iostream>
#include <memory>

#include "control/admin/client.h"
#include "control/admin/explain/render.h"
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

constexpr std::chrono::seconds kPages{30};

struct Shown {
  std::string name;
  std::string type;
  bool below = false;
};

// Asks for pages of the cache until all have been looked at; `print` gets each entry. False: an error has been printed.
bool each_entry(Invocation& control, json request, void (*print)(const json&)) {
  for (uint64_t page = 0;;) {
    request["page"] = page;
    const auto answer = ask_control(control.socket, request, kPages);
    if (!answer || !answer->value("ok", false)) {
      const std::string why = answer ? answer->value("error", "no reason is given") : answer.error();
      if (control.as_json) print_json({{"ok", false}, {"error", why}});
      std::cerr << "penstockctl: " << why << '\n';
      control.status = answer ? kFailed : kUsage;
      return false;
    }
    for (const json& entry : (*answer)["entries"]) {
      print(entry);
      control.status = kDone;
    }
    page = answer->value("next", uint64_t{0});
    if (page == 0) return true;
  }
}

void print_line(const json& entry) {
  std::cout << entry.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
}

void show(Invocation& control, const Shown& what) {
  control.status = kFailed;  // until there is one
  const json request{
      {"command", "cached"}, {"scope", what.below ? "zone" : "name"}, {"name", what.name}, {"type", what.type}};
  const auto print = control.as_json ? print_line : [](const json& entry) { std::cout << render_cached(entry); };
  if (!each_entry(control, request, print) || control.status == kDone) return;
  std::cerr << "penstockctl: nothing is cached for " << what.name << (what.type.empty() ? "" : " " + what.type)
            << (what.below ? " and below\n" : "; for names below it use --below\n");
}

void add_show(CLI::App& cache, Invocation& control) {
  const auto what = std::make_shared<Shown>();
  auto* command = cache.add_subcommand("show", "cached answers of a name: TTL left, stale until, rcode, records, rule");
  command->add_option("NAME", what->name, "a domain name")->required();
  command->add_option("TYPE", what->type, "of this record type only");
  command->add_flag("--below", what->below, "and all names below it");
  command->footer("With --json an object a line. Exit status: 1 when nothing is cached.");
  command->callback([&control, what] { show(control, *what); });
}

void add_dump(CLI::App& cache, Invocation& control) {
  auto* command = cache.add_subcommand("dump", "all cached answers, as in a master file with comments");
  command->footer(
      "With --json an object a line. Queries are answered meanwhile: an answer that is cached or removed during the "
      "dump\n"
      "may be missing, or there twice.");
  command->callback([&control] {
    control.status = kDone;
    each_entry(
        control, {{"command", "cached"}, {"scope", "all"}},
        control.as_json ? print_line : [](const json& entry) { std::cout << render_dumped(entry); });
  });
}

}  // namespace

void add_cache(CLI::App& app, Invocation& control) {
  auto* command = app.add_subcommand("cache", "contents and use of the answer cache");
  command->require_subcommand(0, 1);
  add_show(*command, control);
  add_dump(*command, control);
  add_flush(*command, control);
  command->callback([&control, command] {
    if (command->get_subcommands().empty()) control.ask({{"command", "cache"}}, kQuick, render_cache);
  });
}

}  // namespace penstock::control

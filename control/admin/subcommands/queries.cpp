#include <atomic>
#include <csignal>
#include <memory>

#include "control/admin/subcommands/subcommands.h"
#include "control/admin/watch_queries.h"

namespace penstock::control {
namespace {

std::atomic<bool> stop_watching{false};

void on_interrupt(int) {
  stop_watching = true;
}

struct QueryOptions {
  std::string match, type, rcode, outcome;
  double slow_ms = 0;
  WatchOptions watch;

  WatchOptions with(const Invocation& control) const {
    WatchOptions all = watch;
    all.socket = control.socket;
    all.as_json = control.as_json;
    for (const auto& [key, value] :
         {std::pair{"match", &match}, {"type", &type}, {"rcode", &rcode}, {"outcome", &outcome}})
      if (!value->empty()) all.filter[key] = *value;
    if (slow_ms > 0) all.filter["slow_ms"] = slow_ms;
    return all;
  }
};

// A command with the options that all of them have.
CLI::App& add_command(CLI::App& app, const char* name, const char* help, QueryOptions& options) {
  CLI::App& command = *app.add_subcommand(name, help);
  command.add_option("NAME|CLIENT", options.match,
                     "a domain name (it and all names below it), or the address or network of clients; else all");
  command.add_option("--type", options.type, "record type: A, AAAA, HTTPS, TYPE65 ...");
  command.add_option("--rcode", options.rcode,
                     "NOERROR, SERVFAIL, NXDOMAIN, REFUSED ...; none: queries without an answer");
  command.add_option("--outcome", options.outcome, "answered_cached, returned, expired ...: as tail shows them");
  command.add_option("--slow", options.slow_ms, "answered after this many milliseconds or more");
  return command;
}

void add_tail(CLI::App& app, Invocation& control) {
  const auto options = std::make_shared<QueryOptions>();
  CLI::App& command = add_command(app, "tail", "print queries as they are answered", *options);
  command.add_option("-n,--count", options->watch.most, "end after this many queries");
  command.add_option("--seconds", options->watch.seconds, "end after this many seconds");
  command.footer("With --json: one query per line. Ends with Ctrl-C.");
  command.callback([options, &control] {
    std::signal(SIGINT, on_interrupt);
    control.status = tail(options->with(control), stop_watching);
  });
}

void add_grep(CLI::App& app, Invocation& control) {
  const auto options = std::make_shared<QueryOptions>();
  CLI::App& command = add_command(app, "grep", "print past queries: the last 65,536 of each lcore are kept", *options);
  command.add_option("-n,--count", options->watch.most, "the first so many");
  command.footer("With --json: one query per line. Exit status: 0 found, 1 none found.");
  command.callback([options, &control] { control.status = grep(options->with(control)); });
}

void add_top(CLI::App& app, Invocation& control) {
  const auto options = std::make_shared<QueryOptions>();
  options->watch.seconds = 10;
  CLI::App& command =
      add_command(app, "top", "rates, latency, and the busiest names, clients, rules and endpoints", *options);
  command.add_option("--seconds", options->watch.seconds, "the last so many seconds")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command.add_option("--rows", options->watch.count, "rows of a table")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_flag("--once", options->watch.once, "one look; the default where the output is no terminal");
  command.callback([options, &control] {
    std::signal(SIGINT, on_interrupt);
    control.status = top(options->with(control), stop_watching);
  });
}

}  // namespace

void add_queries(CLI::App& app, Invocation& control) {
  add_tail(app, control);
  add_grep(app, control);
  add_top(app, control);
}

}  // namespace penstock::control

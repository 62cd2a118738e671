// dataplane/main.cpp - penstock-dataplane: reads its part of the configuration, starts, runs until SIGTERM.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>

#include "config/read_model.h"
#include "dataplane/dataplane.h"

namespace {

void log_to_stderr() {
  auto logger = spdlog::stderr_logger_mt("dataplane");
  // The journal stamps lines itself.
  logger->set_pattern(getenv("JOURNAL_STREAM") != nullptr ? "%l: %v" : "%Y-%m-%dT%H:%M:%S.%e dataplane %l: %v");
  spdlog::set_default_logger(logger);
}

// SIGTERM and SIGINT as something that poll() sees. Blocked before any thread starts, so no lcore is interrupted.
int block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  // Rules are control's to reload: a HUP meant for it must not end us.
  signal(SIGHUP, SIG_IGN);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Penstock's dataplane: takes DNS queries from its ports, forwards them by the rules that penstock-control "
      "publishes."};
  std::string path;
  app.add_option("--config", path, "the configuration, the same file as penstock-control's")->required();
  app.set_version_flag("--version", PENSTOCK_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : 2;
  }

  log_to_stderr();
  const int signals = block_signals();
  const auto read = penstock::config::read_host(path);
  for (const auto& finding : read.findings)
    if (finding.severity == penstock::config::Severity::error) spdlog::error("{}", penstock::config::to_text(finding));
  if (!read.model) return EXIT_FAILURE;

  try {
    auto dataplane = penstock::Dataplane::start(*read.model);
    if (!dataplane) {
      spdlog::error("{}", dataplane.error());
      return EXIT_FAILURE;
    }
    sd_notify(0, "READY=1");
    (*dataplane)->run(signals);
    sd_notify(0, "STOPPING=1");
    spdlog::info("stopping");
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}

// dataplane/main.cpp - penstock-dataplane: reads its part of the configuration, starts, runs until SIGTERM.
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>

#include "config/files/last_good_config.h"
#include "config/files/own_files.h"
#include "config/log/log.h"
#include "config/read/read_model.h"
#include "confine/confine.h"
#include "dataplane/dataplane.h"

namespace {

using namespace penstock;

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

// What the process starts with: of the file or, when that is refused, of the copy that the last start with a good one has kept.
tl::expected<config::ReadModel, std::string> read_host(const std::string& path) {
  config::ReadModel read = config::read_host(path);
  for (const config::Finding& finding : read.findings)
    spdlog::log(finding.severity == config::Severity::error ? spdlog::level::err : spdlog::level::warn, "{}",
                config::to_text(finding));
  if (read.model) return read;
  const auto without = [&path](const std::string& why) {
    return tl::make_unexpected(path + " is refused, and there is no last good copy to start with: " + why);
  };
  const auto found = config::find_last_good_config(path, config::kLastGoodHost);
  if (!found) return without(found.error());
  config::ReadModel copy = config::read_host_of(found->config.files.front());
  if (!copy.model) return without(found->path + ": " + config::errors_of(copy.findings).front());
  spdlog::error("{} is refused, using the ports and addresses of {}: {}", path, found->path,
                config::errors_of(read.findings).front());
  copy.files.clear();  // kept already
  return copy;
}

// Before control is answered, who compares it with the file of the next reload.
void keep_host(const config::ReadModel& host) {
  if (host.files.empty()) return;
  const std::string& folder = host.model->dataplane.state_dir;
  if (const auto kept = config::save_last_good_config(folder, config::kLastGoodHost, host.files); !kept)
    spdlog::warn("cannot save the last good copy of the configuration: {}", kept.error());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "The dataplane of Penstock: receives DNS queries on its ports and forwards them by the rules of "
      "penstock-control."};
  std::string path;
  app.add_option("--config", path, "the configuration file, the same as for penstock-control")->required();
  app.set_version_flag("--version", "penstock-dataplane " PENSTOCK_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : 2;
  }

  config::start_log("penstock-dataplane", config::is_journal());
  const int signals = block_signals();
  penstock::confine::begin();
  penstock::config::trust_user("penstock-control");
  const auto host = read_host(path);
  if (!host) {
    spdlog::critical("{}", host.error());
    return EX_CONFIG;  // a restart will not help
  }

  config::use_log(host->model->log);
  try {
    auto dataplane = penstock::Dataplane::start(*host->model);
    if (!dataplane) {
      spdlog::error("{}", dataplane.error());
      return EXIT_FAILURE;
    }
    keep_host(*host);
    sd_notify(0, host->files.empty() ? "READY=1\nSTATUS=the configuration is REFUSED, its last good copy is in use"
                                     : "READY=1");
    (*dataplane)->run(signals);
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}

// control/main.cpp - penstock-control: reads the configuration, gives the dataplane its rules, and watches
// over endpoints.
#include <spdlog/spdlog.h>
#include <sysexits.h>

#include <linux/capability.h>
#include <tbb/cache_aligned_allocator.h>

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "config/files/own_files.h"
#include "config/log/log.h"
#include "config/read/read_model.h"
#include "confine/confine.h"
#include "control/access/peer.h"
#include "control/control.h"
#include "control/neighbours/neighbour_hand.h"
#include "control/rules/zone_records.h"
#include "control/service_manager.h"

namespace {

using namespace penstock;

std::vector<std::string> confine_to(std::vector<int> capabilities, std::vector<std::string> writable) {
  return confine::finish({.capabilities = std::move(capabilities),
                          .writable = std::move(writable),
                          .system_calls = {confine::every_program(), confine::sockets()}});
}

// Before the first byte from elsewhere is read, and before the first thread: nothing of us has a right but the hand.
std::unique_ptr<control::NeighbourHand> give_up_rights(const config::Model& model) {
  std::vector<std::string> folders = {std::filesystem::path(model.control.socket).parent_path(),
                                      model.dataplane.state_dir};
  if (model.query_log.to.starts_with('/')) folders.push_back(std::filesystem::path(model.query_log.to).parent_path());
  for (const std::string& folder : folders)
    if (auto prepared = config::prepare_folder(folder); !prepared) spdlog::warn("{}", prepared.error());
  if (!model.control.look.empty() || !model.control.change.empty()) control::load_directories();
  // libtbb looks for its allocator when the first memory is wanted, and after this no new code is let in.
  tbb::cache_aligned_allocator<char> allocator;
  allocator.deallocate(allocator.allocate(1), 1);
  auto hand = control::NeighbourHand::start([] { confine_to({CAP_NET_ADMIN}, {}); });
  for (const std::string& gap : confine_to({}, folders)) spdlog::warn("{}", gap);
  return hand;
}

// EX_CONFIG: a restart will not help, whoever starts us may stop trying.
int run(const std::string& file, bool accept_removals) {
  auto first = control::first_rules(file, accept_removals);
  if (!first) {
    spdlog::critical("{}", first.error());
    return EX_CONFIG;
  }
  config::use_log(first->configuration.model->log);
  const auto hand = give_up_rights(*first->configuration.model);
  asio::io_context io;
  asio::signal_set stop_signals(io, SIGTERM, SIGINT);
  control::Control control(io, {file, std::move(*first), accept_removals}, hand.get());
  stop_signals.async_wait([&](std::error_code error, int) {
    if (error) return;
    spdlog::info("stopping");
    control::notify_stopping();
    control.stop();
    io.stop();
  });
  control.start();
  io.run();
  // A million names take seconds, and SIGTERM does not wait for rules that nobody wants any more.
  if (control.fatal_error().empty() && control.is_loading()) std::_Exit(EXIT_SUCCESS);
  if (control.fatal_error().empty()) return EXIT_SUCCESS;
  spdlog::critical("{}", control.fatal_error());
  return EX_CONFIG;
}

int check(const std::string& file) {
  const config::ReadModel read = control::read_rules(file);
  for (const config::Finding& finding : read.findings) std::cerr << config::to_text(finding) << '\n';
  if (!read.model) return EXIT_FAILURE;
  std::cout << config::describe(*read.model);
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Compiles the rules of Penstock, probes endpoints and exports metrics."};
  app.set_version_flag("--version", "penstock-control " PENSTOCK_VERSION);
  std::string file;
  bool check_only = false;
  bool accept_removals = false;
  app.add_option("--config", file, "the configuration file")->required();
  app.add_flag("--accept-removals", accept_removals, "let SIGHUP and control.watch remove private zones");
  app.add_flag("--check", check_only, "list the errors of the configuration or describe it, then exit");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : 2;
  }
  config::start_log("penstock-control", config::is_journal());
  confine::begin();
  config::trust_user("penstock-dataplane");
  try {
    return check_only ? check(file) : run(file, accept_removals);
  } catch (const std::exception& error) {
    spdlog::critical("{}", error.what());
    return EXIT_FAILURE;
  }
}

// dataplane/assembly/launch.cpp - the threads start, rights are given up; and at the end all is taken apart in reverse.
#include <linux/capability.h>
#include <rte_launch.h>
#include <spdlog/spdlog.h>

#include <filesystem>

#include "config/files/own_files.h"
#include "confine/confine.h"
#include "dataplane/assembly/assembly.h"

namespace penstock::assembly {
namespace {

int run_worker(void* worker) {
  static_cast<Worker*>(worker)->run();
  return 0;
}

// Before the first packet: all threads are there, all sockets and maps open. An address that comes later is listened on by the main
// thread, and an af_packet port's nft rules change with the endpoints; the XDP filter's maps are changed by their descriptors, which
// needs no right.
void give_up_rights(const Parts& parts) {
  static constexpr std::array kOwnCalls = {"bpf"};
  const config::Dataplane& settings = parts.model.dataplane;
  confine::Limits limits;
  limits.capabilities = {CAP_NET_BIND_SERVICE};
  for (const net::OpenPort& port : parts.ports->all())
    if (port.kind == config::PortKind::af_packet) limits.capabilities.push_back(CAP_NET_ADMIN);
  limits.writable = {std::filesystem::path(settings.socket).parent_path(), settings.state_dir};
  for (const std::string& folder : limits.writable)
    if (auto prepared = config::prepare_folder(folder); !prepared) spdlog::warn("{}", prepared.error());
  limits.writable.push_back(net::eal_folder());
  limits.system_calls = {confine::every_program(), confine::sockets(), kOwnCalls};
  for (const std::string& gap : confine::finish(limits)) spdlog::warn("{}", gap);
}

}  // namespace

void launch(Parts& parts) {
  parts.slow_lane->start();
  give_up_rights(parts);
  for (size_t i = 0; i < parts.workers.size(); ++i)
    rte_eal_remote_launch(run_worker, parts.workers[i].get(), parts.eal.polling_lcores[i]);
  parts.launched = true;
  const config::SourcePorts& source_ports = parts.source_ports;
  spdlog::info("{} lcores poll {} ports; source ports {} to {}", parts.workers.size(), parts.ports->all().size(),
               source_ports.first, source_ports.first + source_ports.count - 1);
}

void take_apart(Parts& parts) {
  if (parts.plant) parts.plant->stop.store(true);
  if (parts.launched) {
    rte_eal_mp_wait_lcore();
    for (const auto& worker : parts.workers) worker->join();
  }
  parts.slow_lane.reset();
  parts.link.reset();
  parts.ports.reset();
  parts.pool.reset();
  parts.stream_pool.reset();
  if (!parts.eal.polling_lcores.empty()) net::stop_eal();
}

}  // namespace penstock::assembly

// dataplane/net/eal.h - starts DPDK's environment from our own configuration: users type no EAL arguments.
//
//   auto eal = start_eal({.polling_lcores = 4, .memory_bytes = memory_for(mbufs), .pci = pci_addresses(model.ports)});
//   if (!eal) throw std::runtime_error(eal.error());
//   spdlog::info("{}", eal->summary);
//   for (unsigned lcore : eal->polling_lcores) rte_eal_remote_launch(poll, &workers[...], lcore);
//   rte_eal_mp_wait_lcore();
//   stop_eal();   // after Ports and the pool are gone
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace penstock::net {

struct EalOptions {
  std::string program = "penstock-dataplane";
  unsigned polling_lcores = 1;
  std::vector<unsigned> cpus;      // that polling lcores may use; empty: those of usable_cpus()
  size_t memory_bytes = 64 << 20;  // that pools and tables will take from EAL
  std::vector<std::string> pci;    // addresses to probe; empty: no PCI scan
  std::vector<std::string> extra;  // config::Dataplane::eal, added at the end
};

// What the machine can give: read from /proc/meminfo by free_hugepages().
struct Hugepages {
  size_t free = 0;
  size_t page_bytes = 0;
};

struct EalInfo {
  std::vector<unsigned> polling_lcores;  // lcore ids, 1..n; lcore 0 is the main thread and does not poll
  bool hugepages = false;
  bool lcores_share_cpus = false;  // more polling lcores than CPUs: they float, pools need preemptible rings
  std::string summary;             // one line for the log
};

// The CPUs of sched_getaffinity.
std::vector<unsigned> usable_cpus();
Hugepages free_hugepages();
// Where threads that do not poll should run: the usable CPUs without a pinned lcore; all when there are no others.
std::vector<unsigned> cpus_beside(const EalInfo&);

// argv of rte_eal_init, argv[0] included. Pure: the process id makes the file prefix unique.
std::vector<std::string> eal_arguments(const EalOptions&, const Hugepages&, int process_id);

// Of processes of ours that are no more: EAL makes a folder penstock-PID in `runtime` (/run/dpdk) at each start and leaves it there. How
// many were removed. Those of other users, other names and pids that are alive stay.
size_t remove_left_folders(const std::string& runtime);

// Once a process. The error says which argument or resource EAL refused.
tl::expected<EalInfo, std::string> start_eal(const EalOptions&);
void stop_eal();
// Where EAL keeps files of this process, between start_eal() and stop_eal().
std::string eal_folder();

}  // namespace penstock::net

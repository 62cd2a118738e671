// dataplane/net/eal.cpp - builds EAL's arguments from our configuration and starts it.
#include "dataplane/net/eal.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string_view>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

namespace penstock::net {
namespace {

std::string cpu_set(const std::vector<unsigned>& cpus) {
  std::string text = "(";
  for (unsigned cpu : cpus) text.append(text.size() == 1 ? "" : ",").append(std::to_string(cpu));
  return text.append(")");
}

// Lcore 0 floats over all CPUs: it sleeps in poll() most of the time. Polling lcores are pinned one a CPU
// while there are enough, else all of them float and the scheduler shares the CPUs out.
std::string lcore_map(unsigned polling_lcores, const std::vector<unsigned>& cpus) {
  std::string map = "0@" + cpu_set(cpus);
  if (polling_lcores > cpus.size()) {
    return map + ",(1-" + std::to_string(polling_lcores) + ")@" + cpu_set(cpus);
  }
  for (unsigned i = 0; i < polling_lcores; ++i) {
    map.append(",").append(std::to_string(i + 1)).append("@").append(std::to_string(cpus[i]));
  }
  return map;
}

bool enough(const Hugepages& pages, size_t bytes) {
  return pages.free > 0 && pages.free * pages.page_bytes >= bytes;
}

size_t mebibytes(size_t bytes) {
  return (bytes + (1 << 20) - 1) >> 20;
}

std::string summary(const EalOptions& options, const Hugepages& pages, const EalInfo& info, size_t cpus) {
  const std::string needed = std::to_string(mebibytes(options.memory_bytes)) + " MiB";
  const std::string kind = std::to_string(pages.page_bytes >> 10) + " KiB";
  std::string text = info.hugepages ? "EAL runs on hugepages of " + kind + ", " + needed + " planned"
                                    : "EAL runs without hugepages, on " + needed + " of ordinary memory (" +
                                          std::to_string(pages.free) + " hugepages of " + kind + " are free)";
  text += "; " + std::to_string(options.polling_lcores) + " polling lcores ";
  text += info.lcores_share_cpus ? "share " : "pinned on ";
  text += std::to_string(info.lcores_share_cpus ? cpus : options.polling_lcores) + " CPUs";
  return text;
}

constexpr std::string_view kFolder = "penstock-";

// The process id that stands in the name of a folder of ours; 0: it is none.
int process_of(const std::string& name) {
  if (!name.starts_with(kFolder) || name.size() > kFolder.size() + 9) return 0;
  const bool is_number = name.size() > kFolder.size() && std::all_of(name.begin() + kFolder.size(), name.end(),
                                                                     [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? std::stoi(name.substr(kFolder.size())) : 0;
}

bool is_alive(int process) {
  return kill(process, 0) == 0 || errno != ESRCH;
}

// Held as long as this process lives, however it ends: a process that has the same folder and another idea of process ids, in a
// container, sees by it that we are here.
void hold_folder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0) flock(fd, LOCK_SH | LOCK_NB);
}

bool is_held(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return true;
  struct stat status {};
  const bool free =
      fstat(fd, &status) == 0 && (status.st_uid == geteuid() || geteuid() == 0) && flock(fd, LOCK_EX | LOCK_NB) == 0;
  close(fd);
  return !free;
}

}  // namespace

size_t remove_left_folders(const std::string& runtime) {
  size_t removed = 0;
  std::error_code error;
  std::vector<std::filesystem::path> left;
  for (const auto& entry : std::filesystem::directory_iterator(runtime, error)) {
    const int process = process_of(entry.path().filename().string());
    if (process != 0 && !is_alive(process) && !is_held(entry.path().string())) left.push_back(entry.path());
  }
  for (const auto& folder : left)
    if (std::filesystem::remove_all(folder, error) != static_cast<uintmax_t>(-1)) ++removed;
  return removed;
}

std::vector<unsigned> usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<unsigned> cpus;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return {0};
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

std::vector<unsigned> cpus_beside(const EalInfo& info) {
  rte_cpuset_t all = rte_lcore_cpuset(rte_get_main_lcore());  // lcore 0 floats over all of them
  std::vector<unsigned> every;
  std::vector<unsigned> free;
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &all)) continue;
    every.push_back(cpu);
    const bool polls = std::any_of(info.polling_lcores.begin(), info.polling_lcores.end(), [cpu](unsigned lcore) {
      const rte_cpuset_t pinned = rte_lcore_cpuset(lcore);
      return CPU_ISSET(cpu, &pinned);
    });
    if (!polls) free.push_back(cpu);
  }
  return free.empty() ? every : free;
}

Hugepages free_hugepages() {
  Hugepages pages;
  std::ifstream meminfo("/proc/meminfo");
  for (std::string key; meminfo >> key;) {
    if (key == "HugePages_Free:") meminfo >> pages.free;
    if (key == "Hugepagesize:") {
      meminfo >> pages.page_bytes;
      pages.page_bytes <<= 10;
    }
    meminfo.ignore(256, '\n');
  }
  return pages;
}

std::vector<std::string> eal_arguments(const EalOptions& options, const Hugepages& pages, int process_id) {
  const auto cpus = options.cpus.empty() ? usable_cpus() : options.cpus;
  std::vector<std::string> arguments{options.program,       "--lcores=" + lcore_map(options.polling_lcores, cpus),
                                     "--main-lcore=0",      "--no-telemetry",
                                     "--log-level=warning", "--file-prefix=penstock-" + std::to_string(process_id)};
  if (enough(pages, options.memory_bytes)) {
    arguments.push_back("--in-memory");
  } else {
    // --in-memory and --no-huge exclude each other.
    arguments.insert(arguments.end(),
                     {"--no-huge", "--no-shconf", "-m", std::to_string(mebibytes(options.memory_bytes))});
  }
  if (options.pci.empty()) {
    // Without devices of its own EAL would choose physical addresses where it can: they make pools lie
    // scattered.
    arguments.insert(arguments.end(), {"--no-pci", "--iova-mode=va"});
  }
  for (const auto& address : options.pci) arguments.insert(arguments.end(), {"-a", address});
  arguments.insert(arguments.end(), options.extra.begin(), options.extra.end());
  return arguments;
}

tl::expected<EalInfo, std::string> start_eal(const EalOptions& options) {
  if (options.polling_lcores == 0 || options.polling_lcores >= RTE_MAX_LCORE) {
    return tl::make_unexpected("lcores: " + std::to_string(options.polling_lcores) + " is outside 1.." +
                               std::to_string(RTE_MAX_LCORE - 1));
  }
  const auto cpus = options.cpus.empty() ? usable_cpus() : options.cpus;
  const auto pages = free_hugepages();
  auto arguments = eal_arguments(options, pages, getpid());
  std::vector<char*> argv;
  std::string line;
  for (auto& argument : arguments) {
    argv.push_back(argument.data());
    line.append(line.empty() ? "" : " ").append(argument);
  }
  argv.push_back(nullptr);
  if (rte_eal_init(static_cast<int>(arguments.size()), argv.data()) < 0) {
    return tl::make_unexpected(std::string("DPDK's environment does not start: ") + rte_strerror(rte_errno) +
                               "; arguments: " + line);
  }
  const std::filesystem::path folder = rte_eal_get_runtime_dir();
  hold_folder(folder.string());
  remove_left_folders(folder.parent_path().string());
  EalInfo info;
  info.hugepages = rte_eal_has_hugepages() != 0;
  info.lcores_share_cpus = options.polling_lcores > cpus.size();
  unsigned lcore = 0;
  RTE_LCORE_FOREACH_WORKER(lcore) {
    info.polling_lcores.push_back(lcore);
  }
  info.summary = summary(options, pages, info, cpus.size());
  return info;
}

void stop_eal() {
  rte_eal_cleanup();
}

std::string eal_folder() {
  return rte_eal_get_runtime_dir();
}

}  // namespace penstock::net

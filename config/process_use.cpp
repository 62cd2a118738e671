#include "config/process_use.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

namespace penstock::config {
namespace {

uint64_t ns(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_usec) * 1'000;
}

// The second number of proc(5) statm, in pages.
uint64_t resident() {
  FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long size = 0;
  unsigned long long pages = 0;
  const int read = std::fscanf(file, "%llu %llu", &size, &pages);
  std::fclose(file);
  return read == 2 ? pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

uint64_t open_files() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  uint64_t count = 0;
  while (const dirent* one = readdir(folder)) count += one->d_name[0] != '.';
  closedir(folder);
  return count - (count != 0 ? 1 : 0);  // that of the folder itself
}

}  // namespace

ProcessUse process_use() {
  ProcessUse use;
  rusage times{};
  if (getrusage(RUSAGE_SELF, &times) == 0) use.cpu_ns = ns(times.ru_utime) + ns(times.ru_stime);
  use.resident = resident();
  use.files = open_files();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) use.most_files = limit.rlim_cur;
  return use;
}

}  // namespace penstock::config

#include "dataplane/publish.h"

#include <fcntl.h>
#include <rte_rcu_qsbr.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>

#include "config/files/own_files.h"

namespace penstock {
namespace {

std::string system_error(const std::string& what) {
  return what + ": " + strerror(errno);
}

tl::expected<void, std::string> check_size(int fd, uint64_t size) {
  if (size < sizeof(config::ImageHeader) || size > config::kImageMaxSize)
    return tl::make_unexpected("an image of " + std::to_string(size) + " bytes: must be " +
                               std::to_string(sizeof(config::ImageHeader)) + " to " +
                               std::to_string(config::kImageMaxSize));
  struct stat status {};
  if (fstat(fd, &status) != 0) return tl::make_unexpected(system_error("fstat"));
  if (static_cast<uint64_t>(status.st_size) < size)
    return tl::make_unexpected("the image is truncated: " + std::to_string(status.st_size) + " of " +
                               std::to_string(size) + " bytes");
  return {};
}

// A copy in memory of our own: the sender cannot touch it, no page of it comes back from a disk under an lcore's look-up, and
// huge pages, where the kernel has some, spare a look-up in a large table the misses of the page table.
tl::expected<void*, std::string> copy_of(int fd, uint64_t size) {
  if (auto checked = check_size(fd, size); !checked) return tl::make_unexpected(checked.error());
  void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return tl::make_unexpected(system_error("mmap"));
  madvise(address, size, MADV_HUGEPAGE);
  for (uint64_t done = 0; done < size;) {
    const ssize_t n = pread(fd, static_cast<char*>(address) + done, size - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      auto text = n < 0 ? system_error("read") : std::string("the image is truncated");
      munmap(address, size);
      return tl::make_unexpected(std::move(text));
    }
    done += static_cast<uint64_t>(n);
  }
  mprotect(address, size, PROT_READ);
  return address;
}

}  // namespace

tl::expected<std::unique_ptr<LoadedRules>, std::string> LoadedRules::open(void* address, size_t size) {
  std::unique_ptr<LoadedRules> loaded(new LoadedRules(address, size));
  auto ruleset = tables::Ruleset::open(loaded->bytes());
  if (!ruleset) return tl::make_unexpected(ruleset.error());
  loaded->ruleset_ = *ruleset;
  return loaded;
}

tl::expected<std::unique_ptr<LoadedRules>, std::string> LoadedRules::from_memfd(int fd, uint64_t size) {
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  const int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals)
    return tl::make_unexpected("the memfd of the image is not sealed: it could change while in use");
  auto address = copy_of(fd, size);
  if (!address) return tl::make_unexpected(address.error());
  return open(*address, size);
}

tl::expected<std::unique_ptr<LoadedRules>, std::string> LoadedRules::from_file(const std::string& path) {
  const auto fd = config::open_own_file(path);
  if (!fd) return tl::make_unexpected(fd.error().text);
  struct stat status {};
  const uint64_t size = fstat(*fd, &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
  auto address = copy_of(*fd, size);
  close(*fd);
  if (!address) return tl::make_unexpected(path + ": " + address.error());
  return open(*address, size);
}

LoadedRules::~LoadedRules() {
  munmap(address_, size_);
}

Publisher::Publisher(unsigned lcores, config::CounterPage& counters) : counters_(counters) {
  const size_t size = rte_rcu_qsbr_get_memsize(lcores);
  void* memory = std::aligned_alloc(64, (size + 63) / 64 * 64);
  if (memory == nullptr) throw std::bad_alloc();
  qsbr_ = static_cast<rte_rcu_qsbr*>(memory);
  rte_rcu_qsbr_init(qsbr_, lcores);
}

Publisher::~Publisher() {
  std::free(qsbr_);
}

void Publisher::wait_for_lcores(const char* what) {
  const auto begin = std::chrono::steady_clock::now();
  // start and check are inline and visible to TSan; rte_rcu_qsbr_synchronize is neither.
  const uint64_t token = rte_rcu_qsbr_start(qsbr_);
  const timespec pause{0, 50'000};  // a yield would give the rest of our share away
  for (bool said = false; rte_rcu_qsbr_check(qsbr_, token, false) == 0; nanosleep(&pause, nullptr)) {
    if (said || std::chrono::steady_clock::now() - begin < std::chrono::seconds(1)) continue;
    spdlog::error("{} for an lcore stuck in its loop for 1 s: its driver or CPU hangs", what);
    said = true;
  }
}

void Publisher::publish(std::unique_ptr<LoadedRules> rules) {
  const auto begin = std::chrono::steady_clock::now();
  current_.store(&rules->ruleset(), std::memory_order_release);
  wait_for_lcores("new rules wait");
  const auto end = std::chrono::steady_clock::now();
  loaded_ = std::move(rules);  // frees the old ones

  const config::ImageHeader& header = loaded_->ruleset().header();
  counters_.swap_ns.set(static_cast<uint64_t>(std::chrono::nanoseconds(end - begin).count()));
  counters_.zones.set(header.zone_count);
  counters_.published_at.set(static_cast<uint64_t>(time(nullptr)));
  counters_.images_accepted.add(1);
  counters_.generation.set(header.generation);
}

}  // namespace penstock

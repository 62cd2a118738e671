#include "dataplane/publish.h"

#include <fcntl.h>
#include <rte_rcu_qsbr.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>

namespace penstock {
namespace {

std::string system_error(const std::string& what) {
  return what + ": " + strerror(errno);
}

tl::expected<void*, std::string> map_file(int fd, uint64_t size, int flags) {
  if (size < sizeof(config::ImageHeader) || size > config::kImageMaxSize)
    return tl::make_unexpected("an image of " + std::to_string(size) + " bytes: must be " +
                               std::to_string(sizeof(config::ImageHeader)) + " to " +
                               std::to_string(config::kImageMaxSize));
  struct stat status {};
  if (fstat(fd, &status) != 0) return tl::make_unexpected(system_error("fstat"));
  if (static_cast<uint64_t>(status.st_size) < size)
    return tl::make_unexpected("the image is cut short: " + std::to_string(status.st_size) + " of " +
                               std::to_string(size) + " bytes");
  // Populated now: an lcore must not meet a page fault.
  void* address = mmap(nullptr, size, PROT_READ, flags | MAP_POPULATE, fd, 0);
  if (address == MAP_FAILED) return tl::make_unexpected(system_error("mmap"));
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
    return tl::make_unexpected("the image's memfd is not sealed: it could change while it is used");
  auto address = map_file(fd, size, MAP_SHARED);
  if (!address) return tl::make_unexpected(address.error());
  return open(*address, size);
}

tl::expected<std::unique_ptr<LoadedRules>, std::string> LoadedRules::from_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return tl::make_unexpected(system_error(path));
  struct stat status {};
  const uint64_t size = fstat(fd, &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
  // Private: the file is replaced by rename, never written in place.
  auto address = map_file(fd, size, MAP_PRIVATE);
  close(fd);
  if (!address) return tl::make_unexpected(address.error());
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

void Publisher::publish(std::unique_ptr<LoadedRules> rules) {
  const auto begin = std::chrono::steady_clock::now();
  current_.store(&rules->ruleset(), std::memory_order_release);
  // start and check are inline and visible to TSan; rte_rcu_qsbr_synchronize is neither.
  const uint64_t token = rte_rcu_qsbr_start(qsbr_);
  rte_rcu_qsbr_check(qsbr_, token, true);
  const auto end = std::chrono::steady_clock::now();
  loaded_ = std::move(rules);  // frees the old ones

  const config::ImageHeader& header = loaded_->ruleset().header();
  counters_.swap_ns.set(static_cast<uint64_t>(std::chrono::nanoseconds(end - begin).count()));
  counters_.zones.set(header.zone_count);
  counters_.published_at.set(static_cast<uint64_t>(time(nullptr)));
  counters_.images_accepted.add(1);
  counters_.generation.set(header.generation);
}

std::string last_good_path(const std::string& state_dir) {
  return state_dir + "/last-good.image";
}

tl::expected<void, std::string> save_last_good(const std::string& state_dir, std::span<const std::byte> image) {
  std::error_code error;
  std::filesystem::create_directories(state_dir, error);
  const std::string path = last_good_path(state_dir);
  const std::string beside = path + ".new";
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return tl::make_unexpected(system_error(beside));
  const auto fail = [&](const char* what) {
    auto text = system_error(beside + ": " + what);
    close(fd);
    unlink(beside.c_str());
    return tl::make_unexpected(std::move(text));
  };
  for (size_t written = 0; written < image.size();) {
    const ssize_t n = write(fd, image.data() + written, image.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail("write");
    written += static_cast<size_t>(n);
  }
  if (fsync(fd) != 0) return fail("fsync");
  close(fd);
  if (rename(beside.c_str(), path.c_str()) != 0) return tl::make_unexpected(system_error(path));
  return {};
}

}  // namespace penstock

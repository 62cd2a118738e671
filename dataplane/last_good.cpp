#include "dataplane/last_good.h"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

namespace penstock {
namespace {

struct EndpointsFile {
  uint64_t magic = config::kEndpointStateMagic;
  uint64_t checksum = 0;  // XXH3 of the slots
  std::array<config::EndpointState, config::kMaxEndpoints> slots{};

  uint64_t sum() const { return XXH3_64bits(slots.data(), sizeof slots); }
};

std::string endpoints_path(const std::string& state_dir) {
  return state_dir + "/last-good.endpoints";
}

tl::expected<void, std::string> replace_file(const std::string& path, std::span<const std::byte> content) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  const std::string beside = path + ".new";
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return tl::make_unexpected(beside + ": " + strerror(errno));
  const auto fail = [&](const char* what) {
    auto text = beside + ": " + what + ": " + strerror(errno);
    close(fd);
    unlink(beside.c_str());
    return tl::make_unexpected(std::move(text));
  };
  for (size_t written = 0; written < content.size();) {
    const ssize_t n = write(fd, content.data() + written, content.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail("write");
    written += static_cast<size_t>(n);
  }
  if (fsync(fd) != 0) return fail("fsync");
  close(fd);
  if (rename(beside.c_str(), path.c_str()) != 0) return tl::make_unexpected(path + ": " + strerror(errno));
  return {};
}

}  // namespace

std::string last_good_path(const std::string& state_dir) {
  return state_dir + "/last-good.image";
}

tl::expected<void, std::string> save_last_good(const std::string& state_dir, std::span<const std::byte> image) {
  return replace_file(last_good_path(state_dir), image);
}

tl::expected<void, std::string> save_endpoints(const std::string& state_dir, const config::EndpointStatePage& page) {
  EndpointsFile file;
  for (size_t i = 0; i < file.slots.size(); ++i) file.slots[i] = page.slots[i].load();
  file.checksum = file.sum();
  return replace_file(endpoints_path(state_dir), std::as_bytes(std::span(&file, 1)));
}

tl::expected<void, std::string> load_endpoints(const std::string& state_dir, config::EndpointStatePage& page) {
  const std::string path = endpoints_path(state_dir);
  EndpointsFile file;
  std::ifstream in(path, std::ios::binary);
  if (!in.read(reinterpret_cast<char*>(&file), sizeof file))
    return tl::make_unexpected(path + ": not there or cut short");
  if (file.magic != config::kEndpointStateMagic || file.checksum != file.sum())
    return tl::make_unexpected(path + ": damaged, or of another version");
  config::write_slots(page, [&](config::EndpointSlot* slots) {
    for (size_t i = 0; i < file.slots.size(); ++i) {
      file.slots[i].health = config::Health::unknown;
      slots[i].store(file.slots[i]);
    }
  });
  return {};
}

}  // namespace penstock

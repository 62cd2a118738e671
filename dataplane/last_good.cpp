#include "dataplane/last_good.h"

#include <xxhash.h>

#include <array>
#include <cstring>

#include "config/files/own_files.h"

namespace penstock {
namespace {

struct EndpointsFile {
  uint64_t magic = config::kEndpointStateMagic;
  uint64_t checksum = 0;  // XXH3 of the slots
  config::IndexedArray<config::EndpointSlot, config::EndpointState, config::kMaxEndpoints> slots{};

  uint64_t sum() const { return XXH3_64bits(&slots, sizeof slots); }
};

std::string endpoints_path(const std::string& state_dir) {
  return state_dir + "/last-good.endpoints";
}

}  // namespace

std::string last_good_path(const std::string& state_dir) {
  return state_dir + "/last-good.image";
}

tl::expected<void, std::string> save_last_good(const std::string& state_dir, std::span<const std::byte> image) {
  return config::replace_file(last_good_path(state_dir), image, 0600);
}

tl::expected<void, std::string> save_endpoints(const std::string& state_dir, const config::EndpointStatePage& page) {
  EndpointsFile file;
  for (const config::EndpointSlot i : config::kEndpointSlots) file.slots[i] = page.slots[i].load();
  file.checksum = file.sum();
  return config::replace_file(endpoints_path(state_dir), std::as_bytes(std::span(&file, 1)), 0600);
}

tl::expected<void, std::string> load_endpoints(const std::string& state_dir, config::EndpointStatePage& page) {
  const std::string path = endpoints_path(state_dir);
  const auto text = config::read_own_file(path);
  if (!text) return tl::make_unexpected(text.error().text);
  EndpointsFile file;
  if (text->size() < sizeof file) return tl::make_unexpected(path + ": truncated");
  std::memcpy(&file, text->data(), sizeof file);
  if (file.magic != config::kEndpointStateMagic || file.checksum != file.sum())
    return tl::make_unexpected(path + ": damaged, or of another version");
  config::write_slots(page, [&](auto& slots) {
    for (const config::EndpointSlot i : config::kEndpointSlots) {
      file.slots[i].health = config::Health::unknown;
      slots[i].store(file.slots[i]);
    }
  });
  return {};
}

}  // namespace penstock

#include "tests/fuzz/live/message.h"

#include <algorithm>

namespace penstock::fuzz {
namespace {

constexpr uint16_t kA = 1, kCname = 5, kSig = 24, kAaaa = 28, kDname = 39, kOpt = 41, kSvcb = 64, kHttps = 65,
                   kTsig = 250;
constexpr unsigned kMostLinks = 64;

unsigned load16(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<unsigned>(bytes[at] << 8 | bytes[at + 1]);
}

// Follows pointers, also forward ones. False: it has no end, or is too long. `at` moves behind the name.
bool read_name(std::span<const uint8_t> bytes, size_t& at, LiveName& name) {
  name.clear();
  bool jumped = false;
  size_t here = at;
  for (unsigned steps = 0; steps < 300; ++steps) {
    if (here >= bytes.size()) return false;
    const unsigned length = bytes[here];
    if (length >= 0xc0) {
      if (here + 2 > bytes.size()) return false;
      if (!jumped) at = here + 2;
      jumped = true;
      here = load16(bytes, here) & 0x3fff;
      continue;
    }
    if (length > 63 || here + 1 + length > bytes.size() || name.size() + 1 + length > 255) return false;
    name += static_cast<char>(length);
    for (unsigned i = 1; i <= length; ++i) {
      const auto octet = static_cast<char>(bytes[here + i]);
      name += octet >= 'A' && octet <= 'Z' ? static_cast<char>(octet + 32) : octet;
    }
    here += 1 + length;
    if (length != 0) continue;
    if (!jumped) at = here;
    return true;
  }
  return false;
}

// Only where the name ends.
bool skip_name(std::span<const uint8_t> bytes, size_t& at) {
  while (at < bytes.size()) {
    const unsigned length = bytes[at];
    at += length >= 0xc0 ? 2 : 1 + length;
    if (length == 0 || length >= 0xc0) return at <= bytes.size();
    if (length > 63) return false;
  }
  return false;
}

// False: what is there is not what the type says.
bool read_hints(std::span<const uint8_t> data, LiveRecord& record) {
  size_t at = 2;
  LiveName target;
  if (data.size() < 3 || !read_name(data, at, target)) return false;
  while (at < data.size()) {
    if (at + 4 > data.size()) return false;
    const unsigned key = load16(data, at);
    const unsigned length = load16(data, at + 2);
    at += 4;
    if (at + length > data.size()) return false;
    const size_t size = key == 4 ? 4 : key == 6 ? 16 : 0;
    if (size != 0)
      for (size_t i = 0; i + size <= length; i += size)
        record.addresses.emplace_back(data.begin() + static_cast<std::ptrdiff_t>(at + i),
                                      data.begin() + static_cast<std::ptrdiff_t>(at + i + size));
    at += length;
  }
  return true;
}

bool read_records(std::span<const uint8_t> bytes, size_t at, LiveMessage& message) {
  for (unsigned section = 0; section < 3; ++section) {
    for (unsigned left = load16(bytes, 6 + 2 * section); left > 0; --left) {
      LiveRecord record{.section = section, .owner = {}, .target = {}, .addresses = {}};
      // Who does not care for an owner, or for where an alias leads, reads on behind it.
      size_t owner_at = at;
      if (!read_name(bytes, owner_at, record.owner)) record.owner.clear();
      if (!skip_name(bytes, at) || at + 10 > bytes.size()) return false;
      record.type = static_cast<uint16_t>(load16(bytes, at));
      const unsigned record_class = load16(bytes, at + 2);
      const size_t length = load16(bytes, at + 8);
      at += 10;
      if (at + length > bytes.size()) return false;
      const auto data = bytes.subspan(at, length);
      size_t name_at = at;
      // Addresses and aliases are those of the Internet's class; an OPT has its size there.
      switch (record_class == 1 || record.type == kOpt || record.type == kSig || record.type == kTsig ? record.type
                                                                                                      : 0) {
        case kA:
        case kAaaa:
          if (length != (record.type == kA ? 4U : 16U)) return false;
          record.addresses.emplace_back(data.begin(), data.end());
          break;
        case kCname:
        case kDname:
          if (!read_name(bytes, name_at, record.target)) record.target.clear();
          break;
        case kSvcb:
        case kHttps:
          if (!read_hints(data, record)) return false;
          break;
        case kOpt:
          ++message.opts;
          message.opt_size = record_class;
          break;
        case kSig:
        case kTsig:
          message.is_signed = message.is_signed || section == 2;
          break;
        default:
          break;
      }
      message.records.push_back(std::move(record));
      at += length;
    }
  }
  return true;
}

bool ends_with(const LiveName& name, const LiveName& suffix) {
  if (name.size() <= suffix.size()) return false;
  for (size_t at = 0; at < name.size(); at += 1U + static_cast<uint8_t>(name[at]))
    if (name.size() - at == suffix.size()) return name.compare(at, suffix.size(), suffix) == 0;
  return false;
}

}  // namespace

std::optional<LiveMessage> read_message(std::span<const uint8_t> bytes, bool& whole) {
  whole = false;
  if (bytes.size() < 12) return std::nullopt;
  LiveMessage message;
  message.id = static_cast<uint16_t>(load16(bytes, 0));
  message.flags = static_cast<uint16_t>(load16(bytes, 2));
  message.questions = load16(bytes, 4);
  size_t at = 12;
  for (unsigned i = 0; i < message.questions; ++i) {
    LiveName name;
    if (!read_name(bytes, at, name) || at + 4 > bytes.size()) return std::nullopt;
    at += 4;
    if (i != 0) continue;
    message.name = name;
    message.type = static_cast<uint16_t>(load16(bytes, at - 4));
    message.question.assign(bytes.begin() + 12, bytes.begin() + static_cast<std::ptrdiff_t>(at));
  }
  whole = read_records(bytes, at, message);
  return message;
}

std::vector<LiveName> follow(const LiveMessage& message) {
  std::vector<LiveName> names{message.name};
  while (names.size() <= kMostLinks) {
    const LiveName& name = names.back();
    const LiveRecord* link = nullptr;
    for (const LiveRecord& record : message.records) {
      if (record.section != 0 || record.target.empty() || record.owner.empty()) continue;
      if (record.type == kCname && record.owner == name) {
        link = &record;
        break;
      }
      if (record.type == kDname && link == nullptr && ends_with(name, record.owner)) link = &record;
    }
    if (link == nullptr) break;
    LiveName next =
        link->type == kCname ? link->target : name.substr(0, name.size() - link->owner.size()) + link->target;
    if (next.size() > 255) break;
    if (std::find(names.begin(), names.end(), next) != names.end()) break;
    names.push_back(std::move(next));
  }
  return names;
}

}  // namespace penstock::fuzz

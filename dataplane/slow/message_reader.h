// dataplane/slow/message_reader.h - messages out of a TCP stream: two octets of length before each (RFC 1035 section 4.2.2).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/dns/message.h"
#include "dataplane/slow/frame.h"

namespace penstock::slow {

enum class Framing : uint8_t {
  good,
  held,    // the taker did not take a message: it and all behind it are kept
  broken,  // a length that no message has: nothing behind it can be told apart
};

// In a frame not every message has room.
constexpr size_t kLongestOfAll = 65535;

class MessageReader {
 public:
  explicit MessageReader(size_t longest = kLongestMessage) : longest_(longest) {}

  // Gives `take` every whole message, oldest first, until it says false; keeps the rest. With no bytes it goes on with those kept.
  template <typename Take>
  Framing read(std::span<const uint8_t> bytes, Take&& take) {
    if (!kept_.empty()) {
      kept_.insert(kept_.end(), bytes.begin(), bytes.end());
      size_t used = 0;
      const Framing framing = split(kept_, used, take);
      kept_.erase(kept_.begin(), kept_.begin() + static_cast<ptrdiff_t>(used));
      if (kept_.empty()) std::vector<uint8_t>().swap(kept_);  // ten thousand idle connections keep nothing
      return framing;
    }
    size_t used = 0;
    const Framing framing = split(bytes, used, take);
    kept_.assign(bytes.begin() + static_cast<ptrdiff_t>(used), bytes.end());
    return framing;
  }
  size_t kept() const { return kept_.size(); }

 private:
  template <typename Take>
  Framing split(std::span<const uint8_t> bytes, size_t& used, Take& take) const {
    while (bytes.size() - used >= 2) {
      const size_t length = dns::load16(bytes.data() + used);
      if (length < dns::kHeaderSize || length > longest_) return Framing::broken;
      if (bytes.size() - used - 2 < length) break;
      if (!take(bytes.subspan(used + 2, length))) return Framing::held;
      used += 2 + length;
    }
    return Framing::good;
  }

  size_t longest_;
  std::vector<uint8_t> kept_;
};

}  // namespace penstock::slow

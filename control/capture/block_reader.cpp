#include "control/capture/block_reader.h"

#include <algorithm>
#include <cstring>

namespace penstock::control {
namespace {

constexpr uint32_t kStatisticsBlock = 5;
constexpr uint32_t kPacketBlock = 6;
constexpr size_t kMostStatistics = 4096;
constexpr uint32_t kLeastBlock = 12;

// Options of statistics.
constexpr uint16_t kComment = 1;
constexpr uint16_t kDropped = 5;
constexpr uint16_t kAccepted = 6;

template <typename Number>
Number load(const uint8_t* at) {
  Number number;
  std::memcpy(&number, at, sizeof number);
  return number;
}

}  // namespace

void BlockReader::read(std::span<const uint8_t> octets) {
  while (!octets.empty()) {
    size_t taken = 0;
    if (left_ == 0) {
      taken = std::min(octets.size(), head_.size() - head_size_);
      std::copy_n(octets.begin(), taken, head_.begin() + static_cast<ptrdiff_t>(head_size_));
      head_size_ += taken;
      if (head_size_ == head_.size()) {
        type_ = load<uint32_t>(head_.data());
        left_ = std::max(load<uint32_t>(head_.data() + 4), kLeastBlock) - head_.size();
        kept_.clear();
      }
    } else {
      taken = static_cast<size_t>(std::min<uint64_t>(octets.size(), left_));
      if (type_ == kStatisticsBlock && kept_.size() + taken <= kMostStatistics)
        kept_.insert(kept_.end(), octets.begin(), octets.begin() + static_cast<ptrdiff_t>(taken));
      left_ -= taken;
    }
    octets = octets.subspan(taken);
    seen_ += taken;
    if (left_ == 0 && head_size_ == head_.size()) end_block();
  }
}

void BlockReader::end_block() {
  head_size_ = 0;
  whole_ = seen_;
  if (type_ == kPacketBlock) ++packets_;
  if (type_ == kStatisticsBlock) read_statistics();
}

void BlockReader::read_statistics() {
  is_complete_ = true;
  constexpr size_t kBeforeOptions = 12;
  constexpr size_t kBehind = 4;
  for (size_t at = kBeforeOptions; at + 4 + kBehind <= kept_.size();) {
    const auto code = load<uint16_t>(kept_.data() + at);
    const size_t length = load<uint16_t>(kept_.data() + at + 2);
    at += 4;
    if (code == 0 || at + length + kBehind > kept_.size()) return;
    if (code == kComment) ended_.assign(reinterpret_cast<const char*>(kept_.data() + at), length);
    if (code == kDropped && length == 8) lost_ += load<uint64_t>(kept_.data() + at);
    if (code == kAccepted && length == 8) matched_ += load<uint64_t>(kept_.data() + at);
    at += (length + 3) / 4 * 4;
  }
}

}  // namespace penstock::control

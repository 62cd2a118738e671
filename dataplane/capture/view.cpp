#include "dataplane/capture/view.h"

#include <rte_mbuf.h>

namespace penstock::capture {
namespace {

// One writer: no locked instruction.
void add_one(std::atomic<uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

void View::look(std::span<rte_mbuf* const> frames, Direction direction) {
  if (frames.empty()) return;
  const uint64_t stamp = __builtin_ia32_rdtsc();
  const tables::LocalHost& host = *host_.load(std::memory_order_acquire);
  for (const rte_mbuf* frame : frames) {
    const auto* bytes = static_cast<const uint8_t*>(frame->buf_addr) + frame->data_off;
    // A chain of segments is a frame larger than any of ours.
    if (frame->nb_segs != 1 || !filter_.passes({bytes, frame->data_len}, direction, port_, host)) continue;
    add_one(matched_);
    const Record record{.stamp = stamp,
                        .length = frame->data_len,
                        .wire_length = frame->pkt_len,
                        .port = port_,
                        .direction = direction,
                        .reserved = 0,
                        .reserved_too = 0};
    if (!ring_.push(record, bytes)) add_one(lost_);
  }
}

}  // namespace penstock::capture

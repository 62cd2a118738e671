// bench/instructions.cpp - a query's way through the path on a fixed input, to be counted by callgrind: bench/instructions runs it.
//
//   instructions pair      a query is forwarded and its response returned
//   instructions memory    a query is answered from memory
//
// Only what the path does between the driver's two calls is counted. Prints how many queries that were.
#include <valgrind/callgrind.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "bench/traffic.h"
#include "dataplane/path/burst.h"

namespace penstock {
namespace {

constexpr unsigned kBursts = 64;

class Counted {
 public:
  explicit Counted(uint64_t cache_size)
      : rig_({.rules = {}, .lcores = 1, .pending_slots = 65536, .frames = 64, .cache_size = cache_size}) {}

  // What left by `out` of a burst that came in on `in`.
  std::vector<test::Bytes> burst(unsigned in, unsigned out, const std::vector<test::Bytes>& from) {
    std::array<rte_mbuf*, bench::kBurst> frames;
    for (unsigned i = 0; i < bench::kBurst; ++i) frames[i] = mbufs_.fill(next_++, from[i]);
    state::Lcore& lcore = rig_.lcore();
    lcore.now = rig_.now;
    CALLGRIND_TOGGLE_COLLECT;
    path::take_received(lcore, *rig_.rings, *burst_, frames, static_cast<uint8_t>(in));
    CALLGRIND_TOGGLE_COLLECT;
    std::vector<test::Bytes> left;
    for (const rte_mbuf* frame : lcore.frames.egress[out].frames()) {
      const auto* start = static_cast<const uint8_t*>(frame->buf_addr) + frame->data_off;
      left.emplace_back(start, start + frame->data_len);
    }
    if (left.size() != bench::kBurst) throw std::logic_error("not every frame has left");
    lcore.frames.egress[out].clear();
    rig_.now += 1000;
    return left;
  }
  void pair(const std::vector<test::Bytes>& queries) {
    std::vector<test::Bytes> responses = burst(0, 1, queries);
    for (test::Bytes& frame : responses) frame = bench::response(frame);
    burst(1, 0, responses);
  }

 private:
  test::PathRig rig_;
  std::unique_ptr<path::Burst> burst_ = std::make_unique<path::Burst>();
  bench::Mbufs mbufs_{1024};
  size_t next_ = 0;
};

std::vector<test::Bytes> queries(unsigned burst) {
  std::vector<test::Bytes> all;
  for (unsigned i = 0; i < bench::kBurst; ++i) all.push_back(bench::query(size_t{burst} * bench::kBurst + i));
  return all;
}

void run(bool from_memory) {
  Counted counted(from_memory ? 16 << 20 : 0);
  if (from_memory)
    for (unsigned i = 0; i < kBursts; ++i) counted.pair(queries(i));
  else
    counted.pair(queries(kBursts));  // what is done once only
  CALLGRIND_ZERO_STATS;
  for (unsigned i = 0; i < kBursts; ++i)
    if (from_memory)
      counted.burst(0, 0, queries(i));
    else
      counted.pair(queries(i));
  CALLGRIND_DUMP_STATS_AT("counted");
  std::printf("%u\n", kBursts * bench::kBurst);
}

}  // namespace
}  // namespace penstock

int main(int count, char** arguments) {
  const std::string_view what = count == 2 ? arguments[1] : "";
  if (what != "pair" && what != "memory") return 2;
  penstock::run(what == "memory");
}

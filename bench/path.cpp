// bench/path.cpp - the whole path in memory, without a driver: a query is forwarded and its response returned.
//
// Frames are written into their mbufs before each burst and that writing is not timed: a card does it by DMA. `in flight` is
// how many queries are open between a query and its response: 1 burst, or 20,000, which no cache holds. Every open query
// asks for a name of its own, so that none joins another.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <vector>

#include "bench/traffic.h"
#include "dataplane/path/burst.h"
#include "tests/support/path_rig.h"

namespace penstock {
namespace {

using Clock = std::chrono::steady_clock;

using bench::kBurst;
using bench::Mbufs;

void query_and_response(benchmark::State& state) {
  const auto bursts_in_flight = static_cast<size_t>(state.range(0)) / kBurst;
  test::PathRig rig({.rules = {}, .lcores = 1, .pending_slots = 65536, .frames = 1});
  state::Lcore& lcore = rig.lcore();
  const auto burst = std::make_unique<path::Burst>();
  Mbufs mbufs(8192);
  size_t next_mbuf = 0;

  std::vector<std::vector<test::Bytes>> queries(bursts_in_flight);
  for (size_t i = 0; i < bursts_in_flight * kBurst; ++i) {
    queries[i / kBurst].push_back(bench::query(i));
  }

  std::vector<std::vector<test::Bytes>> waiting(bursts_in_flight);  // responses, oldest burst next
  std::array<rte_mbuf*, kBurst> frames;
  using Nanoseconds = std::chrono::duration<double, std::nano>;
  Nanoseconds spent{0};       // on the last burst of queries and the last of responses
  std::vector<double> pairs;  // ns a pair
  lcore.now = 1'000'000'000;
  size_t turn = 0;
  const auto fill = [&](const std::vector<test::Bytes>& from) {
    for (unsigned i = 0; i < kBurst; ++i) frames[i] = mbufs.fill(next_mbuf++, from[i]);
  };
  const auto step = [&] {
    spent = Nanoseconds{0};
    const size_t number = turn++ % bursts_in_flight;
    std::vector<test::Bytes>& responses = waiting[number];
    if (!responses.empty()) {
      fill(responses);
      const auto begin = Clock::now();
      path::take_received(lcore, *rig.rings, *burst, frames, 1);
      spent += Clock::now() - begin;
      if (lcore.frames.egress[0].size() != kBurst) throw std::logic_error("not every response was returned");
      lcore.frames.egress[0].clear();
    }
    fill(queries[number]);
    const auto begin = Clock::now();
    path::take_received(lcore, *rig.rings, *burst, frames, 0);
    spent += Clock::now() - begin;
    responses.clear();
    for (rte_mbuf* frame : lcore.frames.egress[1].frames()) {
      const auto* start = static_cast<const uint8_t*>(frame->buf_addr) + frame->data_off;
      responses.push_back(bench::response({start, frame->data_len}));
    }
    if (responses.size() != kBurst) throw std::logic_error("not every query was forwarded");
    lcore.frames.egress[1].clear();
    lcore.now += 1000;
  };
  for (size_t i = 0; i < bursts_in_flight; ++i) step();
  for (auto _ : state) {
    step();
    state.SetIterationTime(spent.count() * 1e-9);
    pairs.push_back(spent.count() / kBurst);
  }
  // The median burst's: on a machine that does other things too, a mean says more about those.
  std::nth_element(pairs.begin(), pairs.begin() + static_cast<std::ptrdiff_t>(pairs.size() / 2), pairs.end());
  state.counters["median_ns_per_pair"] = pairs[pairs.size() / 2];
  state.counters["in_flight"] = static_cast<double>(lcore.flights.pending.in_use());
}

// A query is answered from memory. `names` are remembered and asked for at random: 64, which the core's own cache holds, or
// 100,000, which it does not.
void answered_from_memory(benchmark::State& state) {
  const auto names = static_cast<size_t>(state.range(0));
  test::PathRig rig({.rules = {}, .lcores = 1, .pending_slots = 65536, .frames = 4096, .cache_size = 256 << 20});
  state::Lcore& lcore = rig.lcore();
  const auto burst = std::make_unique<path::Burst>();
  Mbufs mbufs(8192);
  size_t next_mbuf = 0;
  std::vector<test::Bytes> queries;
  for (size_t i = 0; i < names; ++i) {
    queries.push_back(bench::query(i));
    for (const test::Sent& sent : rig.receive(0, {queries.back()})) rig.receive(1, {bench::response(sent.bytes)});
  }
  std::mt19937 random(1);
  std::array<rte_mbuf*, kBurst> frames;
  std::vector<double> each;  // ns
  for (auto _ : state) {
    for (rte_mbuf*& frame : frames) frame = mbufs.fill(next_mbuf++, queries[random() % names]);
    const auto begin = Clock::now();
    path::take_received(lcore, *rig.rings, *burst, frames, 0);
    const std::chrono::duration<double, std::nano> spent = Clock::now() - begin;
    if (lcore.frames.egress[0].size() != kBurst) throw std::logic_error("not every query was answered");
    lcore.frames.egress[0].clear();
    state.SetIterationTime(spent.count() * 1e-9);
    each.push_back(spent.count() / kBurst);
  }
  std::nth_element(each.begin(), each.begin() + static_cast<std::ptrdiff_t>(each.size() / 2), each.end());
  state.counters["median_ns"] = each[each.size() / 2];
  const auto cached = lcore.counters.query[config::QueryOutcome::answered_cached].get();
  if (cached != static_cast<uint64_t>(state.iterations()) * kBurst)
    throw std::logic_error("not every answer was from memory");
}

BENCHMARK(answered_from_memory)->Arg(64)->Arg(100'000)->UseManualTime();
BENCHMARK(query_and_response)->Arg(kBurst)->Arg(20'000)->UseManualTime();

}  // namespace
}  // namespace penstock

BENCHMARK_MAIN();

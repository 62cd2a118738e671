// bench/answers.cpp - one table of remembered answers for all lcores, or one for each: hit rate, and what a look costs.
//
// 50,000 names by Zipf's law, each asked for A, AAAA and HTTPS as browsers do; two of the three have no data. TTL 60 s, and a
// client's lcore has nothing to do with the name it asks for. The memory is the same in all: each of N tables has an Nth.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "dataplane/state/answers/answer_cache.h"

namespace penstock {
namespace {

constexpr unsigned kNames = 50'000;
constexpr unsigned kTypes[] = {1, 28, 65};
constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kTtl = 60;       // s
constexpr uint64_t kRate = 20'000;  // queries/s of all lcores
constexpr uint64_t kMemory = 64 << 20;

struct Name {
  alignas(8) uint8_t wire[64];
  uint8_t length;
};

const std::vector<Name>& names() {
  static const std::vector<Name> kAll = [] {
    std::vector<Name> all(kNames);
    for (unsigned i = 0; i < kNames; ++i) {
      const std::string text = std::string(
                                   "\x0f"
                                   "d-") +
                               std::to_string(1'000'000'000'000 + i) + "\6studio\11us-east-1\11sagemaker\3aws";
      std::copy(text.begin(), text.end(), all[i].wire);
      all[i].wire[text.size()] = 0;
      all[i].length = static_cast<uint8_t>(text.size() + 1);
    }
    return all;
  }();
  return kAll;
}

// Which name is asked for: s = 1.
class Zipf {
 public:
  Zipf() : sums_(kNames) {
    double sum = 0;
    for (unsigned i = 0; i < kNames; ++i) sums_[i] = sum += 1.0 / (i + 1);
  }
  unsigned draw(std::mt19937_64& random) const {
    const double at = std::uniform_real_distribution<double>(0, sums_.back())(random);
    return static_cast<unsigned>(std::lower_bound(sums_.begin(), sums_.end(), at) - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

state::CacheKey key_of(unsigned name, unsigned type) {
  const Name& one = names()[name];
  return {.hash = state::wide_hash_octets(0x5eed + kTypes[type], one.wire, one.length),
          .identity = 1,
          .name = one.wire,
          .question = {.generation = 1,
                       .rule = config::RuleIndex{0},
                       .type = static_cast<uint16_t>(kTypes[type]),
                       .query_class = 1,
                       .bits = 1,
                       .name_length = one.length}};
}

dns::Kept answer_of(unsigned type) {
  dns::Kept kept{};
  kept.answer.ttl = kTtl;
  kept.answer.body_length = type == 0 ? 48 : 61;  // three addresses, or a SOA
  kept.answer.records = type == 0 ? 3 : 1;
  return kept;
}

using Caches = std::vector<std::unique_ptr<state::AnswerCache>>;
Caches make_caches(unsigned count) {
  Caches caches;
  for (unsigned i = 0; i < count; ++i) caches.push_back(std::make_unique<state::AnswerCache>(kMemory / count));
  return caches;
}

// How often an endpoint is asked, in simulated time: three minutes, the first of which does not count.
void hit_rate(benchmark::State& state) {
  const auto lcores = static_cast<unsigned>(state.range(0));
  const bool own = state.range(1) != 0;
  for (auto _ : state) {
    const Caches caches = make_caches(own ? lcores : 1);
    const Zipf zipf;
    std::mt19937_64 random(1);
    auto recalled = std::make_unique<state::Recalled>();
    uint64_t asked = 0, hits = 0, of_the_first = 0;
    for (uint64_t i = 0; i < 180 * kRate; ++i) {
      const uint64_t now = i * kSecond / kRate + 1;
      const unsigned name = zipf.draw(random);
      const auto type = static_cast<unsigned>(random() % 3);
      state::AnswerCache& cache = *caches[own ? random() % lcores : 0];
      const state::CacheKey key = key_of(name, type);
      const bool hit = cache.find(key, *recalled) && now - recalled->entry.stored_at < kTtl * kSecond;
      if (!hit)
        cache.store(key, answer_of(type),
                    {.now = now, .private_identity = 0, .owner = config::EndpointSlot{0}, .quota = 0});
      if (now < 60 * kSecond) continue;
      ++asked;
      hits += hit ? 1 : 0;
      of_the_first += !hit && name == 0 ? 1 : 0;
    }
    state.counters["hit_percent"] = 100.0 * static_cast<double>(hits) / static_cast<double>(asked);
    state.counters["asked_per_s"] = static_cast<double>(asked - hits) / 120;
    state.counters["hottest_per_min"] = static_cast<double>(of_the_first) / 2;
  }
}

// Somebody asks for 1,000,000 names that nobody knows, 20,000 a second, while others ask for 200 hot ones: hits among these, of
// each of which is asked 25 times a second. 0: before; 1: meanwhile.
void hits_beside_a_scan(benchmark::State& state) {
  const bool scanned = state.range(0) != 0;
  for (auto _ : state) {
    state::AnswerCache cache(kMemory);
    std::mt19937_64 random(1);
    auto recalled = std::make_unique<state::Recalled>();
    uint64_t asked = 0, hits = 0;
    for (uint64_t i = 0; i < 1'000'000; ++i) {
      const uint64_t now = 1 + i * kSecond / 20'000;
      const uint64_t question = random();
      Name unknown{};
      std::memcpy(unknown.wire, "\x08", 1);
      std::memcpy(unknown.wire + 1, &question, 8);
      unknown.length = 31;
      const state::CacheKey scan{.hash = state::wide_hash_octets(1, unknown.wire, unknown.length),
                                 .identity = 1,
                                 .name = unknown.wire,
                                 .question = {.generation = 1,
                                              .rule = config::RuleIndex{0},
                                              .type = 1,
                                              .query_class = 1,
                                              .bits = 1,
                                              .name_length = unknown.length}};
      const state::AnswerCache::Origin origin{
          .now = now, .private_identity = 0, .owner = config::EndpointSlot{0}, .quota = 0};
      if (scanned && !cache.find(scan, *recalled)) cache.store(scan, answer_of(1), origin);
      if (i % 4 != 0) continue;
      const state::CacheKey key = key_of(static_cast<unsigned>(random() % 200), 0);
      const bool hit = cache.find(key, *recalled) && now - recalled->entry.stored_at < kTtl * kSecond;
      if (!hit) cache.store(key, answer_of(0), origin);
      ++asked;
      hits += hit ? 1 : 0;
    }
    state.counters["hit_percent"] = 100.0 * static_cast<double>(hits) / static_cast<double>(asked);
    state.counters["evicted"] = static_cast<double>(cache.evicted());
  }
}

// What a look costs while all lcores look at once, and one query of fifty is remembered anew.
void look(benchmark::State& state) {
  static Caches caches;
  const bool own = state.range(0) != 0;
  const auto lcore = static_cast<unsigned>(state.thread_index());
  if (lcore == 0) {
    caches = make_caches(own ? static_cast<unsigned>(state.threads()) : 1);
    for (const auto& cache : caches)
      for (unsigned name = 0; name < kNames; ++name)
        for (unsigned type = 0; type < 3; ++type)
          cache->store(key_of(name, type), answer_of(type),
                       {.now = 1, .private_identity = 0, .owner = config::EndpointSlot{0}, .quota = 0});
  }
  const Zipf zipf;
  std::mt19937_64 random(lcore);
  std::vector<state::CacheKey> asked(1 << 14);
  for (auto& key : asked) key = key_of(zipf.draw(random), static_cast<unsigned>(random() % 3));
  auto recalled = std::make_unique<state::Recalled>();
  size_t at = 0;
  uint64_t found = 0;
  for (auto _ : state) {
    state::AnswerCache& cache = *caches[own ? lcore : 0];
    for (unsigned i = 0; i < 32; ++i) cache.prefetch(asked[(at + i) % asked.size()].hash);
    for (unsigned i = 0; i < 32; ++i) cache.prefetch_entry(asked[(at + i) % asked.size()].hash);
    for (unsigned i = 0; i < 32; ++i, ++at) {
      const state::CacheKey& key = asked[at % asked.size()];
      found += cache.find(key, *recalled) ? 1 : 0;
      if (at % 50 == 0)
        cache.store(key, answer_of(0), {.now = 2, .private_identity = 0, .owner = config::EndpointSlot{0}, .quota = 0});
    }
  }
  state.counters["found_percent"] =
      benchmark::Counter(100.0 * static_cast<double>(found) / static_cast<double>(at), benchmark::Counter::kAvgThreads);
  state.counters["looks"] = benchmark::Counter(static_cast<double>(at), benchmark::Counter::kIsRate);
}

BENCHMARK(hit_rate)
    ->ArgNames({"lcores", "own"})
    ->Args({1, 0})
    ->Args({2, 0})
    ->Args({2, 1})
    ->Args({4, 0})
    ->Args({4, 1})
    ->Iterations(1)
    ->Unit(benchmark::kSecond);
BENCHMARK(hits_beside_a_scan)->ArgName("scan")->Arg(0)->Arg(1)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK(look)->ArgName("own")->Arg(0)->Arg(1)->Threads(1)->Threads(2)->Threads(4)->UseRealTime();

}  // namespace
}  // namespace penstock

BENCHMARK_MAIN();

// bench/micro.cpp - reading a query and finding its rule: parse, hash, prefetch, match, as the path does it in bursts of 32.
//
// Names are asked in an order that has nothing to do with the table's, half of them below a zone and half of no zone, so that
// with a million zones nearly every look-up misses the caches.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <stdexcept>

#include "config/model.h"
#include "control/rules/compile.h"
#include "dataplane/dns/message.h"
#include "dataplane/tables/ruleset.h"
#include "tests/support/frames.h"

namespace penstock {
namespace {

constexpr size_t kBurst = 32;
constexpr size_t kQueries = 1 << 16;

std::string zone_of(unsigned number) {
  static const char* const kRegions[] = {"us-east-1", "eu-central-1", "ap-southeast-2", "us-gov-west-1"};
  return "d-" + std::to_string(number * 2654435761U) + ".studio." + kRegions[number % 4] + ".sagemaker.aws";
}

struct Scene {
  control::ImageBytes image;
  tables::Ruleset rules;
  std::vector<test::Bytes> queries;
};

Scene make_scene(unsigned zones) {
  config::Model model;
  config::Pool pool;
  pool.name = "vpc";
  pool.endpoints.push_back({.address = test::address("10.16.1.10"), .where = {}});
  model.pools.push_back(pool);
  model.rules.push_back({.expect = {}, .origin = "zones", .where = {}});
  model.default_rule = 0;
  for (unsigned i = 0; i < zones; ++i)
    model.zones.add(config::parse_name(zone_of(i)).value(), config::Scope::zone, 0, {});
  auto compiled = control::compile(
      model, 1, [](const auto&, const auto&) { return config::EndpointSlot{0}; }, 42);
  if (!compiled) throw std::runtime_error(compiled.error());
  Scene scene;
  scene.image = std::move(compiled->image);
  scene.rules = tables::Ruleset::open(scene.image).value();
  std::mt19937 random(1);
  for (size_t i = 0; i < kQueries; ++i) {
    std::string name = i % 2 == 0 ? "default." + zone_of(random() % zones)
                                  : "host" + std::to_string(random() % 1000) + ".corp.example.com";
    if (i % 3 == 0) std::transform(name.begin(), name.end(), name.begin(), ::toupper);
    test::DnsQuery query{.id = 1, .flags = 0x0100, .question = {.name = name}, .opt = {}};
    if (i % 4 != 0) query.opt = test::Opt{};
    scene.queries.push_back(test::write(query));
  }
  std::shuffle(scene.queries.begin(), scene.queries.end(), random);
  return scene;
}

const Scene& scene_of(unsigned zones) {
  static std::map<unsigned, Scene> scenes;
  auto found = scenes.find(zones);
  if (found == scenes.end()) found = scenes.emplace(zones, make_scene(zones)).first;
  return found->second;
}

// The messages of a burst lie in the cache, as a frame's headers do once classify has read them. The time given is the median
// burst's: on a machine that does other things too, a mean says more about those.
void per_query(benchmark::State& state, bool match) {
  const Scene& scene = scene_of(static_cast<unsigned>(state.range(0)));
  const tables::ZoneTable& zones = scene.rules.zones();
  static std::array<dns::Query, kBurst> queries;
  static std::array<tables::Probe, kBurst> probes;
  std::vector<double> bursts;  // ns a query
  size_t at = 0;
  uint64_t rules = 0;
  for (auto _ : state) {
    const auto* messages = &scene.queries[at];
    at = (at + kBurst) % kQueries;
    for (size_t i = 0; i < kBurst; ++i)
      for (size_t line = 0; line < messages[i].size(); line += 64) benchmark::DoNotOptimize(messages[i][line]);
    const auto begin = std::chrono::steady_clock::now();
    for (size_t i = 0; i < kBurst; ++i) {
      benchmark::DoNotOptimize(dns::parse_query(messages[i], queries[i]));
      if (match) zones.prepare(queries[i].name, probes[i]);
    }
    if (match) {
      if (zones.is_large())
        for (size_t i = 0; i < kBurst; ++i) zones.narrow(probes[i]);
      for (size_t i = 0; i < kBurst; ++i) rules += zones.match(queries[i].name, probes[i]).rule.value();
    }
    benchmark::DoNotOptimize(rules);
    const std::chrono::duration<double, std::nano> passed = std::chrono::steady_clock::now() - begin;
    state.SetIterationTime(passed.count() * 1e-9);
    bursts.push_back(passed.count() / kBurst);
  }
  std::nth_element(bursts.begin(), bursts.begin() + static_cast<std::ptrdiff_t>(bursts.size() / 2), bursts.end());
  state.counters["median_ns_per_query"] = bursts[bursts.size() / 2];
}

void parse(benchmark::State& state) {
  per_query(state, false);
}
void parse_and_match(benchmark::State& state) {
  per_query(state, true);
}

BENCHMARK(parse)->Arg(10)->UseManualTime();
BENCHMARK(parse_and_match)->Arg(10)->Arg(1'000)->Arg(1'000'000)->UseManualTime();

}  // namespace
}  // namespace penstock

BENCHMARK_MAIN();

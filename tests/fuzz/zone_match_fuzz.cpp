// tests/fuzz/zone_match_fuzz.cpp - random zones and questions: compile, open and match against the naive map.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <set>

#include "dataplane/tables/ruleset.h"
#include "tests/dataplane/tables/naive_table.h"
#include "tests/dataplane/tables/sample_model.h"

using namespace penstock;
using test::NaiveTable;

namespace {

// Mostly short labels of few letters, so that names nest; sometimes any octets, folded as the configuration folds them.
NaiveTable::Labels take_name(FuzzedDataProvider& from) {
  NaiveTable::Labels labels(from.ConsumeIntegralInRange<size_t>(0, 9));
  size_t size = 1;
  for (auto& label : labels) {
    const auto kind = from.ConsumeIntegral<uint8_t>();
    if (kind % 8 != 0) {
      label = std::string(1 + kind / 8 % 2, static_cast<char>('a' + kind / 16 % 3));
    } else {
      label = from.ConsumeBytesAsString(1 + kind / 8);
      if (label.empty()) label = "-";
      for (auto& c : label)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    size += label.size() + 1;
  }
  while (size > 255) size -= labels.back().size() + 1, labels.pop_back();
  return labels;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider from(data, size);
  config::Model model = test::sample_model(8);
  NaiveTable naive;
  std::set<std::pair<NaiveTable::Labels, config::Scope>> given;
  if (from.ConsumeBool()) model.default_rule = 7;
  const uint64_t key = from.ConsumeIntegral<uint64_t>();
  for (size_t zones = from.ConsumeIntegralInRange<size_t>(0, 40); zones > 0; --zones) {
    const auto labels = take_name(from);
    const auto scope = static_cast<config::Scope>(from.ConsumeIntegralInRange(0, 2));
    const auto rule = from.ConsumeIntegralInRange<uint32_t>(0, 6);
    if (!given.insert({labels, scope}).second) continue;
    test::add_zone(model, NaiveTable::to_wire(labels), scope, rule);
    naive.add(labels, scope, rule);
  }
  const auto compiled = control::compile(model, 1, test::slots_in_order(), key);
  if (!compiled) std::abort();
  const auto rules = tables::Ruleset::open(compiled->image);
  if (!rules) std::abort();
  for (int questions = 0; questions < 20; ++questions) {
    const auto labels = take_name(from);
    const auto name = test::folded(NaiveTable::to_wire(labels));
    tables::Probe probe;
    rules->zones().prepare(name, probe);
    const tables::Match match = rules->zones().match(name, probe);
    rules->zones().narrow(probe);
    if (rules->zones().match(name, probe) != match) std::abort();
    if (match.rule.value() != naive.match(labels, model.default_rule.value_or(config::kNoRule.value()))) std::abort();
  }
  return 0;
}

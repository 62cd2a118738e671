// tests/fuzz/ruleset_open_fuzz.cpp - any bytes as a rule image: refused in one line, or every lookup in it stays inside.
#include <xxhash.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "dataplane/tables/ruleset.h"

using namespace penstock;

namespace {

// All that an answer reads.
uint64_t use_local(const tables::Ruleset& rules, uint32_t number, const dns::FoldedName& name,
                   const tables::Match& match) {
  const tables::LocalRecords& local = rules.local();
  const config::ImageLocalZone& zone = local.zone(number);
  uint64_t sum = local.data(local.set(zone.soa)).back();
  const auto* node =
      zone.node != config::kNoNode ? &local.node(zone.node) : local.find(number, name, match.matched_length);
  if (node == nullptr) return sum;
  for (const auto& set : local.sets(*node)) {
    if (local.find_set(*node, set.type) != &set) std::abort();
    size_t at = 0;
    const auto data = local.data(set);
    for (unsigned i = 0; i < set.count; ++i) at += 10U + static_cast<unsigned>(data[at + 8] << 8 | data[at + 9]);
    if (at != data.size()) std::abort();
    sum += data[at - 1];
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // The image's alignment; exactly its size, so that the sanitizer sees one byte too far.
  auto* image = static_cast<std::byte*>(::operator new (size, std::align_val_t{config::kImageAlignment}));
  std::memcpy(image, data, size);
  if (size >= sizeof(config::ImageHeader)) {
    // What no fuzzer guesses is filled in, so that it gets behind the first gate.
    auto& header = *reinterpret_cast<config::ImageHeader*>(image);
    header.magic = config::kImageMagic;
    header.version = config::kImageVersion;
    header.header_size = sizeof header;
    header.total_size = size;
    header.checksum = 0;
    header.checksum = XXH3_64bits(image, size);
  }
  const auto rules = tables::Ruleset::open({image, size});
  if (!rules && (rules.error().empty() || rules.error().find('\n') != std::string::npos)) std::abort();
  if (rules) {
    uint64_t sum = 0;
    dns::FoldedName name;
    // Every tail of the input as a question.
    for (size_t at = 0; at < size; at += 1 + at / 8) {
      if (!dns::parse_name({data + at, size - at}, name)) continue;
      tables::Probe probe;
      rules->zones().prepare(name, probe);
      const tables::Match match = rules->zones().match(name, probe);
      rules->zones().narrow(probe);
      if (rules->zones().match(name, probe) != match) std::abort();
      if (match.rule == config::kNoRule) continue;
      const auto& rule = rules->rule(match.rule);
      if (rule.action != 0) {
        if (rule.action != 3) sum += use_local(*rules, rule.local_zone(), name, match);
        continue;
      }
      for (const auto& endpoint : rules->endpoints(rule.pool)) sum += endpoint.slot.value();
    }
    for (uint32_t i = 0; i < 64; ++i) {
      const uint64_t address = i * 0x9e3779b97f4a7c15ULL;
      sum += rules->clients().look_up(static_cast<uint32_t>(address)).allowed ? 1 : 0;
      sum += rules->clients().look_up(address, ~address).allowed ? 1 : 0;
    }
    if (sum == ~uint64_t{0}) std::abort();
  }
  ::operator delete (image, std::align_val_t{config::kImageAlignment});
  return 0;
}

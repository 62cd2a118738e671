// tests/fuzz/path_fuzz.cpp - any frames on any port of two lcores: nothing read or written outside, no frame or count lost.
//
// Input: one octet that chooses port, lcore and what else a turn does, two of length, that many of a frame; and again.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/support/path_rig.h"

using namespace penstock::test;

namespace {

PathRig& rig() {
  static const std::string kRecords =
      "  - {zone: lab.example, records: ['@ A 10.0.0.1', '*.w A 10.0.0.2', 'a CNAME b.w', 'o CNAME x.six.example']}\n"
      "  - {zone: over.example, private: on, answer: [10.0.0.3, 'fd00::3']}\n";
  static PathRig made(
      {.rules = kRigRules + kRecords, .lcores = 2, .pending_slots = 64, .frames = 4096, .cache_size = 1 << 16});
  made.host.ports[0].accepts_partial_checksum = true;
  made.host.ports[1].has_door = true;
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  PathRig& path = rig();
  std::span<const uint8_t> rest(data, size);
  while (rest.size() >= 3) {
    const uint8_t choice = rest[0];
    const size_t length = std::min<size_t>(get16(rest, 1) & 0x07ff, rest.size() - 3);
    const unsigned lcore = choice >> 1 & 1;
    // The frame ends where its buffer ends: one octet too far is a sanitizer's business.
    rte_mbuf* frame = path.pool.take(rest.subspan(3, length), 128, static_cast<uint16_t>(128 + length));
    path.receive(choice & 1, {&frame, 1}, lcore);
    path.take_handed_off(1 - lcore);
    path.pass(choice >> 2 & 0x1f);
    if ((choice & 0x80) != 0) path.sweep(lcore);
    rest = rest.subspan(3 + length);
  }
  if (const std::string wrong = path.imbalance(); !wrong.empty()) {
    std::fprintf(stderr, "%s\n", wrong.c_str());
    std::abort();
  }
  // The next input begins with nothing in flight.
  path.pass(60'000);
  for (const unsigned lcore : {0U, 1U})
    while (path.lcore(lcore).flights.pending.in_use() != 0) path.sweep(lcore);
  return 0;
}

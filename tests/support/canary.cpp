#include "tests/support/canary.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace penstock::test {
namespace {

constexpr size_t kStack = size_t{48} << 10;  // deeper than the path goes
constexpr size_t kRun = 4;
using Octets = std::array<uint8_t, kRun>;
constexpr Octets kOchre{0xd5, 0x9b, 0xe7, 0xb3};
constexpr Octets kCobalt{0x92, 0xed, 0xa6, 0xf9};

constexpr size_t kPot = size_t{64} << 10;
struct Pot {
  explicit Pot(const Octets& octets) {
    for (size_t i = 0; i < kPot; ++i) bytes[i] = octets[i % kRun];
  }
  std::array<uint8_t, kPot> bytes;
};

const Pot& pot_of(Paint colour) {
  static const Pot ochre(kOchre);
  static const Pot cobalt(kCobalt);
  return colour == Paint::ochre ? ochre : cobalt;
}

bool begins_with(std::span<const uint8_t> bytes, const Octets& octets) {
  for (size_t first = 0; first < kRun; ++first) {
    size_t same = 0;
    while (same < kRun && bytes[same] == octets[(first + same) % kRun]) ++same;
    if (same == kRun) return true;
  }
  return false;
}

bool is_of(uint8_t octet, const Octets& octets) {
  return std::find(octets.begin(), octets.end(), octet) != octets.end();
}

}  // namespace

void paint(std::span<uint8_t> memory, Paint colour) {
  const Pot& pot = pot_of(colour);
  for (; !memory.empty(); memory = memory.subspan(std::min(kPot, memory.size())))
    std::memcpy(memory.data(), pot.bytes.data(), std::min(kPot, memory.size()));
}

[[gnu::noinline]] void paint_stack(Paint colour) {
  std::array<uint8_t, kStack> room;
  paint(room, colour);
  asm volatile("" : : "r"(room.data()) : "memory");  // it is not for nothing
}

bool has_paint(std::span<const uint8_t> bytes) {
  while (bytes.size() >= kRun) {
    const uint8_t last = bytes[kRun - 1];
    const bool may_be = is_of(last, kOchre) || is_of(last, kCobalt);
    if (may_be && (begins_with(bytes, kOchre) || begins_with(bytes, kCobalt))) return true;
    bytes = bytes.subspan(may_be ? 1 : kRun);
  }
  return false;
}

}  // namespace penstock::test

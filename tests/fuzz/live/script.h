// tests/fuzz/live/script.h - what the octets of an input mean: queries of clients and answers of endpoints, honest and not.
#pragma once

#include <cstdint>
#include <span>

#include "tests/fuzz/live/oracle.h"
#include "tests/fuzz/live/world.h"

namespace penstock::fuzz {

// The input, octet by octet; 0 behind its end.
class LiveInput {
 public:
  explicit LiveInput(std::span<const uint8_t> octets) : left_(octets) {}
  bool empty() const { return left_.empty(); }
  uint8_t octet() {
    if (left_.empty()) return 0;
    const uint8_t first = left_[0];
    left_ = left_.subspan(1);
    return first;
  }
  uint16_t word() {
    const uint8_t high = octet();
    return static_cast<uint16_t>(high << 8 | octet());
  }
  template <typename T, size_t N>
  const T& one_of(const T (&table)[N]) {
    return table[octet() % N];
  }

 private:
  std::span<const uint8_t> left_;
};

struct LiveQuestion {
  unsigned client = 0;
  unsigned port = 0;
  test::Frame frame;
};
// `number`: of the id and source port, unless the input repeats one.
LiveQuestion write_query(LiveInput& input, unsigned number);

// What the endpoint answers to what it was sent. Addresses are its own, or anybody's.
test::Bytes write_answer(LiveInput& input, const LiveSend& send);

}  // namespace penstock::fuzz

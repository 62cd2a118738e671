// tests/support/canary.h - memory of known content: octets that nobody wrote are seen when they leave.
//
// What a message may be put together in is painted before each burst; a frame that leaves with paint in it fails the test
// (PathRig::imbalance()). Two runs of one scenario in two colours show a single octet as well: the frames must be the same.
#pragma once

#include <cstdint>
#include <span>

namespace penstock::test {

enum class Paint : uint8_t { ochre, cobalt };

void paint(std::span<uint8_t> memory, Paint colour);
// The part of the stack that functions called next will use.
void paint_stack(Paint colour);
// Four octets of paint in a row, of either colour.
bool has_paint(std::span<const uint8_t> bytes);

}  // namespace penstock::test

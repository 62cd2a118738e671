// tests/config/source_ports_test.cpp - which ports a forwarder takes beside the kernel's, its part of the budget, its entropy.
#include "config/source_ports.h"

#include <gtest/gtest.h>

namespace penstock::config {
namespace {

const struct {
  const char* description;
  uint32_t budget, nodes;
  unsigned low, high;
  uint16_t first, count;
} kBlocks[] = {
    {.description = "below the usual range",
     .budget = 40'000,
     .nodes = 1,
     .low = 32768,
     .high = 60999,
     .first = 16384,
     .count = 16384},
    {.description = "above a low range",
     .budget = 40'000,
     .nodes = 1,
     .low = 1024,
     .high = 30000,
     .first = 30001,
     .count = 16384},
    {.description = "three nodes share",
     .budget = 40'000,
     .nodes = 3,
     .low = 32768,
     .high = 60999,
     .first = 32768 - 13333,
     .count = 13333},
    {.description = "no room for all: the larger rest",
     .budget = 40'000,
     .nodes = 1,
     .low = 10000,
     .high = 64999,
     .first = 1024,
     .count = 8976},
    {.description = "the same above",
     .budget = 40'000,
     .nodes = 1,
     .low = 2000,
     .high = 60999,
     .first = 61000,
     .count = 4536},
    {.description = "all are the kernel's",
     .budget = 40'000,
     .nodes = 1,
     .low = 1024,
     .high = 65535,
     .first = 1024,
     .count = 0},
    {.description = "more nodes than budget",
     .budget = 2,
     .nodes = 1000,
     .low = 32768,
     .high = 60999,
     .first = 32767,
     .count = 1},
};

TEST(SourcePorts, ABlockOutsideTheKernelsRange) {
  for (const auto& one : kBlocks) {
    Dataplane dataplane;
    dataplane.port_budget = one.budget;
    dataplane.nodes = one.nodes;
    const SourcePorts ports = choose_source_ports(dataplane, one.low, one.high);
    EXPECT_EQ(ports.first, one.first) << one.description;
    EXPECT_EQ(ports.count, one.count) << one.description;
    dataplane.source_ports = SourcePorts{2000, 10};
    EXPECT_EQ(choose_source_ports(dataplane, one.low, one.high).first, 2000) << one.description;
  }
}

TEST(SourcePorts, Entropy) {
  EXPECT_DOUBLE_EQ(entropy_bits(256, 1), 24);
  EXPECT_DOUBLE_EQ(entropy_bits(16384, 0.25), 28);
  EXPECT_DOUBLE_EQ(entropy_bits(1024, 0), 10) << "no id left to draw";
  EXPECT_DOUBLE_EQ(entropy_bits(0, 1), 16);
}

}  // namespace
}  // namespace penstock::config

// tests/config/source_ports_test.cpp - which ports a forwarder takes beside the kernel's, its part of the budget, its entropy.
#include "config/source_ports.h"

#include <gtest/gtest.h>

namespace penstock::config {
namespace {

TEST(SourcePorts, ABlockOutsideTheKernelsRange) {
  const struct {
    const char* description;
    uint32_t budget, nodes;
    unsigned low, high;
    uint16_t first, count;
  } cases[] = {
      {"below the usual range", 40'000, 1, 32768, 60999, 16384, 16384},
      {"above a low range", 40'000, 1, 1024, 30000, 30001, 16384},
      {"three nodes share", 40'000, 3, 32768, 60999, 32768 - 13333, 13333},
      {"no room for all: the larger rest", 40'000, 1, 10000, 64999, 1024, 8976},
      {"the same above", 40'000, 1, 2000, 60999, 61000, 4536},
      {"all are the kernel's", 40'000, 1, 1024, 65535, 1024, 0},
      {"more nodes than budget", 2, 1000, 32768, 60999, 32767, 1},
  };
  for (const auto& one : cases) {
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

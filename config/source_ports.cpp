#include "config/source_ports.h"

#include <algorithm>
#include <cmath>
#include <fstream>

namespace penstock::config {

uint32_t source_port_share(const Dataplane& dataplane) {
  return std::clamp(dataplane.port_budget / std::max(1U, dataplane.nodes), 1U, 16'384U);
}

SourcePorts choose_source_ports(const Dataplane& dataplane, unsigned low, unsigned high) {
  if (dataplane.source_ports) return *dataplane.source_ports;
  const uint32_t count = source_port_share(dataplane);
  const auto block = [](uint32_t first, uint32_t ports) {
    return SourcePorts{static_cast<uint16_t>(first), static_cast<uint16_t>(ports)};
  };
  if (low >= 1024 + count) return block(low - count, count);
  if (high + 1 + count <= 65536) return block(high + 1, count);
  const unsigned below = low > 1024 ? low - 1024 : 0;
  const unsigned above = high < 65535 ? 65535 - high : 0;
  return below >= above ? block(1024, below) : block(high + 1, above);
}

SourcePorts choose_source_ports(const Dataplane& dataplane) {
  unsigned low = 32768;
  unsigned high = 60999;
  std::ifstream range("/proc/sys/net/ipv4/ip_local_port_range");
  range >> low >> high;
  return choose_source_ports(dataplane, low, high);
}

double entropy_bits(uint32_t ports_of_an_lcore, double free_share) {
  const double ids = std::max(1.0, 65536 * std::clamp(free_share, 0.0, 1.0));
  return std::log2(std::max(1U, ports_of_an_lcore)) + std::log2(ids);
}

}  // namespace penstock::config

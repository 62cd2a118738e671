// tests/dataplane/path_over_rings.cpp - the packet tables of tests/dataplane/path once more, each frame through DPDK's net_ring.
//
// The tables run first in a plain process, where a sanitizer sees every byte; here the same frames are received from and sent
// to ethdevs, by the two calls that a worker makes. Deterministic, no privileges.
#include <gtest/gtest.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <cstdio>
#include <stdexcept>

#include "dataplane/net/eal.h"
#include "dataplane/net/pools/mbuf_pool.h"
#include "dataplane/net/queues.h"
#include "tests/support/path_rig.h"

namespace penstock::test {
namespace {

constexpr uint32_t kMbufs = 1023;  // for the driver's set-up; the frames are the rig's own

class RingWire : public RigWire {
 public:
  explicit RingWire(rte_mempool* pool) : ports_{open("office", 0, pool), open("vpc", 1, pool)} {}

  std::vector<rte_mbuf*> receive(unsigned port, std::span<rte_mbuf* const> frames) override {
    for (rte_mbuf* frame : frames)
      if (rte_ring_enqueue(ports_[port].in, frame) != 0) throw std::runtime_error("net_ring: no room");
    std::vector<rte_mbuf*> received(frames.size());
    const uint16_t count = net::receive(ports_[port].queue, received.data(), static_cast<uint16_t>(received.size()));
    if (count != frames.size()) throw std::runtime_error("net_ring kept frames back");
    received_ += count;
    return received;
  }

  std::vector<rte_mbuf*> send(unsigned port, std::span<rte_mbuf* const> frames) override {
    if (frames.empty()) return {};
    std::vector<rte_mbuf*> leaving(frames.begin(), frames.end());
    if (net::send(ports_.at(port).queue, leaving.data(), static_cast<uint16_t>(leaving.size())) != leaving.size())
      throw std::runtime_error("net_ring: not all sent");
    for (rte_mbuf*& frame : leaving) {
      void* object = nullptr;
      if (rte_ring_dequeue(ports_[port].out, &object) != 0) throw std::runtime_error("net_ring lost a frame");
      frame = static_cast<rte_mbuf*>(object);
    }
    sent_ += leaving.size();
    return leaving;
  }

  uint64_t received() const { return received_; }
  uint64_t sent() const { return sent_; }

 private:
  struct Port {
    rte_ring* in;
    rte_ring* out;
    net::Queue queue;
  };

  static Port open(const std::string& name, uint8_t number, rte_mempool* pool) {
    Port port{
        rte_ring_create((name + "-in").c_str(), 4096, 0, 0), rte_ring_create((name + "-out").c_str(), 4096, 0, 0), {}};
    const int id = rte_eth_from_rings(name.c_str(), &port.in, 1, &port.out, 1, 0);
    if (id < 0) throw std::runtime_error("net_ring");
    port.queue = {static_cast<uint16_t>(id), 0, number};
    const rte_eth_conf configuration{};
    if (rte_eth_dev_configure(port.queue.ethdev, 1, 1, &configuration) != 0 ||
        rte_eth_rx_queue_setup(port.queue.ethdev, 0, 256, 0, nullptr, pool) != 0 ||
        rte_eth_tx_queue_setup(port.queue.ethdev, 0, 256, 0, nullptr) != 0 || rte_eth_dev_start(port.queue.ethdev) != 0)
      throw std::runtime_error("net_ring: no queue");
    return port;
  }

  std::array<Port, 2> ports_;
  uint64_t received_ = 0;
  uint64_t sent_ = 0;
};

}  // namespace
}  // namespace penstock::test

int main(int argc, char** argv) {
  namespace net = penstock::net;
  namespace test = penstock::test;
  testing::InitGoogleTest(&argc, argv);
  const auto eal = net::start_eal({.program = "path-over-rings",
                                   .polling_lcores = 1,
                                   .cpus = {},
                                   .memory_bytes = net::memory_for(test::kMbufs),
                                   .pci = {},
                                   .extra = {"--no-telemetry"}});
  if (!eal) return std::fprintf(stderr, "%s\n", eal.error().c_str()), 1;
  const auto pool = net::create_mbuf_pool({.mbufs = test::kMbufs, .page_bound = false, .share_cpus = true});
  if (!pool) return std::fprintf(stderr, "%s\n", pool.error().c_str()), 1;
  test::RingWire wire(pool->get());
  test::PathRig::wire = &wire;
  const int failed = RUN_ALL_TESTS();
  // A rig that went past the driver would make all of this a repetition.
  std::printf("net_ring: %lu frames received, %lu sent\n", wire.received(), wire.sent());
  return failed != 0 || (testing::GTEST_FLAG(filter) == "*" && (wire.received() < 1000 || wire.sent() < 1000)) ? 1 : 0;
}

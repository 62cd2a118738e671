// dataplane/net/pools/mbuf_pool.h - the one pool that all ports share, so that a frame goes from port to port without a copy.
//
//   const uint32_t mbufs = mbufs_needed(queues, lcores);
//   auto pool = create_mbuf_pool({.mbufs = mbufs, .page_bound = ..., .share_cpus = ...});
//
// The AF_XDP driver of DPDK 22.11 registers populated_size x object_size bytes from the first object on as its UMEM. An
// object outside is refused by the kernel and lost for good, so the objects must lie densely in one piece of memory:
// create_mbuf_pool() lays them so, checks it, and gives no pool otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <tl/expected.hpp>

struct rte_mempool;

namespace penstock::net {

// How one object lies in the pool: 64 bytes of mempool header, 128 of mbuf, the data room.
struct PoolGeometry {
  uint16_t data_room;  // bytes, RTE_PKTMBUF_HEADROOM included
  uint32_t object_bytes;
};
// Takes every frame of an MTU of 1500, VLAN tag included, from any port: AF_XDP puts 256 bytes more before it.
constexpr PoolGeometry kFullFrames{2176, 2368};
// Two objects a 4 KiB page, none crosses one. AF_XDP frames up to 1472 bytes, other ports 1728.
constexpr PoolGeometry kPageBound{1856, 2048};

struct PoolOptions {
  uint32_t mbufs = 0;
  // Zero-copy drivers refuse buffers that cross pages which do not follow each other in physical memory. Set it under
  // --no-huge with a driver that may do zero copy (ports.h: may_zero_copy()).
  // create_mbuf_pool() sets it by itself for IOVA as PA.
  bool page_bound = false;
  bool share_cpus = false;  // EalInfo::lcores_share_cpus: a ring that a preempted lcore cannot block
};

// For all queues of all ports: 2048 in an AF_XDP fill ring, as many to send, as many sent but not collected;
// and what lcores keep in caches, bursts and hand-off rings.
uint32_t mbufs_needed(unsigned queues, unsigned polling_lcores);
// Bytes of EAL memory that such a pool takes, and a margin for rings, queues and EAL itself: EalOptions::memory_bytes.
size_t memory_for(uint32_t mbufs);

struct PoolDeleter {
  void operator()(rte_mempool*) const;
};
using PoolPointer = std::unique_ptr<rte_mempool, PoolDeleter>;

// After start_eal(). Free it after the ports are closed and every mbuf is back.
tl::expected<PoolPointer, std::string> create_mbuf_pool(const PoolOptions&);

// Is every object inside [first object, first object + populated_size x object size)? The error says by how much not.
tl::expected<void, std::string> check_packed(rte_mempool*);

}  // namespace penstock::net

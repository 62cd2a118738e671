// dataplane/net/pools/mbuf_pool.cpp - lays the pool densely in one piece of memory and checks that it lies so.
#include "dataplane/net/pools/mbuf_pool.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>
#include <rte_memzone.h>

namespace penstock::net {
namespace {

constexpr unsigned kCacheSize = 256;           // a lcore's; RTE_MEMPOOL_CACHE_MAX_SIZE is 512
constexpr uint32_t kMbufsPerQueue = 3 * 2048;  // an AF_XDP fill ring, transmit ring and completion ring
constexpr uint32_t kMbufsPerLcore = 4096;      // cache, bursts under way, hand-off rings
constexpr size_t kMargin = 32 << 20;           // rings, queues, EAL's own

static_assert(sizeof(rte_mbuf) == 128);
static_assert(kFullFrames.object_bytes == 64 + sizeof(rte_mbuf) + kFullFrames.data_room);
static_assert(kPageBound.object_bytes == 64 + sizeof(rte_mbuf) + kPageBound.data_room);
static_assert(4096 % kPageBound.object_bytes == 0);

void free_memzone(rte_mempool_memhdr*, void* memzone) {
  rte_memzone_free(static_cast<rte_memzone*>(memzone));
}

tl::unexpected<std::string> failed(const std::string& what, int error) {
  return tl::make_unexpected("mbuf pool: " + what + ": " + rte_strerror(error));
}

struct Span {
  uintptr_t low = UINTPTR_MAX;
  uintptr_t high = 0;
};

}  // namespace

uint32_t mbufs_needed(unsigned queues, unsigned polling_lcores) {
  return std::max(queues, 1u) * kMbufsPerQueue + (polling_lcores + 1) * kMbufsPerLcore;
}

size_t memory_for(uint32_t mbufs) {
  // The pool's own ring holds a pointer an mbuf, in a power of two.
  return size_t{mbufs} * (kFullFrames.object_bytes + 2 * sizeof(void*)) + kMargin;
}

void PoolDeleter::operator()(rte_mempool* pool) const {
  rte_mempool_free(pool);
}

tl::expected<PoolPointer, std::string> create_mbuf_pool(const PoolOptions& options) {
  const bool physical = rte_eal_iova_mode() == RTE_IOVA_PA;
  const PoolGeometry geometry = physical || options.page_bound ? kPageBound : kFullFrames;
  // Without NO_IOVA_CONTIG an object may not cross a page: full frames would lie one a page under --no-huge.
  // Page-bound objects never cross one, so with physical addresses each keeps the true address that a card
  // needs.
  const unsigned flags = RTE_MEMPOOL_F_NO_SPREAD | (physical ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG);
  PoolPointer pool(rte_mempool_create_empty("penstock_mbufs", options.mbufs, sizeof(rte_mbuf) + geometry.data_room,
                                            kCacheSize, sizeof(rte_pktmbuf_pool_private), SOCKET_ID_ANY, flags));
  if (!pool) return failed("no memory for " + std::to_string(options.mbufs) + " buffers", rte_errno);
  if (int error = rte_mempool_set_ops_byname(pool.get(), options.share_cpus ? "ring_mt_rts" : "ring_mp_mc", nullptr)) {
    return failed("its ring", -error);
  }
  rte_pktmbuf_pool_private room{};
  room.mbuf_data_room_size = geometry.data_room;
  rte_pktmbuf_pool_init(pool.get(), &room);

  const size_t bytes = size_t{options.mbufs} * geometry.object_bytes;
  const rte_memzone* memzone =
      rte_memzone_reserve_aligned("penstock_mbufs", bytes, SOCKET_ID_ANY, 0, static_cast<unsigned>(getpagesize()));
  if (memzone == nullptr) {
    return failed("no " + std::to_string(bytes >> 20) + " MiB of contiguous EAL memory", rte_errno);
  }
  void* opaque = const_cast<rte_memzone*>(memzone);
  auto* address = static_cast<char*>(memzone->addr);
  // rte_mempool_populate_default() would leave the objects without the addresses that cards use.
  const int populated =
      physical ? rte_mempool_populate_virt(pool.get(), address, bytes, memzone->hugepage_sz, free_memzone, opaque)
               : rte_mempool_populate_iova(pool.get(), address, memzone->iova, bytes, free_memzone, opaque);
  if (populated < 0) {
    rte_memzone_free(memzone);
    return failed("its memory", -populated);
  }
  if (static_cast<uint32_t>(populated) != options.mbufs) {
    return failed(std::to_string(populated) + " of " + std::to_string(options.mbufs) + " buffers", ENOMEM);
  }
  rte_mempool_obj_iter(pool.get(), rte_pktmbuf_init, nullptr);
  if (auto packed = check_packed(pool.get()); !packed) return tl::make_unexpected(packed.error());
  return pool;
}

tl::expected<void, std::string> check_packed(rte_mempool* pool) {
  Span span;
  rte_mempool_obj_iter(
      pool,
      [](rte_mempool* mp, void* opaque, void* object, unsigned) {
        auto* seen = static_cast<Span*>(opaque);
        const auto start = reinterpret_cast<uintptr_t>(object) - mp->header_size;
        seen->low = std::min(seen->low, start);
        seen->high = std::max(seen->high, start + mp->header_size + mp->elt_size + mp->trailer_size);
      },
      &span);
  const size_t dense = size_t{pool->populated_size} * (pool->header_size + pool->elt_size + pool->trailer_size);
  if (span.high - span.low <= dense) return {};
  return tl::make_unexpected("mbuf pool: its buffers span " + std::to_string((span.high - span.low) >> 10) +
                             " KiB where " + std::to_string(dense >> 10) +
                             " KiB would be dense: an AF_XDP port would lose the buffers outside");
}

}  // namespace penstock::net

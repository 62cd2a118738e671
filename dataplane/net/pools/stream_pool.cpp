#include "dataplane/net/pools/stream_pool.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

namespace penstock::net {
namespace {

constexpr size_t kBytes = size_t{StreamPool::kFrames} * StreamPool::kBufferBytes;

}  // namespace

void StreamPool::Unmap::operator()(void* memory) const {
  munmap(memory, kBytes);
}

tl::expected<StreamPool, std::string> StreamPool::create() {
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return tl::make_unexpected(std::string("the slow lane's frames: ") + strerror(errno));
  std::unique_ptr<void, Unmap> owned(memory);
  // Huge pages would make all of it touched at once.
  madvise(memory, kBytes, MADV_NOHUGEPAGE);

  PoolPointer pool(rte_mempool_create_empty("penstock_stream", kFrames, sizeof(rte_mbuf), 0,
                                            sizeof(rte_pktmbuf_pool_private), SOCKET_ID_ANY, 0));
  if (!pool) return tl::make_unexpected(std::string("the slow lane's frames: ") + rte_strerror(rte_errno));
  // The slow lane can be preempted in the middle of taking one: lcores must not wait for it.
  if (int error = rte_mempool_set_ops_byname(pool.get(), "ring_mt_rts", nullptr); error != 0)
    return tl::make_unexpected(std::string("the slow lane's frames: ") + rte_strerror(-error));
  rte_pktmbuf_pool_private none{};
  rte_pktmbuf_pool_init(pool.get(), &none);
  if (int populated = rte_mempool_populate_default(pool.get()); populated < 0)
    return tl::make_unexpected(std::string("the slow lane's frames: ") + rte_strerror(-populated));
  rte_mempool_obj_iter(pool.get(), rte_pktmbuf_init, nullptr);
  // An mbuf's buffer need not lie behind it: nothing but its first setting looks there.
  rte_mempool_obj_iter(
      pool.get(),
      [](rte_mempool*, void* area, void* object, unsigned number) {
        auto* mbuf = static_cast<rte_mbuf*>(object);
        mbuf->buf_addr = static_cast<uint8_t*>(area) + size_t{number} * kBufferBytes;
        rte_mbuf_iova_set(mbuf, RTE_BAD_IOVA);
        mbuf->buf_len = kBufferBytes;
      },
      memory);
  return StreamPool(std::move(owned), std::move(pool));
}

}  // namespace penstock::net

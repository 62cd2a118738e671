// tests/dataplane/net/mbuf_pool_test.cpp - pools lie densely under --no-huge, and the check sees one that does not.
#include "dataplane/net/pools/mbuf_pool.h"

#include <gtest/gtest.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "dataplane/net/eal.h"

namespace penstock::net {
namespace {

constexpr uint32_t kMbufs = 8192;

class MbufPool : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    // Four lcores on two CPUs or fewer: the pools below are the ones that such a process needs.
    auto eal = start_eal({.program = "mbuf_pool_test",
                          .polling_lcores = 4,
                          .cpus = {usable_cpus().front()},
                          .memory_bytes = 160 << 20,
                          .pci = {},
                          .extra = {"--no-huge", "--no-shconf", "-m", "160"}});
    ASSERT_TRUE(eal) << eal.error();
    ASSERT_EQ(eal->polling_lcores, (std::vector<unsigned>{1, 2, 3, 4}));
    EXPECT_TRUE(eal->lcores_share_cpus);
    EXPECT_FALSE(eal->hugepages);
    EXPECT_EQ(rte_lcore_id(), 0u);
  }
};

struct Object {
  bool page_crossed = false;
  bool wrong_address = false;
};

Object look_at(rte_mempool* pool) {
  Object seen;
  rte_mempool_obj_iter(
      pool,
      [](rte_mempool* mp, void* opaque, void* object, unsigned) {
        auto* all = static_cast<Object*>(opaque);
        const auto* mbuf = static_cast<const rte_mbuf*>(object);
        const auto start = reinterpret_cast<uintptr_t>(object) - mp->header_size;
        const auto last = start + mp->header_size + mp->elt_size + mp->trailer_size - 1;
        if (start / 4096 != last / 4096) all->page_crossed = true;
        if (mbuf->buf_iova != reinterpret_cast<uintptr_t>(mbuf->buf_addr)) all->wrong_address = true;
      },
      &seen);
  return seen;
}

TEST_F(MbufPool, FullFramesLieDensely) {
  auto pool = create_mbuf_pool({kMbufs, false, false});
  ASSERT_TRUE(pool) << pool.error();
  EXPECT_TRUE(check_packed(pool->get()));
  EXPECT_EQ(rte_pktmbuf_data_room_size(pool->get()), kFullFrames.data_room);
  EXPECT_EQ((*pool)->header_size + (*pool)->elt_size + (*pool)->trailer_size, kFullFrames.object_bytes);
  EXPECT_EQ((*pool)->nb_mem_chunks, 1u);
  EXPECT_FALSE(look_at(pool->get()).wrong_address) << "a card could not reach the buffers";
  EXPECT_EQ(rte_mempool_avail_count(pool->get()), kMbufs);
}

TEST_F(MbufPool, PageBoundObjectsCrossNoPage) {
  auto pool = create_mbuf_pool({kMbufs, true, false});
  ASSERT_TRUE(pool) << pool.error();
  EXPECT_TRUE(check_packed(pool->get()));
  EXPECT_EQ((*pool)->header_size + (*pool)->elt_size + (*pool)->trailer_size, kPageBound.object_bytes);
  EXPECT_FALSE(look_at(pool->get()).page_crossed);
  EXPECT_FALSE(look_at(pool->get()).wrong_address);
}

TEST_F(MbufPool, FullFramesDoCrossPages) {
  // The property above is not trivially true.
  auto pool = create_mbuf_pool({kMbufs, false, false});
  ASSERT_TRUE(pool) << pool.error();
  EXPECT_TRUE(look_at(pool->get()).page_crossed);
}

TEST_F(MbufPool, DefaultPoolIsFoundScattered) {
  PoolPointer pool(rte_pktmbuf_pool_create("default", kMbufs, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY));
  ASSERT_TRUE(pool);
  const auto packed = check_packed(pool.get());
  ASSERT_FALSE(packed) << "DPDK packs its default pool by now: kFullFrames' own layout may go";
  EXPECT_NE(packed.error().find("would be dense"), std::string::npos) << packed.error();
}

TEST_F(MbufPool, SharedCpusTakePreemptibleRing) {
  for (bool share : {false, true}) {
    auto pool = create_mbuf_pool({kMbufs, false, share});
    ASSERT_TRUE(pool) << pool.error();
    EXPECT_STREQ(rte_mempool_get_ops((*pool)->ops_index)->name, share ? "ring_mt_rts" : "ring_mp_mc");
  }
}

TEST_F(MbufPool, TooLargeSaysHowMuch) {
  auto pool = create_mbuf_pool({400000, false, false});
  ASSERT_FALSE(pool);
  EXPECT_NE(pool.error().find("MiB"), std::string::npos) << pool.error();
}

TEST_F(MbufPool, BuffersAreEnoughForQueues) {
  EXPECT_GE(mbufs_needed(2, 1), 2u * 3 * 2048);
  EXPECT_GE(memory_for(1000), 1000u * kFullFrames.object_bytes);
}

}  // namespace
}  // namespace penstock::net

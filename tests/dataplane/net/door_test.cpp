// tests/dataplane/net/door_test.cpp - what a door takes and what not, on a TAP in a network namespace of its own; needs root.
#include "dataplane/net/kernel/door.h"

#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <optional>

#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include "dataplane/net/eal.h"
#include "dataplane/net/pools/mbuf_pool.h"

namespace penstock::net {
namespace {

constexpr uint16_t kSegmentBytes = 20;

class DoorTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    auto eal = start_eal({.program = "door_test",
                          .polling_lcores = 1,
                          .cpus = {},
                          .memory_bytes = 32 << 20,
                          .pci = {},
                          .extra = {"--no-huge", "--no-shconf", "-m", "32"}});
    ASSERT_TRUE(eal) << eal.error();
    auto made = create_mbuf_pool({2048, false, false});
    ASSERT_TRUE(made) << made.error();
    pool_ = *std::move(made);
    ASSERT_EQ(unshare(CLONE_NEWNET), 0);
  }
  static void TearDownTestSuite() { pool_.reset(); }

  void SetUp() override {
    auto opened = Door::open("test", {2, 0, 0, 0, 0, 1}, 1500);
    ASSERT_TRUE(opened) << opened.error();
    door_.emplace(*std::move(opened));
  }

  static rte_mbuf* frame(unsigned segments) {
    rte_mbuf* head = nullptr;
    for (unsigned i = 0; i < segments; ++i) {
      rte_mbuf* segment = rte_pktmbuf_alloc(pool_.get());
      std::memset(rte_pktmbuf_append(segment, kSegmentBytes), 0, kSegmentBytes);
      if (head == nullptr) {
        head = segment;
      } else {
        EXPECT_EQ(rte_pktmbuf_chain(head, segment), 0);
      }
    }
    return head;
  }

  static inline PoolPointer pool_;
  std::optional<Door> door_;
};

TEST_F(DoorTest, TakesWholeFramesAndNoStumps) {
  struct Case {
    const char* description;
    unsigned segments;
    unsigned taken;
  };
  for (const Case& test : {Case{"one piece", 1, 1}, Case{"16 segments", 16, 1}, Case{"17 segments", 17, 0}}) {
    SCOPED_TRACE(test.description);
    const auto available = rte_mempool_avail_count(pool_.get());
    rte_mbuf* frames[] = {frame(test.segments)};
    EXPECT_EQ(door_->deliver(frames), test.taken);
    EXPECT_EQ(rte_mempool_avail_count(pool_.get()), available);
  }
  rte_mbuf* frames[] = {frame(17), frame(1), frame(2)};
  EXPECT_EQ(door_->deliver(frames), 2u);
}

TEST_F(DoorTest, IsNotAliveOnceItsTapIsDeleted) {
  rte_mbuf* frames[8];
  while (door_->collect(frames, 1, pool_.get()) == 1) rte_pktmbuf_free(frames[0]);
  EXPECT_TRUE(door_->alive());
  ASSERT_EQ(std::system(("ip link del " + door_->interface()).c_str()), 0);
  pollfd wait{door_->fd(), POLLIN, 0};
  ASSERT_EQ(poll(&wait, 1, 0), 1);
  EXPECT_EQ(door_->collect(frames, 8, pool_.get()), 0);
  EXPECT_FALSE(door_->alive());
  EXPECT_EQ(door_->fd(), -1);
  const auto available = rte_mempool_avail_count(pool_.get());
  frames[0] = frame(1);
  EXPECT_EQ(door_->deliver({frames, 1}), 0u);
  EXPECT_EQ(door_->collect(frames, 8, pool_.get()), 0);
  EXPECT_EQ(rte_mempool_avail_count(pool_.get()), available);
}

}  // namespace
}  // namespace penstock::net

// tests/dataplane/net/neighbour_watch_test.cpp - what the kernel says of neighbours, and which of it is a new MAC.
#include "dataplane/net/kernel/neighbour_watch.h"

#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>

#include <cstdlib>

namespace penstock::net {
namespace {

using Mac = std::array<uint8_t, 6>;
constexpr Mac kOld{2, 0, 0, 0, 0, 1};
constexpr Mac kNew{2, 0, 0, 0, 0, 2};

class Message {
 public:
  Message(uint16_t type, int interface, uint16_t state, std::string_view address, std::optional<Mac> mac) {
    header_ = mnl_nlmsg_put_header(buffer_.data());
    header_->nlmsg_type = type;
    auto* body = static_cast<ndmsg*>(mnl_nlmsg_put_extra_header(header_, sizeof(ndmsg)));
    body->ndm_ifindex = interface;
    body->ndm_state = state;
    if (const auto parsed = config::parse_address(address))
      mnl_attr_put(header_, NDA_DST, parsed->is_v4() ? 4 : 16, parsed->bytes.data());
    if (mac) mnl_attr_put(header_, NDA_LLADDR, mac->size(), mac->data());
  }
  nlmsghdr* header() { return header_; }

 private:
  alignas(nlmsghdr) std::array<char, 512> buffer_{};
  nlmsghdr* header_;
};

struct Case {
  const char* description;
  Message first, second;
  bool changed;
};

TEST(NeighbourTable, TellsAChangeOfMac) {
  const char* gateway = "192.168.10.1";
  Case cases[] = {
      {.description = "another MAC",
       .first = {RTM_NEWNEIGH, 3, NUD_REACHABLE, gateway, kOld},
       .second = {RTM_NEWNEIGH, 3, NUD_REACHABLE, gateway, kNew},
       .changed = true},
      {.description = "another MAC, not confirmed yet: the kernel would send there",
       .first = {RTM_NEWNEIGH, 3, NUD_REACHABLE, gateway, kOld},
       .second = {RTM_NEWNEIGH, 3, NUD_STALE, gateway, kNew},
       .changed = true},
      {.description = "IPv6",
       .first = {RTM_NEWNEIGH, 3, NUD_REACHABLE, "fd00::1", kOld},
       .second = {RTM_NEWNEIGH, 3, NUD_REACHABLE, "fd00::1", kNew},
       .changed = true},
      {.description = "the same MAC",
       .first = {RTM_NEWNEIGH, 3, NUD_REACHABLE, gateway, kOld},
       .second = {RTM_NEWNEIGH, 3, NUD_STALE, gateway, kOld},
       .changed = false},
      {.description = "another interface",
       .first = {RTM_NEWNEIGH, 3, NUD_REACHABLE, gateway, kOld},
       .second = {RTM_NEWNEIGH, 4, NUD_REACHABLE, gateway, kNew},
       .changed = false},
      {.description = "another neighbour",
       .first = {RTM_NEWNEIGH, 3, NUD_REACHABLE, gateway, kOld},
       .second = {RTM_NEWNEIGH, 3, NUD_REACHABLE, "192.168.10.2", kNew},
       .changed = false},
      {.description = "failed",
       .first = {RTM_NEWNEIGH, 3, NUD_REACHABLE, gateway, kOld},
       .second = {RTM_NEWNEIGH, 3, NUD_FAILED, gateway, kNew},
       .changed = false},
      {.description = "without a MAC",
       .first = {RTM_NEWNEIGH, 3, NUD_REACHABLE, gateway, kOld},
       .second = {RTM_NEWNEIGH, 3, NUD_REACHABLE, gateway, {}},
       .changed = false},
      {.description = "deleted",
       .first = {RTM_NEWNEIGH, 3, NUD_REACHABLE, gateway, kOld},
       .second = {RTM_DELNEIGH, 3, NUD_REACHABLE, gateway, kNew},
       .changed = false},
  };
  for (Case& one : cases) {
    NeighbourTable table;
    EXPECT_FALSE(table.update(one.first.header())) << one.description;
    const auto change = table.update(one.second.header());
    ASSERT_EQ(change.has_value(), one.changed) << one.description;
    if (!change) continue;
    EXPECT_EQ(change->interface, 3) << one.description;
    EXPECT_EQ(change->from, kOld) << one.description;
    EXPECT_EQ(change->to, kNew) << one.description;
  }
}

TEST(NeighbourTable, RemembersAnEntryThatWentAway) {
  NeighbourTable table;
  table.update(Message(RTM_NEWNEIGH, 3, NUD_REACHABLE, "192.168.10.1", kOld).header());
  table.update(Message(RTM_DELNEIGH, 3, NUD_FAILED, "192.168.10.1", {}).header());
  EXPECT_TRUE(table.update(Message(RTM_NEWNEIGH, 3, NUD_REACHABLE, "192.168.10.1", kNew).header()));
}

// The kernel's own messages, in a network namespace of this process.
TEST(NeighbourWatch, HearsTheKernel) {
  if (unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "needs root";
  const auto run = [](const char* command) { ASSERT_EQ(std::system(command), 0) << command; };
  run("ip link add here type veth peer name there && ip addr add 10.9.9.1/24 dev here && ip link set here up && ip "
      "link set there up");
  run("ip neigh replace 10.9.9.2 dev here lladdr 02:00:00:00:00:01");
  auto watch = NeighbourWatch::open();
  ASSERT_TRUE(watch) << watch.error();
  EXPECT_TRUE(watch->read().empty()) << "what is there at the start is no change";
  run("ip neigh replace 10.9.9.2 dev here lladdr 02:00:00:00:00:02");
  const auto changes = watch->read();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].interface, static_cast<int>(if_nametoindex("here")));
  EXPECT_EQ(config::to_string(changes[0].neighbour), "10.9.9.2");
  EXPECT_EQ(changes[0].from, kOld);
  EXPECT_EQ(changes[0].to, kNew);
  EXPECT_TRUE(watch->read().empty());
}

}  // namespace
}  // namespace penstock::net

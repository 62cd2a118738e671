// tests/control/access/peer_test.cpp - who is at the other end, as the kernel and the host's directories say.
#include "control/access/peer.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace penstock::control {
namespace {

TEST(Peer, IsUsHere) {
  std::array<int, 2> pair{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
  const auto peer = peer_of(pair[0]);
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->uid, geteuid());
  EXPECT_EQ(peer->pid, getpid());
  EXPECT_TRUE(peer->is_ours());
  for (const int fd : pair) close(fd);
  EXPECT_FALSE(peer_of(-1));
}

// SO_PEERGROUPS: the groups of who has made the socket.
TEST(Peer, HasItsSupplementaryGroups) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has groups to give away";
  std::array<int, 2> way{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, way.data()), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::array<gid_t, 40> groups{};
    for (gid_t i = 0; i < groups.size(); ++i) groups[i] = 5000 + i;
    std::array<int, 2> pair{};
    const bool done = setgroups(groups.size(), groups.data()) == 0 && setgid(4001) == 0 && setuid(4000) == 0 &&
                      socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) == 0;
    const auto peer = done ? peer_of(pair[0]) : std::nullopt;
    const auto has = [&](gid_t group) {
      return std::find(peer->groups.begin(), peer->groups.end(), group) != peer->groups.end();
    };
    const bool is_right = peer && peer->uid == 4000 && peer->user.empty() && has(4001) && has(5000) && has(5039) &&
                          !has(0) && !has(5040) && peer->who() == "uid 4000, pid " + std::to_string(getpid());
    _exit(is_right ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  for (const int fd : way) close(fd);
}

TEST(Peer, NamesComeFromTheHost) {
  EXPECT_EQ(user_name(0), "root");
  EXPECT_EQ(user_name(0xfffffff0), "");
  EXPECT_EQ(group_id("root"), std::optional<gid_t>(0));
  EXPECT_EQ(group_id("4711"), std::optional<gid_t>(4711));
  for (const char* unknown : {"", "no-such-group-here", "-1", "12x", "99999999999"})
    EXPECT_FALSE(group_id(unknown)) << unknown;
  load_directories();
}

}  // namespace
}  // namespace penstock::control

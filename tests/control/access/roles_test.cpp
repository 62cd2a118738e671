// tests/control/access/roles_test.cpp - who may look and who may change things.
#include "control/access/roles.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace penstock::control {
namespace {

TEST(Roles, FollowFromGroups) {
  const Roles roles{.look = {100}, .change = {200, 201, 65534}, .unknown = {}};
  const struct {
    const char* description;
    Peer peer;
    bool look;
    bool change;
  } cases[] = {
      {.description = "root", .peer = {0, 1, {0}, "root"}, .look = true, .change = true},
      {.description = "our own user", .peer = {geteuid(), 1, {7}, ""}, .look = true, .change = true},
      {.description = "a stranger", .peer = {4000, 1, {4000, 101}, ""}, .look = false, .change = false},
      {.description = "without a group", .peer = {4000, 1, {}, ""}, .look = false, .change = false},
      {.description = "its own group looks", .peer = {4000, 1, {100}, ""}, .look = true, .change = false},
      {.description = "a supplementary one looks", .peer = {4000, 1, {4000, 100}, ""}, .look = true, .change = false},
      {.description = "who changes may look", .peer = {4000, 1, {4000, 201}, ""}, .look = true, .change = true},
      {.description = "both", .peer = {4000, 1, {100, 200}, ""}, .look = true, .change = true},
      {.description = "of another user namespace", .peer = {65534, 1, {65534}, ""}, .look = false, .change = false},
      {.description = "root's group is no root", .peer = {4000, 1, {0}, ""}, .look = false, .change = false},
  };
  for (const auto& c : cases) {
    const Rights rights = rights_of(c.peer, roles);
    EXPECT_EQ(rights.has(Kind::look), c.look) << c.description;
    EXPECT_EQ(rights.has(Kind::change), c.change) << c.description;
  }
}

TEST(Roles, AreReadFromTheHost) {
  config::Control control;
  control.look = {"root", "no-such-group-here"};
  control.change = {"4711"};
  const Roles roles = Roles::of(control);
  EXPECT_EQ(roles.look, std::vector<gid_t>{0});
  EXPECT_EQ(roles.change, std::vector<gid_t>{4711});
  EXPECT_EQ(roles.unknown, std::vector<std::string>{"no-such-group-here"});
}

TEST(Roles, ADenialNamesTheGroupThatIsNeeded) {
  const Peer alice{1000, 7, {1000}, "alice"};
  config::Control control;
  EXPECT_EQ(denial(alice, "reload", Kind::change, control),
            "alice (uid 1000, pid 7) may not reload: this needs root, or a group that control.change names");
  control.change = {"dns-admins"};
  control.look = {"dns-readers", "soc"};
  EXPECT_EQ(denial(alice, "reload", Kind::change, control),
            "alice (uid 1000, pid 7) may not reload: this needs group dns-admins (control.change)");
  EXPECT_EQ(denial(alice, control),
            "alice (uid 1000, pid 7) may not use penstockctl: to look, this needs one of the groups dns-readers, soc "
            "(control.look); to change something, group dns-admins (control.change)");
}

}  // namespace
}  // namespace penstock::control

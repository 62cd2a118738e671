#include "control/access/roles.h"

#include <algorithm>

namespace penstock::control {
namespace {

// What the kernel says of a group of another user namespace (kernel.overflowgid): anybody's.
constexpr gid_t kOverflow = 65534;

bool is_member(const Peer& peer, const std::vector<gid_t>& groups) {
  return std::any_of(peer.groups.begin(), peer.groups.end(), [&](gid_t group) {
    return group != kOverflow && std::find(groups.begin(), groups.end(), group) != groups.end();
  });
}

std::vector<gid_t> ids_of(const std::vector<std::string>& groups, std::vector<std::string>& unknown) {
  std::vector<gid_t> ids;
  for (const std::string& group : groups) {
    if (const auto id = group_id(group))
      ids.push_back(*id);
    else
      unknown.push_back(group);
  }
  return ids;
}

std::string groups_text(const std::vector<std::string>& groups, const char* key) {
  if (groups.empty()) return std::string("root, or a group that ") + key + " names";
  std::string text = groups.size() == 1 ? "group " : "one of the groups ";
  for (const std::string& group : groups) text += (&group == &groups.front() ? "" : ", ") + group;
  return text + " (" + key + ")";
}

}  // namespace

Roles Roles::of(const config::Control& control) {
  Roles roles;
  roles.look = ids_of(control.look, roles.unknown);
  roles.change = ids_of(control.change, roles.unknown);
  return roles;
}

Rights rights_of(const Peer& peer, const Roles& roles) {
  if (peer.is_ours() || is_member(peer, roles.change)) return kAllRights;
  return {is_member(peer, roles.look), false};
}

std::string denial(const Peer& peer, const std::string& command, Kind kind, const config::Control& control) {
  return peer.who() + " may not " + command + ": this needs " +
         (kind == Kind::change ? groups_text(control.change, "control.change")
                               : groups_text(control.look, "control.look"));
}

std::string denial(const Peer& peer, const config::Control& control) {
  return peer.who() + " may not use penstockctl: to look, this needs " + groups_text(control.look, "control.look") +
         "; to change something, " + groups_text(control.change, "control.change");
}

}  // namespace penstock::control

// control/access/roles.h - who may look and who may change things: root, our own user, and the groups of `control.look` and `control.change`.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "config/model.h"
#include "control/access/peer.h"

namespace penstock::control {

// What a command does: each has its kind in the one table of them (control/admin/commands.cpp).
enum class Kind : uint8_t { look, change };

struct Rights {
  bool look = false;
  bool change = false;  // and look

  bool has(Kind kind) const { return kind == Kind::look ? look : change; }
};

constexpr Rights kAllRights{true, true};

// The groups of a configuration with their ids.
struct Roles {
  std::vector<gid_t> look;
  std::vector<gid_t> change;
  std::vector<std::string> unknown;  // groups that this host does not know

  // May block, as group_id() may.
  static Roles of(const config::Control&);
};

Rights rights_of(const Peer&, const Roles&);

// Why the peer may not: "alice (uid 1000, pid 7) may not reload: this needs group dns-admins (control.change)".
std::string denial(const Peer&, const std::string& command, Kind, const config::Control&);
// The same of one who may do nothing.
std::string denial(const Peer&, const config::Control&);

}  // namespace penstock::control

// control/access/peer.h - who is at the other end of the admin socket, as the kernel says.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace penstock::control {

struct Peer {
  uid_t uid = 0;
  pid_t pid = 0;
  std::vector<gid_t> groups = {};  // its own and the supplementary ones
  std::string user = "root";       // empty: the host knows no name, or it is not looked for yet

  // Root or our own user: nobody asks a directory about them, so they get in while it is away.
  bool is_ours() const;
  // "alice (uid 1000, pid 4242)"
  std::string who() const;
};

// As the socket was connected (SO_PEERCRED, SO_PEERGROUPS); nothing: the kernel does not say. Of users that are not ours without a name.
std::optional<Peer> peer_of(int socket);

// May ask a directory over the network, and block: not for the thread that beats.
std::string user_name(uid_t);
// The id of a group by its name or number; nothing: the host knows none.
std::optional<gid_t> group_id(const std::string& group);
// Has the libraries of the directories loaded (nsswitch.conf), before confinement lets no code in any more.
void load_directories();

}  // namespace penstock::control

#include "control/access/peer.h"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

namespace penstock::control {
namespace {

constexpr size_t kFirstBuffer = 4096;
constexpr size_t kLastBuffer = size_t{4} << 20;  // a group may have very many members

// Calls `ask(buffer)` with more room until it is enough.
template <typename Ask>
void with_room(const Ask& ask) {
  for (std::vector<char> buffer(kFirstBuffer); ask(buffer) == ERANGE && buffer.size() < kLastBuffer;)
    buffer.resize(buffer.size() * 4);
}

}  // namespace

bool Peer::is_ours() const {
  return uid == 0 || uid == geteuid();
}

std::string Peer::who() const {
  const std::string numbers = "uid " + std::to_string(uid) + ", pid " + std::to_string(pid);
  return user.empty() ? numbers : user + " (" + numbers + ")";
}

std::optional<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  Peer peer{credentials.uid, credentials.pid, {credentials.gid}, {}};
  if (peer.uid == 0) peer.user = "root";
  socklen_t room = 0;
  // Without room it says how much there must be.
  if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, nullptr, &room) != 0 && errno == ERANGE && room != 0) {
    std::vector<gid_t> groups(room / sizeof(gid_t));
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &room) != 0) return std::nullopt;
    peer.groups.insert(peer.groups.end(), groups.begin(), groups.end());
  }
  return peer;
}

std::string user_name(uid_t uid) {
  std::string name;
  with_room([&](std::vector<char>& buffer) {
    passwd entry{};
    passwd* found = nullptr;
    const int error = getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
    if (error == 0 && found != nullptr) name = found->pw_name;
    return error;
  });
  return name;
}

std::optional<gid_t> group_id(const std::string& name) {
  gid_t number = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (problem == std::errc() && end == name.data() + name.size()) return number;
  std::optional<gid_t> id;
  with_room([&](std::vector<char>& buffer) {
    group entry{};
    group* found = nullptr;
    const int error = getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (error == 0 && found != nullptr) id = found->gr_gid;
    return error;
  });
  return id;
}

void load_directories() {
  // What no directory has, all of them are asked for.
  constexpr uid_t kNobodyHas = 0xfffffff0;
  user_name(kNobodyHas);
  group_id("penstock-no-such-group");
}

}  // namespace penstock::control

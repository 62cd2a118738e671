#include "control/neighbours/neighbour_hand.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "control/neighbours/netlink_socket.h"

namespace penstock::control {
namespace {

std::error_code last_error() {
  return {errno == EAGAIN ? ETIMEDOUT : errno, std::generic_category()};
}

// Until the other end is closed.
[[noreturn]] void serve(int socket) {
  NetlinkSocket netlink;
  for (;;) {
    TouchRequest request;
    const ssize_t received = recv(socket, &request, sizeof request, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) _exit(EXIT_SUCCESS);
    int32_t answer = EINVAL;
    if (received == sizeof request)
      if (const NetlinkBytes message = message_of(request); !message.empty()) answer = netlink.ask(message).value();
    if (send(socket, &answer, sizeof answer, MSG_NOSIGNAL) < 0) _exit(EXIT_SUCCESS);
  }
}

}  // namespace

NetlinkBytes message_of(const TouchRequest& request) {
  if (request.interface <= 0 || (request.family != 4 && request.family != 6)) return {};
  NeighbourKey key;
  key.interface = request.interface;
  key.address.bytes = request.address;
  key.address.family = request.family;
  switch (request.touch) {
    case Touch::manage:
      return manage_neighbour(key);
    case Touch::use:
      return use_neighbour(key);
    case Touch::probe:
      return probe_neighbour(key, request.mac);
  }
  return {};
}

std::unique_ptr<NeighbourHand> NeighbourHand::start(const std::function<void()>& prepare) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::system_error(errno, std::generic_category(), "socketpair");
  const pid_t child = fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) {
    close(ends[0]);
    for (const int ignored : {SIGTERM, SIGINT, SIGHUP}) std::signal(ignored, SIG_IGN);
    prctl(PR_SET_NAME, "neighbours", 0, 0, 0);
    try {
      prepare();
      serve(ends[1]);
    } catch (const std::exception&) {
      _exit(EXIT_FAILURE);
    }
  }
  close(ends[1]);
  std::signal(SIGCHLD, SIG_IGN);  // no zombie when it ends first
  const timeval second{1, 0};
  setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
  return std::unique_ptr<NeighbourHand>(new NeighbourHand(ends[0]));
}

NeighbourHand::~NeighbourHand() {
  close(socket_);
}

std::error_code NeighbourHand::touch(Touch touch, const NeighbourKey& key, const std::array<uint8_t, 6>& mac) {
  const TouchRequest request{.touch = touch,
                             .family = key.address.family,
                             .mac = mac,
                             .interface = key.interface,
                             .address = key.address.bytes};
  if (send(socket_, &request, sizeof request, MSG_NOSIGNAL) < 0) return last_error();
  int32_t answer = 0;
  const ssize_t received = recv(socket_, &answer, sizeof answer, 0);
  if (received < 0) return last_error();
  if (received != sizeof answer) return {EPIPE, std::generic_category()};
  return {answer, std::generic_category()};
}

}  // namespace penstock::control

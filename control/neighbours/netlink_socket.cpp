#include "control/neighbours/netlink_socket.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>

namespace penstock::control {
namespace {

std::error_code last_error() {
  return {errno == EAGAIN ? ETIMEDOUT : errno, std::generic_category()};
}

}  // namespace

NetlinkSocket::NetlinkSocket() : socket_(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC)), buffer_(size_t{64} * 1024) {
  if (!socket_ || mnl_socket_bind(socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
    throw std::system_error(errno, std::generic_category(), "rtnetlink");
  }
  const timeval second{1, 0};
  setsockopt(mnl_socket_get_fd(socket_.get()), SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
}

std::error_code NetlinkSocket::ask(NetlinkBytes request, const std::function<void(const nlmsghdr*)>& each) {
  auto* header = reinterpret_cast<nlmsghdr*>(request.data());
  header->nlmsg_seq = ++sequence_;
  const uint16_t flags = header->nlmsg_flags;
  const bool dump = (flags & NLM_F_DUMP) == NLM_F_DUMP;
  const bool acknowledged = (flags & NLM_F_ACK) != 0;
  if (mnl_socket_sendto(socket_.get(), request.data(), request.size()) < 0) return last_error();
  for (;;) {
    const ssize_t received = mnl_socket_recvfrom(socket_.get(), buffer_.data(), buffer_.size());
    if (received < 0) return last_error();
    int left = static_cast<int>(received);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer_.data()); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
      // An answer that came too late for an earlier question.
      if (message->nlmsg_seq != sequence_) continue;
      if (message->nlmsg_type == NLMSG_DONE) return {};
      if (message->nlmsg_type == NLMSG_ERROR) {
        const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
        return {-error->error, std::generic_category()};
      }
      if (each) each(message);
      if (!dump && !acknowledged) return {};
    }
  }
}

}  // namespace penstock::control

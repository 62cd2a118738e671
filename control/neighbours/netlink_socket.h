// control/neighbours/netlink_socket.h - a question to the kernel over rtnetlink, and its answer at once.
#pragma once

#include <functional>
#include <memory>
#include <system_error>

#include <libmnl/libmnl.h>

#include "control/neighbours/netlink_messages.h"

namespace penstock::control {

class NetlinkSocket {
 public:
  NetlinkSocket();  // throws std::system_error

  // Sends the request and hands every message of the answer to `each`. The kernel works on a request before
  // send returns, so this blocks for microseconds; a second without an answer is an error (timed_out). The
  // error is the kernel's errno.
  std::error_code ask(NetlinkBytes request, const std::function<void(const nlmsghdr*)>& each = {});

 private:
  struct Close {
    void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
  };
  std::unique_ptr<mnl_socket, Close> socket_;
  uint32_t sequence_ = 0;
  std::vector<char> buffer_;
};

}  // namespace penstock::control

#include "config/contract/link.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace penstock::config {
namespace {

constexpr size_t kMaxDescriptors = 4;

}  // namespace

tl::expected<void, std::string> send_message(int socket, const void* bytes, size_t size, const std::vector<int>& fds) {
  iovec part{const_cast<void*>(bytes), size};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxDescriptors)] = {};
  if (fds.size() > kMaxDescriptors) return tl::make_unexpected("too many descriptors for one message");
  if (!fds.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(rights), fds.data(), sizeof(int) * fds.size());
  }
  ssize_t sent = 0;
  do {
    sent = sendmsg(socket, &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return tl::make_unexpected(std::string(strerror(errno)));
  return {};
}

tl::expected<Message, std::string> receive_message(int socket) {
  Message message;
  message.bytes.resize(kMaxMessage);
  iovec part{message.bytes.data(), message.bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxDescriptors)] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t received = 0;
  do {
    received = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  if (received < 0) return tl::make_unexpected(std::string(strerror(errno)));
  for (cmsghdr* rights = CMSG_FIRSTHDR(&header); rights != nullptr; rights = CMSG_NXTHDR(&header, rights)) {
    if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    const size_t first = message.fds.size();
    message.fds.resize(first + count);
    std::memcpy(message.fds.data() + first, CMSG_DATA(rights), count * sizeof(int));
  }
  message.bytes.resize(static_cast<size_t>(received));
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    for (int fd : message.fds) close(fd);
    return tl::make_unexpected("a message larger than the protocol knows");
  }
  return message;
}

}  // namespace penstock::config

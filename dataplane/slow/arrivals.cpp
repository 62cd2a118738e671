#include "dataplane/slow/arrivals.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace penstock::slow {

void keep_out(int socket, std::span<const int> interfaces) {
  constexpr size_t kMost = 2000;
  const int none = 0;
  if (interfaces.empty()) {
    setsockopt(socket, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none);
    return;
  }
  std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_IFINDEX))};
  for (const int index : interfaces.first(std::min(interfaces.size(), kMost))) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(index), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, 0));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, UINT32_MAX));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

void note_interfaces(int listener) {
  const int on = 1;
  setsockopt(listener, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  setsockopt(listener, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
}

int interface_of(int connection) {
  constexpr int kOptionsOfIpv6 = IPV6_2292PKTOPTIONS;
  alignas(cmsghdr) std::array<char, 256> options{};
  for (const auto& [level, name] : {std::pair{IPPROTO_IP, IP_PKTOPTIONS}, std::pair{IPPROTO_IPV6, kOptionsOfIpv6}}) {
    socklen_t size = options.size();
    if (getsockopt(connection, level, name, options.data(), &size) != 0) continue;
    msghdr message{};
    message.msg_control = options.data();
    message.msg_controllen = size;
    for (const cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr;
         one = CMSG_NXTHDR(&message, const_cast<cmsghdr*>(one))) {
      if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_PKTINFO) {
        in_pktinfo info{};
        std::memcpy(&info, CMSG_DATA(one), sizeof info);
        if (info.ipi_ifindex != 0) return info.ipi_ifindex;  // 0: the socket is of IPv6, which has it elsewhere
      }
      if (one->cmsg_level == IPPROTO_IPV6 && (one->cmsg_type == IPV6_PKTINFO || one->cmsg_type == IPV6_2292PKTINFO)) {
        in6_pktinfo info{};
        std::memcpy(&info, CMSG_DATA(one), sizeof info);
        return static_cast<int>(info.ipi6_ifindex);
      }
    }
  }
  return 0;
}

}  // namespace penstock::slow

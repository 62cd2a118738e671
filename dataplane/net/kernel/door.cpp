// dataplane/net/kernel/door.cpp - frames between mbufs and a TAP, by plain read and write on one slow thread.
#include "dataplane/net/kernel/door.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <rte_mbuf.h>
#include <spdlog/spdlog.h>

namespace penstock::net {
namespace {

constexpr unsigned kMostSegments = 16;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

tl::unexpected<std::string> failed(const std::string& interface, const std::string& what) {
  return tl::make_unexpected("door " + interface + ": " + what + ": " + std::strerror(errno));
}

bool write_frame(int tap, rte_mbuf& frame) {
  if (frame.nb_segs > kMostSegments) return false;
  iovec parts[kMostSegments];
  int count = 0;
  for (rte_mbuf* segment = &frame; segment != nullptr; segment = segment->next) {
    parts[count++] = {rte_pktmbuf_mtod(segment, void*), segment->data_len};
  }
  return writev(tap, parts, count) == static_cast<ssize_t>(frame.pkt_len);
}

}  // namespace

tl::expected<Door, std::string> Door::open(const std::string& port_name, const std::array<uint8_t, 6>& mac,
                                           uint16_t mtu) {
  const std::string name = ("ps-" + port_name).substr(0, IFNAMSIZ - 1);
  FileDescriptor tap(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (tap.get() < 0) return failed(name, "/dev/net/tun");
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (ioctl(tap.get(), TUNSETIFF, &request) != 0) {
    return failed(name, "no TAP (needs CAP_NET_ADMIN; an existing one must have mode tap and be unused)");
  }
  // A TAP without a virtio header cannot say "checksum to be completed": the kernel must complete it.
  if (ioctl(tap.get(), TUNSETOFFLOAD, 0) != 0) return failed(name, "checksum offload cannot be switched off");

  const FileDescriptor control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq link{};
  name.copy(link.ifr_name, IFNAMSIZ - 1);
  link.ifr_hwaddr.sa_family = ARPHRD_ETHER;
  std::memcpy(link.ifr_hwaddr.sa_data, mac.data(), mac.size());
  if (ioctl(control.get(), SIOCSIFHWADDR, &link) != 0) return failed(name, "its MAC");
  link.ifr_mtu = mtu;
  if (ioctl(control.get(), SIOCSIFMTU, &link) != 0) return failed(name, "MTU " + std::to_string(mtu));
  if (ioctl(control.get(), SIOCGIFFLAGS, &link) != 0) return failed(name, "its flags");
  link.ifr_flags = static_cast<short>(link.ifr_flags | IFF_UP);
  if (ioctl(control.get(), SIOCSIFFLAGS, &link) != 0) return failed(name, "does not come up");
  return Door(tap.release(), name, static_cast<int>(if_nametoindex(name.c_str())));
}

Door::Door(Door&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), interface_(std::move(other.interface_)), ifindex_(other.ifindex_) {}

Door& Door::operator=(Door&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(interface_, other.interface_);
  std::swap(ifindex_, other.ifindex_);
  return *this;
}

Door::~Door() {
  if (fd_ >= 0) close(fd_);
}

unsigned Door::deliver(std::span<rte_mbuf*> mbufs) {
  unsigned taken = 0;
  for (rte_mbuf* frame : mbufs) {
    taken += write_frame(fd_, *frame) ? 1 : 0;
    rte_pktmbuf_free(frame);
  }
  return taken;
}

void Door::shut() {
  spdlog::error("door {}: its TAP was deleted and the kernel gets no frames any more: restart penstock-dataplane",
                interface_);
  close(std::exchange(fd_, -1));
}

uint16_t Door::collect(rte_mbuf** mbufs, uint16_t count, rte_mempool* pool) {
  if (!alive()) return 0;
  uint16_t collected = 0;
  while (collected < count) {
    rte_mbuf* frame = rte_pktmbuf_alloc(pool);
    if (frame == nullptr) break;
    // Of the TAP's errors only "deleted" lasts; one that is down is just quiet.
    const ssize_t length = read(fd_, rte_pktmbuf_mtod(frame, void*), rte_pktmbuf_tailroom(frame));
    if (length <= 0) {
      if (length < 0 && errno == EBADFD) shut();
      rte_pktmbuf_free(frame);
      break;
    }
    rte_pktmbuf_append(frame, static_cast<uint16_t>(length));
    mbufs[collected++] = frame;
  }
  return collected;
}

}  // namespace penstock::net

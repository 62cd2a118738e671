// dataplane/net/kernel/interface.cpp - asks the kernel by ioctl, getifaddrs and sysfs; changes nothing but VLAN
// stripping.
#include "dataplane/net/kernel/interface.h"

#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace penstock::net {
namespace {

class Ioctl {
 public:
  explicit Ioctl(const std::string& name) : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    std::strncpy(request_.ifr_name, name.c_str(), IFNAMSIZ - 1);
  }
  ~Ioctl() {
    if (fd_ >= 0) close(fd_);
  }
  Ioctl(const Ioctl&) = delete;
  Ioctl& operator=(const Ioctl&) = delete;
  bool get(unsigned long what) { return ioctl(fd_, what, &request_) == 0; }
  template <typename T>
  bool ethtool(T& command) {
    request_.ifr_data = reinterpret_cast<char*>(&command);
    return get(SIOCETHTOOL);
  }
  const ifreq& request() const { return request_; }

 private:
  int fd_;
  ifreq request_{};
};

unsigned count_receive_queues(const std::string& name) {
  // Second choice: sysfs shows the network namespace that it was mounted in, which may not be ours.
  unsigned count = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/net/" + name + "/queues", error)) {
    if (entry.path().filename().string().starts_with("rx-")) ++count;
  }
  return count;
}

}  // namespace

tl::expected<Interface, std::string> read_interface(const std::string& name) {
  Interface interface;
  interface.name = name;
  interface.index = static_cast<int>(if_nametoindex(name.c_str()));
  if (interface.index == 0 || name.size() >= IFNAMSIZ) {
    return tl::make_unexpected("no interface " + name + ": see `ip link`");
  }
  Ioctl ioctl(name);
  if (!ioctl.get(SIOCGIFHWADDR)) return tl::make_unexpected("interface " + name + ": " + std::strerror(errno));
  std::memcpy(interface.mac.data(), ioctl.request().ifr_hwaddr.sa_data, interface.mac.size());
  if (ioctl.get(SIOCGIFMTU)) interface.mtu = static_cast<uint16_t>(ioctl.request().ifr_mtu);
  if (ioctl.get(SIOCGIFFLAGS)) interface.up = (ioctl.request().ifr_flags & IFF_UP) != 0;

  ethtool_drvinfo driver{};
  driver.cmd = ETHTOOL_GDRVINFO;
  if (ioctl.ethtool(driver)) interface.driver = driver.driver;
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  if (ioctl.ethtool(channels)) {
    interface.combined_channels = channels.combined_count;
    interface.receive_queues = channels.combined_count + channels.rx_count;
  } else {
    interface.receive_queues = count_receive_queues(name);
  }
  interface.receive_queues = std::max(interface.receive_queues, 1u);
  interface.addresses = interface_addresses(name);
  return interface;
}

std::vector<config::IpAddress> interface_addresses(const std::string& name) {
  std::vector<config::IpAddress> addresses;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return addresses;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || name != entry->ifa_name) continue;
    config::IpAddress address;
    if (entry->ifa_addr->sa_family == AF_INET) {
      address.family = 4;
      std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr, 4);
    } else if (entry->ifa_addr->sa_family == AF_INET6) {
      address.family = 6;
      std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr, 16);
    } else {
      continue;
    }
    addresses.push_back(address);
  }
  freeifaddrs(list);
  return addresses;
}

bool is_copy_only(const Interface& interface) {
  for (const char* driver : {"veth", "tun", "dummy", "bridge", "macvlan"}) {
    if (interface.driver == driver) return true;
  }
  return false;
}

VlanStripping stop_vlan_stripping(const std::string& name) {
  Ioctl ioctl(name);
  ethtool_value flags{};
  flags.cmd = ETHTOOL_GFLAGS;
  if (!ioctl.ethtool(flags) || (flags.data & ETH_FLAG_RXVLAN) == 0) return VlanStripping::off;
  flags.cmd = ETHTOOL_SFLAGS;
  flags.data &= ~static_cast<uint32_t>(ETH_FLAG_RXVLAN);
  if (!ioctl.ethtool(flags)) return VlanStripping::stays_on;
  flags.cmd = ETHTOOL_GFLAGS;
  if (!ioctl.ethtool(flags) || (flags.data & ETH_FLAG_RXVLAN) != 0) return VlanStripping::stays_on;
  return VlanStripping::switched_off;
}

tl::expected<InterfaceLock, std::string> InterfaceLock::take(const std::string& name) {
  // An abstract UNIX address: one a network namespace, as interface names are, and gone with the process.
  const std::string text = "penstock-port-" + name;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, text.data(), text.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  InterfaceLock lock(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (bind(lock.fd_, reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    return tl::make_unexpected("interface " + name + " is in use by another penstock-dataplane");
  }
  return lock;
}

InterfaceLock::InterfaceLock(InterfaceLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
InterfaceLock& InterfaceLock::operator=(InterfaceLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
InterfaceLock::~InterfaceLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace penstock::net

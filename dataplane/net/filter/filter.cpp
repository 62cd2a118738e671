// dataplane/net/filter/filter.cpp - our XDP filter through libbpf: the maps stay ours, whoever polls the sockets.
#include "dataplane/net/filter/filter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "dataplane/net/filter/bpf_objects.h"

namespace penstock::net {
namespace {

using Key = std::array<uint8_t, 16>;

Key key_of(const config::IpAddress& address) {
  Key key{};
  if (address.is_v6()) return address.bytes;
  key[10] = key[11] = 0xff;  // ::ffff:a.b.c.d
  std::memcpy(key.data() + 12, address.bytes.data(), 4);
  return key;
}

// As `struct allowance` of filter.bpf.c.
struct Allowance {
  uint64_t window;
  uint32_t passed;
  uint32_t most;
  uint64_t dropped;
};
constexpr unsigned kWindowShift = 23;

tl::unexpected<std::string> failed(const std::string& what, int error) {
  return tl::make_unexpected("XDP filter: " + what + ": " + std::strerror(error < 0 ? -error : error));
}

}  // namespace

void Filter::CloseObject::operator()(bpf_object* object) const {
  bpf_object__close(object);
}

tl::expected<Filter, std::string> Filter::load() {
  const auto bytes = filter_object();
  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "penstock");
  Object object(bpf_object__open_mem(bytes.data(), bytes.size(), &options));
  if (!object) return failed("cannot be read", errno);
  if (int error = bpf_object__load(object.get()); error != 0) {
    return failed("the kernel refuses to load it (needs CAP_BPF and CAP_NET_ADMIN)", error);
  }
  return Filter(std::move(object));
}

Filter::Filter(Filter&& other) noexcept
    : object_(std::move(other.object_)), policed_(other.policed_), link_(std::exchange(other.link_, -1)) {}
Filter& Filter::operator=(Filter&& other) noexcept {
  if (this == &other) return *this;
  detach();
  object_ = std::move(other.object_);
  policed_ = other.policed_;
  link_ = std::exchange(other.link_, -1);
  return *this;
}
Filter::~Filter() {
  detach();
}

void Filter::detach() {
  if (link_ >= 0) close(link_);
  link_ = -1;
}

int Filter::map(const char* name) const {
  return bpf_object__find_map_fd_by_name(object_.get(), name);
}

tl::expected<void, std::string> Filter::add_socket(uint32_t queue, int socket) {
  if (bpf_map_update_elem(map("xsks_map"), &queue, &socket, BPF_ANY) != 0) {
    return failed("socket of queue " + std::to_string(queue), errno);
  }
  return {};
}

tl::expected<void, std::string> Filter::attach(int ifindex) {
  const int program = bpf_program__fd(bpf_object__find_program_by_name(object_.get(), kFilterName));
  link_ = bpf_link_create(program, ifindex, BPF_XDP, nullptr);
  if (link_ < 0) return failed("cannot be attached to the interface", link_);
  return {};
}

template <typename Key>
tl::expected<void, std::string> Filter::set_keys(const char* map_name, const std::set<Key>& wanted) {
  const int fd = map(map_name);
  const uint8_t present = 1;
  for (const Key& key : wanted) {
    if (bpf_map_update_elem(fd, key.data(), &present, BPF_ANY) != 0) {
      return failed(std::string(map_name) + " addresses: " + std::to_string(wanted.size()), errno);
    }
  }
  std::set<Key> stale;
  Key key{};
  for (const void* at = nullptr; bpf_map_get_next_key(fd, at, key.data()) == 0;) {
    if (!wanted.contains(key)) stale.insert(key);
    at = key.data();
  }
  for (const Key& old : stale) bpf_map_delete_elem(fd, old.data());
  return {};
}

tl::expected<void, std::string> Filter::set_addresses(const char* map_name,
                                                      std::span<const config::IpAddress> addresses) {
  std::set<Key> wanted;
  for (const auto& address : addresses) wanted.insert(key_of(address));
  return set_keys(map_name, wanted);
}

tl::expected<void, std::string> Filter::set_listen(std::span<const config::IpAddress> addresses) {
  return set_addresses("listen", addresses);
}

tl::expected<void, std::string> Filter::set_endpoints(std::span<const config::IpAddress> addresses) {
  return set_addresses("endpoints", addresses);
}

tl::expected<void, std::string> Filter::set_macs(std::span<const Mac> macs) {
  std::set<std::array<uint8_t, 8>> wanted;
  for (const Mac& mac : macs) wanted.insert({mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]});
  return set_keys("macs", wanted);
}

tl::expected<void, std::string> Filter::set_source_ports(uint16_t first, uint16_t count) {
  const uint32_t zero = 0;
  const std::array<uint32_t, 2> range{first, count};
  if (bpf_map_update_elem(map("source_ports"), &zero, range.data(), BPF_ANY) != 0) {
    return failed("source ports", errno);
  }
  return {};
}

tl::expected<void, std::string> Filter::set(const FilterRules& rules) {
  if (auto set = set_endpoints(rules.endpoints); !set) return set;
  if (auto set = set_source_ports(rules.source_ports.first, rules.source_ports.count); !set) return set;
  if (auto set = set_macs(rules.macs); !set) return set;
  return set_listen(rules.listen);
}

bool Filter::police(const config::IpAddress& client, uint32_t per_second) {
  const Key key = key_of(client);
  const Allowance allowance{
      .window = 0,
      .passed = 0,
      .most = static_cast<uint32_t>((uint64_t{per_second} << kWindowShift) / 1'000'000'000 + 1),
      .dropped = 0,
  };
  if (bpf_map_update_elem(map("policed"), key.data(), &allowance, BPF_NOEXIST) != 0) return false;
  ++policed_;
  count_policed();
  return true;
}

void Filter::release(const config::IpAddress& client) {
  if (bpf_map_delete_elem(map("policed"), key_of(client).data()) != 0) return;
  --policed_;
  count_policed();
}

uint64_t Filter::dropped_of(const config::IpAddress& client) const {
  Allowance allowance{};
  return bpf_map_lookup_elem(map("policed"), key_of(client).data(), &allowance) == 0 ? allowance.dropped : 0;
}

void Filter::count_policed() {
  const uint32_t zero = 0;
  bpf_map_update_elem(map("policed_count"), &zero, &policed_, BPF_ANY);
}

}  // namespace penstock::net

// dataplane/net/filter/filter.h - our XDP filter on one interface: loaded, filled, attached, and taken off at the
// end.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>

#include <tl/expected.hpp>

#include "config/contract/address.h"
#include "dataplane/net/filter/filter_rules.h"

struct bpf_object;

namespace penstock::net {

// Names as the kernel shows them (`bpftool prog`, `ip link`): by these we know what a killed process of ours
// left behind.
constexpr const char* kFilterName = "penstock_filter";
constexpr const char* kDecoyName = "penstock_decoy";

class Filter {
 public:
  // Needs CAP_BPF and CAP_NET_ADMIN. The maps are empty: everything passes to the kernel.
  static tl::expected<Filter, std::string> load();
  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;
  ~Filter();  // detaches; needs no privilege. So does the end of the process, however it ends

  // Frames of this receive queue go to this AF_XDP socket.
  tl::expected<void, std::string> add_socket(uint32_t queue, int socket);
  // The interface must have no program (clear_leftovers(), detach_any()). While attached nobody can replace it.
  tl::expected<void, std::string> attach(int ifindex);

  // These work with the descriptors held, without privileges (Linux 5.19). An address that stays is never
  // missing in between.
  tl::expected<void, std::string> set_listen(std::span<const config::IpAddress>);
  tl::expected<void, std::string> set_endpoints(std::span<const config::IpAddress>);
  tl::expected<void, std::string> set_source_ports(uint16_t first, uint16_t count);
  tl::expected<void, std::string> set_macs(std::span<const Mac>);
  tl::expected<void, std::string> set(const FilterRules&);

  // Of the queries of this client (IPv4, or an IPv6 address that stands for its /64) only so many a second pass; the others are
  // dropped here. As many clients as kMostPoliced.
  bool police(const config::IpAddress& client, uint32_t per_second);  // false: the kernel does not take it
  void release(const config::IpAddress& client);
  // Queries of it that were dropped since it is policed.
  uint64_t dropped_of(const config::IpAddress& client) const;
  static constexpr size_t kMostPoliced = 1024;

 private:
  struct CloseObject {
    void operator()(bpf_object*) const;
  };
  using Object = std::unique_ptr<bpf_object, CloseObject>;
  explicit Filter(Object object) : object_(std::move(object)) {}
  int map(const char* name) const;
  template <typename Key>
  tl::expected<void, std::string> set_keys(const char* map_name, const std::set<Key>& wanted);
  tl::expected<void, std::string> set_addresses(const char* map_name, std::span<const config::IpAddress>);
  void count_policed();
  void detach();

  Object object_;
  uint32_t policed_ = 0;
  int link_ = -1;  // the attachment: it lasts as long as this descriptor
};

// Is the interface free for us? Takes off what a killed process of ours left there; `left` then says so in
// words. The error names the program of somebody else.
tl::expected<void, std::string> clear_leftovers(const std::string& interface, int ifindex, std::string& left);

// Takes off whatever XDP program the interface has, in any mode.
void detach_any(int ifindex);

}  // namespace penstock::net

// dataplane/net/filter/leftovers.cpp - which XDP program is on an interface, and whose: ours goes, anybody else's
// stays.
//
// A process that was killed leaves its program attached. Ours may stand alone, or be wrapped in libxdp's
// dispatcher when somebody else's tool attached it.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include <cstring>
#include <string>
#include <vector>

#include "dataplane/net/filter/filter.h"

namespace penstock::net {
namespace {

bool is_ours(const std::string& name) {
  return name == kFilterName || name == kDecoyName;
}

std::string name_of(uint32_t program) {
  const int fd = bpf_prog_get_fd_by_id(program);
  bpf_prog_info info{};
  uint32_t length = sizeof info;
  std::string name;
  if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &length) == 0) name = info.name;
  if (fd >= 0) close(fd);
  return name;
}

struct Attached {
  uint32_t mode;  // XDP_FLAGS_*_MODE
  const char* mode_name;
  uint32_t program;
};

std::vector<Attached> attached_to(int ifindex) {
  LIBBPF_OPTS(bpf_xdp_query_opts, query);
  if (bpf_xdp_query(ifindex, 0, &query) != 0) return {};
  std::vector<Attached> all;
  if (query.drv_prog_id != 0) all.push_back({XDP_FLAGS_DRV_MODE, "driver", query.drv_prog_id});
  if (query.skb_prog_id != 0) all.push_back({XDP_FLAGS_SKB_MODE, "generic", query.skb_prog_id});
  if (query.hw_prog_id != 0) all.push_back({XDP_FLAGS_HW_MODE, "hardware", query.hw_prog_id});
  return all;
}

// The programs inside a dispatcher of libxdp; empty: it is none, or cannot be read.
std::vector<std::string> dispatched(int ifindex) {
  std::vector<std::string> names;
  xdp_multiprog* dispatcher = xdp_multiprog__get_from_ifindex(ifindex);
  if (dispatcher == nullptr || libxdp_get_error(dispatcher) != 0) return names;
  for (xdp_program* program = xdp_multiprog__next_prog(nullptr, dispatcher); program != nullptr;
       program = xdp_multiprog__next_prog(program, dispatcher)) {
    names.emplace_back(xdp_program__name(program));
  }
  xdp_multiprog__close(dispatcher);
  return names;
}

}  // namespace

tl::expected<void, std::string> clear_leftovers(const std::string& interface, int ifindex, std::string& left) {
  for (const Attached& attached : attached_to(ifindex)) {
    const std::string name = name_of(attached.program);
    bool ours = is_ours(name);
    std::string inside;
    if (name == "xdp_dispatcher") {
      const auto names = dispatched(ifindex);
      ours = !names.empty();
      for (const auto& one : names) {
        inside += (inside.empty() ? " with " : ", ") + one;
        ours = ours && is_ours(one);
      }
    }
    const std::string what = "XDP program " + (name.empty() ? std::string("(unnamed)") : name) + inside + " (id " +
                             std::to_string(attached.program) + ", " + attached.mode_name + " mode)";
    if (!ours) {
      return tl::make_unexpected("interface " + interface + " has another " + what + ": remove it (ip link set dev " +
                                 interface + " xdp off) or use af_packet:" + interface);
    }
    if (int error = bpf_xdp_detach(ifindex, attached.mode, nullptr); error != 0) {
      return tl::make_unexpected("interface " + interface + ": cannot remove " + what + ": " + std::strerror(-error));
    }
    left = what;
  }
  return {};
}

void detach_any(int ifindex) {
  for (const Attached& attached : attached_to(ifindex)) bpf_xdp_detach(ifindex, attached.mode, nullptr);
}

}  // namespace penstock::net

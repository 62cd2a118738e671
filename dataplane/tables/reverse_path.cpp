#include "dataplane/tables/reverse_path.h"

#include <algorithm>
#include <tuple>

namespace penstock::tables {

bool ReversePath::admits(const config::IpAddress& source, uint16_t vlan, const Mac& from) const {
  auto known = std::lower_bound(parts_.neighbours.begin(), parts_.neighbours.end(), Neighbour{vlan, source, {}});
  const auto is_source = [&] {
    return known != parts_.neighbours.end() && known->vlan == vlan && known->address == source;
  };
  if (is_source()) {
    for (; is_source(); ++known)
      if (known->mac == from) return true;
    return false;
  }
  // RFC 4291 section 2.5.6: no router passes these on.
  if (config::is_link_local(source)) return true;
  const bool is_on_link = std::any_of(parts_.on_link.begin(), parts_.on_link.end(), [&](const Network& network) {
    return network.vlan == vlan && network.prefix.contains(source);
  });
  return is_on_link || std::binary_search(parts_.gateways.begin(), parts_.gateways.end(), Gateway{vlan, from});
}

}  // namespace penstock::tables

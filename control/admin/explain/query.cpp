#include "control/admin/explain/query.h"

#include <ldns/ldns.h>
// ldns makes them ints in the absence of C99's.
#undef true
#undef false

#include <algorithm>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "config/contract/name.h"
#include "control/queries/query_names.h"

namespace penstock::control {
namespace {

using nlohmann::json;

struct Free {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};

unsigned load16(const uint8_t* at) {
  return static_cast<unsigned>(at[0] << 8 | at[1]);
}

// RFC 7871 section 6: family, source prefix length, scope, address.
std::string subnet_text(std::span<const uint8_t> data) {
  if (data.size() < 4) return "ECS";
  config::IpPrefix prefix;
  prefix.address.family = load16(data.data()) == 1 ? 4 : 6;
  prefix.length = data[2];
  std::copy_n(data.data() + 4, std::min<size_t>(data.size() - 4, prefix.address.bytes.size()),
              prefix.address.bytes.begin());
  return "ECS " + config::to_string(prefix);
}

json options_of(const ldns_pkt& packet) {
  json options = json::array();
  const ldns_rdf* data = ldns_pkt_edns_data(&packet);
  if (data == nullptr) return options;
  std::span<const uint8_t> rest(ldns_rdf_data(data), ldns_rdf_size(data));
  while (rest.size() >= 4) {
    const unsigned code = load16(rest.data());
    const size_t length = std::min<size_t>(load16(rest.data() + 2), rest.size() - 4);
    constexpr unsigned kClientSubnet = 8;
    options.push_back(code == kClientSubnet ? subnet_text(rest.subspan(4, length))
                                            : std::to_string(code) + ", " + std::to_string(length) + " octets");
    rest = rest.subspan(4 + length);
  }
  return options;
}

json flags_of(const ldns_pkt& packet) {
  json flags = json::array();
  if (ldns_pkt_rd(&packet)) flags.push_back("RD");
  if (ldns_pkt_ad(&packet)) flags.push_back("AD");
  if (ldns_pkt_cd(&packet)) flags.push_back("CD");
  return flags;
}

}  // namespace

json query_report(const config::Composed& composed, const config::Pool& pool) {
  ldns_pkt* read = nullptr;
  const size_t length = std::min<size_t>(composed.length, composed.message.size());
  if (length == 0 || ldns_wire2pkt(&read, composed.message.data(), length) != LDNS_STATUS_OK) return nullptr;
  const std::unique_ptr<ldns_pkt, Free> packet(read);
  const ldns_rr* question = ldns_rr_list_rr(ldns_pkt_question(read), 0);
  if (question == nullptr) return nullptr;
  const ldns_rdf* owner = ldns_rr_owner(question);
  json of{{"name", config::to_text({reinterpret_cast<const char*>(ldns_rdf_data(owner)), ldns_rdf_size(owner)})},
          {"type", type_text(static_cast<uint16_t>(ldns_rr_get_type(question)))},
          {"flags", flags_of(*packet)},
          {"udp_size", ldns_pkt_edns_udp_size(read)},
          {"dnssec_ok", ldns_pkt_edns_do(read)},
          {"options", options_of(*packet)},
          {"octets", length},
          {"transport", "udp"},
          {"random_case", pool.randomise_case},
          {"source", json::array()}};
  for (const config::IpAddress& source : pool.source) of["source"].push_back(config::to_string(source));
  return of;
}

}  // namespace penstock::control

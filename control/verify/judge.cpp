#include "control/verify/judge.h"

#include <ldns/ldns.h>
// ldns makes them ints in the absence of C99's.
#undef true
#undef false

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>

namespace penstock::control {
namespace {

struct Free {
  void operator()(char* text) const { std::free(text); }
};

std::vector<config::IpAddress> addresses_of(const ldns_pkt& answer) {
  std::vector<config::IpAddress> found;
  const ldns_rr_list* records = ldns_pkt_answer(&answer);
  for (size_t i = 0; i < ldns_rr_list_rr_count(records); ++i) {
    const ldns_rr* record = ldns_rr_list_rr(records, i);
    const ldns_rr_type type = ldns_rr_get_type(record);
    if ((type != LDNS_RR_TYPE_A && type != LDNS_RR_TYPE_AAAA) || ldns_rr_rd_count(record) != 1) continue;
    const ldns_rdf* data = ldns_rr_rdf(record, 0);
    config::IpAddress address;
    address.family = type == LDNS_RR_TYPE_A ? 4 : 6;
    std::memcpy(address.bytes.data(), ldns_rdf_data(data), std::min<size_t>(ldns_rdf_size(data), 16));
    found.push_back(address);
  }
  return found;
}

std::string join(const std::vector<config::IpAddress>& addresses) {
  std::string text;
  for (const config::IpAddress& address : addresses) text += (text.empty() ? "" : ", ") + config::to_string(address);
  return text;
}

}  // namespace

Judgement judge(const ldns_struct_pkt& answer, const config::Rule& rule, bool wants_address) {
  Judgement result;
  const ldns_pkt_rcode rcode = ldns_pkt_get_rcode(&answer);
  if (rcode != LDNS_RCODE_NOERROR) {
    const std::unique_ptr<char, Free> name(ldns_pkt_rcode2str(rcode));
    result.text = name ? name.get() : "RCODE " + std::to_string(rcode);
  }
  switch (rcode) {
    case LDNS_RCODE_NOERROR:
      break;
    case LDNS_RCODE_NXDOMAIN:
      result.finding = Finding::nxdomain;
      result.meaning =
          "the private hosted zone is missing, lacks the name, or is not associated with the endpoint's VPC: create "
          "it, add the name with the addresses of the VPC endpoint, and associate the VPC";
      return result;
    case LDNS_RCODE_REFUSED:
      result.finding = Finding::refused;
      result.meaning =
          "not an inbound endpoint of the VPC's resolver, or not open to this host: check the pool's addresses";
      return result;
    default:
      result.finding = Finding::failed;
      result.meaning = "the endpoint could not resolve the name: check the VPC's resolver rules and DNS settings";
      return result;
  }
  result.addresses = addresses_of(answer);
  bool all_withheld = true;
  for (const config::IpAddress& address : result.addresses) {
    if (is_expected(rule, address)) continue;
    result.outside.push_back(address);
    all_withheld = all_withheld && is_withheld(rule, config::judged_address(address).family);
  }
  if (!result.outside.empty() && all_withheld) {
    const char* family = result.outside.front().is_v4() ? "IPv4" : "IPv6";
    result.finding = Finding::withheld;
    result.text = join(result.addresses) + ": withheld, clients get none";
    result.meaning =
        std::string("'expect' has no network of ") + family + ": add the VPC's, if clients should use " + family;
  } else if (!result.outside.empty()) {
    result.finding = Finding::outside;
    result.text = join(result.addresses);
    result.meaning = join(result.outside) +
                     " is outside 'expect': the VPC has no VPC endpoint, or one without private DNS, so its resolver "
                     "gave the public answer";
  } else if (!result.addresses.empty()) {
    result.finding = Finding::good;
    result.text = join(result.addresses);
  } else if (wants_address) {
    result.finding = Finding::no_data;
    result.text = "no address";
    result.meaning = "the name exists without an address of this type";
  } else {
    result.finding = Finding::nothing_asked;
    result.text = "NOERROR";
  }
  return result;
}

Judgement judge_silence(const std::string& problem, bool tcp) {
  Judgement result;
  result.text = problem;
  result.meaning = std::string("no path to the endpoint: its security group must allow ") + (tcp ? "TCP" : "UDP") +
                   " port 53 from this host, and routes must exist in both directions";
  return result;
}

std::vector<config::IpPrefix> suggest_networks(const std::vector<config::IpAddress>& addresses) {
  std::set<config::IpPrefix> networks;
  for (const config::IpAddress& address : addresses) {
    config::IpPrefix network{address, static_cast<uint8_t>(address.is_v4() ? 24 : 64)};
    std::fill(network.address.bytes.begin() + network.length / 8, network.address.bytes.end(), uint8_t{0});
    networks.insert(network);
  }
  return {networks.begin(), networks.end()};
}

}  // namespace penstock::control

#include "control/import/write/pools.h"

#include <algorithm>

#include "control/import/form/words.h"

namespace penstock::imports {
namespace {

// Why an address is none that queries can be sent to; empty: it is.
std::string endpoint_problem(const Server& server) {
  const IpAddress& address = server.address;
  if (server.tls) return "it is asked over TLS, and Penstock asks over UDP and TCP";
  if (server.port != 53) return "Penstock asks on port 53 only";
  if (config::is_loopback(address)) return "it is a server on the same host: name an address of it on the network";
  if (config::is_unspecified(address) || config::is_multicast(address) || config::is_link_local(address) ||
      config::mapped_v4({address, 128}))
    return "no queries can be sent to such an address";
  return {};
}

}  // namespace

bool is_amazon_name(const WireName& name) {
  using namespace std::string_view_literals;
  const std::string_view wire = name;
  const auto tops = {"\3aws\0"sv, "\3com\0"sv, "\2cn\0"sv, "\2eu\0"sv};
  if (std::none_of(tops.begin(), tops.end(), [&](std::string_view top) { return wire.ends_with(top); })) return false;
  const std::string text = "." + config::to_text(name);
  for (const char* suffix : {".sagemaker.aws", ".app.aws", ".api.aws", ".amazonaws.com", ".amazonaws.com.cn",
                             ".sagemaker.com.cn", ".amazonaws.eu", ".api.amazonwebservices.com.cn"})
    if (text.ends_with(suffix)) return true;
  return false;
}

std::string Pools::pool_of(const Target& target, const WireName& zone, Where where, std::vector<Remark>& remarks) {
  std::vector<IpAddress> endpoints;
  for (const Server& server : target.servers) {
    const std::string problem = endpoint_problem(server);
    if (!problem.empty())
      remarks.push_back({Weight::decide, where,
                         "server " + to_text(server) + " of " +
                             (zone.size() <= 1 ? std::string("all other names") : config::to_text(zone)) +
                             " is left out: " + problem});
    else if (std::find(endpoints.begin(), endpoints.end(), server.address) == endpoints.end())
      endpoints.push_back(server.address);
  }
  if (endpoints.empty()) return {};
  std::vector<IpAddress> key = endpoints;
  if (!target.in_order) std::sort(key.begin(), key.end());
  const auto [it, is_new] = by_servers_.try_emplace({std::move(key), target.in_order}, pools_.size());
  if (is_new) pools_.push_back({unused_name(zone), std::move(endpoints), target.in_order, false});
  Pool& pool = pools_[it->second];
  pool.is_inbound = pool.is_inbound || is_amazon_name(zone);
  return pool.name;
}

std::string Pools::unused_name(const WireName& zone) const {
  std::string name;
  for (const char c : zone.size() <= 1 ? std::string("corporate") : config::to_text(zone))
    name += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ? c : '-';
  name = name.substr(0, 56);
  if (name == "refuse") name += "-zone";
  std::string unused = name;
  const auto is_taken = [&](const Pool& pool) { return pool.name == unused; };
  for (int i = 2; std::any_of(pools_.begin(), pools_.end(), is_taken); ++i) unused = name + "-" + std::to_string(i);
  return unused;
}

bool Pools::is_inbound(const std::string& name) const {
  return std::any_of(pools_.begin(), pools_.end(),
                     [&](const Pool& pool) { return pool.name == name && pool.is_inbound; });
}

void Pools::open(const std::string& name) {
  for (Pool& pool : pools_)
    if (pool.name == name) pool.is_inbound = false;
}

void Pools::find_inbound(const std::string& other, Where where, std::vector<Remark>& remarks) {
  const auto shares = [](const Pool& a, const Pool& b) {
    return std::find_first_of(a.endpoints.begin(), a.endpoints.end(), b.endpoints.begin(), b.endpoints.end()) !=
           a.endpoints.end();
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (Pool& pool : pools_) {
      if (!pool.is_inbound) continue;
      const bool is_open = pool.name == other || std::any_of(pools_.begin(), pools_.end(), [&](const Pool& one) {
                             return !one.is_inbound && shares(one, pool);
                           });
      if (!is_open) continue;
      pool.is_inbound = false;
      changed = true;
      remarks.push_back({Weight::decide, where,
                         "pool '" + pool.name +
                             "' has names of AWS, but is not made private: its servers get other names, too. If they "
                             "are inbound endpoints of a VPC, give these zones a pool of their own with 'kind: "
                             "route53-inbound'"});
    }
  }
}

}  // namespace penstock::imports

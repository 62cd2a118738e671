#include "dataplane/housekeeping/response_filter.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace penstock {
namespace {

constexpr auto kLateResponses = std::chrono::seconds(5);

}  // namespace

std::vector<net::Mac> macs_of(const tables::LocalPort& port) {
  std::vector<net::Mac> macs{port.mac};
  macs.insert(macs.end(), port.more_macs.begin(), port.more_macs.begin() + port.more_mac_count);
  return macs;
}

ResponseFilter::Result ResponseFilter::allow(std::span<const config::IpAddress> endpoints) {
  std::vector<config::IpAddress> both(endpoints.begin(), endpoints.end());
  for (const config::IpAddress& before : endpoints_)
    if (std::find(endpoints.begin(), endpoints.end(), before) == endpoints.end()) both.push_back(before);
  if (both.size() != endpoints.size()) retire_at_ = std::chrono::steady_clock::now() + kLateResponses;
  endpoints_.assign(endpoints.begin(), endpoints.end());
  return set(both);
}

void ResponseFilter::retire(Time now) {
  if (!retire_at_ || now < *retire_at_) return;
  retire_at_.reset();
  if (auto done = set(endpoints_); !done)
    spdlog::warn("responses from removed endpoints are still accepted: {}", done.error());
}

ResponseFilter::Result ResponseFilter::renew() {
  const Result done = set(endpoints_);
  is_old_ = !done;
  return done;
}

ResponseFilter::Result ResponseFilter::take_no_queries() {
  takes_queries_ = false;
  return renew();
}

ResponseFilter::Result ResponseFilter::set(std::span<const config::IpAddress> endpoints) {
  const tables::LocalHost& host = *plant_.host.load(std::memory_order_relaxed);
  net::FilterRules rules;
  const auto listen = host.listen();
  if (takes_queries_)
    std::copy_if(listen.begin(), listen.end(), std::back_inserter(rules.listen),
                 [](const config::IpAddress& address) { return address.family != 0; });
  rules.endpoints.assign(endpoints.begin(), endpoints.end());
  rules.source_ports = source_ports_;
  std::vector<std::vector<net::Mac>> macs;
  for (unsigned i = 0; i < host.port_count; ++i) macs.push_back(macs_of(host.ports[i]));
  return ports_.set_filter(std::move(rules), macs);
}

}  // namespace penstock

// dataplane/housekeeping/response_filter.h - what the ports' filters let through: queries to our addresses, responses from endpoints.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/contract/address.h"
#include "config/model.h"
#include "dataplane/net/ports.h"
#include "dataplane/worker.h"

namespace penstock {

std::vector<net::Mac> macs_of(const tables::LocalPort& port);

class ResponseFilter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Result = tl::expected<void, std::string>;

  // Our addresses and MACs are those of the plant's `host`.
  ResponseFilter(net::Ports& ports, const Plant& plant, config::SourcePorts source_ports)
      : ports_(ports), plant_(plant), source_ports_(source_ports) {}

  // From now on responses come from these. Those that were endpoints a moment ago still answer what they were asked: the kernel would
  // tell them that the port is unreachable.
  Result allow(std::span<const config::IpAddress> endpoints);
  // To be called often: the responses of former endpoints have had their time.
  void retire(Time now);
  // Our addresses or MACs have changed.
  Result renew();
  // From now on queries are the kernel's; responses stay ours.
  Result take_no_queries();
  // It could not be renewed.
  bool is_old() const { return is_old_; }

 private:
  Result set(std::span<const config::IpAddress> endpoints);

  net::Ports& ports_;
  const Plant& plant_;
  config::SourcePorts source_ports_;
  std::vector<config::IpAddress> endpoints_;  // of the rules in force
  std::optional<Time> retire_at_;
  bool is_old_ = false;
  bool takes_queries_ = true;
};

}  // namespace penstock

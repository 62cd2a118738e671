// control/health/probe/probe.h - one probe query over UDP or TCP, with a socket of its own.
//
// A socket lives for one probe: a route or an address that changes cannot strand the next one, and each has a
// new port.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>

#include "config/contract/address.h"
#include "control/health/probe/probe_message.h"

namespace penstock::control {

struct ProbeTarget {
  asio::ip::address server;
  uint16_t port = 53;
  std::optional<asio::ip::address> source;  // bound to it when set
  ProbeQuestion question;
  std::chrono::milliseconds timeout{500};
  std::vector<uint8_t> query =
      {};  // sent as it is but for its ID, and the question is what it asks; empty: as build_probe() writes it
};

struct ProbeResult {
  bool answered = false;
  std::string reason;  // "answers", or why not: "no answer in 500 ms"
  std::chrono::microseconds round_trip{0};
  bool echoes_case = false;           // as ProbeAnswer::echoes_case
  bool errs = false;                  // not `answered`, but by an error that came
  std::vector<uint8_t> message = {};  // that came
};

class Probe {
 public:
  using Done = std::function<void(const ProbeResult&)>;  // called once, never from within start or cancel
  virtual ~Probe() = default;
  virtual void cancel() = 0;  // no call of Done after this
};

std::shared_ptr<Probe> start_udp_probe(asio::io_context& io, const ProbeTarget& target, Probe::Done done);
// A connection for one query; its time-out is twice the target's, as it takes two round trips.
std::shared_ptr<Probe> start_tcp_probe(asio::io_context& io, const ProbeTarget& target, Probe::Done done);

asio::ip::address to_asio(const config::IpAddress& address);

}  // namespace penstock::control

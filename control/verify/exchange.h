// control/verify/exchange.h - one question to one server, from this host's own sockets, and the answer as ldns reads it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "config/contract/address.h"
#include "config/contract/name.h"

struct ldns_struct_pkt;

namespace penstock::control {

struct PacketFree {
  void operator()(ldns_struct_pkt* packet) const;
};
using AnswerPacket = std::unique_ptr<ldns_struct_pkt, PacketFree>;

struct Server {
  config::IpAddress address;
  std::optional<config::IpAddress> source;  // bound to it when set
  uint16_t port = 53;
};

struct Exchange {
  AnswerPacket answer;  // null: none came
  std::string problem;  // why: "no answer in 2000 ms"
};

// Sends one query (class IN, RD set, no EDNS) over UDP or TCP and waits. Blocks.
Exchange ask(const Server& server, const config::WireName& name, uint16_t type, bool tcp,
             std::chrono::milliseconds timeout);

}  // namespace penstock::control

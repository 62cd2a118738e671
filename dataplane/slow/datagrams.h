// dataplane/slow/datagrams.h - queries over UDP that the cards' lcores leave to the kernel: fragmented ones, those with IP options.
//
// The kernel puts them together and gives them to a socket of the address that was asked, so the answer leaves from there too.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/slow/addresses.h"
#include "dataplane/slow/lcore_rings.h"

namespace penstock::slow {

class Datagrams {
 public:
  Datagrams(asio::io_context& io, LcoreRings& lcores, config::SlowCounters& counters)
      : io_(io), lcores_(lcores), counters_(counters), octets_(64 << 10) {}

  // Needs CAP_NET_BIND_SERVICE. The error says what is wrong.
  std::string listen(const config::IpAddress& address, uint16_t port = 53);
  void answer(const Outgoing& outgoing);

 private:
  struct Listener {
    asio::ip::udp::socket socket;
    config::IpAddress address;
    uint32_t place;
  };
  void wait(Listener& listener);
  void read(Listener& listener);

  asio::io_context& io_;
  LcoreRings& lcores_;
  config::SlowCounters& counters_;
  std::vector<std::unique_ptr<Listener>> listeners_;  // by place
  std::vector<uint8_t> octets_;
};

}  // namespace penstock::slow

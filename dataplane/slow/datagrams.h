// dataplane/slow/datagrams.h - queries over UDP that the cards' lcores leave to the kernel: fragmented ones, those with IP options.
//
// The kernel puts them together and gives them to a socket of the address that was asked, so the answer leaves from there too.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "dataplane/slow/addresses.h"
#include "dataplane/slow/lcore_rings.h"

namespace penstock::slow {

class Datagrams {
 public:
  Datagrams(asio::io_context& io, LcoreRings& lcores, config::SlowCounters& counters)
      : io_(io), lcores_(lcores), counters_(counters), octets_(64 << 10) {}

  struct Listener {
    asio::ip::udp::socket socket;
    config::IpAddress address;
    uint32_t place = 0;
  };
  // As Clients has them.
  tl::expected<std::shared_ptr<Listener>, std::string> open(const config::IpAddress& address, uint16_t port = 53);
  void listen(std::shared_ptr<Listener> listener);
  void leave(const config::IpAddress& address);
  void keep_out(std::span<const int> interfaces);
  void answer(const Outgoing& outgoing);

 private:
  void wait(const std::shared_ptr<Listener>& listener);
  void read(const std::shared_ptr<Listener>& listener);

  asio::io_context& io_;
  LcoreRings& lcores_;
  config::SlowCounters& counters_;
  std::vector<std::shared_ptr<Listener>> listeners_;  // by place; closed: free
  std::vector<uint8_t> octets_;
};

}  // namespace penstock::slow

// dataplane/slow/transfers.h - zone transfers: an endpoint's messages go to a client's connection as they come, until the last one.
//
// An lcore has decided that the client may have it, and from whom. Each transfer has a connection of its own to the endpoint, which is
// not read while the client does not read: so it keeps little, however long the zone, and nobody else waits behind it. A message
// is changed in nothing but its OPT, which ends at each hop; signed ones in nothing at all. Half a transfer must not look
// whole: when the endpoint ends before the zone does, the client's connection is closed.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <memory>
#include <vector>

#include "dataplane/dns/transfer.h"
#include "dataplane/slow/clients.h"

namespace penstock::slow {

struct TransferLimits {
  uint32_t transfers = 64;  // at once
  uint32_t per_client = 8;
  std::chrono::milliseconds connect = std::chrono::milliseconds(1500);
  std::chrono::milliseconds quiet = std::chrono::seconds(10);  // without an octet from the endpoint, while it may send
};

class Transfers {
 public:
  // `name`: ours, for clients that ask for it (RFC 5001); outlives this.
  Transfers(asio::io_context& io, Clients& clients, const TransferLimits& limits, uint16_t port,
            std::span<const uint8_t> name, config::SlowCounters& counters)
      : io_(io), clients_(clients), limits_(limits), port_(port), name_(name), counters_(counters), octets_(64 << 10) {}

  // An lcore's frame: whose query it is, and the way to the endpoint.
  void start(const Outgoing& outgoing, Time now);
  // Goes on where a client had no room.
  void resume(Time now);
  void tick(Time now);

 private:
  struct Transfer {
    Transfer(asio::io_context& io, std::span<const uint8_t> query, const dns::QueryTraits& query_traits)
        : socket(io), traits(query_traits), progress(query, query_traits.question_length), reader(kLongestOfAll) {}
    asio::ip::tcp::socket socket;
    state::StreamPeer client{};
    Endpoints between{};      // from us to the endpoint
    dns::QueryTraits traits;  // of the client's query
    bool is_signed = false;
    dns::Transfer progress;
    MessageReader reader;
    std::vector<uint8_t> query;   // as the client sent it
    std::vector<uint8_t> unsent;  // framed, for the endpoint
    Time since{};                 // it began, was connected, or the last octet came
    bool is_open = false;
    bool has_begun = false;  // a message went to the client
    bool is_held = false;    // the client has no room
    bool is_over = false;
  };
  using Pointer = std::shared_ptr<Transfer>;

  bool may_start(const config::IpAddress& client) const;
  void dial(const Pointer& transfer);
  void write(const Pointer& transfer);
  void wait_to_read(const Pointer& transfer);
  void read(const Pointer& transfer, Time now);
  void take(const Pointer& transfer, std::span<const uint8_t> octets, Time now);
  bool pass(Transfer& transfer, std::span<const uint8_t> message, Time now);
  void settle_opt(const Transfer& transfer);
  void add_client_options(std::vector<uint8_t>& message, dns::QueryTraits traits) const;
  void fail(Transfer& transfer, config::SlowCounter why, Time now);
  void end(Transfer& transfer, config::SlowCounter why);

  asio::io_context& io_;
  Clients& clients_;
  TransferLimits limits_;
  uint16_t port_;
  std::span<const uint8_t> name_;
  config::SlowCounters& counters_;
  std::vector<Pointer> transfers_;
  std::vector<uint8_t> octets_;   // read last
  std::vector<uint8_t> message_;  // on its way to the client
};

}  // namespace penstock::slow

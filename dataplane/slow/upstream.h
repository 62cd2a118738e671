// dataplane/slow/upstream.h - queries to endpoints over TCP: a few connections each, pipelined and reused (RFC 7766 section 6.2).
//
// It knows no rules: an lcore has chosen the endpoint and will judge the response, and it alone tries another endpoint. Here a
// query only finds a connection, an id that is free on it, and, once, another connection when its own ends. The lcore is told when
// that is all in vain.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "dataplane/slow/addresses.h"
#include "dataplane/slow/lcore_rings.h"
#include "dataplane/slow/message_reader.h"

namespace penstock::slow {

using Time = std::chrono::steady_clock::time_point;

struct UpstreamLimits {
  unsigned channels = 2;      // connections to an endpoint
  unsigned busy = 64;         // queries under way on the first before there is a second
  unsigned in_flight = 1024;  // queries under way on one connection
  size_t unsent = 256 << 10;  // octets waiting for one connection
  std::chrono::milliseconds connect = std::chrono::milliseconds(1500);
  std::chrono::milliseconds again = std::chrono::seconds(1);  // after a connection that could not be made
  std::chrono::milliseconds refused =
      std::chrono::milliseconds(10);                         // after one that was refused: the next costs nothing
  std::chrono::milliseconds late = std::chrono::seconds(3);  // nobody waits for an answer any more
  std::chrono::milliseconds resend = std::chrono::milliseconds(1500);  // younger queries are sent once more
  std::chrono::milliseconds idle = std::chrono::seconds(10);
  std::chrono::milliseconds forget = std::chrono::minutes(1);  // an endpoint that nobody asks
  uint16_t port = 53;
};

class Upstream {
 public:
  Upstream(asio::io_context& io, LcoreRings& lcores, const UpstreamLimits& limits, config::SlowCounters& counters)
      : io_(io), lcores_(lcores), limits_(limits), counters_(counters), octets_(64 << 10) {}

  // A frame for an endpoint: from our address and source port to its address.
  void send(const Outgoing& outgoing, Time now);
  // After a round of send(): writes them.
  void flush(Time now);
  void tick(Time now);

 private:
  struct Query {
    std::vector<uint8_t> message;
    uint16_t id;           // that the lcore chose
    uint16_t source_port;  // that says whose it is
    bool is_second;        // sent once more
    Time at;
  };
  struct Channel {
    explicit Channel(asio::io_context& io) : socket(io) {}
    asio::ip::tcp::socket socket;
    bool is_open = false;  // else it is being made
    bool writes = false;
    bool is_dirty = false;
    bool has_answered = false;
    Time since{};  // made, or last octet received, or idle
    std::vector<uint8_t> unsent;
    MessageReader reader;
    std::unordered_map<uint16_t, Query> queries;  // by the id on this connection
  };
  // From one of our addresses to an endpoint.
  struct Peer {
    Endpoints between;
    Time failed_at{};
    Time used_at{};
    bool has_failed = false;
    std::chrono::milliseconds pause{};  // after that
    std::vector<std::shared_ptr<Channel>> channels;
  };
  using Key = std::array<uint8_t, 33>;

  void send(Peer& peer, Query&& query, Time now);
  std::shared_ptr<Channel> channel_for(Peer& peer, Time now);
  std::shared_ptr<Channel> connect(Peer& peer, Time now);
  void wait_to_read(Peer& peer, const std::shared_ptr<Channel>& channel);
  void read(Peer& peer, const std::shared_ptr<Channel>& channel, Time now);
  void write(Peer& peer, const std::shared_ptr<Channel>& channel, Time now);
  void take_response(const Peer& peer, Channel& channel, std::span<const uint8_t> message);
  void lose(const Peer& peer, const Query& query, bool had_left);
  void end(Peer& peer, const std::shared_ptr<Channel>& channel, Time now);
  void count_channels(int more);
  void count_queries(int more);

  asio::io_context& io_;
  LcoreRings& lcores_;
  UpstreamLimits limits_;
  config::SlowCounters& counters_;
  std::map<Key, std::unique_ptr<Peer>> peers_;
  std::vector<std::pair<Peer*, std::shared_ptr<Channel>>> dirty_;
  std::vector<uint8_t> octets_;   // read last
  std::vector<uint8_t> message_;  // a response with the lcore's id
};

}  // namespace penstock::slow

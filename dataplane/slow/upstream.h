// dataplane/slow/upstream.h - queries to endpoints over TCP: a few connections each, pipelined and reused (RFC 7766 section 6.2).
//
// It knows no rules: an lcore has chosen the endpoint and will judge the response, and it alone tries another endpoint. Here a
// query only finds a connection, an id that is free on it, and, once, another connection when its own ends. The lcore is told when
// that is all in vain.
//
// Some servers read one message at a time and drop what came with it, or forget a connection after its first answer. So a query that has
// no answer for a while, on a connection that has others, is asked on one of its own as well. Where that helped twice, and
// the first connection stayed silent, the endpoint's connections are used for one query after the other, or for one each, for 15 minutes.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "config/contract/enums.h"
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
  unsigned alone = 32;  // connections to an endpoint for one query at a time
  std::chrono::milliseconds stuck =
      std::chrono::milliseconds(250);  // a query is asked on one of its own then, or after
  std::chrono::milliseconds stuck_most = std::chrono::milliseconds(600);  // four times what is usual, but not later
  std::chrono::milliseconds verdict =
      std::chrono::milliseconds(500);  // its first connection has been silent as long after that
  std::chrono::milliseconds remember = std::chrono::minutes(15);  // what helped
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
  struct Channel;
  struct Query {
    std::vector<uint8_t> message;
    uint16_t id;             // that the lcore chose
    uint16_t source_port;    // that says whose it is
    bool is_second = false;  // sent once more
    Time at{};
    bool has_company = false;  // others were under way on its connection
    bool is_copied = false;    // asked on another connection too
    bool is_judged = false;    // what that says of the endpoint is counted
    Time answered_there{};     // by the copy
    // Of the copy:
    std::weak_ptr<Channel> original{};
    uint16_t original_id = 0;
    bool is_copy = false;
  };
  struct Channel {
    explicit Channel(asio::io_context& io) : socket(io) {}
    asio::ip::tcp::socket socket;
    bool is_alone = false;    // for one query at a time
    bool is_dubious = false;  // has answered nothing since a query was asked elsewhere
    uint32_t sent = 0;        // queries, ever
    Time opened{};
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
    config::EndpointSlot slot = config::kNoEndpointSlot;
    config::Pipelining pipelining = config::Pipelining::automatic;
    config::StreamUse use = config::StreamUse::shared;  // learned
    Time learned_at{};
    unsigned lost_in_company = 0;      // queries that only a connection of their own got an answer to
    unsigned lost_behind = 0;          // the same of those that came after an answer
    std::chrono::nanoseconds usual{};  // from a query to its answer
    std::deque<Query> waiting;         // for a connection of their own
    Time failed_at{};
    Time used_at{};
    bool has_failed = false;
    std::chrono::milliseconds pause{};  // after that
    std::vector<std::shared_ptr<Channel>> channels;
  };
  using Key = std::array<uint8_t, 33>;

  void send(Peer& peer, Query&& query, Time now);
  void send_alone(Peer& peer, Query&& query, Time now);
  void put(Peer& peer, const std::shared_ptr<Channel>& channel, Query&& query, Time now);
  std::shared_ptr<Channel> channel_for(Peer& peer, Time now);
  std::shared_ptr<Channel> channel_alone(Peer& peer, bool fresh, Time now);
  static bool has_alone(const Peer& peer);
  config::StreamUse use_of(Peer& peer, Time now);
  void set_use(Peer& peer, config::StreamUse use, Time now);
  void show_use(const Peer& peer, config::StreamUse use);
  void ask_anew(Peer& peer, const std::shared_ptr<Channel>& channel, Time now);
  static void forget_copy(const Peer& peer, const Channel& channel, const Query& query, Time now);
  void judge(Peer& peer, Query& query, Time now);
  void let_next(Peer& peer, Time now);
  std::shared_ptr<Channel> connect(Peer& peer, Time now);
  void wait_to_read(Peer& peer, const std::shared_ptr<Channel>& channel);
  void read(Peer& peer, const std::shared_ptr<Channel>& channel, Time now);
  void write(Peer& peer, const std::shared_ptr<Channel>& channel, Time now);
  void take_response(Peer& peer, Channel& channel, std::span<const uint8_t> message, Time now);
  void lose(const Peer& peer, const Query& query, bool had_left);
  void end(Peer& peer, const std::shared_ptr<Channel>& channel, Time now);
  bool is_asked_elsewhere(Peer& peer, Query& query, Time now);
  void resend(Peer& peer, Query&& query, Time now);
  void look_after(Peer& peer, const std::shared_ptr<Channel>& channel, Time now);
  size_t drop_late(Channel& channel, Time now);
  void forget_peers(Time now);
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

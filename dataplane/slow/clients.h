// dataplane/slow/clients.h - DNS over TCP towards clients (RFC 7766, RFC 9210): connections, and queries out of them.
//
// All of it belongs to the slow lane's thread. A query goes to an lcore as a frame; answers come back in any order and leave as they
// come. What a client can make us keep is bounded: queries under way, answers not read, octets of all connections together.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "dataplane/slow/addresses.h"
#include "dataplane/slow/connection_table.h"
#include "dataplane/slow/lcore_rings.h"
#include "dataplane/slow/message_reader.h"

namespace penstock::slow {

struct ClientLimits {
  uint32_t connections = 10000;
  uint32_t per_client = 1000;  // of one host; state/clients/client_network.h says what networks may have
  std::chrono::milliseconds idle = std::chrono::seconds(10);
  uint32_t in_flight = 100;    // queries of one connection; more are left in the kernel's buffer
  size_t unsent = 256 << 10;   // octets of answers that one connection keeps
  size_t buffered = 64 << 20;  // octets that all keep
  std::chrono::milliseconds unread = std::chrono::seconds(5);  // answers may wait for the client as long as this
};

class Clients {
 public:
  Clients(asio::io_context& io, LcoreRings& lcores, const ClientLimits& limits, config::SlowCounters& counters);

  struct Listener {
    asio::ip::tcp::acceptor acceptor;
    config::IpAddress address;
    bool is_paused = false;  // for want of file descriptors
  };
  // A socket for connections to `address`, by any thread with CAP_NET_BIND_SERVICE. The error says what is wrong.
  tl::expected<std::shared_ptr<Listener>, std::string> open(const config::IpAddress& address, uint16_t port = 53);
  // Takes its connections from now on.
  void listen(std::shared_ptr<Listener> listener);
  // Takes no more connections to `address`; those that there are stay.
  void leave(const config::IpAddress& address);
  // Nor any that comes in by these interfaces, from now on.
  void keep_out(std::vector<int> interfaces);
  // An lcore's answer; without a message: there will be none, and the connection is to be closed.
  void answer(const Outgoing& outgoing, Time now);
  // A query of the connection is a transfer now: it waits as long as that takes.
  void begin_transfer(const state::StreamPeer& id);
  // A message of one; with the last, or the SERVFAIL that stands in for all, the query is answered. False: the connection is no more.
  bool pass(const state::StreamPeer& id, std::span<const uint8_t> message, bool is_last, Time now);
  // Whether the connection, if there still is one, takes more of a transfer: what it has not read is little.
  bool has_room(const state::StreamPeer& id);
  // Whose connection it is; empty: it is no more.
  std::optional<config::IpAddress> address_of(const state::StreamPeer& id);
  // Closes it: a transfer on it has no end.
  void abort(const state::StreamPeer& id);
  // After a round of answers: writes them.
  void flush(Time now);
  // Queries that had no room before.
  void resume(Time now);
  // Idle connections, slow readers.
  void tick(Time now);

 private:
  struct Session {
    Session(asio::ip::tcp::socket&& taken) : socket(std::move(taken)) {}
    asio::ip::tcp::socket socket;
    Endpoints between{};  // from the client to us
    MessageReader reader;
    std::vector<uint8_t> unsent;
    size_t sent = 0;      // of them
    size_t awaited = 0;   // of them, those that were there at unsent_since
    Time unsent_since{};  // since when there is something to send, or those before were read
    uint32_t transfers = 0;
    bool reads = false;     // waits for the client's next octets
    bool writes = false;    // waits for the client to read
    bool is_dirty = false;  // is among those to flush
    bool is_held = false;   // has a query that no lcore had room for: is among those held
    bool is_full = false;   // has as many under way as it may, or is paused: goes on when one is answered, or then
    bool is_ended = false;  // the client sends no more
    size_t counted = 0;     // octets counted in buffered_
    unsigned refusals = 0;  // in a row
    Time paused_until{};    // no query is taken before
  };
  using Id = state::StreamPeer;

  void accept(const std::shared_ptr<Listener>& listener);
  void take(const Listener& listener, asio::ip::tcp::socket&& socket, const asio::ip::tcp::endpoint& remote, Time now);
  Session* find(const Id& id);
  void wait_to_read(const Id& id);
  void read(const Id& id, Time now);
  void take_queries(const Id& id, Session& session, std::span<const uint8_t> octets, Time now);
  void pause_when_refused(const Id& id, Session& session, std::span<const uint8_t> answer, Time now);
  void append(const Id& id, Session& session, std::span<const uint8_t> message);
  void mark_dirty(const Id& id, Session& session);
  void close_when_done(const Id& id, const Session& session);
  bool send(const Id& id, Session& session, Time now);
  bool write(const Id& id, Session& session);
  void drop_sent(Session& session, Time now);
  bool count_octets(Session& session);
  void close(uint32_t place, config::SlowCounter why);

  asio::io_context& io_;
  LcoreRings& lcores_;
  ClientLimits limits_;
  config::SlowCounters& counters_;
  ConnectionTable table_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::vector<int> kept_out_;
  std::vector<std::unique_ptr<Session>> sessions_;  // by place
  std::vector<Id> dirty_;
  std::vector<Id> held_;
  struct Pause {
    Time until;
    Id id;
  };
  std::deque<Pause> pauses_;     // the one that ends next first
  std::vector<uint8_t> octets_;  // read last
  size_t buffered_ = 0;
  uint64_t in_flight_ = 0;
};

}  // namespace penstock::slow

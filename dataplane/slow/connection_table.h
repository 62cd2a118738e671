// dataplane/slow/connection_table.h - which clients have how many connections, and which connection makes room for another.
//
// Bookkeeping alone, no sockets: places, numbered, with a generation each. Connections hang on their host, hosts on their network,
// networks on their site (state/clients/client_network.h), sites on the root. Each knows how much it has, as if of one host: a network as much as
// its busiest host or a quarter of all that it holds, a site as its busiest network or a sixteenth. Whoever has most gives way, and of it
// the connection that has been idle the longest; one with a query under way only when all of that host's have one.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <vector>

#include "config/contract/address.h"
#include "dataplane/state/clients/client_network.h"

namespace penstock::slow {

using Time = std::chrono::steady_clock::time_point;

class ConnectionTable {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  // `per_client`: of one host; networks and sites may have allowance() of it.
  ConnectionTable(uint32_t total, uint32_t per_client);

  // The connection to be shed before `client` may have another.
  struct Shed {
    uint32_t place = kNone;  // kNone: there is room
    bool is_own = false;     // the client's host, network or site has what it may have; else the table is full
  };
  Shed to_shed(const config::IpAddress& client) const;
  uint32_t add(const config::IpAddress& client, Time now);
  void remove(uint32_t place);

  // A query has come, an answer has gone (or it is known that none will).
  void query(uint32_t place, Time now);
  void answer(uint32_t place, Time now);
  // It is in use.
  void touch(uint32_t place, Time now);
  // What was under way will not be answered any more.
  void forget(uint32_t place, Time now);

  // The one whose last message is the oldest; kNone: there is none.
  uint32_t idlest() const { return all_.empty() ? kNone : all_.front(); }
  Time last_message(uint32_t place) const { return records_[place].last_message; }
  uint32_t in_flight(uint32_t place) const { return records_[place].in_flight; }
  uint16_t generation(uint32_t place) const { return records_[place].generation; }
  bool is_open(uint32_t place, uint16_t generation) const {
    return place < records_.size() && records_[place].open && records_[place].generation == generation;
  }
  uint32_t size() const { return static_cast<uint32_t>(all_.size()); }
  uint32_t places() const { return static_cast<uint32_t>(records_.size()); }
  // Of the host.
  uint32_t of_client(const config::IpAddress& client) const;

 private:
  using Places = std::list<uint32_t>;  // the idlest first
  struct Node;
  using Nodes = std::map<config::IpPrefix, Node>;
  struct Node {
    Node* parent = nullptr;
    Nodes::iterator self;  // among those of its level
    unsigned level = 0;
    uint32_t size = 0;
    uint32_t busy = 0;                           // of these, with a query under way
    uint32_t weight = 0;                         // what it has, as if of one host
    std::map<uint32_t, std::list<Node*>> below;  // by weight, the idlest first
    std::list<Node*>::iterator at;               // in its parent's
    Places idle_ones;                            // of a host: without a query under way
    Places busy_ones;
  };
  struct Record {
    Places::iterator in_all;
    Places::iterator in_host;
    Node* host = nullptr;
    Time last_message;
    uint32_t in_flight = 0;
    uint16_t generation = 0;
    bool open = false;
  };

  const Node* find(const config::IpAddress& client, state::ClientLevel level) const;
  Node& node_of(const config::IpAddress& client, size_t level);
  static uint32_t most_of(const Node& node);
  static uint32_t weigh(const Node& node);
  void use(uint32_t place, uint32_t in_flight, Time now);
  static void settle(Node& node);

  uint32_t total_;
  uint32_t per_client_;
  std::vector<Record> records_;
  std::vector<uint32_t> free_;
  Places all_;
  std::array<Nodes, state::kClientLevels.size()> levels_;
  Node root_;
};

}  // namespace penstock::slow

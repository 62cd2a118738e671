// dataplane/slow/connection_table.h - which clients have how many connections, and which of them has been idle the longest.
//
// Bookkeeping alone, no sockets: places, numbered, with a generation each; all connections and those of one client are kept in
// the order of their last message. A client is an IPv4 address or an IPv6 /56, as everywhere.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

#include "config/address.h"

namespace penstock::slow {

using Time = std::chrono::steady_clock::time_point;

class ConnectionTable {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  ConnectionTable(uint32_t total, uint32_t per_client) : total_(total), per_client_(per_client) {}

  // The connection to be shed before `client` may have another: the idlest of its own when it has its share, of all when the
  // table is full; kNone: there is room. One without a query under way is taken where one of the first sixteen is.
  uint32_t to_shed(const config::IpAddress& client) const;
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
  uint32_t idlest() const { return all_.first; }
  Time last_message(uint32_t place) const { return records_[place].last_message; }
  uint32_t in_flight(uint32_t place) const { return records_[place].in_flight; }
  uint16_t generation(uint32_t place) const { return records_[place].generation; }
  bool is_open(uint32_t place, uint16_t generation) const {
    return place < records_.size() && records_[place].open && records_[place].generation == generation;
  }
  uint32_t size() const { return size_; }
  uint32_t places() const { return static_cast<uint32_t>(records_.size()); }
  uint32_t of_client(const config::IpAddress& client) const;

 private:
  using Client = std::array<uint8_t, 17>;
  struct Order {
    uint32_t first = kNone;
    uint32_t last = kNone;
    uint32_t size = 0;
  };
  struct Link {
    uint32_t before = kNone;
    uint32_t behind = kNone;
  };
  struct Record {
    Link in_all;
    Link in_client;
    std::map<Client, Order>::iterator client;
    Time last_message;
    uint32_t in_flight = 0;
    uint16_t generation = 0;
    bool open = false;
  };

  static Client client_of(const config::IpAddress& address);
  uint32_t idlest_of(const Order& order, Link Record::*link) const;
  void append(Order& order, Link Record::*link, uint32_t place);
  void unlink(Order& order, Link Record::*link, uint32_t place);

  uint32_t total_;
  uint32_t per_client_;
  uint32_t size_ = 0;
  std::vector<Record> records_;
  std::vector<uint32_t> free_;
  Order all_;
  std::map<Client, Order> clients_;
};

}  // namespace penstock::slow

// config/contract/slow_counters.h - the slow lane's words of the counter page: its one thread writes, anyone reads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "config/contract/counter.h"
#include "config/contract/image.h"

namespace penstock::config {

// X(name, help)
#define PENSTOCK_SLOW_COUNTERS(X)                                                                             \
  X(accepted, "client connections accepted")                                                                  \
  X(shed_total, "connection limit reached: idlest connection of the client with the most connections closed") \
  X(shed_client, "limit of the client or its network reached: its idlest connection closed")                  \
  X(no_descriptor, "connection not accepted: the process has no free file descriptor")                        \
  X(idle_closed, "connections closed after the idle time-out")                                                \
  X(slow_reader, "connections closed: the client did not read its answers")                                   \
  X(broken, "connections closed: message length 0, shorter than a DNS header or longer than a frame")         \
  X(no_room, "connections closed: buffer limit of all connections reached")                                   \
  X(dropped, "connections closed: the rules do not answer this client")                                       \
  X(transfer_cut, "connections closed during a zone transfer: the endpoint ended it")                         \
  X(left, "connections closed by the client, or lost")                                                        \
  X(queries, "queries received over connections")                                                             \
  X(paused, "connections paused: every further answer would be REFUSED")                                      \
  X(answers, "answers written to connections")                                                                \
  X(gone, "answers whose connection had closed")                                                              \
  X(datagram_queries, "UDP queries reassembled by the kernel (fragments, IP options)")                        \
  X(datagram_answers, "answers to reassembled UDP queries")                                                   \
  X(datagrams_lost, "reassembled UDP queries and their answers lost: too long, or no room")                   \
  X(no_frame, "no free frame: the query waits, a response is lost")                                           \
  X(ring_full, "an lcore's ring was full: the query waits, a response is lost")                               \
  X(upstream_connects, "connections to endpoints established")                                                \
  X(upstream_failed, "connections to endpoints that failed")                                                  \
  X(upstream_closed, "connections to endpoints that ended with queries in flight")                            \
  X(upstream_queries, "queries sent to endpoints over TCP")                                                   \
  X(upstream_resent, "queries sent again after their connection ended (RFC 7766 section 6.2.4)")              \
  X(upstream_alone, "queries unanswered on a shared connection, sent again on one of their own")              \
  X(upstream_responses, "responses passed to the lcores")                                                     \
  X(upstream_unknown, "responses without a query in flight, or without room at an lcore")                     \
  X(upstream_lost, "queries given up: no connection, too many in flight, or no response in time")             \
  X(transfers, "zone transfers started")                                                                      \
  X(transfer_messages, "zone transfer messages relayed")                                                      \
  X(transfers_done, "zone transfers completed")                                                               \
  X(transfers_failed, "zone transfers answered SERVFAIL: the endpoint did not start them")                    \
  X(transfers_over, "zone transfers answered SERVFAIL: limit of the client or of all clients reached")        \
  X(transfers_broken, "zone transfers ended early by the endpoint: client connection closed")                 \
  X(transfers_quiet, "zone transfers without data from the endpoint for too long: client connection closed")  \
  X(transfers_left, "zone transfers given up: the client closed its connection")

// X(name, help)
#define PENSTOCK_SLOW_GAUGES(X)                                                     \
  X(connections, "open client connections")                                         \
  X(in_flight, "queries from connections not answered yet")                         \
  X(buffered, "bytes buffered for connections: partial queries and unread answers") \
  X(upstream_connections, "open connections to endpoints")                          \
  X(upstream_in_flight, "queries to endpoints over TCP not answered yet")           \
  X(transfers, "zone transfers in progress")

#define PENSTOCK_ENUM_VALUE(name, help) name,
enum class SlowCounter : uint8_t { PENSTOCK_SLOW_COUNTERS(PENSTOCK_ENUM_VALUE) };
enum class SlowGauge : uint8_t { PENSTOCK_SLOW_GAUGES(PENSTOCK_ENUM_VALUE) };
#undef PENSTOCK_ENUM_VALUE
#define PENSTOCK_COUNT(name, help) +1
constexpr size_t kSlowCounters = 0 PENSTOCK_SLOW_COUNTERS(PENSTOCK_COUNT);
constexpr size_t kSlowGauges = 0 PENSTOCK_SLOW_GAUGES(PENSTOCK_COUNT);
#undef PENSTOCK_COUNT

// What an endpoint bears of a TCP connection to it, as far as is known.
enum class StreamUse : uint8_t {
  shared,   // many queries at once
  in_turn,  // one after the other
  once,     // one
};

struct alignas(64) SlowCounters {
  std::array<Counter, kSlowCounters> counters;
  std::array<Counter, kSlowGauges> gauges;
  uint32_t most_connections;  // written once, at start
  uint32_t most_connections_per_client;
  uint64_t most_buffered;                                         // octets
  IndexedArray<EndpointSlot, Counter, kMaxEndpoints> stream_use;  // StreamUse

  Counter& operator[](SlowCounter counter) { return counters[static_cast<size_t>(counter)]; }
  const Counter& operator[](SlowCounter counter) const { return counters[static_cast<size_t>(counter)]; }
  Counter& operator[](SlowGauge gauge) { return gauges[static_cast<size_t>(gauge)]; }
  const Counter& operator[](SlowGauge gauge) const { return gauges[static_cast<size_t>(gauge)]; }
};

}  // namespace penstock::config

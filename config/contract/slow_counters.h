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
  X(accepted, "connections of clients accepted")                                                              \
  X(shed_total, "all places taken: the idlest connection of the client with most closed for another")         \
  X(shed_client, "the idlest connection of a client closed, as it or its network has what it may have")       \
  X(no_descriptor, "a connection not accepted: the process has no file descriptor left")                      \
  X(idle_closed, "connections closed after the idle time")                                                    \
  X(slow_reader, "connections closed: the client did not read its answers")                                   \
  X(broken, "connections closed: a length of 0, or of less than a header or more than a frame holds")         \
  X(no_room, "connections closed: all of them together keep as many octets as they may")                      \
  X(dropped, "connections closed: the rules answer nothing to this client")                                   \
  X(transfer_cut, "connections closed in the middle of a zone transfer, which the endpoint has ended")        \
  X(left, "connections closed by the client, or lost")                                                        \
  X(queries, "queries taken from connections")                                                                \
  X(paused, "connections not read for a while: nothing but REFUSED was left to say")                          \
  X(answers, "answers written to connections")                                                                \
  X(gone, "answers to a connection that was there no more")                                                   \
  X(datagram_queries, "queries over UDP that the kernel put together: fragments, IP options")                 \
  X(datagram_answers, "answers to them")                                                                      \
  X(datagrams_lost, "such queries and answers that had no room, or were too long")                            \
  X(no_frame, "no frame was free: the query waits, a response is lost")                                       \
  X(ring_full, "an lcore's ring was full: the query waits, a response is lost")                               \
  X(upstream_connects, "connections to endpoints that were made")                                             \
  X(upstream_failed, "connections to endpoints that could not be made")                                       \
  X(upstream_closed, "connections to endpoints that ended with queries under way")                            \
  X(upstream_queries, "queries sent to endpoints over TCP")                                                   \
  X(upstream_resent, "queries sent once more, as their connection ended (RFC 7766 section 6.2.4)")            \
  X(upstream_alone, "queries without an answer on a connection with others: asked on one of their own too")   \
  X(upstream_responses, "responses passed to the lcores")                                                     \
  X(upstream_unknown, "responses that no query is under way for, or that no lcore has room for")              \
  X(upstream_lost, "queries given up: no connection, too many under way, or no answer before they were late") \
  X(transfers, "zone transfers that clients may have")                                                        \
  X(transfer_messages, "messages of them passed on")                                                          \
  X(transfers_done, "passed to their end")                                                                    \
  X(transfers_failed, "answered SERVFAIL: the endpoint has not begun")                                        \
  X(transfers_over, "answered SERVFAIL: the client, or all together, have as many as they may")               \
  X(transfers_broken, "ended in the middle by the endpoint: the client's connection was closed")              \
  X(transfers_quiet, "the same: the endpoint was quiet for too long")                                         \
  X(transfers_left, "given up: the client's connection was closed")

// X(name, help)
#define PENSTOCK_SLOW_GAUGES(X)                                                      \
  X(connections, "connections of clients that are open")                             \
  X(in_flight, "queries from connections that are not answered yet")                 \
  X(buffered, "octets kept for connections: parts of queries, answers not yet read") \
  X(upstream_connections, "connections to endpoints that are open")                  \
  X(upstream_in_flight, "queries to endpoints over TCP that are not answered yet")   \
  X(transfers, "zone transfers under way")

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
  uint64_t most_buffered;                         // octets
  std::array<Counter, kMaxEndpoints> stream_use;  // StreamUse, by endpoint slot

  Counter& operator[](SlowCounter counter) { return counters[static_cast<size_t>(counter)]; }
  const Counter& operator[](SlowCounter counter) const { return counters[static_cast<size_t>(counter)]; }
  Counter& operator[](SlowGauge gauge) { return gauges[static_cast<size_t>(gauge)]; }
  const Counter& operator[](SlowGauge gauge) const { return gauges[static_cast<size_t>(gauge)]; }
};

}  // namespace penstock::config

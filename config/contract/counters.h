// config/contract/counters.h - the counter page: written by the dataplane, one writer a word, mapped read-only by control.
//
// Each stage of the packet path returns an enum; each value of the enum is a counter of the same name, listed here once. The
// lists are sums that close (see accounting_residual() in counters.cpp):
//   received           = sum of CLASSIFY
//   classified queries = sum of QUERY
//   classified responses and fragments = HANDOFF full + sum of RESPONSE, once the rings between lcores are empty
//   strangers          = sum of DOOR
//   forwarded + refresh sent = returned + blocked + replaced_stale + refreshed + sum of SWEEP + pending
//   joined             = sum of WAITER + waiting
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "config/contract/counter.h"
#include "config/contract/decisions/decision_ring.h"
#include "config/contract/event_ring.h"
#include "config/contract/image.h"
#include "config/contract/link.h"
#include "config/contract/slow_counters.h"

namespace penstock::config {

// X(name, help)
#define PENSTOCK_CLASSIFY_OUTCOMES(X)                                                \
  X(query, "UDP to port 53 of a listen address")                                     \
  X(response, "UDP from port 53 to one of our source ports")                         \
  X(stranger, "anything else, left to the kernel")                                   \
  X(fragment, "fragment of an endpoint's response")                                  \
  X(malformed, "truncated header, header inconsistent with the frame, or group MAC") \
  X(bad_ip_checksum, "wrong IPv4 header checksum")                                   \
  X(bad_udp_checksum, "wrong UDP checksum")                                          \
  X(no_udp_checksum, "UDP over IPv6 without a checksum (RFC 8200 section 8.1)")      \
  X(own_echo, "a frame of ours, received again on an af_packet port")                \
  X(other_mac, "our IP address but another host's MAC, flooded by a switch")         \
  X(other_vlan, "query with a VLAN tag that the port does not serve")                \
  X(other_path, "query whose source address does not belong to its MAC (reverse_path: strict)")

#define PENSTOCK_QUERY_OUTCOMES(X)                                                                          \
  X(forwarded, "sent to an endpoint")                                                                       \
  X(joined, "attached to a query in flight with the same question; one response answers both")              \
  X(repeated, "the client's retransmission of its query in flight; one response answers both")              \
  X(answered_cached, "answered from the cache")                                                             \
  X(answered_stale, "answered with a stale answer instead of an error (RFC 8767)")                          \
  X(answered_failure, "answered with a cached failure of the endpoints (RFC 9520)")                         \
  X(refused_snoop, "answered REFUSED: query without RD from a client outside clients.allow_snoop")          \
  X(answered_cookie, "answered with a server cookie: query with a cookie and no question")                  \
  X(answered_local, "answered from local records, negative answers included")                               \
  X(answered_address, "answered with the addresses of its rule")                                            \
  X(answered_identity, "answered with our name or version (id.server and the like, class CH)")              \
  X(refused_class, "answered REFUSED: class other than IN, and not about our identity")                     \
  X(refused_local, "answered REFUSED: zone transfer of local records")                                      \
  X(answered_nxdomain, "answered NXDOMAIN by its rule")                                                     \
  X(answered_nodata, "answered NODATA by its rule")                                                         \
  X(refused_by_rule, "answered REFUSED by its rule")                                                        \
  X(refused_client, "answered REFUSED: client not allowed")                                                 \
  X(ignored_client, "not answered: client not allowed, and clients.refused is drop")                        \
  X(refused_no_rule, "answered REFUSED: no rule matches and there is no default")                           \
  X(formerr, "answered FORMERR: malformed after its header")                                                \
  X(notimp, "answered NOTIMP: unsupported opcode")                                                          \
  X(refused_view, "answered REFUSED: the zone is for other client groups")                                  \
  X(badvers, "answered BADVERS: unsupported EDNS version")                                                  \
  X(refused_transfer, "answered REFUSED: zone transfer not allowed for this client")                        \
  X(truncated_transfer, "IXFR over UDP: answered empty with TC, as UDP sources can be forged")              \
  X(transferred, "zone transfer over TCP, passed to the slow lane")                                         \
  X(refused_update, "answered REFUSED: UPDATE of a private zone")                                           \
  X(limited_truncated, "rate limit of the client, group or answer exceeded: answered empty with TC")        \
  X(limited_refused, "rate limit exceeded: answered REFUSED")                                               \
  X(limited_bad_cookie, "rate limit exceeded: answered BADCOOKIE, as the query had no valid server cookie") \
  X(limited_dropped, "rate limit exceeded: not answered")                                                   \
  X(servfail_no_next_hop, "answered SERVFAIL: no endpoint of the pool is reachable")                        \
  X(servfail_over_budget, "answered SERVFAIL: every endpoint of the pool has used up its rate budget")      \
  X(servfail_over_share, "answered SERVFAIL: the client has used up its share of a scarce resource")        \
  X(refused_loop, "answered REFUSED: it came from the only endpoint that it could be sent to")              \
  X(refused_loop_probe, "answered REFUSED: one of our loop probes came back to us")                         \
  X(servfail_pending_full, "answered SERVFAIL: the pending table is full, or the pool holds half of it")    \
  X(ignored_no_rules, "not answered: no rules loaded yet")                                                  \
  X(ignored_short, "not answered: shorter than a DNS header")                                               \
  X(ignored_response, "not answered: a response, sent to port 53")                                          \
  X(ignored_no_room, "not answered: no room for the answer in the frame's buffer")

#define PENSTOCK_RESPONSE_OUTCOMES(X)                                                                   \
  X(returned, "sent to the client")                                                                     \
  X(blocked, "blocked by the leak guard; the client got SERVFAIL or NODATA")                            \
  X(replaced_stale, "a failure; the client got the stale answer instead")                               \
  X(refreshed, "response to a refresh query of ours, cached")                                           \
  X(tried_next, "SERVFAIL or REFUSED that retry_on names; another endpoint is asked")                   \
  X(held_back, "the same without another endpoint to ask; an endpoint asked before may still answer")   \
  X(chased, "CNAME chain into a private zone, cut there; its target is asked from the zone's own pool") \
  X(asked_over_tcp, "truncated, or a fragment; asked again over TCP")                                   \
  X(dropped_fragment, "a fragment that could not be asked again over TCP")                              \
  X(asked_without_edns, "the endpoint does not support EDNS; asked again without")                      \
  X(unusable, "no question, or two OPT records: counts as a failure, and the next endpoint is asked")   \
  X(lost_over_tcp, "no response: the endpoint refused or closed the connection, and the next is asked") \
  X(unknown_id, "no query in flight has its id: late, duplicate or forged")                             \
  X(wrong_endpoint, "address pair differs from the query's")                                            \
  X(wrong_port, "port differs from the query's source port")                                            \
  X(wrong_question, "question differs from the query's (RFC 5452)")                                     \
  X(wrong_case, "letter case of the question differs from the query's (0x20)")                          \
  X(malformed, "shorter than a DNS header, not a response, or another opcode")                          \
  X(no_room, "no room for the client's headers in the frame's buffer")

#define PENSTOCK_HANDOFF_OUTCOMES(X)                                                      \
  X(handed_off, "received by one lcore and passed over a ring to the lcore that owns it") \
  X(full, "lost: the owner's ring was full")

#define PENSTOCK_DOOR_OUTCOMES(X)                                                         \
  X(to_kernel, "handed to the kernel through the TAP door")                               \
  X(left_to_kernel, "dropped here: the kernel has its own copy, or the port has no door") \
  X(full, "lost: the door's ring was full")

#define PENSTOCK_SWEEP_OUTCOMES(X)                                         \
  X(expired, "no response in time; the client got SERVFAIL")               \
  X(expired_stale, "no response in time; the client got a stale answer")   \
  X(expired_refresh, "a refresh query of ours without a response in time") \
  X(expired_unanswered, "no response in time, and no free buffer for the SERVFAIL")

#define PENSTOCK_RETRY_OUTCOMES(X)                                                               \
  X(sent, "sent again, to another endpoint if there is one")                                     \
  X(over_tcp, "asked over TCP: responses matched it only in part, as forged ones do")            \
  X(over_budget, "postponed for 100 ms: retries were a fifth of the queries of the last 10 s")   \
  X(over_rate_budget, "postponed for 100 ms: every endpoint for it has used up its rate budget") \
  X(no_endpoint, "not sent again: its rule no longer has an endpoint for it")                    \
  X(no_frame, "postponed for 100 ms: no free buffer")                                            \
  X(too_long, "not sent again: the query is too long to be kept")

#define PENSTOCK_WAITER_OUTCOMES(X)                             \
  X(answered, "got the answer")                                 \
  X(answered_servfail, "got SERVFAIL, as the first client did") \
  X(lost, "got nothing: no free buffer, or no room for the answer")

#define PENSTOCK_GUARD_OUTCOMES(X)                                                                       \
  X(passed, "every address of the answer for a private name is in an expected network")                  \
  X(blocked, "address outside `expect`, or a chain out of the private zones: answered SERVFAIL")         \
  X(withheld, "addresses of a family without a network in `expect`: removed, or answered NODATA")        \
  X(alarmed, "like blocked and withheld, but on_leak is alarm: the client got the answer")               \
  X(unreadable, "unreadable records in an answer for a private name: answered SERVFAIL")                 \
  X(chain_unreadable, "answer for another name with a chain that cannot be followed: answered SERVFAIL") \
  X(chain_cut, "answer for another name with a chain into a private zone: cut there")                    \
  X(chain_alarmed, "like chain_cut, but cname is alarm: the client got the answer")

#define PENSTOCK_REFRESH_OUTCOMES(X)                                                 \
  X(sent, "sent to an endpoint to renew an answer that is stale or about to expire") \
  X(no_endpoint, "not sent: no endpoint is reachable within its rate budget")        \
  X(no_frame, "not sent: no free buffer")                                            \
  X(pending_full, "not sent: the pending table is full, or the pool holds half of it")

#define PENSTOCK_REMEMBER_OUTCOMES(X)                                   \
  X(stored, "cached as a new entry")                                    \
  X(renewed, "cached in place of an older answer to the same question") \
  X(failure, "failure of the endpoints, cached (RFC 9520)")             \
  X(not_kept, "not cached: truncated, TTL 0, or for one client only")   \
  X(too_long, "not cached: longer than an entry can be")                \
  X(no_room, "not cached: the pool has used up its share of the cache") \
  X(busy, "not cached: another lcore was writing to the same page")

#define PENSTOCK_TRANSMIT_OUTCOMES(X)                                \
  X(sent, "accepted by the port's queue")                            \
  X(refused, "lost: the port's queue was full")                      \
  X(handed_off, "passed to the lcore that owns a queue of the port") \
  X(full, "lost: that lcore's ring, or the batch for the port, was full")

// Who answered a client's query.
#define PENSTOCK_ANSWERED_BY(X)                                    \
  X(endpoint, "an endpoint's response")                            \
  X(cache, "the answer cache, cached failures included")           \
  X(stale, "an expired answer of the cache, as no endpoint could") \
  X(ours, "Penstock itself: local records, denials and errors")

// Types that are counted apart.
#define PENSTOCK_COUNTED_TYPES(X) \
  X(A, 1)                         \
  X(NS, 2)                        \
  X(CNAME, 5)                     \
  X(SOA, 6)                       \
  X(PTR, 12)                      \
  X(MX, 15)                       \
  X(TXT, 16)                      \
  X(AAAA, 28)                     \
  X(SRV, 33)                      \
  X(SVCB, 64)                     \
  X(HTTPS, 65)                    \
  X(ANY, 255)                     \
  X(other, 0)

#define PENSTOCK_ENUM_VALUE(name, help) name,
enum class ClassifyOutcome : uint8_t { PENSTOCK_CLASSIFY_OUTCOMES(PENSTOCK_ENUM_VALUE) };
enum class QueryOutcome : uint8_t { PENSTOCK_QUERY_OUTCOMES(PENSTOCK_ENUM_VALUE) };
enum class ResponseOutcome : uint8_t { PENSTOCK_RESPONSE_OUTCOMES(PENSTOCK_ENUM_VALUE) };
enum class HandoffOutcome : uint8_t { PENSTOCK_HANDOFF_OUTCOMES(PENSTOCK_ENUM_VALUE) };
enum class DoorOutcome : uint8_t { PENSTOCK_DOOR_OUTCOMES(PENSTOCK_ENUM_VALUE) };
enum class SweepOutcome : uint8_t { PENSTOCK_SWEEP_OUTCOMES(PENSTOCK_ENUM_VALUE) };
enum class RetryOutcome : uint8_t { PENSTOCK_RETRY_OUTCOMES(PENSTOCK_ENUM_VALUE) };
enum class WaiterOutcome : uint8_t { PENSTOCK_WAITER_OUTCOMES(PENSTOCK_ENUM_VALUE) };
enum class GuardOutcome : uint8_t { PENSTOCK_GUARD_OUTCOMES(PENSTOCK_ENUM_VALUE) };
enum class RefreshOutcome : uint8_t { PENSTOCK_REFRESH_OUTCOMES(PENSTOCK_ENUM_VALUE) };
enum class RememberOutcome : uint8_t { PENSTOCK_REMEMBER_OUTCOMES(PENSTOCK_ENUM_VALUE) };
enum class TransmitOutcome : uint8_t { PENSTOCK_TRANSMIT_OUTCOMES(PENSTOCK_ENUM_VALUE) };
enum class AnsweredBy : uint8_t { PENSTOCK_ANSWERED_BY(PENSTOCK_ENUM_VALUE) };
enum class CountedType : uint8_t { PENSTOCK_COUNTED_TYPES(PENSTOCK_ENUM_VALUE) };
#undef PENSTOCK_ENUM_VALUE

#define PENSTOCK_COUNT(name, help) +1
constexpr size_t kClassifyOutcomes = 0 PENSTOCK_CLASSIFY_OUTCOMES(PENSTOCK_COUNT);
constexpr size_t kQueryOutcomes = 0 PENSTOCK_QUERY_OUTCOMES(PENSTOCK_COUNT);
constexpr size_t kResponseOutcomes = 0 PENSTOCK_RESPONSE_OUTCOMES(PENSTOCK_COUNT);
constexpr size_t kHandoffOutcomes = 0 PENSTOCK_HANDOFF_OUTCOMES(PENSTOCK_COUNT);
constexpr size_t kDoorOutcomes = 0 PENSTOCK_DOOR_OUTCOMES(PENSTOCK_COUNT);
constexpr size_t kSweepOutcomes = 0 PENSTOCK_SWEEP_OUTCOMES(PENSTOCK_COUNT);
constexpr size_t kRetryOutcomes = 0 PENSTOCK_RETRY_OUTCOMES(PENSTOCK_COUNT);
constexpr size_t kWaiterOutcomes = 0 PENSTOCK_WAITER_OUTCOMES(PENSTOCK_COUNT);
constexpr size_t kGuardOutcomes = 0 PENSTOCK_GUARD_OUTCOMES(PENSTOCK_COUNT);
constexpr size_t kRefreshOutcomes = 0 PENSTOCK_REFRESH_OUTCOMES(PENSTOCK_COUNT);
constexpr size_t kRememberOutcomes = 0 PENSTOCK_REMEMBER_OUTCOMES(PENSTOCK_COUNT);
constexpr size_t kTransmitOutcomes = 0 PENSTOCK_TRANSMIT_OUTCOMES(PENSTOCK_COUNT);
constexpr size_t kAnsweredBy = 0 PENSTOCK_ANSWERED_BY(PENSTOCK_COUNT);
constexpr size_t kCountedTypes = 0 PENSTOCK_COUNTED_TYPES(PENSTOCK_COUNT);
#undef PENSTOCK_COUNT

template <typename Outcome, size_t N>
struct OutcomeCounters {
  std::array<Counter, N> counters;
  Counter& operator[](Outcome outcome) { return counters[static_cast<size_t>(outcome)]; }
  const Counter& operator[](Outcome outcome) const { return counters[static_cast<size_t>(outcome)]; }
  uint64_t sum() const {
    uint64_t total = 0;
    for (const auto& counter : counters) total += counter.get();
    return total;
  }
};

// Bucket b counts latencies below 2^b microseconds that are not in a lower one; the last one counts all the rest.
constexpr size_t kLatencyBuckets = 23;

// How long clients waited for their answers.
struct ClientLatency {
  std::array<Counter, kLatencyBuckets> buckets;
  Counter us;  // sum
};

// One endpoint slot as one lcore saw it.
struct alignas(64) EndpointCounters {
  Counter queries;
  Counter responses;
  Counter timeouts;
  Counter without_edns;      // 1: it is asked without an OPT now, as with one it answers an error
  Counter servfails;         // responses with this rcode
  Counter refused;           // the same
  Counter over_budget;       // not chosen, as its rate budget was spent
  Counter latency_ns;        // sum over responses
  Counter stream_queries;    // over TCP, apart: they say nothing of how it answers over UDP
  Counter stream_responses;  // as these
  Counter stream_timeouts;
  Counter odd_responses;  // in its name, to no query that it was sent: late, doubled or forged
  std::array<Counter, kLatencyBuckets> latency;
  ClientLatency client_latency;  // of clients that got its answers
};

// Written by one lcore.
struct alignas(64) LcoreCounters {
  Counter received;  // frames taken from the ports
  OutcomeCounters<ClassifyOutcome, kClassifyOutcomes> classify;
  OutcomeCounters<QueryOutcome, kQueryOutcomes> query;
  OutcomeCounters<ResponseOutcome, kResponseOutcomes> response;
  OutcomeCounters<HandoffOutcome, kHandoffOutcomes> handoff;
  OutcomeCounters<DoorOutcome, kDoorOutcomes> door;
  OutcomeCounters<SweepOutcome, kSweepOutcomes> sweep;
  OutcomeCounters<RetryOutcome, kRetryOutcomes> retry;
  OutcomeCounters<WaiterOutcome, kWaiterOutcomes> waiter;
  OutcomeCounters<GuardOutcome, kGuardOutcomes> guard;
  OutcomeCounters<RefreshOutcome, kRefreshOutcomes> refresh;
  OutcomeCounters<RememberOutcome, kRememberOutcomes> remember;
  OutcomeCounters<TransmitOutcome, kTransmitOutcomes> transmit;
  Counter checksum_partial;        // accepted frames whose UDP checksum was only the pseudo-header's sum
  std::array<Counter, 16> rcodes;  // of responses returned to clients
  std::array<ClientLatency, kAnsweredBy>
      client_latency;  // but for what endpoints answered, which is counted by endpoint
  std::array<std::array<Counter, kCountedTypes>, 2> types;  // of queries that are over, over UDP and over TCP
  Counter pending;                                          // queries in flight now
  Counter waiting;                                          // clients that joined one of them
  Counter deliveries;                                       // queries that are over and have clients to be told
  Counter answers_kept;                                     // for them
  Counter chases;                                           // chains into private zones that are under way
  Counter shares;       // clients noted as taking of something scarce, old ones included
  Counter generation;   // of the rules it uses now
  Counter turns;        // of its loop
  Counter busy_cycles;  // TSC cycles of turns that moved a frame
  Counter idle_cycles;  // of turns that did not, sleep included
  EventRing events;
  alignas(64) IndexedArray<EndpointSlot, EndpointCounters, kMaxEndpoints> endpoints;
  DecisionRing decisions;
};

// What a port's driver lost before or behind us, since the start. Written by the main thread.
struct PortCounters {
  Counter receive_missed;   // no room in the card's or socket's ring
  Counter receive_errors;   // damaged
  Counter receive_no_mbuf;  // the mbuf pool was empty
  Counter transmit_errors;
};

constexpr uint64_t kCounterPageMagic = 0x31305453434e5009ULL;
constexpr size_t kMaxLcores = 64;

struct CounterPage {
  // Written once, by the dataplane's main thread, before control sees the page.
  uint64_t magic;
  uint64_t page_size;  // bytes: header and `lcores` blocks
  uint32_t lcores;
  uint32_t pending_capacity;  // queries in flight that one lcore takes
  uint32_t waiting_capacity;  // clients that may join them, of one lcore
  uint32_t ports_used;
  uint32_t delivery_capacity;  // of one lcore, as the next three
  uint32_t answer_capacity;
  uint32_t chase_capacity;
  uint32_t share_capacity;
  uint32_t rate_capacity;  // of all lcores, for clients and for answers alike
  uint32_t reserved_rate;
  uint32_t ring_capacity;        // frames of each ring between two lcores
  uint32_t mbuf_capacity;        // frames of all ports
  uint64_t started_at;           // seconds since 1970
  std::array<char, 48> version;  // of the program, as --version says it; ends with a 0
  // Written by the dataplane's main thread.
  alignas(64) Counter generation;  // published to and seen by every lcore; 0: no rules yet
  Counter published_at;            // seconds since 1970
  Counter zones;
  Counter images_accepted;
  Counter images_refused;
  Counter swap_ns;         // the last swap, from the pointer's store to the last lcore's quiescent state
  Counter control_silent;  // 1: the heartbeat is older than 5 s, `down` is ignored
  Counter door_sent;       // frames from the kernel that left through the door
  Counter door_lost;
  Counter rates_used;           // buckets of clients that are not full, once a second
  Counter answer_rates_used;    // the same of answers to one network
  Counter ring_used;            // frames in the fullest ring, once a second; a longer one counts by its share
  Counter policed_clients;      // whose queries are dropped before they are read, as they flood us
  Counter policed_dropped;      // queries of them, once a second
  Counter mbufs_used;           // frames that are not free, once a second; the cards' own rings are full of them
  Counter cache_entries;        // answers remembered now
  Counter cache_used;           // octets that they take
  Counter cache_size;           // octets that there are for them
  Counter cache_evicted;        // answers that made room for others
  Counter cache_flushed;        // answers forgotten by hand
  Counter listen_addresses;     // port 53 of which is answered
  Counter listen_not_followed;  // addresses that came to a port's interface and are not served as they should be
  Counter ports_gone;           // whose interface the kernel has no more
  Counter gateways_unknown;     // of ports with a strict reverse path: whose MAC the kernel does not know
  Counter unix_offset_ns;       // ns to add to the lcores' clock for the time since 1970, once a second
  Counter stopping;             // 1: takes no query any more, waits for those in flight
  Counter interfaces_followed;  // 1: what the kernel changes on the ports' interfaces is seen
  Counter process_cpu_ns;      // of the whole process since its start, once a second; the next three are of that second
  Counter process_resident;    // octets
  Counter process_files;       // open file descriptors
  Counter process_most_files;  // that it may have open
  SlowCounters slow;           // written by its thread
  alignas(64) std::array<PortCounters, kMaxPorts> ports;
  alignas(64) IndexedArray<EndpointSlot, Counter, kMaxEndpoints> endpoint_rate;  // queries/s over the last second
  alignas(64) LcoreCounters lcore[];
};

constexpr size_t counter_page_size(size_t lcores) {
  return sizeof(CounterPage) + lcores * sizeof(LcoreCounters);
}

// 0 when every packet is accounted for and traffic is quiet; what is missing or counted twice otherwise.
int64_t accounting_residual(const CounterPage&);

}  // namespace penstock::config

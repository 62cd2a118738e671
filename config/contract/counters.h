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
#include "config/contract/event_ring.h"
#include "config/contract/image.h"
#include "config/contract/link.h"
#include "config/contract/slow_counters.h"

namespace penstock::config {

// X(name, help)
#define PENSTOCK_CLASSIFY_OUTCOMES(X)                                                          \
  X(query, "UDP to port 53 of a listen address")                                               \
  X(response, "UDP from port 53 to one of our source ports")                                   \
  X(stranger, "anything else: the kernel's")                                                   \
  X(fragment, "a fragment of a response from an endpoint")                                     \
  X(malformed, "a header is cut short or contradicts the frame, or a MAC is a group's")        \
  X(bad_ip_checksum, "the IPv4 header checksum is wrong")                                      \
  X(bad_udp_checksum, "the UDP checksum is wrong")                                             \
  X(no_udp_checksum, "UDP over IPv6 without a checksum (RFC 8200 section 8.1)")                \
  X(own_echo, "a frame that we sent ourselves, seen again on an af_packet port")               \
  X(other_mac, "for us by its addresses, but sent to another host's MAC: flooded by a switch") \
  X(other_vlan, "a query under a VLAN tag that the port does not serve")                       \
  X(other_path, "a query whose source does not belong behind its MAC (reverse_path: strict)")

#define PENSTOCK_QUERY_OUTCOMES(X)                                                                         \
  X(forwarded, "sent to an endpoint")                                                                      \
  X(joined, "the same question is in flight: its answer goes to this client too")                          \
  X(repeated, "the client's own repetition of a query in flight: one answer goes to both")                 \
  X(answered_cached, "answered from memory")                                                               \
  X(answered_stale, "answered from memory though expired: nothing better is to be had (RFC 8767)")         \
  X(answered_failure, "answered with a failure of the endpoints that is remembered (RFC 9520)")            \
  X(refused_snoop, "answered REFUSED: it asked for no recursion, and what is remembered is not for it")    \
  X(answered_cookie, "answered with a cookie: it had one and no question")                                 \
  X(answered_local, "answered from local records, or that they have no such name or type")                 \
  X(answered_address, "answered with the addresses that its rule says")                                    \
  X(answered_identity, "answered with our name or version: id.server and its like, of class CH")           \
  X(refused_class, "answered REFUSED: of another class than IN, and nothing that we say of ourselves")     \
  X(refused_local, "answered REFUSED: local records are not transferred")                                  \
  X(answered_nxdomain, "answered NXDOMAIN as its rule says")                                               \
  X(answered_nodata, "answered NODATA as its rule says")                                                   \
  X(refused_by_rule, "answered REFUSED as its rule says")                                                  \
  X(refused_client, "answered REFUSED: the client may not ask")                                            \
  X(ignored_client, "not answered: the client may not ask and clients.refused is drop")                    \
  X(refused_no_rule, "answered REFUSED: no zone matches and there is no default")                          \
  X(formerr, "answered FORMERR: malformed behind its header")                                              \
  X(notimp, "answered NOTIMP: the opcode is not QUERY")                                                    \
  X(refused_view, "answered REFUSED: the zone is for other clients")                                       \
  X(badvers, "answered BADVERS: an EDNS version that we do not know")                                      \
  X(refused_transfer, "answered REFUSED: a zone transfer that the zone does not allow this client")        \
  X(truncated_transfer, "answered empty with TC: an IXFR that came over UDP, where nobody is who he says") \
  X(transferred, "a zone transfer over TCP: passed to the slow lane, which relays it")                     \
  X(refused_update, "answered REFUSED: an update of a private zone")                                       \
  X(limited_truncated, "answered empty with TC: the client, its group or the answer is over its rate")     \
  X(limited_refused, "answered REFUSED: the same")                                                         \
  X(limited_bad_cookie, "answered BADCOOKIE: the same, and it knew no cookie of ours")                     \
  X(limited_dropped, "not answered: the same")                                                             \
  X(servfail_no_next_hop, "answered SERVFAIL: no endpoint of the pool can be reached")                     \
  X(servfail_over_budget, "answered SERVFAIL: every endpoint of the pool is at its rate budget")           \
  X(servfail_over_share, "answered SERVFAIL: the client has more than its share of what is scarce")        \
  X(refused_loop, "answered REFUSED: it came from the only endpoint that it could go to")                  \
  X(refused_loop_probe, "answered REFUSED: a loop probe of ours came back to us")                          \
  X(servfail_pending_full, "answered SERVFAIL: the pending table is full, or its pool holds half of it")   \
  X(ignored_no_rules, "not answered: there are no rules yet")                                              \
  X(ignored_short, "not answered: shorter than a DNS header")                                              \
  X(ignored_response, "not answered: a response sent to port 53")                                          \
  X(ignored_no_room, "not answered: the frame's buffer has no room for the answer")

#define PENSTOCK_RESPONSE_OUTCOMES(X)                                                                 \
  X(returned, "sent to the client that asked")                                                        \
  X(blocked, "the leak guard kept it back: the client got SERVFAIL or NODATA")                        \
  X(replaced_stale, "a failure: the client got the expired answer that was remembered")               \
  X(refreshed, "to a query of our own: remembered")                                                   \
  X(tried_next, "SERVFAIL or REFUSED, and retry_on says to ask another endpoint")                     \
  X(held_back, "the same, and no other is left to ask, but one that was asked still owes an answer")  \
  X(chased, "a chain into a private zone was cut, its end is asked of the zone's own pool")           \
  X(asked_over_tcp, "truncated, or a fragment: asked again over TCP")                                 \
  X(dropped_fragment, "cut short, and it could not be asked again over TCP")                          \
  X(asked_without_edns, "the endpoint does not know EDNS: asked again without")                       \
  X(unusable, "no question or two OPTs: a failure of the endpoint, so the next is asked")             \
  X(lost_over_tcp, "no response: the endpoint refused or ended the connection, so the next is asked") \
  X(unknown_id, "no query is pending under its id: late, doubled or forged")                          \
  X(wrong_endpoint, "not from the address the query went to, or not to the one it came from")         \
  X(wrong_port, "not to the port that the query left from")                                           \
  X(wrong_question, "its question is not the one that was asked (RFC 5452)")                          \
  X(wrong_case, "the letters of its question are not those that were drawn for it (0x20)")            \
  X(malformed, "shorter than a DNS header, not a response, or another opcode")                        \
  X(no_room, "the frame's buffer has no room for the client's headers")

#define PENSTOCK_HANDOFF_OUTCOMES(X)                                             \
  X(handed_off, "received by one lcore, owned by another, passed over its ring") \
  X(full, "lost: the owner's ring was full")

#define PENSTOCK_DOOR_OUTCOMES(X)                                                         \
  X(to_kernel, "handed to the kernel through the TAP door")                               \
  X(left_to_kernel, "dropped here: the kernel has its own copy, or the port has no door") \
  X(full, "lost: the door's ring was full")

#define PENSTOCK_SWEEP_OUTCOMES(X)                                            \
  X(expired, "not answered in time by the endpoint: the client got SERVFAIL") \
  X(expired_stale, "the same, and the client got the expired answer")         \
  X(expired_refresh, "a query of our own that was not answered in time")      \
  X(expired_unanswered, "not answered in time, and no buffer was free for the SERVFAIL")

#define PENSTOCK_RETRY_OUTCOMES(X)                                                             \
  X(sent, "an overdue query was sent again, to another endpoint where there is one")           \
  X(over_tcp, "asked over TCP instead: responses fit it but in part, as those of a forger do") \
  X(over_budget, "put off for 100 ms: retries of the last 10 s are a fifth of the queries")    \
  X(over_rate_budget, "put off for 100 ms: every endpoint for it is at its rate budget")       \
  X(no_endpoint, "not sent again: its rule has no endpoint for it any more")                   \
  X(no_frame, "put off for 100 ms: no buffer was free")                                        \
  X(too_long, "not sent again: the query is too long to be kept")

#define PENSTOCK_WAITER_OUTCOMES(X)                                           \
  X(answered, "a client whose question was in flight already got the answer") \
  X(answered_servfail, "it got SERVFAIL, as the client that asked first did") \
  X(lost, "it got nothing: no buffer was free, or the answer had no room in it")

#define PENSTOCK_GUARD_OUTCOMES(X)                                                                         \
  X(passed, "every address of the answer for a private name lies where it should")                         \
  X(blocked, "an address outside `expect`, or a chain that leaves the private zones: answered SERVFAIL")   \
  X(withheld, "addresses of a family of which `expect` has no network: answered NODATA, or without them")  \
  X(alarmed, "the same as these two, but on_leak is alarm: the answer went to the client")                 \
  X(unreadable, "the records of an answer for a private name cannot be read: answered SERVFAIL")           \
  X(chain_unreadable, "an answer for another name has a chain that cannot be followed: answered SERVFAIL") \
  X(chain_cut, "an answer for another name led into a private zone: cut there")                            \
  X(chain_alarmed, "the same, but cname is alarm: the answer went to the client")

#define PENSTOCK_REFRESH_OUTCOMES(X)                                                \
  X(sent, "a remembered answer is asked for again, by us: soon or already expired") \
  X(no_endpoint, "not asked: no endpoint can be reached, or has budget left")       \
  X(no_frame, "not asked: no buffer was free")                                      \
  X(pending_full, "not asked: the pending table is full, or its pool holds half of it")

#define PENSTOCK_REMEMBER_OUTCOMES(X)                                                     \
  X(stored, "a new answer")                                                               \
  X(renewed, "in the place of an older one to the same question")                         \
  X(failure, "that the endpoints failed (RFC 9520)")                                      \
  X(not_kept, "not remembered: truncated, TTL 0, or of a kind that is good for one only") \
  X(too_long, "not remembered: longer than an entry can be")                              \
  X(no_room, "not remembered: the pool has its share of the cache already")               \
  X(busy, "not remembered: another lcore wrote to the same page")

#define PENSTOCK_TRANSMIT_OUTCOMES(X)                                \
  X(sent, "accepted by the port's queue")                            \
  X(refused, "lost: the port's queue was full")                      \
  X(handed_off, "passed to the lcore that owns a queue of the port") \
  X(full, "lost: that lcore's ring, or the batch for the port, was full")

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
  Counter pending;                 // queries in flight now
  Counter waiting;                 // clients that joined one of them
  Counter deliveries;              // queries that are over and have clients to be told
  Counter answers_kept;            // for them
  Counter chases;                  // chains into private zones that are under way
  Counter shares;                  // clients noted as taking of something scarce, old ones included
  Counter generation;              // of the rules it uses now
  Counter turns;                   // of its loop
  Counter busy_cycles;             // TSC cycles of turns that moved a frame
  Counter idle_cycles;             // of turns that did not, sleep included
  EventRing events;
  alignas(64) std::array<EndpointCounters, kMaxEndpoints> endpoints;
};

// What a port's driver lost before or behind us, since the start. Written by the main thread.
struct PortCounters {
  Counter receive_missed;   // no room in the card's or socket's ring
  Counter receive_errors;   // damaged
  Counter receive_no_mbuf;  // the mbuf pool was empty
  Counter transmit_errors;
};

constexpr uint64_t kCounterPageMagic = 0x31305453434e5007ULL;
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
  uint32_t ring_capacity;  // frames of each ring between two lcores
  uint32_t mbuf_capacity;  // frames of all ports
  uint64_t started_at;     // seconds since 1970
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
  Counter interfaces_followed;  // 1: what the kernel changes on the ports' interfaces is seen
  SlowCounters slow;            // written by its thread
  alignas(64) std::array<PortCounters, kMaxPorts> ports;
  alignas(64) std::array<Counter, kMaxEndpoints> endpoint_rate;  // queries/s of each slot over the last second
  alignas(64) LcoreCounters lcore[];
};

constexpr size_t counter_page_size(size_t lcores) {
  return sizeof(CounterPage) + lcores * sizeof(LcoreCounters);
}

// 0 when every packet is accounted for and traffic is quiet; what is missing or counted twice otherwise.
int64_t accounting_residual(const CounterPage&);

}  // namespace penstock::config

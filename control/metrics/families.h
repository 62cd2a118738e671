// control/metrics/families.h - every family of metrics: name, kind, unit, labels, meaning. Long because it is one table.
//
// A collector can fill only families of the table, else it does not compile (FamilyName). docs/metrics.md is made from it; its first lines
// say how. A name has its unit: `_seconds`, `_bytes`, `_ratio`, or the noun of what is counted; counters end in `_total`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "control/view/stages.h"

namespace penstock::control {

enum class FamilyKind : uint8_t { counter, gauge, histogram };

// Where docs/metrics.md has it.
enum class Section : uint8_t {
  clients,
  path,
  cache,
  endpoints,
  tcp,
  transfers,
  lcores,
  ports,
  rules,
  processes,
};

struct Family {
  Section section;
  std::string_view name;
  FamilyKind kind;
  std::string_view unit;           // what a value of 1 is; a noun is a part of the name
  std::string_view labels;         // "pool, address"
  std::string_view help;           // a sentence or more
  std::string_view watch;          // when it is worth an alert; empty: see the alerts that have it, or never
  std::string_view value_of = {};  // the label that has these values
  std::span<const CounterName> values = {};
};

// Not a noun: what the value of a gauge means stands in its help.
constexpr std::string_view kFlag = "0 or 1";
constexpr std::string_view kNumber = "number";

#define PENSTOCK_NAME(name, help) CounterName{#name, help},
inline constexpr CounterName kAnsweredByNames[] = {PENSTOCK_ANSWERED_BY(PENSTOCK_NAME)};
#undef PENSTOCK_NAME

inline constexpr Family kWrittenFamilies[] = {
    // ---- clients ----
    {Section::clients, "penstock_client_queries_total", FamilyKind::counter, "queries", "transport, type",
     "Queries that are over, by transport and record type.",
     "A type that grows tenfold: ANY and TXT are used for attacks."},
    {Section::clients, "penstock_client_latency_seconds", FamilyKind::histogram, "seconds", "answered_by, pool",
     "Time from a client's query to its answer, by who answered. Buckets are powers of two of a microsecond, from 128 "
     "us; "
     "an answer in the turn in which the query came counts as 0. `pool` is empty where no endpoint answered.",
     "", "answered_by", kAnsweredByNames},
    {Section::clients, "penstock_rule_answers_total", FamilyKind::counter, "answers", "rule, zone, rcode",
     "Queries that are over, by rule and RCODE, `none` without an answer. `rule` is called as in the query log and in "
     "penstockctl explain, `zone` is its first name. The first 64 rules of the file and the default have labels of "
     "their "
     "own; `other` is the rest, `none` a query that no rule has. Counted by penstock-control since its start.",
     "A rule whose share of SERVFAIL or NXDOMAIN leaves its usual range."},
    {Section::clients, "penstock_rule_answers_missed_total", FamilyKind::counter, "answers", "",
     "Answers that penstock_rule_answers_total misses: penstock-control had no CPU to read them in time.",
     "Any increase for 10 minutes: give penstock-control CPU of its own."},
    {Section::clients, "penstock_policed_clients", FamilyKind::gauge, "clients", "",
     "Clients whose queries are dropped unread because they flood us with queries to be refused.",
     "Above 0 for 10 minutes."},
    {Section::clients, "penstock_policed_queries_total", FamilyKind::counter, "queries", "",
     "Queries dropped unread because of penstock_policed_clients.", ""},
    {Section::clients, "penstock_rate_buckets", FamilyKind::gauge, "buckets", "table",
     "Rate limit buckets in recent use: of rate_per_client (clients) and response_rate (answers).", ""},
    {Section::clients, "penstock_rate_buckets_limit", FamilyKind::gauge, "buckets", "table",
     "Number of rate limit buckets. When all are in use, the least used one is given to a new client.",
     "penstock_rate_buckets close to it: clients escape their limit."},
    {Section::clients, "penstock_events_total", FamilyKind::counter, "events", "kind",
     "Events reported by the lcores, at most one per millisecond and lcore. See the log of penstock-control for "
     "details.",
     ""},
    {Section::clients, "penstock_events_missed_total", FamilyKind::counter, "events", "",
     "Events overwritten before penstock-control read them.", ""},
    {Section::clients, "penstock_query_log_written_lines_total", FamilyKind::counter, "lines", "",
     "Lines written to the query log.", ""},
    {Section::clients, "penstock_query_log_lost_lines_total", FamilyKind::counter, "lines", "",
     "Queries that the query log did not take: its sink failed, or was slower than the queries.", ""},
    {Section::clients, "penstock_query_log_failed", FamilyKind::gauge, kFlag, "",
     "1: the query log cannot be written. See penstockctl status.", ""},
    {Section::clients, "penstock_dnstap_sent_queries_total", FamilyKind::counter, "queries", "",
     "Queries sent to the dnstap collector.", ""},
    {Section::clients, "penstock_dnstap_lost_queries_total", FamilyKind::counter, "queries", "",
     "Queries that were not sent to the dnstap collector: it was away, or slower than the queries.", ""},
    {Section::clients, "penstock_dnstap_failed", FamilyKind::gauge, kFlag, "",
     "1: the dnstap collector cannot be reached. See penstockctl status.", ""},

    // ---- the path of a packet; its stages follow below ----
    {Section::path, "penstock_received_frames_total", FamilyKind::counter, "frames", "", "Frames taken from the ports.",
     ""},
    {Section::path, "penstock_partial_checksum_frames_total", FamilyKind::counter, "frames", "",
     "Accepted frames whose UDP checksum covered the pseudo-header only.", ""},
    {Section::path, "penstock_returned_responses_total", FamilyKind::counter, "responses", "rcode",
     "Responses returned to clients, by RCODE.", ""},
    {Section::path, "penstock_kernel_frames_total", FamilyKind::counter, "frames", "outcome",
     "Frames from the kernel, sent on the wire or lost.", "Any increase of `lost`."},
    {Section::path, "penstock_accounting_residual", FamilyKind::gauge, "packets", "",
     "Packets and refresh queries that are missing from the counters or counted twice. 0 when there is no traffic.",
     ""},

    // ---- the answer cache ----
    {Section::cache, "penstock_cache_entries", FamilyKind::gauge, "entries", "",
     "Cached answers and cached failures of endpoints.", ""},
    {Section::cache, "penstock_cache_used_bytes", FamilyKind::gauge, "bytes", "", "Memory used by cached answers.", ""},
    {Section::cache, "penstock_cache_size_bytes", FamilyKind::gauge, "bytes", "",
     "Size of the answer cache, allocated at start. 0: no cache.", ""},
    {Section::cache, "penstock_cache_evictions_total", FamilyKind::counter, "evictions", "",
     "Cached answers evicted to make room.",
     "A steady rate with a falling share of cached answers: raise dataplane.cache_size."},
    {Section::cache, "penstock_cache_flushed_entries_total", FamilyKind::counter, "entries", "",
     "Cached answers removed by penstockctl cache flush.", ""},

    // ---- endpoints ----
    {Section::endpoints, "penstock_endpoint_up", FamilyKind::gauge, kFlag, "pool, address",
     "1: the endpoint answers its probes, or has not been probed yet. 0: it is down.", ""},
    {Section::endpoints, "penstock_endpoint_state", FamilyKind::gauge, kFlag, "pool, address, state",
     "1 for the current state of the endpoint, the worst that applies. Only `down` endpoints are avoided.", ""},
    {Section::endpoints, "penstock_endpoint_state_timestamp_seconds", FamilyKind::gauge, "seconds", "pool, address",
     "Time of the endpoint's last state change.", ""},
    {Section::endpoints, "penstock_endpoint_drained", FamilyKind::gauge, kFlag, "pool, address",
     "1: drained by an operator.", "1 for longer than a maintenance takes."},
    {Section::endpoints, "penstock_endpoint_reachable", FamilyKind::gauge, kFlag, "pool, address",
     "1: the next hop towards the endpoint is known.", ""},
    {Section::endpoints, "penstock_endpoint_budget_queries_per_second", FamilyKind::gauge, "queries_per_second",
     "pool, address", "Rate budget of the endpoint. 0: no limit.", ""},
    {Section::endpoints, "penstock_endpoint_budget_used_ratio", FamilyKind::gauge, "ratio", "pool, address",
     "Share of the endpoint's rate budget in use. Absent without a budget.", ""},
    {Section::endpoints, "penstock_endpoint_queries_per_second", FamilyKind::gauge, "queries_per_second",
     "pool, address", "Queries sent to the endpoint in the last second.", ""},
    {Section::endpoints, "penstock_endpoint_probes_total", FamilyKind::counter, "probes", "pool, address, protocol",
     "Health probes sent.", ""},
    {Section::endpoints, "penstock_endpoint_probe_failures_total", FamilyKind::counter, "failures",
     "pool, address, protocol", "Health probes without a correct response in time.", ""},
    {Section::endpoints, "penstock_endpoint_probe_round_trip_seconds", FamilyKind::gauge, "seconds",
     "pool, address, protocol", "Round-trip time of the last answered health probe.", ""},
    {Section::endpoints, "penstock_endpoint_queries_total", FamilyKind::counter, "queries", "pool, address",
     "Queries sent to the endpoint.", ""},
    {Section::endpoints, "penstock_endpoint_responses_total", FamilyKind::counter, "responses", "pool, address",
     "Responses of the endpoint returned to clients.", ""},
    {Section::endpoints, "penstock_endpoint_timeouts_total", FamilyKind::counter, "timeouts", "pool, address",
     "Queries that the endpoint did not answer in time.",
     "More than 5 % of penstock_endpoint_queries_total while it is up."},
    {Section::endpoints, "penstock_endpoint_servfails_total", FamilyKind::counter, "servfails", "pool, address",
     "Responses of the endpoint with RCODE SERVFAIL.", "One endpoint of a pool has far more than the others."},
    {Section::endpoints, "penstock_endpoint_refused_responses_total", FamilyKind::counter, "responses", "pool, address",
     "Responses of the endpoint with RCODE REFUSED.", "Any increase: the endpoint does not serve this host."},
    {Section::endpoints, "penstock_endpoint_over_budget_queries_total", FamilyKind::counter, "queries", "pool, address",
     "Queries not sent to the endpoint because its rate budget was used up.", ""},
    {Section::endpoints, "penstock_endpoint_odd_responses_total", FamilyKind::counter, "responses", "pool, address",
     "Responses from the endpoint's address that match no query sent to it: late, duplicate or forged.", ""},
    {Section::endpoints, "penstock_endpoint_without_edns", FamilyKind::gauge, kFlag, "pool, address",
     "1: queries to the endpoint carry no EDNS, hence no DNSSEC, because it answers EDNS with an error.",
     "1 for an hour: the endpoint, or a firewall before it, is broken."},
    {Section::endpoints, "penstock_endpoint_tcp_queries_total", FamilyKind::counter, "queries", "pool, address",
     "Queries sent to the endpoint over TCP.", ""},
    {Section::endpoints, "penstock_endpoint_tcp_responses_total", FamilyKind::counter, "responses", "pool, address",
     "Responses of the endpoint over TCP.", ""},
    {Section::endpoints, "penstock_endpoint_tcp_timeouts_total", FamilyKind::counter, "timeouts", "pool, address",
     "Queries over TCP that the endpoint did not answer in time.", ""},
    {Section::endpoints, "penstock_endpoint_tcp_connection_use", FamilyKind::gauge, kNumber, "pool, address",
     "Queries that the endpoint accepts on a TCP connection. 0: many at once. 1: one after the other. 2: only one.",
     ""},
    {Section::endpoints, "penstock_endpoint_latency_seconds", FamilyKind::histogram, "seconds", "pool, address",
     "Latency from query to response. Buckets are powers of two of a microsecond, from 128 us.", ""},
    {Section::endpoints, "penstock_query_entropy", FamilyKind::gauge, "bits", "",
     "Bits of source port and query ID that a forged response must match, on the fullest lcore.", ""},

    // ---- TCP and reassembled UDP; the slow lane's events have their places in slow_series.h ----
    {Section::tcp, "penstock_tcp_connections", FamilyKind::gauge, "connections", "", "Open client connections.", ""},
    {Section::tcp, "penstock_tcp_connections_limit", FamilyKind::gauge, "connections", "",
     "Maximum number of client connections.", "penstock_tcp_connections above 80 % of it."},
    {Section::tcp, "penstock_tcp_accepted_connections_total", FamilyKind::counter, "connections", "",
     "Client connections accepted.", ""},
    {Section::tcp, "penstock_tcp_closed_connections_total", FamilyKind::counter, "connections", "reason",
     "Client connections that ended.", "`shed_total`, or `slow_reader` and `shed_client` far above the usual."},
    {Section::tcp, "penstock_tcp_unaccepted_connections_total", FamilyKind::counter, "connections", "",
     "Client connections not accepted: the process has no free file descriptor.", "Any increase: raise LimitNOFILE."},
    {Section::tcp, "penstock_tcp_paused_connections_total", FamilyKind::counter, "connections", "",
     "Client connections paused: every further answer would be REFUSED.", ""},
    {Section::tcp, "penstock_tcp_queries_total", FamilyKind::counter, "queries", "",
     "Queries received over client connections.", ""},
    {Section::tcp, "penstock_tcp_answers_total", FamilyKind::counter, "answers", "outcome",
     "Answers for client connections.", ""},
    {Section::tcp, "penstock_tcp_pending_queries", FamilyKind::gauge, "queries", "",
     "Queries from client connections not answered yet.", ""},
    {Section::tcp, "penstock_tcp_buffered_bytes", FamilyKind::gauge, "bytes", "",
     "Memory buffered for client connections: partial queries and unread answers.", ""},
    {Section::tcp, "penstock_tcp_buffered_bytes_limit", FamilyKind::gauge, "bytes", "",
     "Maximum memory buffered for client connections.", ""},
    {Section::tcp, "penstock_reassembled_queries_total", FamilyKind::counter, "queries", "",
     "UDP queries reassembled by the kernel (fragments, IP options).", ""},
    {Section::tcp, "penstock_reassembled_answers_total", FamilyKind::counter, "answers", "",
     "Answers to reassembled UDP queries.", ""},
    {Section::tcp, "penstock_reassembled_lost_messages_total", FamilyKind::counter, "messages", "",
     "Reassembled UDP queries and their answers lost: too long, or no room.", ""},
    {Section::tcp, "penstock_slow_lane_shortages_total", FamilyKind::counter, "shortages", "resource",
     "Times that the slow lane found none left: the query waits, a response is lost.", "Any steady rate."},
    {Section::tcp, "penstock_upstream_tcp_connections", FamilyKind::gauge, "connections", "",
     "Open connections to endpoints.", ""},
    {Section::tcp, "penstock_upstream_tcp_connects_total", FamilyKind::counter, "connects", "result",
     "Attempts to connect to endpoints.", ""},
    {Section::tcp, "penstock_upstream_tcp_broken_connections_total", FamilyKind::counter, "connections", "",
     "Connections to endpoints that ended with queries in flight.", ""},
    {Section::tcp, "penstock_upstream_tcp_pending_queries", FamilyKind::gauge, "queries", "",
     "Queries to endpoints over TCP not answered yet.", ""},
    {Section::tcp, "penstock_upstream_tcp_queries_total", FamilyKind::counter, "queries", "",
     "Queries sent to endpoints over TCP.", ""},
    {Section::tcp, "penstock_upstream_tcp_resent_queries_total", FamilyKind::counter, "queries", "reason",
     "Queries sent to endpoints over TCP again.", ""},
    {Section::tcp, "penstock_upstream_tcp_lost_queries_total", FamilyKind::counter, "queries", "",
     "Queries over TCP given up: no connection, too many in flight, or no response in time.", ""},
    {Section::tcp, "penstock_upstream_tcp_responses_total", FamilyKind::counter, "responses", "outcome",
     "Responses of endpoints over TCP.", ""},

    // ---- zone transfers ----
    {Section::transfers, "penstock_zone_transfers", FamilyKind::gauge, "transfers", "", "Zone transfers in progress.",
     ""},
    {Section::transfers, "penstock_zone_transfers_started_total", FamilyKind::counter, "transfers", "",
     "Zone transfers started.", ""},
    {Section::transfers, "penstock_zone_transfers_ended_total", FamilyKind::counter, "transfers", "result",
     "Zone transfers that ended. Their sum and penstock_zone_transfers are those started.",
     "`failed`, `broken` or `quiet` for a secondary server that used to succeed."},
    {Section::transfers, "penstock_zone_transfer_messages_total", FamilyKind::counter, "messages", "",
     "Zone transfer messages relayed.", ""},

    // ---- lcores ----
    {Section::lcores, "penstock_lcore_cycles_total", FamilyKind::counter, "cycles", "lcore, state",
     "TSC cycles of the lcore's loop. busy: turns that moved a frame. idle: turns that moved none.", ""},
    {Section::lcores, "penstock_lcore_busy_ratio", FamilyKind::gauge, "ratio", "lcore",
     "Share of busy cycles since the previous scrape.", ""},
    {Section::lcores, "penstock_lcore_turns_total", FamilyKind::counter, "turns", "lcore", "Turns of the lcore's loop.",
     "No increase for a minute: the lcore stands still."},
    {Section::lcores, "penstock_lcore_ruleset_generation", FamilyKind::gauge, "generation", "lcore",
     "Generation of the rules in use by the lcore.", ""},
    {Section::lcores, "penstock_pending_queries", FamilyKind::gauge, "queries", "lcore", "Queries in flight.", ""},
    {Section::lcores, "penstock_pending_queries_limit", FamilyKind::gauge, "queries", "lcore",
     "Maximum number of queries in flight.", ""},
    {Section::lcores, "penstock_waiting_clients", FamilyKind::gauge, "clients", "lcore",
     "Clients waiting for the response to a query in flight that they joined.", ""},
    {Section::lcores, "penstock_waiting_clients_limit", FamilyKind::gauge, "clients", "lcore",
     "Maximum number of waiting clients.", "penstock_waiting_clients above half of it."},
    {Section::lcores, "penstock_table_entries", FamilyKind::gauge, "entries", "lcore, table",
     "Entries used in the lcore's tables. deliveries: finished queries with clients still to be answered. "
     "answers_kept: answers for them. chases: CNAME chains into private zones in progress. shares: clients counted "
     "against a share of a scarce resource.",
     ""},
    {Section::lcores, "penstock_table_entries_limit", FamilyKind::gauge, "entries", "lcore, table",
     "Size of the lcore's tables.", "penstock_table_entries above 80 % of it, but for shares, which may be full."},

    // ---- ports ----
    {Section::ports, "penstock_port_lost_frames_total", FamilyKind::counter, "frames", "port, reason",
     "Frames lost by a port's driver. receive_missed: no room in the ring of the card or socket. "
     "receive_errors: damaged. receive_no_mbuf: no free mbuf. transmit_errors: not sent.",
     ""},
    {Section::ports, "penstock_ring_frames", FamilyKind::gauge, "frames", "",
     "Frames in the fullest ring between threads.", ""},
    {Section::ports, "penstock_ring_frames_limit", FamilyKind::gauge, "frames", "", "Capacity of each ring in frames.",
     ""},
    {Section::ports, "penstock_mbufs_used", FamilyKind::gauge, "mbufs", "",
     "Frame buffers in use, those in the cards' rings included.", ""},
    {Section::ports, "penstock_mbufs_limit", FamilyKind::gauge, "mbufs", "", "Number of frame buffers.",
     "penstock_mbufs_used above 90 % of it."},
    {Section::ports, "penstock_listen_addresses", FamilyKind::gauge, "addresses", "",
     "Addresses on which the dataplane answers port 53.", "A fall."},
    {Section::ports, "penstock_listen_addresses_not_followed", FamilyKind::gauge, "addresses", "",
     "Addresses added to a port's interface after the start that are not fully served over UDP and TCP. See "
     "the log of penstock-dataplane for the reason.",
     "Above 0."},
    {Section::ports, "penstock_ports_gone", FamilyKind::gauge, "ports", "",
     "Ports whose interface is gone. Restart penstock-dataplane once the interface is back.", "Above 0."},
    {Section::ports, "penstock_gateways_unknown", FamilyKind::gauge, "gateways", "",
     "Gateways on ports with `reverse_path: strict` whose MAC the kernel does not know. Queries through them "
     "are refused (penstock_frames_total, class other_path).",
     "Above 0 for a minute."},
    {Section::ports, "penstock_interfaces_followed", FamilyKind::gauge, kFlag, "",
     "1: changes of addresses and MACs on the ports' interfaces are followed. 0: restart penstock-dataplane "
     "after such a change.",
     "0."},

    // ---- rules ----
    {Section::rules, "penstock_ruleset_generation", FamilyKind::gauge, "generation", "process",
     "Generation of the rules: last compiled (control), or in use by every lcore (dataplane). 0: no rules.", ""},
    {Section::rules, "penstock_ruleset_age_seconds", FamilyKind::gauge, "seconds", "process",
     "Time since the rules were compiled (control) or published (dataplane).", ""},
    {Section::rules, "penstock_ruleset_timestamp_seconds", FamilyKind::gauge, "seconds", "process",
     "Time at which the rules were compiled (control) or published (dataplane).", ""},
    {Section::rules, "penstock_ruleset_zones", FamilyKind::gauge, "zones", "process", "Zones and names in the rules.",
     "A fall by half: a source of zones is truncated."},
    {Section::rules, "penstock_ruleset_rules", FamilyKind::gauge, "rules", "", "Rules compiled by penstock-control.",
     ""},
    {Section::rules, "penstock_ruleset_swap_duration_seconds", FamilyKind::gauge, "seconds", "",
     "Duration of the last swap, until every lcore used the new rules.", ""},
    {Section::rules, "penstock_reloads_total", FamilyKind::counter, "reloads", "result",
     "Reloads of the configuration, without the first load at start.", ""},
    {Section::rules, "penstock_images_total", FamilyKind::counter, "images", "result",
     "Rule images sent to the dataplane.", ""},
    {Section::rules, "penstock_config_last_reload_successful", FamilyKind::gauge, kFlag, "",
     "1: the configuration on disk is in force. 0: it was refused.", ""},
    {Section::rules, "penstock_config_last_good_copy_in_use", FamilyKind::gauge, kFlag, "",
     "1: penstock-control refused the configuration at its start and uses its last good copy.", ""},
    {Section::rules, "penstock_config_rolled_back", FamilyKind::gauge, kFlag, "",
     "1: the rules in force are those of a rollback, not those of the configuration on disk.", ""},
    {Section::rules, "penstock_config_last_reload_success_timestamp_seconds", FamilyKind::gauge, "seconds", "",
     "Time at which a configuration last came into force, by reload or at start.", ""},

    // ---- processes ----
    {Section::processes, "penstock_build_info", FamilyKind::gauge, kFlag, "process, version, commit",
     "Always 1. Version of the process, and the commit it was built from.",
     "The two processes differ for longer than an upgrade takes."},
    {Section::processes, "penstock_process_start_time_seconds", FamilyKind::gauge, "seconds", "process",
     "Start time of the process in seconds since the Unix epoch.", "Changes more than twice in 10 minutes."},
    {Section::processes, "penstock_process_cpu_seconds_total", FamilyKind::counter, "seconds", "process",
     "CPU time of the process, all threads, user and system. An lcore that polls without rest takes a whole CPU.",
     "Control above 0.9 CPUs for 10 minutes."},
    {Section::processes, "penstock_process_resident_memory_bytes", FamilyKind::gauge, "bytes", "process",
     "Memory of the process in RAM.", "Steady growth over days."},
    {Section::processes, "penstock_process_open_fds", FamilyKind::gauge, "fds", "process",
     "Open file descriptors of the process.", ""},
    {Section::processes, "penstock_process_max_fds", FamilyKind::gauge, "fds", "process",
     "Maximum number of open file descriptors.", "penstock_process_open_fds above 80 % of it."},
    {Section::processes, "penstock_dataplane_up", FamilyKind::gauge, kFlag, "",
     "1: penstock-control is connected to penstock-dataplane.", ""},
    {Section::processes, "penstock_control_heartbeat_age_seconds", FamilyKind::gauge, "seconds", "",
     "Time since penstock-control last updated the health and next hops shared with the dataplane.", ""},
    {Section::processes, "penstock_control_silent", FamilyKind::gauge, kFlag, "",
     "1: the dataplane ignores endpoint health, as the heartbeat of penstock-control is too old.", ""},
};

// "frames" of penstock_door_frames_total.
constexpr std::string_view last_noun(std::string_view name) {
  name.remove_suffix(std::string_view("_total").size());
  return name.substr(name.rfind('_') + 1);
}

inline constexpr auto kFamilies = [] {
  std::array<Family, std::size(kWrittenFamilies) + kStages.size()> all{};
  size_t at = 0;
  for (const Stage& stage : kStages)
    all[at++] = {Section::path, stage.metric, FamilyKind::counter, last_noun(stage.metric), stage.label,
                 stage.help,    "",           stage.label,         stage.outcomes};
  for (const Family& one : kWrittenFamilies) all[at++] = one;
  return all;
}();

constexpr size_t kNoFamily = kFamilies.size();
constexpr size_t find_family(std::string_view name) {
  for (size_t at = 0; at < kFamilies.size(); ++at)
    if (kFamilies[at].name == name) return at;
  return kNoFamily;
}

// A family by its name.
struct FamilyName {
  size_t index;
  // What the table does not have does not compile.
  consteval FamilyName(const char* name) : index(find_family(name)) {
    if (index == kNoFamily) throw "control/metrics/families.h has no family of this name";
  }
  // Of another table, whose names a static_assert holds against this one.
  constexpr explicit FamilyName(size_t at) : index(at) {}
};

}  // namespace penstock::control

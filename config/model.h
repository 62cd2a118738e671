// config/model.h - what the YAML of a user means, after `studio:` and zone files are expanded and defaults
// are filled in.
//
// Control reads the file with read_model(), the dataplane with read_host() (config/read/read_model.h): its ports,
// addresses and lcores, never the rules: those reach it as an image (config/contract/image.h) that
// control compiled.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/contract/address.h"
#include "config/contract/enums.h"
#include "config/contract/name.h"
#include "config/yaml/finding.h"

namespace penstock::config {

struct Port {
  std::string name;
  PortKind kind = PortKind::af_xdp;
  std::string device;  // an interface, a PCI address, or a vdev with its arguments: what stands after "af_xdp:"
  std::vector<uint16_t>
      vlans;  // of queries that are served, 0: untagged; empty: untagged, and the kernel's on the port
  bool strict_reverse_path = false;              // a source address only under the MAC that it belongs behind
  std::vector<std::array<uint8_t, 6>> gateways;  // MACs of routers beside those of the kernel's routes
  Where where;
};

struct SourcePorts {
  uint16_t first = 16384;
  uint16_t count = 16384;  // over all lcores of this forwarder; AWS counts address and port pairs
};

// DNS over TCP with clients (the slow lane).
struct Tcp {
  uint32_t connections = 10'000;                   // open at once
  uint32_t connections_per_client = 1'000;         // of one host; its networks may have some times as many
  std::chrono::milliseconds idle_timeout{10'000};  // without a query under way

  bool operator==(const Tcp&) const = default;
};

struct Dataplane {
  std::vector<std::string> eal;                         // further EAL arguments
  std::string socket = "/run/penstock/dataplane.sock";  // control connects here
  std::string state_dir = "/var/lib/penstock";          // keeps the last good image
  std::optional<SourcePorts> source_ports;              // default: chosen outside the kernel's ip_local_port_range
  uint32_t port_budget = 40'000;                  // address and port pairs an endpoint may see from all forwarders
  uint32_t nodes = 1;                             // forwarders that share it
  uint32_t pending = 65536;                       // slots per lcore, a power of two up to 65536
  uint64_t cache_size = uint64_t{64} << 20;       // octets of the answer cache, of all lcores; 0: none
  std::chrono::milliseconds query_timeout{1800};  // then the client gets SERVFAIL
  Tcp tcp;
  std::optional<std::string>
      identity;  // in answers to NSID and id.server, 255 octets at most; unwritten: the host's name, empty: not told
  std::string version;  // in answers to version.bind, the same; empty: not told
};

struct Control {
  std::string socket = "/run/penstock/control.sock";  // penstockctl connects here
  bool watch = false;                                 // reload when the file changes
  // Groups of users of this host, by name or number, that may ask penstockctl beside root and our own user.
  std::vector<std::string> look = {};
  std::vector<std::string> change = {};  // and change things
};

// Which queries are written down, or sent to a collector.
struct QueryChoice {
  uint32_t sample = 1;          // one query of so many
  std::vector<uint8_t> rcodes;  // answered so; kNotAnswered: not answered; empty: all. The same holds for the next two
  std::vector<uint32_t> pools;  // indices: forwarded to one of them, or answered from what it had said
  std::vector<uint32_t> clients;  // indices of groups

  bool operator==(const QueryChoice&) const = default;
};

struct QueryLog {
  std::string to;       // "journald", "syslog", or the path of a file; empty: nowhere
  bool as_json = true;  // JSON lines; else as penstockctl tail prints them
  QueryChoice choice;
  uint64_t file_size = 100 << 20;  // octets, then the file is put aside
  uint32_t files = 10;             // that are kept aside

  bool operator==(const QueryLog&) const = default;
};

// How a collector is known, and we to it. Paths of PEM files; empty: see config/read/keys.h.
struct DnstapTls {
  std::string ca;
  std::string name;
  std::string certificate;
  std::string key;

  bool operator==(const DnstapTls&) const = default;
};

// The collector that queries are sent to as dnstap messages.
struct Dnstap {
  std::string to;  // path of a UNIX socket, or "192.168.10.9:6000", "[fd00::9]:6000"; empty: nowhere
  std::optional<DnstapTls> tls;
  std::optional<std::string> identity;  // empty text: not told; unwritten: as Dataplane::identity
  std::optional<std::string> version;   // the same; unwritten: "penstock VERSION"
  QueryChoice choice;

  bool is_socket() const { return to.starts_with('/'); }
  bool operator==(const Dnstap&) const = default;
};

// The log of both programs.
struct Log {
  bool as_json = false;
  LogLevel level = LogLevel::info;
  bool local_time = true;  // else UTC

  bool operator==(const Log&) const = default;
};

// Clients that count as one kind; a client belongs to the group with the longest prefix that it is in.
struct ClientGroup {
  std::string name;
  std::vector<IpPrefix> prefixes;
  uint32_t weight = 1;                      // times the share of a client of no group, where shares are limited
  uint32_t rate = 0;                        // queries/s of all its clients together, 0: none
  std::optional<uint32_t> rate_per_client;  // queries/s, 0: none; empty: as for clients of no group
  std::optional<uint16_t> udp_size;         // octets; empty: as the pool says
  Where where;
};

struct Clients {
  std::vector<IpPrefix> allow;  // default: RFC 1918, 100.64/10, loopback, link-local and ULA
  std::vector<IpPrefix> deny;
  bool silent = false;           // `refused: drop`: no REFUSED to clients that may not ask
  uint32_t rate_per_client = 0;  // queries/s of an IPv4 address or an IPv6 host, 0: none
  uint32_t response_rate = 0;    // the same answer to an IPv4 /24 or an IPv6 /56, answers/s, 0: no limit
  OverRate over_rate = OverRate::truncate;
  std::vector<IpPrefix> rate_exempt;  // no limit counts them
  std::vector<IpPrefix> allow_snoop;  // who may ask what is cached without asking for recursion (RD 0)
  std::vector<ClientGroup> groups;    // at most kMaxClientGroups (image.h) less the unnamed one
};

struct Endpoint {
  IpAddress address;
  uint32_t budget = 0;  // queries/s, 0: none
  uint32_t weight = 1;
  Where where;
};

struct HealthCheck {
  std::optional<WireName> name;  // default: the pool's first zone; for `recursive` pools the root
  std::chrono::milliseconds interval{1000};
  std::chrono::milliseconds timeout{500};
  uint32_t rise = 2;
  uint32_t fall = 3;
};

// What of a pool's answers is cached, and for how long. Times in seconds.
struct CachePolicy {
  bool enabled = true;
  bool stale = false;     // a stale answer rather than none (RFC 8767)
  bool prefetch = false;  // an answer that is often asked for is renewed before it expires
  bool rotate = true;     // address records in another order each time
  uint32_t max_ttl = 3600;
  uint32_t min_ttl = 0;
  uint32_t max_negative_ttl = 300;
  uint32_t max_stale = 86'400;
  uint64_t size = 0;  // octets of the cache that the pool's answers may take, 0: all of it
};

// What becomes of a client's subnet (RFC 7871) in a query to an endpoint.
enum class Ecs : uint8_t { strip, pass, add };

struct Pool {
  std::string name;
  PoolKind kind = PoolKind::recursive;
  bool is_private = false;  // its zones' names never go to another pool
  std::vector<Endpoint> endpoints;
  Policy policy = Policy::least_outstanding;
  bool tracked = false;         // the endpoints' security group tracks connections: they take less
  bool retry_servfail = false;  // `retry_on`: another endpoint may answer better
  bool retry_refused = false;
  CachePolicy cache;
  bool resolve_tc = false;  // a truncated answer is fetched by TCP
  Pipelining pipelining = Pipelining::automatic;
  uint16_t udp_size = 1232;  // octets of its answers that leave by UDP at most
  std::vector<uint16_t> pass_options =
      {};  // EDNS options that go on to the endpoints, at most kMaxPassOptions (image.h)
  Ecs ecs = Ecs::strip;
  bool randomise_case = false;  // of the names asked: letters that a forger must guess as well
  HealthCheck health;
  std::vector<IpAddress> source;  // at most one a family; empty: the kernel's choice for the route
  Where where;
};

constexpr uint32_t kLocalTtl = 60;  // s

// Text of a zone file (RFC 1035 section 5.1), as written: control/rules reads it.
struct RecordText {
  std::string text;
  Where where;  // of its first line
};

// What happens to the names of one entry of `zones:`, of one `studio:` service, or of `default:`, or to names that are built in.
struct Rule {
  Action action = Action::forward;
  uint32_t pool = 0;  // index into Model::pools, when action is forward
  bool is_private = false;
  bool cache = true;
  std::vector<IpPrefix> expect;  // where addresses of a private name must lie; empty: not checked
  std::string origin;            // "studio[0] studio", "zones[2]", "partners.txt", "default"
  Where where;
  OnLeak on_leak = OnLeak::servfail;
  CnameInto cname = CnameInto::chase;
  std::vector<RecordText> records = {};   // when action is records; relative to each name of the rule
  std::vector<IpAddress> addresses = {};  // when action is addresses
  uint32_t ttl = kLocalTtl;               // s: of what we answer ourselves and has no other; of SOAs that we make up
  bool is_built_in = false;               // not written: answered here because no pool can know better
  std::vector<uint32_t> clients = {};     // indices into Clients::groups, ascending; empty: it is for everybody
  Otherwise otherwise = Otherwise::refuse;
  uint32_t next =
      0xffffffff;  // index of the rule that its names' next entry has, for clients it is not for (link_views()); kNoRule
  std::vector<uint32_t> transfers = {};  // as clients: who may have the whole zone by AXFR or IXFR; empty: nobody
  bool assumes_ipv6 = false;             // nobody wrote the networks of IPv6 that `expect` has
};

// Whether `expect` leaves open where addresses of the family lie, though it says so of the other: those outside are withheld from
// clients (NODATA), since a failure would take the other family's from whoever asks for both.
bool is_withheld(const Rule&, uint8_t family);
// Whether the address lies where the rule says. One of 64:ff9b::/96 (RFC 6052) is judged by the IPv4 address inside, unless a network
// of IPv6 has it. Nothing is outside where nothing is expected.
bool is_expected(const Rule&, const IpAddress&);
// The IPv4 address that one of 64:ff9b::/96 has inside; else the address itself.
IpAddress judged_address(const IpAddress&);

enum class Scope : uint8_t {
  name,   // this name and nothing below it
  zone,   // the name and everything below it
  below,  // "*.name": everything below it, not the name itself
};

// Names are kept in one arena: a zone file may hold a million of them.
struct ZoneNames {
  struct Entry {
    uint32_t offset = 0;  // into bytes
    uint32_t rule = 0;    // index into Model::rules
    Where where;
    uint8_t length = 0;  // octets of the wire name
    Scope scope = Scope::zone;
  };
  std::string bytes;  // folded wire names
  std::vector<Entry> entries;

  std::string_view name(const Entry& entry) const { return std::string_view(bytes).substr(entry.offset, entry.length); }
  void add(std::string_view wire_name, Scope, uint32_t rule, Where);
};

// Certificate chain and key of the metrics port, in PEM.
struct MetricsTls {
  std::string certificate;  // paths
  std::string key;
  bool operator==(const MetricsTls&) const = default;
};

struct MetricsUser {
  std::string name;
  std::string password_hash;  // bcrypt, as crypt(3) writes it
  bool operator==(const MetricsUser&) const = default;
};

// Who may read the metrics. Applied by a reload.
struct MetricsAccess {
  std::optional<MetricsTls> tls;   // empty: plain HTTP
  std::vector<MetricsUser> users;  // empty: whoever reaches the port
  bool operator==(const MetricsAccess&) const = default;
};

struct Model {
  std::vector<std::string> files;  // files[0] is the YAML itself
  std::vector<Port> ports;
  std::vector<IpAddress> listen;   // empty: every address of the ports
  std::optional<uint32_t> lcores;  // empty: auto
  Idle idle = Idle::adaptive;
  Clients clients;
  std::vector<Pool> pools;
  std::vector<Rule> rules;
  ZoneNames zones;
  bool empty_zones = false;              // the reverse zones of RFC 6303 are answered here
  bool browser_canaries = false;         // browsers are told not to resolve names past us
  std::optional<uint32_t> default_rule;  // index into rules; empty: other names are REFUSED
  std::optional<uint32_t> updates;       // pool that dynamic updates go to; empty: they are answered NOTIMP
  std::optional<std::string> metrics_listen = "127.0.0.1:9153";
  MetricsAccess metrics_access;
  Dataplane dataplane;
  Control control;
  QueryLog query_log;
  Dnstap dnstap;
  Log log;
};

}  // namespace penstock::config

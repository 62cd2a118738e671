// config/read/keys.h - every key that a configuration can have: what readers take, what `penstockctl check` offers for a misspelt one, and
// what docs/configuration.md says of it. Long because it is one table.
//
// A reader can ask only for keys of the table, else it does not compile (KeyName). tests/config/read/keys_test.cpp feeds each example to
// the reader, holds each default against the model, and finds a key that no reader asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace penstock::config {

// Where a key stands. The table has them in this order, and keys.cpp says what each is.
enum class Place : uint8_t {
  file,
  port,
  clients,
  group,
  pool,
  endpoint,
  cache,
  health,
  pool_tcp,
  studio,
  suffix,
  zone,
  default_names,
  metrics,
  metrics_tls,
  metrics_user,
  dataplane,
  source_ports,
  tcp,
  control,
  log,
  query_log,
  dnstap,
  dnstap_tls,
};
constexpr size_t kPlaces = static_cast<size_t>(Place::dnstap_tls) + 1;

// What holds where the key is not written.
struct Default {
  enum class Kind : uint8_t {
    required,  // nothing: it must be written
    value,     // the text, as it would be written
    by_kind,   // the same in a pool of `kind: route53-inbound`, and `recursive` in one of the other kind
    words,     // what the text says
  };
  Kind kind;
  std::string_view text;
  std::string_view recursive;

  static constexpr Default required() { return {Kind::required, {}, {}}; }
  static constexpr Default of(std::string_view text) { return {Kind::value, text, {}}; }
  static constexpr Default by_kind(std::string_view inbound, std::string_view recursive) {
    return {Kind::by_kind, inbound, recursive};
  }
  static constexpr Default words(std::string_view text) { return {Kind::words, text, {}}; }
};

struct Key {
  Place place;
  std::string_view name;
  std::string_view type;
  std::string_view unit;  // empty: it has none
  Default fallback;
  std::string_view meaning;
  std::string_view example;  // the key with a value, and other keys of the place that it needs
};

inline constexpr Key kKeys[] = {
    // ---- the file ----
    {Place::file, "ports", "list of settings", "", Default::required(),
     "Ports that take queries and give answers, at most 8.", "ports: [{name: corp, device: \"af_xdp:eth0\"}]"},
    {Place::file, "listen", "addresses", "", Default::words("every address of the ports"),
     "Addresses that clients ask. A reply leaves from the address asked. `pci` and `vdev` ports need it.",
     "listen: [192.168.10.86, \"fd00:10::86\"]"},
    {Place::file, "lcores", "`auto` or number 1 to 64", "", Default::of("auto"),
     "Number of polling cores. `auto` takes what the ports can use and leaves one CPU free.", "lcores: 2"},
    {Place::file, "idle", "`adaptive` or `busy`", "", Default::of("adaptive"),
     "What a polling core does without packets: `adaptive` sleeps briefly, `busy` keeps its CPU at 100 %.",
     "idle: busy"},
    {Place::file, "clients", "settings", "", Default::words("the defaults of its keys"), "Who may ask, and how much.",
     "clients: {allow: [10.0.0.0/8], rate_per_client: 200}"},
    {Place::file, "pools", "settings by name", "", Default::words("none"),
     "Groups of DNS servers that queries are forwarded to. A name has 1 to 63 letters, digits, `-`, `_` and `.`.",
     "pools: {vpc: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10]}}"},
    {Place::file, "studio", "list of settings", "", Default::words("none"),
     "SageMaker Studio names by region and account. Each entry becomes the zones that AWS uses.",
     "studio: [{region: us-east-1, pool: vpc}]"},
    {Place::file, "zones", "list of settings", "", Default::words("none"), "Names, and who answers them.",
     "zones: [{zone: corp.example, pool: office}]"},
    {Place::file, "default", "settings", "", Default::words("REFUSED"), "Who answers all other names.",
     "default: {pool: office}"},
    {Place::file, "metrics", "settings, `on` or `off`", "", Default::words("on, at its default address"),
     "Prometheus metrics over HTTP or HTTPS.", "metrics: {listen: \"127.0.0.1:9153\"}"},
    {Place::file, "dataplane", "settings", "", Default::words("the defaults of its keys"),
     "The process that forwards. A change needs a restart of it, except to `query_timeout`.",
     "dataplane: {cache_size: 256MiB}"},
    {Place::file, "control", "settings", "", Default::words("the defaults of its keys"),
     "The process that reads this file, probes endpoints and serves `penstockctl`.", "control: {watch: on}"},
    {Place::file, "log", "settings", "", Default::words("text, and no query is logged"), "What is written down.",
     "log: {queries: {to: journald}}"},
    {Place::file, "empty_zones", "`on` or `off`", "", Default::of("off"),
     "`on` answers the reverse zones of private networks (RFC 6303) here. A zone of yours at or above one wins.",
     "empty_zones: on"},
    {Place::file, "browser_canaries", "`off` or `nxdomain`", "", Default::of("off"),
     "`nxdomain` tells browsers and phones not to use a DNS service of their own.", "browser_canaries: nxdomain"},
    {Place::file, "updates", "pool", "", Default::words("NOTIMP"),
     "Pool that gets dynamic updates (RFC 2136), which must not be private. Updates of private names are refused.",
     "updates: office"},

    // ---- ports[] ----
    {Place::port, "name", "text, 1 to 15 characters", "", Default::words("`port` and its number, from 0"),
     "Name of the port in messages and metrics.", "name: corp"},
    {Place::port, "device", "text", "", Default::required(),
     "Driver and device: `af_xdp:INTERFACE`, `af_packet:INTERFACE`, `pci:ADDRESS` or `vdev:NAME`. The first two leave "
     "the interface to the kernel.",
     "device: \"af_xdp:eth0\""},
    {Place::port, "vlans", "list of numbers 0 to 4094", "",
     Default::words("untagged, and the kernel's VLANs on the interface"),
     "VLANs to serve; 0 is untagged. Queries with other tags are dropped.", "vlans: [0, 42]"},
    {Place::port, "reverse_path", "`off` or `strict`", "", Default::of("off"),
     "`strict` accepts a source address only from its neighbour's MAC, or from a gateway's. `af_xdp` and `af_packet` "
     "only.",
     "reverse_path: strict"},
    {Place::port, "gateways", "list of MAC addresses", "", Default::words("none"),
     "MACs of routers that the kernel's routes do not show, such as both of an HSRP or VRRP pair. Needs `reverse_path: "
     "strict`.",
     "reverse_path: strict, gateways: [\"52:54:00:12:34:56\"]"},

    // ---- clients ----
    {Place::clients, "allow", "prefixes", "",
     Default::words("private, shared, loopback, link-local and unique local addresses"),
     "Networks that may ask. The longest prefix of `allow` and `deny` decides.", "allow: [10.0.0.0/8, \"fd00::/8\"]"},
    {Place::clients, "deny", "prefixes", "", Default::words("none"), "Networks that may not ask.",
     "deny: [10.66.0.0/16]"},
    {Place::clients, "refused", "`refuse` or `drop`", "", Default::of("refuse"),
     "What a client that may not ask gets: REFUSED, or nothing.", "refused: drop"},
    {Place::clients, "rate_per_client", "number 0 to 100000000", "queries/s", Default::of("0"),
     "Limit of one client: an IPv4 address or an IPv6 host. A /64 may send 4 times, a /56 16 times as many. 0: no "
     "limit.",
     "rate_per_client: 200"},
    {Place::clients, "over_rate", "`truncate`, `refuse` or `drop`", "", Default::of("truncate"),
     "A query is above a limit: `truncate` answers with TC, so that an honest client asks again over TCP; `refuse` "
     "answers REFUSED; `drop` does not answer.",
     "over_rate: refuse"},
    {Place::clients, "rate_exempt", "prefixes", "", Default::words("none"), "Networks that no limit counts.",
     "rate_exempt: [10.0.0.53]"},
    {Place::clients, "response_rate", "number 0 to 100000000", "answers/s", Default::of("0"),
     "Limit of equal answers to one network, an IPv4 /24 or IPv6 /56. 0: no limit.", "response_rate: 100"},
    {Place::clients, "groups", "settings by name", "", Default::words("none"),
     "Groups of clients, at most 255. A client belongs to the group with its longest prefix.",
     "groups: {ml-team: {prefixes: [10.20.0.0/16]}}"},
    {Place::clients, "allow_snoop", "prefixes", "", Default::words("none"),
     "Networks that may ask without recursion (`dig +norecurse`) and hear what the cache has. Others get REFUSED.",
     "allow_snoop: [10.0.0.53]"},

    // ---- clients.groups.NAME ----
    {Place::group, "prefixes", "prefixes", "", Default::required(), "Networks of the group's clients.",
     "prefixes: [10.20.0.0/16]"},
    {Place::group, "weight", "number 1 to 1000", "", Default::of("1"),
     "Share of each client of the group when a resource runs short. A client in no group has 1.",
     "prefixes: [10.20.0.0/16], weight: 20"},
    {Place::group, "rate", "number 0 to 100000000", "queries/s", Default::of("0"),
     "Limit of all clients of the group together. 0: no limit.", "prefixes: [10.30.0.0/16], rate: 2000"},
    {Place::group, "rate_per_client", "number 0 to 100000000", "queries/s", Default::words("as in `clients`"),
     "Limit of each client of the group. 0: no limit.", "prefixes: [10.40.0.0/24], rate_per_client: 2000"},
    {Place::group, "udp_size", "number 512 to 4096", "octets", Default::words("that of the pool"),
     "Largest answer to these clients over UDP. A larger one is truncated.",
     "prefixes: [10.50.0.0/16], udp_size: 1400"},

    // ---- pools.NAME ----
    {Place::pool, "kind", "`recursive` or `route53-inbound`", "", Default::required(),
     "`route53-inbound`: inbound endpoints of your VPC, always private. `recursive`: resolvers that know public names.",
     "kind: route53-inbound"},
    {Place::pool, "private", "`on` or `off`", "", Default::by_kind("on", "off"),
     "`on`: names that go to this pool never go to another. `route53-inbound` is always private.",
     "kind: recursive, private: on"},
    {Place::pool, "endpoints", "list of addresses or settings", "", Default::required(),
     "Servers of the pool. All pools together have 1024 at most.",
     "endpoints: [10.16.1.10, {address: 10.16.2.10, budget: 5000}]"},
    {Place::pool, "health", "settings", "", Default::words("the defaults of its keys"),
     "How endpoints are probed over UDP and TCP.", "health: {interval: 2s}"},
    {Place::pool, "source", "addresses", "", Default::words("what the kernel's route says"),
     "Address that queries are sent from, one for each family. Never an anycast address.", "source: 192.168.10.86"},
    {Place::pool, "tracked", "`on` or `off`", "", Default::of("off"),
     "`on`: the endpoints' security group tracks connections, so the default budget is 1500 queries/s.", "tracked: on"},
    {Place::pool, "policy", "`least-outstanding`, `round-robin`, `weighted` or `ordered`", "",
     Default::of("least-outstanding"),
     "Which endpoint gets a query: of two drawn at random the one that owes fewer answers; the next in turn; one at "
     "random by `weight`; or the first that is up (not with `route53-inbound`).",
     "policy: round-robin"},
    {Place::pool, "retry_on", "`servfail`, `refused` or a list", "", Default::words("none"),
     "Errors after which another endpoint is asked.", "retry_on: [servfail, refused]"},
    {Place::pool, "cache", "settings, `on` or `off`", "", Default::of("on"), "Whether and how long answers are cached.",
     "cache: {max_ttl: 600}"},
    {Place::pool, "rrset_order", "`rotate` or `keep`", "", Default::of("rotate"),
     "Order of the addresses in an answer from the cache: another one each time, or as they came.",
     "rrset_order: keep"},
    {Place::pool, "resolve_tc", "`on` or `off`", "", Default::of("off"),
     "`on` fetches a truncated answer over TCP. `off` passes it to the client with TC.", "resolve_tc: on"},
    {Place::pool, "tcp", "settings", "", Default::words("the defaults of its keys"),
     "TCP connections to the endpoints.", "tcp: {pipelining: off}"},
    {Place::pool, "udp_size", "number 512 to 4096", "octets", Default::of("1232"),
     "Largest answer of this pool to a client over UDP. A larger one is truncated.", "udp_size: 1400"},
    {Place::pool, "pass_options", "numbers 1 to 65535", "", Default::words("none"),
     "Codes of EDNS options that pass between client and endpoint, at most 8. Queries with one share no answers, and "
     "none is cached.",
     "pass_options: [65001]"},
    {Place::pool, "ecs", "`strip`, `pass` or `add`", "", Default::of("strip"),
     "Client subnet (RFC 7871) towards endpoints: remove it, pass the client's, or add one. Queries that carry one "
     "share no answers, and none is cached.",
     "ecs: pass"},
    {Place::pool, "randomise_case", "`on` or `off`", "", Default::of("off"),
     "`on` asks in random upper and lower case, which a forger must guess. Endpoints that do not keep case are spared.",
     "randomise_case: on"},

    // ---- pools.NAME.endpoints[] ----
    {Place::endpoint, "address", "address", "", Default::required(), "Address of the server.", "address: 10.16.2.10"},
    {Place::endpoint, "budget", "number 0 to 100000000", "queries/s", Default::by_kind("10000", "0"),
     "Most queries that this forwarder sends to the endpoint; 1500 unless written where the pool has `tracked: on`. 0: "
     "no limit. Divide it by hand between forwarders.",
     "address: 10.16.2.10, budget: 5000"},
    {Place::endpoint, "weight", "number 1 to 1000", "", Default::of("1"),
     "Share of the pool's queries under `policy: weighted`.", "address: 10.16.2.10, weight: 2"},

    // ---- pools.NAME.cache ----
    {Place::cache, "size", "size, 1MiB or more", "KiB, MiB, GiB", Default::words("all of `dataplane.cache_size`"),
     "Most memory that answers of this pool take.", "size: 16MiB"},
    {Place::cache, "stale", "`on` or `off`", "", Default::by_kind("on", "off"),
     "`on` gives a stale answer when no endpoint answers (RFC 8767).", "stale: on"},
    {Place::cache, "prefetch", "`on` or `off`", "", Default::by_kind("on", "off"),
     "`on` renews answers that are often asked for before they expire.", "prefetch: on"},
    {Place::cache, "max_ttl", "number 0 to 604800", "s", Default::of("3600"),
     "Longest time that an answer is cached. Clients see no greater TTL.", "max_ttl: 600"},
    {Place::cache, "min_ttl", "number 0 to 3600", "s", Default::of("0"),
     "Shortest time that an answer is cached. Clients see no smaller TTL.", "min_ttl: 5"},
    {Place::cache, "max_negative_ttl", "number 0 to 604800", "s", Default::by_kind("300", "15"),
     "Longest time that NXDOMAIN or NODATA is cached.", "max_negative_ttl: 30"},
    {Place::cache, "max_stale", "number 0 to 604800", "s", Default::of("86400"),
     "How long after its TTL ends a stale answer may be given. Needs `stale: on`.", "stale: on, max_stale: 3600"},

    // ---- pools.NAME.health ----
    {Place::health, "name", "domain name", "", Default::words("the pool's first zone; recursive: the root"),
     "Name that probes ask for.", "name: d-sq9djt5lr5pc.studio.us-east-1.sagemaker.aws"},
    {Place::health, "interval", "duration 600ms to 1h", "ms, s, m, h", Default::of("1s"),
     "Time from one probe of an endpoint to the next.", "interval: 2s"},
    {Place::health, "timeout", "duration 10ms to 10s", "ms, s, m, h", Default::of("500ms"),
     "Time after which an unanswered probe has failed.", "timeout: 1s"},
    {Place::health, "rise", "number 1 to 100", "probes", Default::of("2"),
     "Successful probes in a row after which an endpoint is up.", "rise: 3"},
    {Place::health, "fall", "number 1 to 100", "probes", Default::of("3"),
     "Failed probes in a row after which an endpoint is down.", "fall: 2"},

    // ---- pools.NAME.tcp ----
    {Place::pool_tcp, "pipelining", "`auto`, `on` or `off`", "", Default::of("auto"),
     "Whether several queries share a connection at a time. `auto` stops it for an endpoint that does not answer them.",
     "pipelining: off"},

    // ---- studio[] ----
    {Place::studio, "region", "AWS region", "", Default::required(), "Region of the Studio domains.",
     "region: us-east-1"},
    {Place::studio, "pool", "pool", "", Default::required(), "Private pool of the VPC's inbound endpoints.",
     "pool: vpc"},
    {Place::studio, "domains", "`all` or list of domain ids", "", Default::of("all"),
     "Studio domains of this account. A list needs `others`, because hosts of spaces do not carry the id.",
     "domains: [d-sq9djt5lr5pc], others: vpc"},
    {Place::studio, "others", "pool or `refuse`", "", Default::words("none"),
     "Who answers the other Studio hosts of the region. It goes with a list of `domains`, and only with one.",
     "domains: [d-sq9djt5lr5pc], others: refuse"},
    {Place::studio, "services", "`studio`, `api`, `runtime`, `notebook`, `labeling`, `mlflow`, `mlflow-app` or a list",
     "", Default::of("studio"), "SageMaker services whose names go to the pool. `api` and `runtime` need `expect`.",
     "services: [studio, api, runtime], expect: [10.16.0.0/16]"},
    {Place::studio, "expect", "prefixes", "", Default::words("private networks"),
     "Networks of the VPC endpoints. An answer with another address is a leak. A family without a network is withheld.",
     "expect: [10.16.0.0/16]"},
    {Place::studio, "on_leak", "`servfail` or `alarm`", "", Default::of("servfail"),
     "An answer has an address outside `expect`: `servfail` withholds it, `alarm` passes it on and reports it.",
     "on_leak: alarm"},
    {Place::studio, "cname", "`chase`, `alarm` or `pass`", "", Default::of("chase"),
     "A CNAME of another name leads into these zones: `chase` asks this pool for its end, `alarm` only reports it, "
     "`pass` ignores it.",
     "cname: alarm"},
    {Place::studio, "suffix", "domain name or settings", "", Default::words("those of the region's AWS partition"),
     "Domains that the names end in, for a partition that this version does not know. One name stands for `sagemaker`.",
     "suffix: {sagemaker: sagemaker.example, amazonaws: aws.example}"},
    {Place::studio, "clients", "groups of clients", "", Default::words("everybody"), "Groups that these names are for.",
     "clients: [ml-team]"},
    {Place::studio, "otherwise", "`refuse` or `next`", "", Default::of("refuse"),
     "What clients outside `clients` get: REFUSED, or the next entry that has the name.",
     "clients: [ml-team], otherwise: next"},

    // ---- studio[].suffix ----
    {Place::suffix, "sagemaker", "domain name", "", Default::words("`sagemaker.aws`, or the partition's"),
     "End of the names of `studio`, `notebook`, `labeling` and `mlflow`.", "sagemaker: sagemaker.example"},
    {Place::suffix, "amazonaws", "domain name", "", Default::words("`amazonaws.com`, or the partition's"),
     "End of the names of `api` and `runtime`.", "amazonaws: aws.example"},
    {Place::suffix, "dual_stack", "domain name", "", Default::words("`api.aws`, or the partition's"),
     "End of the dual-stack names of `api` and `runtime`.", "dual_stack: api.example"},
    {Place::suffix, "app", "domain name", "", Default::words("`app.aws`, or the partition's"),
     "End of the names of `mlflow-app` and of the second Studio zone.", "app: app.example"},

    // ---- zones[] ----
    {Place::zone, "zone", "domain name, `*.NAME` or prefix", "", Default::words("one of the three is required"),
     "A name and everything below it. `*.NAME` leaves out the name itself. A prefix stands for its reverse zones.",
     "zone: corp.example, pool: office"},
    {Place::zone, "name", "domain name", "", Default::words("see `zone`"), "One exact name.",
     "name: host.corp.example, pool: office"},
    {Place::zone, "zones_file", "path", "", Default::words("see `zone`"),
     "File with one zone on each line; `#` begins a comment. A relative path begins at the folder of the YAML.",
     "zones_file: partners.txt, pool: office"},
    {Place::zone, "pool", "pool", "", Default::words("one of the four is required"),
     "Pool that the names are forwarded to.", "zone: corp.example, pool: office"},
    {Place::zone, "answer", "`nxdomain`, `nodata`, `refused` or addresses", "", Default::words("see `pool`"),
     "Answer given here: an error, or these addresses for each of the names.", "zone: ads.example, answer: nxdomain"},
    {Place::zone, "records", "texts", "", Default::words("see `pool`"),
     "The zone's records, in the form of a zone file (RFC 1035). Only beside `zone`.",
     "zone: ml.example, records: [\"@ A 10.16.110.189\", \"www CNAME @\"]"},
    {Place::zone, "zone_file", "path", "", Default::words("see `pool`"), "File with the zone's records (RFC 1035).",
     "zone: ml.example, zone_file: ml.example.zone"},
    {Place::zone, "ttl", "number 0 to 2147483647", "s", Default::of("60"),
     "TTL of what is answered here and has none of its own. Not beside `pool`.",
     "zone: ml.example, answer: 10.16.110.189, ttl: 300"},
    {Place::zone, "private", "`on` or `off`", "", Default::words("as the pool is; else off"),
     "`on` keeps the names from all other pools and turns the leak guard on.",
     "zone: lab.example, pool: office, private: on"},
    {Place::zone, "cache", "`on` or `off`", "", Default::of("on"),
     "Whether answers for these names are cached. Times are a setting of the pool.",
     "zone: lab.example, pool: office, cache: off"},
    {Place::zone, "expect", "prefixes", "", Default::words("none: addresses are not checked"),
     "Networks that addresses of these names lie in. An answer with another address is a leak. A family without a "
     "network is withheld.",
     "zone: lab.example, pool: vpc, expect: [10.16.0.0/16]"},
    {Place::zone, "on_leak", "`servfail` or `alarm`", "", Default::of("servfail"),
     "An answer has an address outside `expect`: `servfail` withholds it, `alarm` passes it on and reports it.",
     "zone: lab.example, pool: vpc, expect: [10.16.0.0/16], on_leak: alarm"},
    {Place::zone, "cname", "`chase`, `alarm` or `pass`", "", Default::of("chase"),
     "A CNAME of another name leads into this private zone: `chase` asks this pool for its end, `alarm` only reports "
     "it, `pass` ignores it.",
     "zone: lab.example, pool: vpc, cname: pass"},
    {Place::zone, "clients", "groups of clients", "", Default::words("everybody"), "Groups that these names are for.",
     "zone: lab.example, pool: vpc, clients: [ml-team]"},
    {Place::zone, "otherwise", "`refuse` or `next`", "", Default::of("refuse"),
     "What clients outside `clients` get: REFUSED, or the next entry that has the name.",
     "zone: lab.example, pool: vpc, clients: [ml-team], otherwise: next"},
    {Place::zone, "transfers", "groups of clients", "", Default::words("nobody"),
     "Groups that may transfer the zone (AXFR, IXFR over TCP). Beside `zone: NAME` and `pool`, without `expect`.",
     "zone: corp.example, pool: office, transfers: [ml-team]"},

    // ---- default ----
    {Place::default_names, "pool", "pool", "", Default::words("one of the two is required"),
     "Pool that all other names are forwarded to.", "pool: office"},
    {Place::default_names, "answer", "`nxdomain`, `nodata`, `refused` or addresses", "", Default::words("see `pool`"),
     "Answer given here to all other names.", "answer: refused"},
    {Place::default_names, "ttl", "number 0 to 2147483647", "s", Default::of("60"),
     "TTL of an answer given here. Not beside `pool`.", "answer: nxdomain, ttl: 300"},
    {Place::default_names, "cache", "`on` or `off`", "", Default::of("on"),
     "Whether answers for these names are cached.", "pool: office, cache: off"},

    // ---- metrics ----
    {Place::metrics, "listen", "address and port", "", Default::of("127.0.0.1:9153"),
     "Where HTTP clients get the metrics.", "listen: \"[::1]:9153\""},
    {Place::metrics, "tls", "settings", "", Default::words("plain HTTP"),
     "Certificate of the port. HTTPS only then. Read again at each reload.",
     "tls: {certificate: /etc/penstock/metrics.pem, key: /etc/penstock/metrics.key}"},
    {Place::metrics, "users", "list of settings", "", Default::words("everybody who reaches the port"),
     "Who may read `/metrics`, by HTTP basic authentication. `/healthz` and `/readyz` answer everybody in one line.",
     "users: [{name: prometheus, password_hash: "
     "\"$2y$10$vI8aWBnW3fID.ZQ4/zo1G.q1lRps.9cGLcZEiGDMVr5yUP1KUOYTa\"}]"},
    {Place::metrics_tls, "certificate", "path", "", Default::required(),
     "PEM file with the certificate, and behind it those of the authorities in between.",
     "certificate: /etc/penstock/metrics.pem"},
    {Place::metrics_tls, "key", "path", "", Default::required(),
     "PEM file with its private key, which the user of penstock-control must be able to read.",
     "key: /etc/penstock/metrics.key"},
    {Place::metrics_user, "name", "text, 1 to 63 characters", "", Default::required(), "User name.",
     "name: prometheus"},
    {Place::metrics_user, "password_hash", "bcrypt hash", "", Default::required(),
     "Of the password, as `htpasswd -nBC 10 USER` or `mkpasswd -m bcrypt` writes it, with a cost of 4 to 14.",
     "password_hash: \"$2y$10$vI8aWBnW3fID.ZQ4/zo1G.q1lRps.9cGLcZEiGDMVr5yUP1KUOYTa\""},

    // ---- dataplane ----
    {Place::dataplane, "eal", "list of texts", "", Default::words("none"), "Further arguments to DPDK's EAL.",
     "eal: [\"--no-telemetry\"]"},
    {Place::dataplane, "socket", "path", "", Default::of("/run/penstock/dataplane.sock"),
     "UNIX socket that the control process connects to.", "socket: /run/penstock-try/dataplane.sock"},
    {Place::dataplane, "state_dir", "path", "", Default::of("/var/lib/penstock"),
     "Folder of the last good rules and of copies of this file.", "state_dir: /var/lib/penstock-try"},
    {Place::dataplane, "source_ports", "settings", "", Default::words("16384 ports outside the kernel's own range"),
     "UDP source ports of queries to endpoints. More ports make answers harder to forge.",
     "source_ports: {first: 20000, count: 4096}"},
    {Place::dataplane, "pending", "power of two, 16 to 65536", "queries", Default::of("65536"),
     "Most queries that one polling core has under way at a time.", "pending: 8192"},
    {Place::dataplane, "query_timeout", "duration 50ms to 1m", "ms, s, m, h", Default::of("1800ms"),
     "Time after which a client gets a stale answer or SERVFAIL.", "query_timeout: 1500ms"},
    {Place::dataplane, "cache_size", "size or 0", "KiB, MiB, GiB", Default::of("64MiB"),
     "Memory of the answer cache, for all pools. 0: no answers are cached.", "cache_size: 256MiB"},
    {Place::dataplane, "tcp", "settings", "", Default::words("the defaults of its keys"), "TCP connections of clients.",
     "tcp: {connections: 2000}"},
    {Place::dataplane, "identity", "text of at most 255 octets, or `none`", "", Default::words("the host's name"),
     "Name of this forwarder in answers to NSID and `id.server`.", "identity: fwd-1"},
    {Place::dataplane, "version", "text of at most 255 octets, or `none`", "", Default::of("none"),
     "Answer to `version.bind` and `version.server`. `none`: REFUSED.", "version: penstock"},

    // ---- dataplane.source_ports ----
    {Place::source_ports, "first", "number 1024 to 65535", "", Default::words("required beside `count`"),
     "Lowest source port.", "first: 20000"},
    {Place::source_ports, "count", "number 1 to 64512", "ports", Default::of("16384"),
     "Number of source ports, divided between the polling cores. Below 256 for each core, answers are easier to forge "
     "(RFC 5452).",
     "first: 20000, count: 4096"},
    {Place::source_ports, "budget", "number 1 to 1000000", "ports", Default::of("40000"),
     "Most address and port pairs that an endpoint may see from all forwarders.", "budget: 30000"},
    {Place::source_ports, "nodes", "number 1 to 1000", "forwarders", Default::of("1"),
     "Forwarders that share `budget`.", "nodes: 4"},

    // ---- dataplane.tcp ----
    {Place::tcp, "connections", "number 1 to 65536", "connections", Default::of("10000"),
     "Most connections open at a time. A further one closes the idlest of the client that has most.",
     "connections: 2000"},
    {Place::tcp, "connections_per_client", "number 1 to 65536", "connections", Default::of("1000"),
     "Most connections of one host. An IPv6 /64 may have 4 times, a /56 16 times as many.",
     "connections_per_client: 100"},
    {Place::tcp, "idle_timeout", "duration 100ms to 10m", "ms, s, m, h", Default::of("10s"),
     "Time without a query after which a connection is closed.", "idle_timeout: 30s"},

    // ---- control ----
    {Place::control, "socket", "path", "", Default::of("/run/penstock/control.sock"),
     "UNIX socket that `penstockctl` connects to.", "socket: /run/penstock-try/control.sock"},
    {Place::control, "watch", "`on` or `off`", "", Default::of("off"), "`on` reloads this file when it changes.",
     "watch: on"},
    {Place::control, "look", "groups of users", "", Default::words("root and the user of `penstock-control` alone"),
     "Groups of this host whose members may look with `penstockctl`. They see names and clients, and this file.",
     "look: [dns-readers]"},
    {Place::control, "change", "groups of users", "", Default::words("root and the user of `penstock-control` alone"),
     "Groups whose members may look and change: reload, roll back, drain, flush. Each change is a line in the log.",
     "change: [dns-admins]"},

    // ---- log ----
    {Place::log, "format", "`text` or `json`", "", Default::of("text"),
     "The log of both programs on standard error. `json`: one object per line. Lines before this file is read are "
     "text.",
     "format: json"},
    {Place::log, "level", "`debug`, `info`, `warning` or `error`", "", Default::of("info"),
     "Lines of this level and above. The audit lines of changes are always written.", "level: warning"},
    {Place::log, "time", "`local` or `utc`", "", Default::of("local"),
     "Zone of the times. In the journal, which has times of its own, text lines have none.", "time: utc"},
    {Place::log, "queries", "settings", "", Default::words("no query is logged"),
     "The query log: a line for each query that is over, as `penstockctl tail` shows them.",
     "queries: {to: /var/log/penstock/queries.log}"},
    {Place::log, "dnstap", "settings", "", Default::words("nothing is sent"),
     "A dnstap collector: each query that is over is sent to it, without the records of its answer.",
     "dnstap: {to: /run/collector/dnstap.sock}"},

    // ---- log.queries ----
    {Place::query_log, "to", "path, `journald` or `syslog`", "", Default::required(),
     "Where the lines go. Queries that it cannot take in time are not logged, and counted.", "to: journald"},
    {Place::query_log, "format", "`json` or `text`", "", Default::of("json"),
     "`json`: one object per line. `text`: as `penstockctl tail` prints a query.", "format: text"},
    {Place::query_log, "sample", "number 1 to 1000000", "", Default::of("1"),
     "One of so many of the queries that the other settings select.", "sample: 100"},
    {Place::query_log, "rcodes", "rcodes", "", Default::words("all"),
     "Only queries answered so; `none`: only those without an answer.", "rcodes: [SERVFAIL, REFUSED, none]"},
    {Place::query_log, "pools", "pools", "", Default::words("all, and queries of no pool"),
     "Only queries whose rule forwards to one of these pools.", "pools: [vpc]"},
    {Place::query_log, "clients", "groups of clients", "", Default::words("all"),
     "Only queries of clients in one of these groups.", "clients: [ml-team]"},
    {Place::query_log, "file_size", "size 64KiB to 64GiB", "octets, KiB, MiB, GiB", Default::of("100MiB"),
     "The file is put aside at this size, as FILE.1.", "file_size: 1GiB"},
    {Place::query_log, "files", "number 1 to 1000", "", Default::of("10"), "Files kept aside. The oldest goes.",
     "files: 30"},

    // ---- log.dnstap ----
    {Place::dnstap, "to", "path, or address and port", "", Default::required(),
     "UNIX socket or TCP address of the collector. Queries that it cannot take in time are not sent, and counted.",
     "to: \"192.168.10.9:6000\""},
    {Place::dnstap, "tls", "settings", "", Default::words("no TLS"),
     "TLS to the collector, whose certificate is checked. Only beside a TCP address. `tls: {}`: with the defaults.",
     "to: \"192.168.10.9:6000\", tls: {ca: /etc/penstock/collector-ca.pem}"},
    {Place::dnstap, "identity", "text of at most 255 octets, or `none`", "",
     Default::words("`dataplane.identity`, else the host's name"), "Name of this forwarder in each message.",
     "identity: fwd-1"},
    {Place::dnstap, "version", "text of at most 255 octets, or `none`", "",
     Default::words("`penstock` and its version"), "Version in each message.", "version: none"},
    {Place::dnstap, "sample", "number 1 to 1000000", "", Default::of("1"),
     "One of so many of the queries that the other settings select.", "sample: 100"},
    {Place::dnstap, "rcodes", "rcodes", "", Default::words("all"),
     "Only queries answered so; `none`: only those without an answer.", "rcodes: [SERVFAIL, REFUSED, none]"},
    {Place::dnstap, "pools", "pools", "", Default::words("all, and queries of no pool"),
     "Only queries whose rule forwards to one of these pools.", "pools: [vpc]"},
    {Place::dnstap, "clients", "groups of clients", "", Default::words("all"),
     "Only queries of clients in one of these groups.", "clients: [ml-team]"},

    // ---- log.dnstap.tls ----
    {Place::dnstap_tls, "ca", "path", "", Default::words("the system's certificates"),
     "PEM file of the authorities that the collector's certificate may come from.",
     "ca: /etc/penstock/collector-ca.pem"},
    {Place::dnstap_tls, "name", "domain name", "", Default::words("the address of `to`"),
     "Name that the collector's certificate must have.", "name: collector.corp.example"},
    {Place::dnstap_tls, "certificate", "path", "", Default::words("none"),
     "PEM file of our certificate and those up to its authority, for a collector that asks for it. Beside `key`.",
     "certificate: /etc/penstock/dnstap.pem, key: /etc/penstock/dnstap.key"},
    {Place::dnstap_tls, "key", "path", "", Default::words("none"), "PEM file of the key of `certificate`.",
     "certificate: /etc/penstock/dnstap.pem, key: /etc/penstock/dnstap.key"},
};

// The keys of a place, one behind the other.
constexpr std::span<const Key> keys_of(Place place) {
  const std::span all(kKeys);
  size_t begin = 0;
  while (begin < all.size() && all[begin].place != place) ++begin;
  size_t end = begin;
  while (end < all.size() && all[end].place == place) ++end;
  return all.subspan(begin, end - begin);
}

// The name of a key that the table has. Another one does not compile.
struct KeyName {
  template <size_t N>
  consteval KeyName(const char (&written)[N]) : text(written) {  // NOLINT(google-explicit-constructor): get("name")
    for (const Key& key : kKeys)
      if (key.name == text) return;
    throw "no key of the table has this name";  // not a constant expression
  }
  std::string_view text;
};

struct PlaceText {
  std::string_view path;  // "pools.NAME.cache"
  std::string_view meaning;
};
// In words, for people.
PlaceText text_of(Place);

}  // namespace penstock::config

#include "config/contract/decisions/decision.h"
#include "tests/config/read/model_text.h"

namespace penstock::config::test {
namespace {

using std::chrono::milliseconds;

TEST(ReadModel, SaysWhatClientsAreToldOfUs) {
  const std::string longest(255, 'a');
  const struct {
    const char* what;
    std::string dataplane;
    std::optional<std::string> identity;
    std::string version;
  } cases[] = {
      {.what = "by default the host's name alone", .dataplane = "", .identity = {}, .version = ""},
      {.what = "a name", .dataplane = "identity: fwd-1.example", .identity = "fwd-1.example", .version = ""},
      {.what = "a name and a version",
       .dataplane = "identity: a, version: 'penstock 1'",
       .identity = "a",
       .version = "penstock 1"},
      {.what = "neither", .dataplane = "identity: none, version: none", .identity = "", .version = ""},
      {.what = "the same", .dataplane = "identity: '', version: ''", .identity = "", .version = ""},
      {.what = "the longest",
       .dataplane = "identity: " + longest + ", version: " + longest,
       .identity = longest,
       .version = longest},
  };
  for (const auto& one : cases) {
    const Model model = model_of(kBase + "dataplane: {" + one.dataplane + "}\n");
    EXPECT_EQ(model.dataplane.identity, one.identity) << one.what;
    EXPECT_EQ(model.dataplane.version, one.version) << one.what;
  }
}

TEST(ReadModel, FillsInDefaults) {
  const Model model = model_of(kBase + "default: {pool: office}\n");
  EXPECT_TRUE(model.listen.empty());
  EXPECT_FALSE(model.lcores.has_value());
  EXPECT_EQ(model.idle, Idle::adaptive);
  EXPECT_EQ(model.clients.allow.size(), 9U);
  EXPECT_FALSE(model.clients.silent);
  EXPECT_EQ(model.metrics_listen, "127.0.0.1:9153");
  EXPECT_FALSE(model.dataplane.source_ports.has_value());
  EXPECT_EQ(model.dataplane.pending, Dataplane{}.pending);
  EXPECT_EQ(model.dataplane.query_timeout, milliseconds(1800));
  EXPECT_FALSE(model.control.watch);
  ASSERT_EQ(model.pools.size(), 2U);
  EXPECT_EQ(model.pools[0].endpoints[0].budget, 10000U);
  EXPECT_EQ(model.pools[1].endpoints[0].budget, 0U);
  EXPECT_EQ(model.pools[0].health.interval, milliseconds(1000));
  EXPECT_EQ(model.pools[0].where.line, 3U);
}

const char* const kEverySetting = R"(
ports:
  - {name: office, device: "af_xdp:eth0"}
  - {device: "pci:0000:3b:00.1"}
  - {device: "vdev:net_tap0,iface=tap0"}
  - {device: "af_packet:lan1"}
listen: ["fd00::86", 192.168.10.86]
lcores: 4
idle: busy
clients: {allow: [0.0.0.0/0], deny: 10.66.0.0/16, refused: drop, rate_per_client: 50}
pools:
  a:
    kind: recursive
    private: Yes
    tracked: true
    source: [192.168.10.86, "fd00::86"]
    endpoints: [{address: "fd00::1", budget: 7, weight: 3}]
    health: {name: Probe.Example, interval: 2s, timeout: 1500ms, rise: 1, fall: 5}
default: {answer: refused}
metrics: off
dataplane: {eal: [--log-level=8, "-v"], socket: /s, state_dir: /d, source_ports: {first: 2000, count: 100}, pending: 64, query_timeout: 1m}
control: {socket: /c, watch: "on"}
log: {queries: {to: /q.log, format: text, sample: 5, rcodes: [servfail, none], pools: a, file_size: 1MiB, files: 3},
      dnstap: {to: "[fd00::9]:6000", tls: {ca: /ca.pem, name: Collector.Example, certificate: /c.pem, key: /c.key},
               identity: fwd-1, version: none, sample: 7, rcodes: [nxdomain], pools: [a]}}
zones: [{zone: a.example, pool: a}]
)";

TEST(ReadModel, ReadsEverySetting) {
  const Model model = model_of(kEverySetting);
  ASSERT_EQ(model.ports.size(), 4U);
  EXPECT_EQ(model.ports[0].name, "office");
  EXPECT_EQ(model.ports[0].kind, PortKind::af_xdp);
  EXPECT_EQ(model.ports[0].device, "eth0");
  EXPECT_EQ(model.ports[0].where.line, 3U);
  EXPECT_EQ(model.ports[1].name, "port1");
  EXPECT_EQ(model.ports[1].kind, PortKind::pci);
  EXPECT_EQ(model.ports[1].device, "0000:3b:00.1");
  EXPECT_EQ(model.ports[2].kind, PortKind::vdev);
  EXPECT_EQ(model.ports[2].device, "net_tap0,iface=tap0");
  EXPECT_EQ(model.ports[3].kind, PortKind::af_packet);
  EXPECT_EQ(model.listen, (std::vector{*parse_address("fd00::86"), *parse_address("192.168.10.86")}));
  EXPECT_EQ(model.lcores, 4U);
  EXPECT_EQ(model.idle, Idle::busy);
  EXPECT_EQ(model.clients.allow, std::vector{*parse_prefix("0.0.0.0/0")});
  EXPECT_EQ(model.clients.deny, std::vector{*parse_prefix("10.66.0.0/16")});
  EXPECT_TRUE(model.clients.silent);
  EXPECT_EQ(model.clients.rate_per_client, 50U);
  const Pool& pool = model.pools[0];
  EXPECT_TRUE(pool.is_private);
  EXPECT_EQ(pool.source.size(), 2U);
  EXPECT_EQ(pool.endpoints[0].address, *parse_address("fd00::1"));
  EXPECT_EQ(pool.endpoints[0].budget, 7U);
  EXPECT_EQ(pool.endpoints[0].weight, 3U);
  EXPECT_EQ(pool.health.name, *parse_name("probe.example"));
  EXPECT_EQ(pool.health.interval, milliseconds(2000));
  EXPECT_EQ(pool.health.timeout, milliseconds(1500));
  EXPECT_EQ(pool.health.rise, 1U);
  EXPECT_EQ(pool.health.fall, 5U);
  ASSERT_TRUE(model.default_rule.has_value());
  EXPECT_EQ(model.rules[*model.default_rule].action, Action::refused);
  EXPECT_EQ(model.rules[*model.default_rule].origin, "default");
  EXPECT_FALSE(model.metrics_listen.has_value());
  EXPECT_EQ(model.dataplane.eal, (std::vector<std::string>{"--log-level=8", "-v"}));
  EXPECT_EQ(model.dataplane.socket, "/s");
  EXPECT_EQ(model.dataplane.state_dir, "/d");
  ASSERT_TRUE(model.dataplane.source_ports.has_value());
  EXPECT_EQ(model.dataplane.source_ports->first, 2000);
  EXPECT_EQ(model.dataplane.source_ports->count, 100);
  EXPECT_EQ(model.dataplane.pending, 64U);
  EXPECT_EQ(model.dataplane.query_timeout, milliseconds(60000));
  EXPECT_EQ(model.control.socket, "/c");
  EXPECT_TRUE(model.control.watch);
  EXPECT_EQ(model.query_log,
            (QueryLog{.to = "/q.log",
                      .as_json = false,
                      .choice = {.sample = 5, .rcodes = {2, kNotAnswered}, .pools = {0}, .clients = {}},
                      .file_size = 1 << 20,
                      .files = 3}));
  const DnstapTls tls{.ca = "/ca.pem", .name = "collector.example", .certificate = "/c.pem", .key = "/c.key"};
  EXPECT_EQ(model.dnstap, (Dnstap{.to = "[fd00::9]:6000",
                                  .tls = tls,
                                  .identity = "fwd-1",
                                  .version = "",
                                  .choice = {.sample = 7, .rcodes = {3}, .pools = {0}, .clients = {}}}));
}

TEST(ReadModel, ReadsHowAPoolIsUsed) {
  const Model model = model_of(R"(
ports: [{device: "af_xdp:eth0"}]
clients:
  groups:
    controllers: {prefixes: [10.1.0.10, 10.1.0.11], weight: 20}
    printers: {prefixes: 10.7.0.0/16}
pools:
  a: {kind: recursive, policy: ordered, endpoints: [10.0.0.1, {address: 10.0.0.2, budget: 50}]}
  b: {kind: recursive, tracked: on, policy: round-robin, endpoints: [10.0.0.3, {address: 10.0.0.4, budget: 0}]}
  c: {kind: route53-inbound, policy: weighted, endpoints: [{address: 10.0.0.5, weight: 3}, 10.0.0.6]}
  d: {kind: route53-inbound, tracked: yes, endpoints: [10.0.0.7], retry_on: [servfail, refused]}
  e: {kind: route53-inbound, policy: weighted, endpoints: [{address: 10.0.0.8, weight: 9}]}
default: {answer: refused}
)");
  const struct {
    Policy policy;
    bool tracked;
    std::vector<uint32_t> budgets;
    std::vector<uint32_t> weights;
  } expected[] = {
      {.policy = Policy::ordered, .tracked = false, .budgets = {0, 50}, .weights = {1, 1}},
      {.policy = Policy::round_robin, .tracked = true, .budgets = {1'500, 0}, .weights = {1, 1}},
      {.policy = Policy::weighted,
       .tracked = false,
       .budgets = {10'000, 10'000},
       .weights = {3, 1}},  // three quarters, not more
      {.policy = Policy::least_outstanding, .tracked = true, .budgets = {1'500}, .weights = {1}},
      {.policy = Policy::weighted,
       .tracked = false,
       .budgets = {10'000},
       .weights = {9}},  // alone it has everything by any policy
  };
  ASSERT_EQ(model.pools.size(), std::size(expected));
  for (size_t i = 0; i < model.pools.size(); ++i) {
    const Pool& pool = model.pools[i];
    EXPECT_EQ(pool.policy, expected[i].policy) << pool.name;
    EXPECT_EQ(pool.tracked, expected[i].tracked) << pool.name;
    for (size_t e = 0; e < pool.endpoints.size(); ++e) {
      EXPECT_EQ(pool.endpoints[e].budget, expected[i].budgets[e]) << pool.name;
      EXPECT_EQ(pool.endpoints[e].weight, expected[i].weights[e]) << pool.name;
    }
  }
  EXPECT_TRUE(model.pools[3].retry_servfail);
  EXPECT_TRUE(model.pools[3].retry_refused);
  EXPECT_FALSE(model.pools[0].retry_servfail);
  ASSERT_EQ(model.clients.groups.size(), 2U);
  EXPECT_EQ(model.clients.groups[0].name, "controllers");
  EXPECT_EQ(model.clients.groups[0].weight, 20U);
  EXPECT_EQ(model.clients.groups[0].prefixes,
            (std::vector{*parse_prefix("10.1.0.10/32"), *parse_prefix("10.1.0.11/32")}));
  EXPECT_EQ(model.clients.groups[1].weight, 1U);
}

const char* const kKindsOfPool = R"(
ports: [{device: "af_xdp:eth0"}]
dataplane: {cache_size: 1GiB}
clients: {allow_snoop: [10.1.0.10, "fd00::/64"]}
pools:
  inbound: {kind: route53-inbound, endpoints: [10.0.0.1]}
  resolvers: {kind: recursive, endpoints: [10.0.0.2]}
  none: {kind: route53-inbound, endpoints: [10.0.0.3], cache: off}
  asked: {kind: recursive, endpoints: [10.0.0.4], cache: on}
  all:
    kind: recursive
    endpoints: [10.0.0.5]
    rrset_order: keep
    cache: {size: 3MiB, stale: on, prefetch: on, max_ttl: 30, min_ttl: 30, max_negative_ttl: 7, max_stale: 0}
  less: {kind: route53-inbound, endpoints: [10.0.0.6], rrset_order: rotate, cache: {stale: off, prefetch: off}}
default: {answer: refused}
)";

const struct {
  const char* pool;
  CachePolicy cache;
} kCachePolicies[] = {
    {"inbound",
     {.enabled = true,
      .stale = true,
      .prefetch = true,
      .rotate = true,
      .max_ttl = 3600,
      .min_ttl = 0,
      .max_negative_ttl = 300,
      .max_stale = 86'400,
      .size = 0}},
    {"resolvers",
     {.enabled = true,
      .stale = false,
      .prefetch = false,
      .rotate = true,
      .max_ttl = 3600,
      .min_ttl = 0,
      .max_negative_ttl = 15,
      .max_stale = 86'400,
      .size = 0}},
    {"none", {.enabled = false, .stale = true, .prefetch = true}},
    {"asked", {.max_negative_ttl = 15}},
    {"all",
     {.stale = true,
      .prefetch = true,
      .rotate = false,
      .max_ttl = 30,
      .min_ttl = 30,
      .max_negative_ttl = 7,
      .max_stale = 0,
      .size = 3 << 20}},
    {"less", {.stale = false, .prefetch = false}},
};

TEST(ReadModel, ReadsWhatIsRememberedByKindOfPool) {
  const Model model = model_of(kKindsOfPool);
  ASSERT_EQ(model.pools.size(), std::size(kCachePolicies));
  for (size_t i = 0; i < model.pools.size(); ++i) {
    const CachePolicy& is = model.pools[i].cache;
    const CachePolicy& should = kCachePolicies[i].cache;
    EXPECT_EQ(model.pools[i].name, kCachePolicies[i].pool);
    const auto text = [](const CachePolicy& c) {
      std::string values;
      for (const uint64_t value :
           {uint64_t{c.enabled}, uint64_t{c.stale}, uint64_t{c.prefetch}, uint64_t{c.rotate}, uint64_t{c.max_ttl},
            uint64_t{c.min_ttl}, uint64_t{c.max_negative_ttl}, uint64_t{c.max_stale}, c.size})
        values += std::to_string(value) + " ";
      return values;
    };
    EXPECT_EQ(text(is), text(should)) << kCachePolicies[i].pool;
  }
  EXPECT_EQ(model.dataplane.cache_size, uint64_t{1} << 30);
  EXPECT_EQ(model.clients.allow_snoop, (std::vector{*parse_prefix("10.1.0.10/32"), *parse_prefix("fd00::/64")}));
}

TEST(ReadModel, ReadsSizes) {
  const struct {
    const char* text;
    uint64_t octets;
  } cases[] = {{"0", 0}, {"4KiB", 4096}, {"64MiB", uint64_t{64} << 20}, {"64GiB", uint64_t{64} << 30}, {"0MiB", 0}};
  for (const auto& one : cases)
    EXPECT_EQ(model_of(kBase + "dataplane: {cache_size: " + one.text + "}\n").dataplane.cache_size, one.octets);
  EXPECT_EQ(model_of(kBase).dataplane.cache_size, uint64_t{64} << 20);
  for (const char* text : {"1", "KiB", "1 MiB", "1.5GiB", "-1MiB", "1mib", "1MB", "99999999999999999999GiB", "''"})
    EXPECT_FALSE(read_model_text(kBase + "dataplane: {cache_size: " + text + "}\n", "t").model.has_value()) << text;
}

TEST(ReadModel, ReadsZones) {
  const Model model = model_of(kBase + R"(zones:
  - {zone: A.Example., pool: vpc, cache: off, expect: [10.16.0.0/16, "fd00::/8"]}
  - {zone: "*.b.example", pool: office}
  - {name: b.example, pool: office, private: true}
  - {zone: c.example, answer: nxdomain}
  - {zone: d.example, answer: nodata, private: on}
  - {name: a.example, answer: refused}
default: {pool: office}
)");
  EXPECT_EQ(entry_texts(model),
            (std::vector<std::string>{"zone a.example -> vpc private", "below b.example -> office",
                                      "exact b.example -> office private", "zone c.example = nxdomain",
                                      "zone d.example = nodata private", "exact a.example = refused"}));
  const auto& first = model.zones.entries[0];
  EXPECT_EQ(first.where.line, 6U);
  EXPECT_FALSE(model.rules[first.rule].cache);
  EXPECT_EQ(model.rules[first.rule].expect.size(), 2U);
  EXPECT_EQ(model.rules[first.rule].origin, "zones[0]");
  EXPECT_EQ(model.rules[*model.default_rule].pool, 1U);
}

TEST(ReadModel, ReadsDurations) {
  const struct {
    const char* text;
    int64_t ms;
  } cases[] = {{"500ms", 500}, {"1s", 1000}, {"2s", 2000}, {"60000ms", 60000}, {"1m", 60000}};
  for (const auto& one : cases)
    EXPECT_EQ(model_of(kBase + "dataplane: {query_timeout: " + one.text + "}\n").dataplane.query_timeout.count(),
              one.ms);
  for (const char* text : {"1", "s", "1 s", "1.5s", "-1s", "1S", "99999999999999999999s", "1d", "''"})
    EXPECT_FALSE(read_model_text(kBase + "dataplane: {query_timeout: " + text + "}\n", "t").model.has_value()) << text;
}

TEST(ReadModel, ReadsBooleans) {
  for (const char* text : {"true", "on", "yes", "On", "TRUE", "\"on\""})
    EXPECT_TRUE(model_of(kBase + "control: {watch: " + text + "}\n").control.watch) << text;
  for (const char* text : {"false", "off", "no", "OFF"})
    EXPECT_FALSE(model_of(kBase + "control: {watch: " + text + "}\n").control.watch) << text;
}

TEST(ReadModel, EdnsViewsLimitsAndTcp) {
  const Model model = model_of(kBase + R"(updates: office
clients:
  rate_per_client: 200
  response_rate: 50
  over_rate: drop
  rate_exempt: [10.1.0.0/24]
  groups:
    controllers: {prefixes: [10.1.0.10], rate: 5000, rate_per_client: 0}
    ml-team: {prefixes: [10.2.0.0/16], udp_size: 1400}
zones:
  - {zone: a.example, pool: office, clients: [ml-team, controllers], otherwise: next}
  - {zone: b.example, pool: office}
dataplane: {tcp: {connections: 50, connections_per_client: 5, idle_timeout: 3s}}
log: {dnstap: {to: /run/collector.sock, clients: [ml-team]}}
)");
  EXPECT_EQ(model.updates, 1U);
  ASSERT_EQ(model.dnstap.choice.clients.size(), 1U);
  EXPECT_EQ(model.clients.groups[model.dnstap.choice.clients[0]].name, "ml-team");
  EXPECT_EQ(model.clients.rate_per_client, 200U);
  EXPECT_EQ(model.clients.response_rate, 50U);
  EXPECT_EQ(model.clients.over_rate, OverRate::drop);
  EXPECT_EQ(model.clients.rate_exempt, std::vector{*parse_prefix("10.1.0.0/24")});
  EXPECT_EQ(model.clients.groups[0].rate, 5000U);
  EXPECT_EQ(model.clients.groups[0].rate_per_client, 0U);
  EXPECT_EQ(model.clients.groups[0].udp_size, std::nullopt);
  EXPECT_EQ(model.clients.groups[1].rate_per_client, std::nullopt);
  EXPECT_EQ(model.clients.groups[1].udp_size, 1400);
  EXPECT_EQ(model.rules[0].clients, (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(model.rules[0].otherwise, Otherwise::next);
  EXPECT_TRUE(model.rules[1].clients.empty());
  EXPECT_EQ(model.dataplane.tcp.connections, 50U);
  EXPECT_EQ(model.dataplane.tcp.connections_per_client, 5U);
  EXPECT_EQ(model.dataplane.tcp.idle_timeout, std::chrono::seconds(3));
}

TEST(ReadModel, WhatGoesOnToThePoolsEndpoints) {
  const Model model = model_of(R"(ports: [{device: "af_xdp:eth0"}]
pools:
  plain: {kind: recursive, endpoints: [192.168.10.2]}
  other: {kind: recursive, endpoints: [192.168.10.3], resolve_tc: on, udp_size: 4096, pass_options: [65001, 5], ecs: add,
          randomise_case: on, tcp: {pipelining: off}}
default: {pool: plain}
)");
  EXPECT_EQ(model.pools[0].pipelining, Pipelining::automatic);
  EXPECT_EQ(model.pools[1].pipelining, Pipelining::off);
  EXPECT_FALSE(model.pools[0].resolve_tc);
  EXPECT_EQ(model.pools[0].udp_size, 1232);
  EXPECT_EQ(model.pools[0].ecs, Ecs::strip);
  EXPECT_FALSE(model.pools[0].randomise_case);
  EXPECT_TRUE(model.pools[1].resolve_tc);
  EXPECT_EQ(model.pools[1].udp_size, 4096);
  EXPECT_EQ(model.pools[1].pass_options, (std::vector<uint16_t>{65001, 5}));
  EXPECT_EQ(model.pools[1].ecs, Ecs::add);
  EXPECT_TRUE(model.pools[1].randomise_case);
}

TEST(ReadModel, EntriesOfANameKnowTheirNext) {
  const Model model = model_of(R"(ports: [{device: "af_xdp:eth0"}]
clients: {groups: {ml: {prefixes: [10.1.0.0/16]}, lab: {prefixes: [10.2.0.0/16]}, it: {prefixes: [10.3.0.0/16]}}}
pools:
  office: {kind: recursive, endpoints: [192.168.10.2]}
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}
zones:
  - {zone: a.example, pool: office}
  - {name: a.example, pool: office, clients: [ml], otherwise: next}
  - {zone: b.example, pool: vpc, clients: [ml], otherwise: next}
  - {zone: b.example, pool: vpc, clients: [lab], otherwise: next}
  - {zone: b.example, answer: nxdomain}
  - {zone: "*.b.example", answer: 10.9.9.9, clients: [it], otherwise: next}
  - {name: localhost, answer: 10.9.9.9, clients: [it], otherwise: next}
)");
  EXPECT_EQ(model.rules[0].next, 0xffffffffU);
  EXPECT_EQ(model.rules[1].next, 0U);
  EXPECT_EQ(model.rules[2].next, 3U);
  EXPECT_EQ(model.rules[3].next, 4U);
  EXPECT_EQ(model.rules[4].next, 0xffffffffU);
  EXPECT_EQ(model.rules[5].next, 2U);
  ASSERT_LT(model.rules[6].next, model.rules.size());
  EXPECT_TRUE(model.rules[model.rules[6].next].is_built_in);
}

}  // namespace
}  // namespace penstock::config::test

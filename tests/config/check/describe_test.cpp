#include "tests/config/read/model_text.h"

namespace penstock::config::test {
namespace {

TEST(Describe, SaysWhatWillHappen) {
  const ReadModel read = read_model(std::string(PENSTOCK_EXAMPLES) + "/two-accounts.yaml");
  ASSERT_TRUE(read.model.has_value());
  EXPECT_EQ(describe(*read.model),
            R"(Port corp   interface eth0 by AF_XDP; other traffic stays with the kernel
Listens on  all addresses of the ports
Lcores      auto, sleeping when idle
Cache       64 MiB, shared by all pools
Identity    the host's name (NSID, id.server); version.bind is refused
TCP         10000 connections, 1000 per client, closed after 10s without a query
Allowed     10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, ::1/128, fc00::/7, fe80::/10; others get REFUSED
Metrics     http://127.0.0.1:9153/metrics

Pool research: route53-inbound, private: its names never go to another pool
  endpoints  10.16.1.10, 10.16.2.10
  policy     the less busy of two random endpoints
  budget     10000 queries/s each
  sent from  the source address of the kernel's route
  probe      d-sq9djt5lr5pc.studio.us-east-1.sagemaker.aws (default) every 1s, time-out 500ms, up after 2, down after 3
  cached     up to 3600 s (negative answers 300 s); stale up to 86400 s more when no endpoint answers; popular answers renewed before they expire

Pool trading: route53-inbound, private: its names never go to another pool
  endpoints  10.20.1.10, 10.20.2.10
  policy     the less busy of two random endpoints
  budget     10000 queries/s each
  sent from  the source address of the kernel's route
  probe      d-vj48ehn1tz6c.studio.us-east-1.sagemaker.aws (default) every 1s, time-out 500ms, up after 2, down after 3
  cached     up to 3600 s (negative answers 300 s); stale up to 86400 s more when no endpoint answers; popular answers renewed before they expire

Pool corporate: recursive
  endpoints  192.168.10.2, 192.168.10.3
  policy     the less busy of two random endpoints
  sent from  the source address of the kernel's route
  probe      the root (default) every 1s, time-out 500ms, up after 2, down after 3
  cached     up to 3600 s (negative answers 15 s); names below _msdcs, _sites, _tcp and _udp up to 60 s (negative answers 5 s)

Names: the exact name first, then the longest zone
  d-sq9djt5lr5pc.studio.us-east-1.sagemaker.aws and below             to research   private  studio[0] studio
  d-sq9djt5lr5pc.studio.sagemaker.us-east-1.app.aws and below         to research   private  studio[0] studio
  studio-d-sq9djt5lr5pc.studio.us-east-1.sagemaker.aws and below      to research   private  studio[0] studio
  studio-d-sq9djt5lr5pc.studio.sagemaker.us-east-1.app.aws and below  to research   private  studio[0] studio
  d-7kq2mxw0ab3f.studio.us-east-1.sagemaker.aws and below             to research   private  studio[0] studio
  d-7kq2mxw0ab3f.studio.sagemaker.us-east-1.app.aws and below         to research   private  studio[0] studio
  studio-d-7kq2mxw0ab3f.studio.us-east-1.sagemaker.aws and below      to research   private  studio[0] studio
  studio-d-7kq2mxw0ab3f.studio.sagemaker.us-east-1.app.aws and below  to research   private  studio[0] studio
  studio.us-east-1.sagemaker.aws and below                            to research   private  studio[0] others
  studio.sagemaker.us-east-1.app.aws and below                        to research   private  studio[0] others
  d-vj48ehn1tz6c.studio.us-east-1.sagemaker.aws and below             to trading    private  studio[1] studio
  d-vj48ehn1tz6c.studio.sagemaker.us-east-1.app.aws and below         to trading    private  studio[1] studio
  studio-d-vj48ehn1tz6c.studio.us-east-1.sagemaker.aws and below      to trading    private  studio[1] studio
  studio-d-vj48ehn1tz6c.studio.sagemaker.us-east-1.app.aws and below  to trading    private  studio[1] studio
  all other names                                                     to corporate           default

Answered here, unless your zones say otherwise
  built in  localhost, invalid, onion, resolver.arpa, 0.in-addr.arpa, 127.in-addr.arpa and 2 more

Private names: the networks their addresses must be in
  10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7  else SERVFAIL, other IPv6 NODATA  CNAMEs to them are followed in their pool  studio[0] studio, studio[0] others, studio[1] studio
)");
}

TEST(Describe, SaysWhereAddressesMustLie) {
  const std::string text = describe(model_of(kBase + R"(zones:
  - {zone: a.example, pool: vpc, expect: [10.16.0.0/16, "fd16::/16"]}
  - {zone: b.example, pool: vpc, expect: [10.16.0.0/16, "fd16::/16"]}
  - {zone: c.example, pool: vpc, expect: 10.16.0.0/16, on_leak: alarm, cname: pass}
  - {zone: d.example, pool: vpc, cname: alarm}
  - {zone: e.example, pool: office}
)"));
  EXPECT_NE(text.find(R"(
Private names: the networks their addresses must be in
  10.16.0.0/16, fd16::/16     else SERVFAIL    CNAMEs to them are followed in their pool  zones[0], zones[1]
  10.16.0.0/16                else alarm only  CNAMEs to them pass                        zones[2]
  any address (no 'expect:')                   CNAMEs to them raise an alarm only         zones[3]
)"),
            std::string::npos)
      << text;
  EXPECT_EQ(describe(model_of(kBase + "default: {pool: office}\n")).find("Private names:"), std::string::npos);
}

TEST(Describe, SaysWhoReadsTheMetrics) {
  const std::string hash = "\"$2y$10$vI8aWBnW3fID.ZQ4/zo1G.q1lRps.9cGLcZEiGDMVr5yUP1KUOYTa\"";
  const std::string text =
      describe(model_of(kBase +
                        "metrics: {listen: \"10.0.0.1:9153\", tls: {certificate: /a.pem, key: /a.key}, users: "
                        "[{name: prometheus, password_hash: " +
                        hash + "}, {name: grafana, password_hash: " + hash + "}]}\n"));
  EXPECT_NE(text.find("\nMetrics     https://10.0.0.1:9153/metrics for prometheus and grafana\n"), std::string::npos)
      << text;
}

TEST(Describe, SaysWhetherLettersAreDrawn) {
  const struct {
    const char* yaml;
    const char* fragment;  // empty: nothing is said
  } cases[] = {
      {"  far: {kind: recursive, endpoints: [10.9.0.1]}\n", ""},
      {"  far: {kind: recursive, randomise_case: on, endpoints: [10.9.0.1]}\n",
       "case       random while an endpoint repeats that of its probes, else unchanged"},
      {"  far: {kind: recursive, randomise_case: on, health: {name: .}, endpoints: [10.9.0.1]}\n",
       "case       unchanged: the probe name has no letters to test endpoints with; set health.name to a name with "
       "letters\n"},
  };
  for (const auto& one : cases) {
    const std::string text = describe(model_of(kBase + one.yaml + "default: {pool: far}\n"));
    EXPECT_NE(text.find(one.fragment), std::string::npos) << text;
    EXPECT_EQ(text.find("\n  case ") != std::string::npos, *one.fragment != '\0') << text;
  }
  const std::string text = describe(model_of(
      kBase +
      "default: {pool: office}\nupdates: office\nclients: {groups: {a: {prefixes: [10.1.0.0/16], udp_size: 512}}}\n"));
  EXPECT_NE(text.find("; UDP answers up to 512 octets\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Updates  "), std::string::npos) << text;
}

TEST(Describe, SaysWhatClientsAreToldOfUs) {
  const struct {
    const char* yaml;
    const char* row;
  } cases[] = {
      {"", "the host's name (NSID, id.server); version.bind is refused\n"},
      {"dataplane: {identity: fwd-1, version: '1.2'}\n",
       "\"fwd-1\" (NSID, id.server); version.bind is answered \"1.2\"\n"},
      {"dataplane: {identity: none}\n", "none (NSID, id.server); version.bind is refused\n"},
  };
  for (const auto& one : cases) {
    const std::string text = describe(model_of(kBase + "default: {pool: office}\n" + one.yaml));
    EXPECT_NE(text.find(std::string("Identity    ") + one.row), std::string::npos) << text;
  }
}

// A pool that looks like any other, but whose servers get private names and others.
TEST(Describe, WarnsOfPoolsThatPrivateNamesShareWithOthers) {
  const struct {
    const char* description;
    std::string yaml;
    const char* fragment;  // empty: no warning
  } cases[] = {
      {.description = "apart",
       .yaml = "zones: [{zone: a.example, pool: vpc}, {zone: b.example, pool: office}]\ndefault: {pool: office}\n",
       .fragment = ""},
      {.description = "a private pool and the default",
       .yaml = "zones: [{zone: a.example, pool: vpc}]\ndefault: {pool: vpc}\n",
       .fragment = "warning    private names and all other names (default) go to the same servers"},
      {.description = "a private zone in the default's pool",
       .yaml = "zones: [{zone: a.example, pool: office, private: on}]\ndefault: {pool: office}\n",
       .fragment = "warning    private names and all other names (default) go to the same servers"},
      {.description = "a private zone in a pool with others",
       .yaml = "zones: [{zone: a.example, pool: office, private: on}, {zone: b.example, pool: office}]\n",
       .fragment = "warning    private names and names that are not private go to the same servers"},
      {.description = "a default alone", .yaml = "default: {pool: vpc}\n", .fragment = ""},
      {.description = "a default that is an answer, and the first pool private",
       .yaml = "zones: [{zone: a.example, pool: vpc}]\ndefault: {answer: nxdomain}\n",
       .fragment = ""},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.description);
    const std::string text = describe(model_of(kBase + one.yaml));
    EXPECT_NE(text.find(one.fragment), std::string::npos) << text;
    EXPECT_EQ(text.find("  warning ") != std::string::npos, *one.fragment != '\0') << text;
  }
}

TEST(Describe, SaysWhatAPortServes) {
  const std::string text = describe(model_of(
      "ports: [{device: \"af_xdp:eth0\", vlans: [0, 42], reverse_path: strict, gateways: "
      "[\"52:54:00:12:34:56\"]}]\npools: {office: {kind: recursive, endpoints: [192.168.10.2]}}\ndefault: {pool: "
      "office}\n"));
  EXPECT_NE(text.find("; serves untagged frames, VLAN 42; accepts a source address only from its neighbour's MAC "
                      "or a gateway's: those of the kernel's routes and 52:54:00:12:34:56\n"),
            std::string::npos)
      << text;
}

// Access by address is worth what keeps a host to its own.
TEST(Describe, WarnsWhereAnyHostCanUseAnyAddress) {
  const std::string groups = "groups: {lab: {prefixes: [10.1.0.0/16]}}";
  const struct {
    const char* description;
    std::string port;
    std::string yaml;
    bool warns;
  } cases[] = {
      {.description = "nobody is told apart", .port = "", .yaml = "", .warns = false},
      {.description = "a group for its share alone", .port = "", .yaml = "clients: {" + groups + "}\n", .warns = false},
      {.description = "somebody is denied", .port = "", .yaml = "clients: {deny: [192.168.10.66]}\n", .warns = true},
      {.description = "a zone for some",
       .port = "",
       .yaml = "clients: {" + groups + "}\nzones: [{zone: a.example, pool: vpc, clients: [lab]}]\n",
       .warns = true},
      {.description = "a strict port",
       .port = ", reverse_path: strict",
       .yaml = "clients: {deny: [192.168.10.66]}\n",
       .warns = false},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.description);
    const std::string text = describe(
        model_of("ports: [{name: corp, device: \"af_xdp:eth0\"" + one.port +
                 "}]\npools: {vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}, office: {kind: recursive, "
                 "endpoints: [192.168.10.2]}}\ndefault: {pool: office}\n" +
                 one.yaml));
    EXPECT_EQ(text.find("Warning ") != std::string::npos, one.warns) << text;
    EXPECT_EQ(text.find("any host on the network of corp can use any address") != std::string::npos, one.warns) << text;
  }
}

TEST(Describe, SaysHowQueriesAreDealt) {
  const struct {
    const char* description;
    std::string pool;
    const char* fragment;
  } cases[] = {
      {.description = "in order",
       .pool = "policy: ordered, endpoints: [10.0.0.1, 10.0.0.2]",
       .fragment = "policy     the first healthy endpoint\n"},
      {.description = "in turn",
       .pool = "policy: round-robin, endpoints: [10.0.0.1]",
       .fragment = "policy     endpoints in turn\n"},
      {.description = "by weight",
       .pool = "policy: weighted, endpoints: [{address: 10.0.0.1, weight: 3}, 10.0.0.2]",
       .fragment = "policy     by weight, 3 : 1\n"},
      {.description = "tracked",
       .pool = "tracked: on, endpoints: [10.0.0.1, 10.0.0.2]",
       .fragment = "budget     1500 queries/s each; security group tracks connections\n"},
      {.description = "some have a budget",
       .pool = "endpoints: [{address: 10.0.0.1, budget: 100}, 10.0.0.2]",
       .fragment = "budget     10.0.0.1 100 queries/s, 10.0.0.2 no limit\n"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.description);
    const std::string text = describe(model_of("ports: [{device: \"af_xdp:eth0\"}]\npools: {a: {kind: recursive, " +
                                               one.pool + "}}\ndefault: {pool: a}\n"));
    EXPECT_NE(text.find(one.fragment), std::string::npos) << text;
  }
  const std::string text = describe(model_of(
      kBase + "default: {pool: office}\nclients: {groups: {controllers: {prefixes: [10.1.0.10], weight: 20}}}\n"));
  EXPECT_NE(
      text.find("Group controllers  10.1.0.10/32: 20 times the share of a client without group, when resources are "
                "scarce\n"),
      std::string::npos)
      << text;
  EXPECT_EQ(text.find("budget     0"), std::string::npos) << text;
}

const struct {
  const char* description;
  std::string yaml;
  std::vector<std::string> fragments;
} kRemembered[] = {
    {.description = "everything by default",
     .yaml = kBase + "default: {pool: office}\n",
     .fragments =
         {"Cache       64 MiB, shared by all pools\n", "  all other names  to office    default\n",
          "  cached     up to 3600 s (negative answers 300 s); stale up to 86400 s more when no endpoint answers; "
          "popular "
          "answers renewed before they expire\n"}},
    {.description = "nothing at all",
     .yaml = kBase + "default: {pool: office}\ndataplane: {cache_size: 0}\n",
     .fragments = {"Cache       off: dataplane.cache_size is 0\n",
                   "  cached     nothing: dataplane.cache_size is 0\n"}},
    {.description = "not of these names",
     .yaml = kBase +
             "zones:\n  - {zone: a.example, pool: vpc, cache: off}\n  - {name: b.example, pool: office, cache: off}\n"
             "  - {zone: c.example, answer: nxdomain, cache: off}\n",
     .fragments = {"  a.example and below  to vpc             private, not cached  zones[0]\n",
                   "  b.example            to office          not cached           zones[1]\n",
                   "  c.example and below  answered NXDOMAIN                       zones[2]\n"}},
    {.description = "by the pool's own settings",
     .yaml = "ports: [{device: \"af_xdp:eth0\"}]\ndefault: {pool: a}\ndataplane: {cache_size: 8200KiB}\npools:\n"
             "  a: {kind: route53-inbound, endpoints: [10.0.0.1], rrset_order: keep,\n"
             "      cache: {size: 2MiB, stale: off, prefetch: off, min_ttl: 5}}\n",
     .fragments = {"Cache       8200 KiB, shared by all pools\n",
                   "  cached     up to 3600 s (negative answers 300 s), at least 5 s; order of addresses kept; at "
                   "most 2 MiB\n"}},
    {.description = "not of this pool",
     .yaml = "ports: [{device: \"af_xdp:eth0\"}]\ndefault: {pool: a}\npools: {a: {kind: recursive, endpoints: "
             "[10.0.0.1], "
             "cache: off}}\n",
     .fragments = {"  cached     nothing: every query is forwarded\n"}},
    {.description = "for some clients",
     .yaml = kBase +
             "clients: {groups: {ml: {prefixes: [10.1.0.0/16], rate_per_client: 50, rate: 900}, lab: {prefixes: "
             "[10.2.0.0/16]}}, rate_per_client: 20, response_rate: 5, over_rate: refuse, rate_exempt: [10.0.0.53]}\n"
             "zones:\n  - {zone: a.example, pool: vpc, clients: [ml, lab]}\n"
             "  - {zone: b.example, pool: office, clients: [ml], otherwise: next}\n",
     .fragments =
         {"private; for ml, lab; others REFUSED", "for ml; others: next", "Rate limits",
          "20 queries/s per client (IPv4 address, IPv6 host; IPv6 /64: 4 times, /56: 16 times); the same answer 5 "
          "times/s "
          "per network (IPv4 /24, IPv6 /56); except 10.0.0.53/32; the excess gets REFUSED",
          "; 50 queries/s per client; 900 queries/s in total"}},
    {.description = "that are transferred",
     .yaml = kBase + "default: {pool: office}\nclients: {groups: {dns: {prefixes: [10.1.0.53]}}}\n"
                     "zones:\n  - {zone: a.example, pool: office, transfers: [dns]}\n"
                     "  - {zone: b.example, pool: vpc, transfers: [dns]}\n  - {zone: c.b.example, pool: vpc}\n",
     .fragments = {"to office  transferred to dns", "to vpc     private; transferred to dns"}},
    {.description = "for those who may look at it",
     .yaml = kBase + "default: {pool: office}\nclients: {allow_snoop: [10.1.0.10, 10.2.0.0/16]}\n",
     .fragments = {"Snooping    10.1.0.10/32, 10.2.0.0/16: get cached answers to queries without RD\n"}},
};

TEST(Describe, SaysWhatIsRemembered) {
  for (const auto& one : kRemembered) {
    const std::string text = describe(model_of(one.yaml));
    for (const std::string& fragment : one.fragments)
      EXPECT_NE(text.find(fragment), std::string::npos) << one.description << ": " << fragment << "in\n" << text;
  }
}

TEST(Describe, CountsTheNamesOfAFile) {
  const ReadModel read = read_model(std::string(PENSTOCK_EXAMPLES) + "/office.yaml");
  ASSERT_TRUE(read.model.has_value());
  const std::string text = describe(*read.model);
  EXPECT_NE(text.find("  3 names of " PENSTOCK_EXAMPLES "/partners.txt"), std::string::npos) << text;
  EXPECT_NE(text.find("answered NXDOMAIN"), std::string::npos) << text;
  EXPECT_NE(text.find("  below ml.example.internal "), std::string::npos) << text;
  EXPECT_NE(text.find("  api.sagemaker.us-east-1.amazonaws.com "), std::string::npos) << text;
}

TEST(Describe, StopsAtTwoHundredNames) {
  std::string yaml = kBase + "zones:\n";
  for (int i = 0; i < 300; ++i) yaml += "  - {zone: z" + std::to_string(i) + ".example, pool: vpc}\n";
  const std::string text = describe(model_of(yaml));
  EXPECT_NE(text.find("z199.example"), std::string::npos);
  EXPECT_EQ(text.find("z200.example"), std::string::npos);
  EXPECT_NE(text.find("and 100 more"), std::string::npos);
  EXPECT_NE(text.find("all other names"), std::string::npos);
  EXPECT_NE(text.find("answered REFUSED"), std::string::npos);
}

}  // namespace
}  // namespace penstock::config::test

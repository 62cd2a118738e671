// tests/config/read/read_model_errors_test.cpp - what check says of each mistake, and on which line. Long because it is one table.
#include "tests/config/read/model_text.h"

namespace penstock::config::test {
namespace {

struct ErrorCase {
  const char* description;
  std::string yaml;
  uint32_t line;
  const char* key;
  const char* fragment;  // of the finding's text
  size_t errors = 1;     // in all: an error must not bring others with it
};

const std::string kLab = kBase + "  lab: {kind: route53-inbound, endpoints: [10.20.1.10]}\n";
const std::string kNames = "default: {pool: office}\n";

std::string studio(const std::string& object) {
  return kBase + "studio:\n  - {" + object + "}\n";
}
std::string zone(const std::string& entry) {
  return kBase + "zones:\n  - {" + entry + "}\n";
}
std::string pool(const std::string& settings) {
  return "ports: [{device: \"af_xdp:eth0\"}]\npools:\n  vpc: {" + settings + "}\n";
}
std::string port(const std::string& settings) {
  return "ports:\n  - {" + settings + "}\n";
}

// Two or three entries, on lines 9 to 11.
std::string views(const std::string& first, const std::string& second, const std::string& third = "") {
  return "ports: [{device: \"af_xdp:eth0\"}]\n"
         "pools:\n"
         "  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}\n"
         "  office: {kind: recursive, endpoints: [192.168.10.2]}\n"
         "  lab: {kind: recursive, endpoints: [192.168.10.3]}\n"
         "default: {pool: office}\n"
         "clients: {groups: {ml: {prefixes: [10.1.0.0/16]}, lab: {prefixes: [10.2.0.0/16]}}}\n"
         "zones:\n"
         "  - " +
         first + "\n  - " + second + "\n" + (third.empty() ? "" : "  - " + third + "\n");
}

const ErrorCase kCases[] = {
    // YAML itself
    {"an empty file", "", 0, "", "the file is empty"},
    {"a comment alone", "# nothing\n", 0, "", "the file is empty"},
    {"not YAML", "ports: [\n", 2, "", "not YAML"},
    {"a list at the top", "- ports\n", 1, "", "should be settings"},
    {"a key given twice", kBase + "default: {pool: office}\ndefault: {pool: vpc}\n", 6, "default", "first on line 5"},
    {"a key given twice, deep", kBase + "zones:\n  - {zone: a.example, pool: office, pool: vpc}\n", 6, "zones[0].pool",
     "given twice"},
    {"an alias", kBase + "listen: &mine [192.168.10.86]\nclients: {allow: *mine}\n", 6, "clients.allow", "aliases", 2},
    {"a second document", kBase + "---\nports: []\n", 6, "", "second document"},
    {"nested too deeply", kBase + "zones: " + std::string(400, '[') + std::string(400, ']') + "\n", 5, "",
     "too deeply"},
    {"a key that is a list", kBase + "[a, b]: c\n", 5, "", "plain word"},
    {"an unknown section", kBase + "zone: []\n", 5, "zone", "did you mean 'zones'?"},
    {"an unknown section, far from all", kBase + "forwarders: []\n", 5, "forwarders", "allowed are ports, listen"},
    {"an unknown key", kBase + "clients: {alow: [10.0.0.0/8]}\n", 5, "clients.alow", "did you mean 'allow'?"},
    {"a section without a value", kBase + "clients:\n", 5, "clients", "the value is missing"},

    // EDNS, views, limits, TCP
    {"udp_size below 512", pool("kind: recursive, endpoints: [192.168.10.2], udp_size: 511"), 3, "pools.vpc.udp_size",
     "from 512 to 4096"},
    {"a cookie passed on", pool("kind: recursive, endpoints: [192.168.10.2], pass_options: [10]"), 3,
     "pools.vpc.pass_options[0]", "never forwarded"},
    {"NSID passed on", pool("kind: recursive, endpoints: [192.168.10.2], pass_options: [3]"), 3,
     "pools.vpc.pass_options[0]", "Penstock answers it itself (dataplane.identity)"},
    {"a name of 256 octets", kBase + "dataplane: {identity: " + std::string(256, 'a') + "}\n", 5, "dataplane.identity",
     "has 256 octets: a string of a TXT record has at most 255"},
    {"a name with a control character", kBase + "dataplane: {identity: \"a\\tb\"}\n", 5, "dataplane.identity",
     "control characters"},
    {"a version that is a list", kBase + "dataplane: {version: [1]}\n", 5, "dataplane.version", ""},
    {"a version of 256 octets", kBase + "dataplane: {version: " + std::string(256, 'v') + "}\n", 5, "dataplane.version",
     "at most 255"},
    {"the subnet as an option", pool("kind: recursive, endpoints: [192.168.10.2], pass_options: [8]"), 3,
     "pools.vpc.pass_options[0]", "write 'ecs: pass'"},
    {"an option twice", pool("kind: recursive, endpoints: [192.168.10.2], pass_options: [65001, 65001]"), 3,
     "pools.vpc.pass_options[1]", "listed twice"},
    {"too many options",
     pool("kind: recursive, endpoints: [192.168.10.2], pass_options: [1, 2, 4, 5, 6, 7, 9, 13, 14]"), 3,
     "pools.vpc.pass_options", "at most 8"},
    {"an unknown ecs", pool("kind: recursive, endpoints: [192.168.10.2], ecs: keep"), 3, "pools.vpc.ecs",
     "strip, pass"},
    {"a zone for a group that is not there", zone("zone: a.example, pool: office, clients: [ml-team]"), 6,
     "zones[0].clients[0]", "there is no group 'ml-team'"},
    {"a zone for nobody", zone("zone: a.example, pool: office, clients: []"), 6, "zones[0].clients", "list is empty"},
    {"otherwise without clients", zone("zone: a.example, pool: office, otherwise: next"), 6, "zones[0].otherwise",
     "'clients: [GROUP]' too"},
    // Views: entries of one name for different clients
    {"the same name for everybody and for some",
     views("{zone: a.example, pool: office}", "{zone: a.example, pool: lab, clients: [ml]}"), 10, "zones[1]",
     "already has an entry on line 9: keep one"},
    {"what stands behind a refusal",
     views("{zone: a.example, pool: office, clients: [ml]}", "{zone: a.example, pool: lab, clients: [lab]}"), 10,
     "zones[1]", "write 'otherwise: next' there"},
    {"the same clients twice",
     views("{zone: a.example, pool: office, clients: [ml, lab], otherwise: next}",
           "{zone: a.example, pool: lab, clients: [lab, ml]}"),
     10, "zones[1]", "for the same clients"},
    {"clients that have theirs already",
     views("{zone: a.example, pool: office, clients: [ml, lab], otherwise: next}",
           "{zone: a.example, pool: lab, clients: [lab]}"),
     10, "zones[1]", "already has entries for all of these clients"},
    {"both claim what is below, and another is for some",
     views("{zone: \"*.a.example\", pool: office}", "{zone: a.example, pool: lab, clients: [ml], otherwise: next}",
           "{zone: a.example, pool: office}"),
     11, "zones[2]", "both claim the names below"},
    {"a private zone passes clients to the default",
     views("{zone: a.example, pool: vpc, clients: [ml], otherwise: next}", "{zone: b.example, pool: vpc}"), 9,
     "zones[0]", "would send the queries of other clients"},
    {"a private zone passes clients to another entry",
     views("{zone: a.example, pool: vpc, clients: [ml], otherwise: next}",
           "{zone: a.example, pool: lab, clients: [lab]}"),
     9, "zones[0]", "pool 'lab'"},
    {"a private zone passes clients to a shorter one",
     views("{zone: x.a.example, pool: vpc, clients: [ml], otherwise: next}", "{zone: a.example, pool: lab}"), 9,
     "zones[0]", "pool 'lab'"},

    // Zone transfers
    {"a transfer to a group that is not there", zone("zone: a.example, pool: office, transfers: [dns]"), 6,
     "zones[0].transfers[0]", "there is no group 'dns'"},
    {"a transfer to nobody", zone("zone: a.example, pool: office, transfers: []"), 6, "zones[0].transfers",
     "leave 'transfers:' out for nobody"},
    {"a transfer of what is answered here",
     views("{zone: a.example, answer: nodata, transfers: [ml]}", "{zone: b.example, pool: vpc}"), 9,
     "zones[0].transfers", "beside 'pool:'"},
    {"a transfer of one name", views("{name: a.example, pool: lab, transfers: [ml]}", "{zone: b.example, pool: vpc}"),
     9, "zones[0].transfers", "beside 'zone: NAME'"},
    {"a transfer of what is below a name",
     views("{zone: \"*.a.example\", pool: lab, transfers: [ml]}", "{zone: b.example, pool: vpc}"), 9,
     "zones[0].transfers", "beside 'zone: NAME'"},
    {"a transfer beside what the guard looks at",
     views("{zone: a.example, pool: vpc, expect: [10.0.0.0/8], transfers: [ml]}", "{zone: b.example, pool: lab}"), 9,
     "zones[0].transfers", "exclude each other"},
    {"a transfer that carries private names",
     views("{zone: a.example, pool: lab, transfers: [ml]}", "{zone: b.a.example, pool: vpc}"), 9, "zones[0].transfers",
     "private zone b.a.example on line 10"},
    {"a transfer that carries one private name",
     views("{name: b.c.a.example, pool: vpc}", "{zone: a.example, pool: lab, transfers: [ml]}"), 10,
     "zones[1].transfers", "on line 9"},

    {"updates to a pool that is not there", kBase + "updates: offices\n", 5, "updates", "did you mean 'office'?"},
    {"updates to a private pool", kBase + "updates: vpc\n", 5, "updates", "is private"},
    {"an unknown over_rate", kBase + "clients: {over_rate: tc}\n", 5, "clients.over_rate", "truncate, refuse"},
    {"no TCP connection", kBase + "dataplane: {tcp: {connections: 0}}\n", 5, "dataplane.tcp.connections", "from 1 to"},

    // Ports and what the dataplane needs
    {"no ports", "pools:\n  office: {kind: recursive, endpoints: [192.168.10.2]}\n" + kNames, 1, "ports", "no ports"},
    {"an empty list of ports", "ports: []\npools:\n  o: {kind: recursive, endpoints: [192.168.10.2]}\n", 1, "ports",
     "the list is empty"},
    {"an unknown kind of port", port("device: \"af_xpd:eth0\""), 2, "ports[0].device", "did you mean 'af_xdp:'?"},
    {"a device without a kind", port("device: eth0"), 2, "ports[0].device", "af_xdp:INTERFACE"},
    {"a bad PCI address", "listen: [10.0.0.1]\n" + port("device: \"pci:3b:00\""), 3, "ports[0].device",
     "pci:0000:3b:00.0"},
    {"a bad vdev", "listen: [10.0.0.1]\n" + port("device: \"vdev:tap0\""), 3, "ports[0].device", "starts with net_"},
    {"an interface's name that is too long", port("device: \"af_xdp:interface-number-1\""), 2, "ports[0].device",
     "not an interface's name"},
    {"a port without a device", port("name: corp"), 2, "ports[0]", "'device:' is missing"},
    {"two ports of one name",
     "ports:\n  - {name: a, device: \"af_xdp:eth0\"}\n  - {name: a, device: \"af_xdp:eth1\"}\n", 3, "ports[1]",
     "on line 2"},
    {"two ports on one device",
     "ports:\n  - {name: a, device: \"af_xdp:eth0\"}\n  - {name: b, device: \"af_xdp:eth0\"}\n", 3, "ports[1].device",
     "on line 2"},
    {"nine ports",
     "ports:\n  - {device: \"af_xdp:a\"}\n  - {device: \"af_xdp:b\"}\n  - {device: \"af_xdp:c\"}\n  - {device: "
     "\"af_xdp:d\"}\n"
     "  - {device: \"af_xdp:e\"}\n  - {device: \"af_xdp:f\"}\n  - {device: \"af_xdp:g\"}\n  - {device: \"af_xdp:h\"}\n"
     "  - {device: \"af_xdp:i\"}\n",
     10, "ports[8]", "at most 8"},
    {"a pci port without listen", port("device: \"pci:0000:3b:00.0\""), 2, "listen", "belongs to DPDK"},
    {"a vdev port without listen", port("device: \"vdev:net_tap0\""), 2, "listen", "belongs to DPDK"},
    {"a VLAN that there cannot be", port("device: \"af_xdp:eth0\", vlans: [0, 4095]"), 2, "ports[0].vlans[1]", "4094"},
    {"a VLAN twice", port("device: \"af_xdp:eth0\", vlans: [42, 42]"), 2, "ports[0].vlans[1]", "twice"},
    {"no VLAN at all", port("device: \"af_xdp:eth0\", vlans: []"), 2, "ports[0].vlans", "the list is empty"},
    {"a reverse path that is neither", port("device: \"af_xdp:eth0\", reverse_path: loose"), 2, "ports[0].reverse_path",
     "strict"},
    {"gateways that nobody looks at", port("device: \"af_xdp:eth0\", gateways: [\"52:54:00:12:34:56\"]"), 2,
     "ports[0].gateways", "has no effect without"},
    {"a gateway by its address", port("device: \"af_xdp:eth0\", reverse_path: strict, gateways: [192.168.10.1]"), 2,
     "ports[0].gateways[0]", "not a host's MAC"},
    {"a group's MAC", port("device: \"af_xdp:eth0\", reverse_path: strict, gateways: [\"53:54:00:12:34:56\"]"), 2,
     "ports[0].gateways[0]", "not a host's MAC"},
    {"a reverse path that nobody knows",
     "listen: [10.0.0.1]\n" + port("device: \"vdev:net_tap0\", reverse_path: strict"), 3, "ports[0].reverse_path",
     "only af_xdp and af_packet"},
    {"a bad address to listen on", kBase + "listen: [192.168.10.860]\n", 5, "listen[0]", "not an IP address"},
    {"an address with a port", kBase + "listen: [\"192.168.10.86:53\"]\n", 5, "listen[0]", "without port"},
    {"listening on every address by 0.0.0.0", kBase + "listen: 0.0.0.0\n", 5, "listen", "name the addresses"},
    {"listening on a link-local address", kBase + "listen: [192.168.10.86, \"fe80::86\"]\n", 5, "listen[1]",
     "is link-local"},
    {"listening twice", kBase + "listen: [192.168.10.86, 192.168.10.86]\n", 5, "listen[1]", "twice"},
    {"listening on nothing", kBase + "listen: []\n", 5, "listen", "leave 'listen:' out"},
    {"a number of lcores that is none", kBase + "lcores: many\n", 5, "lcores", "from 1 to 64"},
    {"no lcores", kBase + "lcores: 0\n", 5, "lcores", "from 1 to 64"},
    {"an unknown word", kBase + "idle: sometimes\n", 5, "idle", "adaptive or busy"},
    {"pending is no power of two", kBase + "dataplane: {pending: 5000}\n", 5, "dataplane.pending", "4096 or 8192"},
    {"a duration without a unit", kBase + "dataplane: {query_timeout: 1800}\n", 5, "dataplane.query_timeout",
     "with its unit"},
    {"a duration out of range", kBase + "dataplane: {query_timeout: 2h}\n", 5, "dataplane.query_timeout",
     "from 50ms to 60s"},
    {"source ports that run over", kBase + "dataplane: {source_ports: {first: 60000, count: 16384}}\n", 5,
     "dataplane.source_ports", "above 65536"},
    {"a privileged source port", kBase + "dataplane: {source_ports: {first: 53}}\n", 5, "dataplane.source_ports.first",
     "from 1024"},
    {"a cache without a unit", kBase + "dataplane: {cache_size: 64}\n", 5, "dataplane.cache_size",
     "such as 64MiB or 1GiB"},
    {"a cache of another unit", kBase + "dataplane: {cache_size: 64MB}\n", 5, "dataplane.cache_size", "64MiB"},
    {"a cache that is too large", kBase + "dataplane: {cache_size: 65GiB}\n", 5, "dataplane.cache_size",
     "up to 65536MiB"},
    {"a cache that is off", kBase + "dataplane: {cache_size: off}\n", 5, "dataplane.cache_size", "not a size"},
    {"a relative socket path", kBase + "control: {socket: control.sock}\n", 5, "control.socket", "starts with /"},
    {"a socket path that is too long", kBase + "control: {socket: /" + std::string(107, 'x') + "}\n", 5,
     "control.socket", "107 characters"},
    {"a bad boolean", kBase + "control: {watch: maybe}\n", 5, "control.watch", "on or off"},
    {"metrics without a port", kBase + "metrics: {listen: 127.0.0.1}\n", 5, "metrics.listen", "127.0.0.1:9153"},

    // Clients
    {"a bad prefix", kBase + "clients: {allow: [10.0.0.0/33]}\n", 5, "clients.allow[0]", "not a prefix"},
    {"a prefix with host bits", kBase + "clients: {allow: [10.1.2.3/8]}\n", 5, "clients.allow[0]", "write 10.0.0.0/8"},
    {"denied as it is allowed",
     kBase + "clients:\n  allow: [10.0.0.0/8, fd00::/8]\n  deny: [10.9.0.0/16, FD00:0::/8]\n", 7, "clients.deny[1]",
     "fd00::/8 is already in 'allow:', on line 6"},
    {"everybody allowed and denied", kBase + "clients: {allow: [0.0.0.0/0], deny: 0.0.0.0/0}\n", 5, "clients.deny",
     "0.0.0.0/0 is already in 'allow:'"},
    {"one host in two groups, in other words",
     kBase + "clients:\n  groups:\n    a: {prefixes: [10.1.2.3]}\n    b: {prefixes: [10.1.2.0/24, 10.1.2.3/32]}\n", 8,
     "clients.groups.b.prefixes[1]", "10.1.2.3/32 is already in group 'a', on line 7"},
    {"IPv4 in IPv6's form", kBase + "clients: {deny: [\"::ffff:10.9.0.0/112\"]}\n", 5, "clients.deny[0]",
     "write 10.9.0.0/16"},
    {"all of IPv4 so", kBase + "clients: {rate_exempt: [\"::ffff:0:0/96\"]}\n", 5, "clients.rate_exempt[0]",
     "write 0.0.0.0/0"},
    {"nobody may ask", kBase + "clients: {allow: []}\n", 5, "clients.allow", "no client would be allowed"},
    {"a snooper that is no prefix", kBase + "clients: {allow_snoop: [noc]}\n", 5, "clients.allow_snoop[0]",
     "not a prefix"},
    {"a snooper with host bits", kBase + "clients: {allow_snoop: 10.1.2.3/24}\n", 5, "clients.allow_snoop",
     "write 10.1.2.0/24"},
    {"an unknown way to refuse", kBase + "clients: {refused: silently}\n", 5, "clients.refused", "refuse or drop"},

    // Pools
    {"an empty list of a group's networks", kBase + "clients: {groups: {dc: {weight: 2}}}\n", 5, "clients.groups.dc",
     "'prefixes:' is missing"},
    {"groups that are a list", kBase + "clients: {groups: [10.1.0.0/24]}\n", 5, "clients.groups", "groups by name"},
    {"a group that weighs nothing", kBase + "clients: {groups: {dc: {prefixes: [10.1.0.10], weight: 0}}}\n", 5,
     "clients.groups.dc.weight", "1"},
    {"a network in two groups",
     kBase + "clients: {groups: {dc: {prefixes: [10.1.0.10]}, b: {prefixes: [10.1.0.0/24, 10.1.0.10]}}}\n", 5,
     "clients.groups.b.prefixes[1]", "already in group 'dc', on line 5"},

    {"an unknown policy", pool("kind: recursive, endpoints: [10.0.0.1], policy: random"), 3, "pools.vpc.policy",
     "least-outstanding"},
    {"one inbound endpoint gets everything",
     pool("kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10], policy: ordered"), 3, "pools.vpc.policy",
     "AWS leaves balancing to you"},
    {"one inbound endpoint gets nearly everything",
     pool("kind: route53-inbound, endpoints: [{address: 10.16.1.10, weight: 31}, {address: 10.16.2.10, weight: 10}], "
          "policy: weighted"),
     3, "pools.vpc.policy", "10.16.1.10 would get 31 of 41 queries, more than three quarters"},
    {"an unknown cause for a retry", pool("kind: recursive, endpoints: [10.0.0.1], retry_on: [nxdomain]"), 3,
     "pools.vpc.retry_on[0]", "servfail or refused"},
    {"tracked is neither on nor off", pool("kind: recursive, endpoints: [10.0.0.1], tracked: some"), 3,
     "pools.vpc.tracked", "on or off"},
    {"a cache that is neither on nor off", pool("kind: recursive, endpoints: [10.0.0.1], cache: some"), 3,
     "pools.vpc.cache", "on or off"},
    {"a cache that is a list", pool("kind: recursive, endpoints: [10.0.0.1], cache: [on]"), 3, "pools.vpc.cache",
     "should be settings"},
    {"an unknown setting of a cache", pool("kind: recursive, endpoints: [10.0.0.1], cache: {maxttl: 60}"), 3,
     "pools.vpc.cache.maxttl", "did you mean 'max_ttl'?"},
    {"a TTL with a unit", pool("kind: recursive, endpoints: [10.0.0.1], cache: {max_ttl: 60s}"), 3,
     "pools.vpc.cache.max_ttl", "from 0 to 604800"},
    {"a TTL above a week", pool("kind: recursive, endpoints: [10.0.0.1], cache: {max_negative_ttl: 604801}"), 3,
     "pools.vpc.cache.max_negative_ttl", "from 0 to 604800"},
    {"a longest staleness below nothing", pool("kind: recursive, endpoints: [10.0.0.1], cache: {max_stale: -1}"), 3,
     "pools.vpc.cache.max_stale", "from 0 to 604800"},
    {"a least TTL above an hour", pool("kind: recursive, endpoints: [10.0.0.1], cache: {min_ttl: 3601}"), 3,
     "pools.vpc.cache.min_ttl", "from 0 to 3600"},
    {"a least TTL above the largest", pool("kind: recursive, endpoints: [10.0.0.1], cache: {min_ttl: 60, max_ttl: 30}"),
     3, "pools.vpc.cache", "min_ttl 60 is above max_ttl 30"},
    {"stale is neither on nor off", pool("kind: recursive, endpoints: [10.0.0.1], cache: {stale: 1d}"), 3,
     "pools.vpc.cache.stale", "on or off"},
    {"prefetch is neither on nor off", pool("kind: recursive, endpoints: [10.0.0.1], cache: {prefetch: 10}"), 3,
     "pools.vpc.cache.prefetch", "on or off"},
    {"a size without a unit", pool("kind: recursive, endpoints: [10.0.0.1], cache: {size: 4096}"), 3,
     "pools.vpc.cache.size", "such as 64MiB or 1GiB"},
    {"a size that is too small", pool("kind: recursive, endpoints: [10.0.0.1], cache: {size: 512KiB}"), 3,
     "pools.vpc.cache.size", "at least 1024KiB"},
    {"an order of addresses that is none", pool("kind: recursive, endpoints: [10.0.0.1], rrset_order: cyclic"), 3,
     "pools.vpc.rrset_order", "rotate or keep"},
    {"pools that are a list", "ports: [{device: \"af_xdp:eth0\"}]\npools: [10.0.0.1]\n", 2, "pools", "pools by name"},
    {"a pool without a kind", pool("endpoints: [10.16.1.10]"), 3, "pools.vpc", "'kind:' is missing"},
    {"an unknown kind of pool", pool("kind: route53, endpoints: [10.16.1.10]"), 3, "pools.vpc.kind",
     "recursive or route53-inbound"},
    {"a pool without endpoints", pool("kind: recursive"), 3, "pools.vpc", "'endpoints:' is missing"},
    {"an empty list of endpoints", pool("kind: recursive, endpoints: []"), 3, "pools.vpc.endpoints",
     "the list is empty"},
    {"an endpoint that is a name", pool("kind: recursive, endpoints: [dns.example]"), 3, "pools.vpc.endpoints[0]",
     "not an IP address"},
    {"an endpoint without an address", pool("kind: recursive, endpoints: [{weight: 1}]"), 3, "pools.vpc.endpoints[0]",
     "'address:' is missing"},
    {"the same endpoint twice", pool("kind: recursive, endpoints: [10.0.0.1, {address: 10.0.0.1}]"), 3,
     "pools.vpc.endpoints[1]", "already in the pool"},
    {"an endpoint that is the loopback", pool("kind: recursive, endpoints: [127.0.0.1]"), 3, "pools.vpc.endpoints[0]",
     "this machine itself"},
    {"an endpoint that is the IPv6 loopback", pool("kind: recursive, endpoints: [\"::1\"]"), 3,
     "pools.vpc.endpoints[0]", "this machine itself"},
    {"an endpoint that is 0.0.0.0", pool("kind: recursive, endpoints: [0.0.0.0]"), 3, "pools.vpc.endpoints[0]",
     "not the address of a server"},
    {"an endpoint that is ::", pool("kind: recursive, endpoints: [\"::\"]"), 3, "pools.vpc.endpoints[0]",
     "not the address of a server"},
    {"a multicast endpoint", pool("kind: recursive, endpoints: [224.0.0.251]"), 3, "pools.vpc.endpoints[0]",
     "multicast"},
    {"a link-local endpoint", pool("kind: recursive, endpoints: [\"fe80::1\"]"), 3, "pools.vpc.endpoints[0]",
     "link-local"},
    {"an endpoint that we listen on", "listen: [10.0.0.1]\n" + pool("kind: recursive, endpoints: [10.0.0.1]"), 4,
     "pools.vpc.endpoints[0]", "our own 'listen:'"},
    {"an endpoint that we send from", pool("kind: recursive, endpoints: [10.0.0.1], source: 10.0.0.1"), 3,
     "pools.vpc.endpoints[0]", "'source:' of pool 'vpc'"},
    {"two sources of one family", pool("kind: recursive, endpoints: [10.0.0.1], source: [10.0.0.2, 10.0.0.3]"), 3,
     "pools.vpc.source[1]", "at most one source per family"},
    {"a probe interval that is too short", pool("kind: recursive, endpoints: [10.0.0.1], health: {interval: 100ms}"), 3,
     "pools.vpc.health.interval", "from 600ms"},
    {"a probe interval just too short", pool("kind: recursive, endpoints: [10.0.0.1], health: {interval: 599ms}"), 3,
     "pools.vpc.health.interval", "from 600ms"},
    {"a bad probe name", pool("kind: recursive, endpoints: [10.0.0.1], health: {name: a..b}"), 3,
     "pools.vpc.health.name", "empty label"},
    {"a budget that is no number", pool("kind: recursive, endpoints: [{address: 10.0.0.1, budget: lots}]"), 3,
     "pools.vpc.endpoints[0].budget", "whole number"},
    {"a route53-inbound pool that is not private", pool("kind: route53-inbound, endpoints: [10.0.0.1], private: off"),
     3, "pools.vpc.private", "always private"},
    {"an endpoint in a private pool and in another",
     kBase + "  lab: {kind: recursive, endpoints: [10.20.1.10, 10.16.1.10]}\n", 5, "pools.lab.endpoints[1]",
     "in the private pool 'vpc' on line 3 and in pool 'lab' on line 5, which is not private"},
    {"an endpoint in a pool and in a private one",
     kBase + "  lab: {kind: recursive, private: on, endpoints: [192.168.10.2]}\n", 5, "pools.lab.endpoints[0]",
     "in the private pool 'lab' on line 5 and in pool 'office' on line 4"},
    {"an endpoint in a private pool and in one of no known kind",
     kBase + "  lab: {kind: rekursive, endpoints: [10.16.1.10]}\n", 5, "pools.lab.kind",
     "recursive or route53-inbound"},
    {"an endpoint in a private pool and in one of no known privacy",
     kBase + "  lab: {kind: recursive, private: maybe, endpoints: [10.16.1.10]}\n", 5, "pools.lab.private",
     "on or off"},
    {"a pool called refuse",
     "ports: [{device: \"af_xdp:eth0\"}]\npools:\n  refuse: {kind: recursive, endpoints: [10.0.0.1]}\n", 3,
     "pools.refuse", "is not 'refuse'"},

    // Zones
    {"an unknown pool", zone("zone: a.example, pool: ofice"), 6, "zones[0].pool", "did you mean 'office'?"},
    {"an unknown pool, far from all", zone("zone: a.example, pool: datacenter"), 6, "zones[0].pool",
     "pools are vpc and office"},
    {"a zone without a target", zone("zone: a.example"), 6, "zones[0]", "'pool: NAME' is missing"},
    {"a zone with two targets", zone("zone: a.example, pool: vpc, answer: nxdomain"), 6, "zones[0].answer",
     "exclude each other"},
    {"an unknown answer", zone("zone: a.example, answer: servfail"), 6, "zones[0].answer",
     "nxdomain, nodata or refused"},
    {"a target without a name", zone("pool: vpc"), 6, "zones[0]", "the names are missing"},
    {"two kinds of name", zone("zone: a.example, name: b.example, pool: vpc"), 6, "zones[0]", "keep one"},
    {"a bad name", zone("zone: a..example, pool: vpc"), 6, "zones[0].zone", "empty label"},
    {"a label that is too long", zone("zone: " + std::string(64, 'x') + ".example, pool: vpc"), 6, "zones[0].zone",
     "63 octets"},
    {"an internationalised name", zone("zone: m\xc3\xbcller.example, pool: vpc"), 6, "zones[0].zone", "A-labels"},
    {"a star in the middle", zone("zone: \"*.*.example\", pool: vpc"), 6, "zones[0].zone", "only allowed first"},
    {"an address as a zone", zone("zone: 192.168.1.1, pool: office"), 6, "zones[0].zone",
     "is an address, not a domain name: its reverse name is written 192.168.1.1/32"},
    {"a network with host bits as a zone", zone("zone: 192.168.1.0/16, pool: office"), 6, "zones[0].zone",
     "write 192.168.0.0/16"},
    {"a network as a name", zone("name: 192.168.0.0/16, pool: office"), 6, "zones[0].name",
     "write 'zone: 192.168.0.0/16'"},
    {"what is below a network", zone("zone: \"*.192.168.0.0/16\", pool: office"), 6, "zones[0].zone",
     "a network stands for whole reverse zones"},
    {"records of a network of several zones", zone("zone: 172.16.0.0/12, records: [\"1 PTR a.example.\"]"), 6,
     "zones[0].zone", "this network has 16 reverse zones, the first is 16.172.in-addr.arpa"},
    {"a line of a filter list as a zone", zone("zone: \"||ads.example^\", pool: office"), 6, "zones[0].zone",
     "has '|', which queried names do not have: write ads.example; to match it, write it as \\124"},
    {"a URL as a zone", zone("zone: \"https://ads.example/x\", pool: office"), 6, "zones[0].zone", "has ':'"},
    {"a network as a health name",
     "ports: [{device: \"af_xdp:eth0\"}]\npools:\n  vpc: {kind: route53-inbound, endpoints: [10.16.1.10], health: "
     "{name: "
     "10.16.0.0/16}}\nzones: [{zone: a.example, pool: vpc}]\n",
     3, "pools.vpc.health.name", "is a network, not a domain name"},
    {"an endpoint of IPv4 in IPv6's form",
     "ports: [{device: \"af_xdp:eth0\"}]\npools:\n  vpc: {kind: route53-inbound, "
     "endpoints: [\"::ffff:10.16.1.10\"]}\nzones: [{zone: a.example, pool: vpc}]\n",
     3, "pools.vpc.endpoints[0]", "write 10.16.1.10"},
    {"listening on IPv4 in IPv6's form", "listen: [\"::ffff:192.168.10.86\"]\n" + kBase, 1, "listen[0]",
     "write 192.168.10.86"},
    {"expecting IPv4 in IPv6's form", zone("zone: a.example, pool: vpc, expect: \"::ffff:10.0.0.0/104\""), 6,
     "zones[0].expect", "write 10.0.0.0/8"},
    {"answering IPv4 in IPv6's form", zone("zone: a.example, answer: \"::ffff:10.0.0.1\""), 6, "zones[0].answer",
     "write 10.0.0.1", 2},
    {"metrics on IPv4 in IPv6's form", kBase + "metrics: {listen: \"[::ffff:127.0.0.1]:9153\"}\n", 5, "metrics.listen",
     "write 127.0.0.1:9153"},
    {"the root as a zone", zone("zone: ., pool: office"), 6, "zones[0].zone", "default: {pool: NAME}"},
    {"everything as a zone", zone("zone: \"*\", pool: office"), 6, "zones[0].zone", "default: {pool: NAME}"},
    {"an exact name with a star", zone("name: \"*.a.example\", pool: office"), 6, "zones[0].name", "write 'zone:"},
    {"a zone's cache with settings", zone("zone: a.example, pool: vpc, cache: {max_ttl: 5}"), 6, "zones[0].cache",
     "on or off here: how long answers are cached is a setting of the pool"},
    {"not private in a private pool", zone("zone: a.example, pool: vpc, private: false"), 6, "zones[0].private",
     "are private"},
    {"the same zone twice", kBase + "zones:\n  - {zone: a.example, pool: vpc}\n  - {zone: A.Example., pool: vpc}\n", 7,
     "zones[1]", "on line 6"},
    {"the same name twice", kBase + "zones:\n  - {name: a.example, pool: vpc}\n  - {name: a.example, pool: office}\n",
     7, "zones[1]", "on line 6"},
    {"a zone and what is below it",
     kBase + "zones:\n  - {zone: a.example, pool: vpc}\n  - {zone: \"*.a.example\", pool: office}\n", 7, "zones[1]",
     "both claim the names below"},
    {"a zones_file where none can be read", zone("zones_file: partners.txt, pool: office"), 6, "zones[0].zones_file",
     "cannot be read here"},
    {"an unknown pool by default", kBase + "default: {pool: corp}\n", 5, "default.pool", "there is no pool 'corp'"},
    {"a default that is a word", kBase + "default: office\n", 5, "default", "should be settings"},

    // Studio
    {"a studio without a region", studio("pool: vpc"), 6, "studio[0]", "'region:' is missing"},
    {"a studio without a pool", studio("region: us-east-1"), 6, "studio[0]", "'pool:' is missing"},
    {"a studio to a pool that is not private", studio("region: us-east-1, pool: office"), 6, "studio[0].pool",
     "name a pool of the VPC's inbound endpoints, 'kind: route53-inbound' or 'private: on'"},
    {"a studio to the default's pool", studio("region: us-east-1, pool: office") + "default: {pool: office}\n", 6,
     "studio[0].pool", "the default's, where all other names go too"},
    {"a studio to the default's pool, which is private",
     studio("region: us-east-1, pool: vpc") + "default: {pool: vpc}\n", 6, "studio[0].pool",
     "inbound endpoints that is not the default"},
    {"a studio to a pool of no known kind",
     kBase + "  lab: {kind: rekursive, endpoints: [10.20.1.10]}\nstudio:\n  - {region: us-east-1, pool: lab}\n", 5,
     "pools.lab.kind", "recursive or route53-inbound"},
    {"a studio to the first pool and a default that is not there",
     studio("region: us-east-1, pool: vpc") + "default: {pool: nowhere}\n", 7, "default.pool", "there is no pool"},
    {"a region that is none", studio("region: \"us east\", pool: vpc"), 6, "studio[0].region", "not a region"},
    {"an unknown service", studio("region: us-east-1, pool: vpc, services: [studio, s3]"), 6, "studio[0].services[1]",
     "studio, api, runtime, notebook, labeling, mlflow or mlflow-app"},
    {"api without expect", studio("region: us-east-1, pool: vpc, services: [studio, api]"), 6, "studio[0].services",
     "answers with public ones"},
    {"runtime without expect", studio("region: us-east-1, pool: vpc, services: [runtime]"), 6, "studio[0].services",
     "needs 'expect:"},
    {"a list of domains without others", studio("region: us-east-1, pool: vpc, domains: [d-a]"), 6, "studio[0].domains",
     "only the hosts d-ID.studio... and studio-d-ID.studio... carry the id"},
    {"others without a list of domains", studio("region: us-east-1, pool: vpc, others: refuse"), 6, "studio[0].others",
     "goes with a list"},
    {"others that are an unknown pool", studio("region: us-east-1, pool: vpc, domains: [d-a], others: vcp"), 6,
     "studio[0].others", "did you mean 'vpc'?"},
    {"a domain with its zone",
     studio("region: us-east-1, pool: vpc, domains: [d-a.studio.us-east-1.sagemaker.aws], others: refuse"), 6,
     "studio[0].domains[0]", "domain id alone"},
    {"a host of a domain", studio("region: us-east-1, pool: vpc, domains: [studio-d-a], others: refuse"), 6,
     "studio[0].domains[0]", "a host of domain d-a: write the id"},
    {"a region of no known partition", studio("region: us-iso-east-1, pool: vpc"), 6, "studio[0].region",
     "add the domains that its names end in, 'suffix: {sagemaker: DOMAIN"},
    {"a region of no partition, nearly one", studio("region: us-east1, pool: vpc"), 6, "studio[0].region",
     "did you mean 'us-east-1'? Else add"},
    {"Studio in the sovereign cloud", studio("region: eusc-de-east-1, pool: vpc"), 6, "studio[0]",
     "the service 'studio' needs 'suffix: {sagemaker: DOMAIN}'"},
    {"MLflow Apps in China", studio("region: cn-north-1, pool: vpc, services: [studio, mlflow-app]"), 6,
     "studio[0].services", "needs 'suffix: {app: DOMAIN}': the counterpart of app.aws"},
    {"a suffix that is none", studio("region: us-iso-east-1, pool: vpc, suffix: {sagemaker: a..b}"), 6,
     "studio[0].suffix.sagemaker", "not a domain name"},
    {"a domain in two pools",
     kLab + "studio:\n  - {region: us-east-1, pool: vpc, domains: [d-a], others: refuse}\n"
            "  - {region: us-east-1, pool: lab, domains: [D-A], others: refuse}\n",
     8, "studio[1].domains[0]", "claimed by pool 'lab' and by pool 'vpc' on line 7"},
    {"all domains of a region in two pools",
     kLab + "studio:\n  - {region: us-east-1, pool: vpc}\n  - {region: us-east-1, pool: lab}\n", 8, "studio[1]",
     "claimed by pool 'lab' and by pool 'vpc' on line 7"},
    {"api names of a region in two pools",
     kLab + "studio:\n  - {region: us-east-1, pool: vpc, services: [api], expect: [10.16.0.0/16]}\n"
            "  - {region: us-east-1, pool: lab, services: [api], expect: [10.20.0.0/16]}\n",
     8, "studio[1].services", "api.sagemaker.us-east-1.amazonaws.com is claimed by"},
    {"others that contradict each other",
     kLab + "studio:\n  - {region: us-east-1, pool: vpc, domains: [d-a], others: vpc}\n"
            "  - {region: us-east-1, pool: lab, domains: [d-b], others: refuse}\n",
     8, "studio[1].others", "claimed by 'refuse' and by pool 'vpc' on line 7"},
    {"a studio twice", kBase + "studio:\n  - {region: us-east-1, pool: vpc}\n  - {region: us-east-1, pool: vpc}\n", 7,
     "studio[1]", "already given to pool 'vpc' on line 6"},
    {"a zone that studio has",
     studio("region: us-east-1, pool: vpc") + "zones:\n  - {zone: studio.us-east-1.sagemaker.aws, pool: vpc}\n", 8,
     "zones[0]", "on line 6"},
    {"an answer of no known kind", kBase + "zones:\n  - {zone: a.example, answer: blocked}\n", 6, "zones[0].answer",
     "nxdomain, nodata or refused, or one or more addresses"},
    {"an answer of something else than addresses", kBase + "zones:\n  - {zone: a.example, answer: [nxdomain]}\n", 6,
     "zones[0].answer[0]", "address", 2},
    {"an address twice", kBase + "zones:\n  - {zone: a.example, answer: [10.0.0.1, 10.0.0.1]}\n", 6,
     "zones[0].answer[1]", "listed twice"},
    {"an answer of nothing", kBase + "zones:\n  - {zone: a.example, answer: []}\n", 6, "zones[0].answer",
     "it has no address"},
    {"records and a pool", kBase + "zones:\n  - {zone: a.example, pool: vpc, records: []}\n", 6, "zones[0].records",
     "exclude each other"},
    {"records below a zone", kBase + "zones:\n  - {zone: \"*.a.example\", records: [\"x A 10.0.0.1\"]}\n", 6,
     "zones[0].zone", "write 'zone: a.example'"},
    {"records for a list of zones", kBase + "zones:\n  - {zones_file: a.txt, records: [\"x A 10.0.0.1\"]}\n", 6,
     "zones[0].zones_file", "records belong to one zone"},
    {"a zone_file that may not be read here", kBase + "zones:\n  - {zone: a.example, zone_file: a.zone}\n", 6,
     "zones[0].zone_file", "cannot be read here"},
    {"a TTL of a pool's answers", kBase + "zones:\n  - {zone: a.example, pool: vpc, ttl: 60}\n", 6, "zones[0].ttl",
     "names answered here"},
    {"empty_zones of no meaning", kBase + "empty_zones: some\n", 5, "empty_zones", "should be on or off"},
    {"canaries of no meaning", kBase + "browser_canaries: on\n", 5, "browser_canaries", "off or nxdomain"},
    {"another partition without its api domain",
     studio("region: us-iso-east-1, pool: vpc, services: [api], suffix: sagemaker.example, expect: [10.0.0.0/8]"), 6,
     "studio[0].services", "needs 'suffix:"},
};

TEST(ReadModelErrors, NameTheLineTheKeyAndWhatWouldBeRight) {
  for (const ErrorCase& one : kCases) {
    SCOPED_TRACE(one.description);
    const ReadModel read = read_model_text(one.yaml, "test.yaml");
    EXPECT_FALSE(read.model.has_value());
    size_t errors = 0;
    bool found = false;
    for (const Finding& finding : read.findings) {
      errors += finding.severity == Severity::error;
      found = found || (finding.severity == Severity::error && finding.line == one.line && finding.key == one.key &&
                        finding.text.find(one.fragment) != std::string::npos && finding.file == "test.yaml");
    }
    EXPECT_TRUE(found) << "wanted line " << one.line << ", key '" << one.key << "', '" << one.fragment << "'; got\n"
                       << all_findings(read);
    EXPECT_EQ(errors, one.errors) << all_findings(read);
  }
}

TEST(ReadModelErrors, SeveralAreReportedInOneGoInTheOrderOfLines) {
  const ReadModel read = read_model_text(
      "default: {pool: nowhere}\n"
      "ports: [{device: \"af_xdp:eth0\"}]\n"
      "clients: {alow: []}\n"
      "pools:\n"
      "  office: {kind: recursive, endpoints: [192.168.10.2, 192.168.10.300]}\n"
      "zones:\n"
      "  - {zone: a.example, pool: ofice}\n"
      "  - {zone: b..example, pool: office}\n",
      "test.yaml");
  std::vector<uint32_t> lines;
  for (const Finding& finding : read.findings) lines.push_back(finding.line);
  EXPECT_EQ(lines, (std::vector<uint32_t>{1, 3, 5, 7, 8})) << all_findings(read);
}

TEST(ReadModelErrors, AreCappedWithACountOfTheRest) {
  std::string yaml = kBase + "zones:\n";
  for (int i = 0; i < 300; ++i) yaml += "  - {zone: a..example, pool: office}\n";
  const ReadModel read = read_model_text(yaml, "test.yaml");
  ASSERT_EQ(read.findings.size(), 201U);
  EXPECT_EQ(read.findings.back().text, "and 100 more like these");
}

TEST(ReadModelErrors, AThousandAndTwentyFiveEndpointsAreTooMany) {
  for (const int count : {1024, 1025}) {
    std::string yaml =
        "ports: [{device: \"af_xdp:eth0\"}]\ndefault: {pool: many}\npools:\n  many:\n    kind: recursive\n    "
        "endpoints:\n";
    for (int i = 0; i < count; ++i)
      yaml += "      - 10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) + "\n";
    const ReadModel read = read_model_text(yaml, "test.yaml");
    EXPECT_EQ(read.model.has_value(), count == 1024) << all_findings(read);
    if (count == 1025) {
      ASSERT_EQ(read.findings.size(), 1U);
      EXPECT_EQ(read.findings[0].line, 6U + 1025U);
    }
  }
}

TEST(ReadModelErrors, AFileThatIsNotThereIsNamed) {
  const ReadModel read = read_model("/nonexistent/penstock.yaml");
  ASSERT_EQ(read.findings.size(), 1U);
  EXPECT_EQ(to_text(read.findings[0]), "/nonexistent/penstock.yaml: error: cannot be read: No such file or directory");
  EXPECT_FALSE(read_model("/tmp").model.has_value());
}

// The parser must not be run over by what is not meant for it.
TEST(ReadModelErrors, HostileTextsAreRefused) {
  const std::string texts[] = {
      std::string(100'000, '['),
      std::string(100'000, '{'),
      std::string(100'000, '-') + " x",
      "&a [*a]",
      "a: &a [*a, *a]\nb: [*a, *a]\n",
      std::string("ports: \0\0\0", 10),
      "\xff\xfe\x00",
      "? [a]\n: b\n",
      "%YAML 9.9\n---\nports: []\n",
      "!!binary |\n  aGVsbG8=\n",
      std::string(5000, ' ') + "- a",
  };
  for (const std::string& text : texts) EXPECT_FALSE(read_model_text(text, "test.yaml").model.has_value());
}

}  // namespace
}  // namespace penstock::config::test

#include "tests/fuzz/live/world.h"

#include <xxhash.h>

#include <stdexcept>

#include "config/contract/image.h"
#include "dataplane/state/lanes/stream_peer.h"

namespace penstock::fuzz {
namespace {

constexpr LiveEndpoint kEndpoints[] = {
    {"10.16.1.10", 0x11, config::kCaseUnknown},  {"10.16.2.10", 0x22, config::kCaseRepeated},
    {"10.16.3.10", 0x33, config::kCaseRepeated}, {"fd16::10", 0x44, config::kCaseUnknown},
    {"10.99.0.1", 0x55, config::kCaseRepeated},  {"10.99.0.2", 0x66, config::kCaseChanged},
    {"10.98.0.1", 0x77, config::kCaseUnknown},
};

constexpr LiveClient kClients[] = {
    {"192.168.10.20", "", "192.168.10.86", true},   {"192.168.20.7", "ml", "192.168.10.86", true, 7},
    {"192.168.30.7", "lab", "192.168.10.86", true}, {"fd00::20", "", "fd00::86", true},
    {"fd00:20::7", "ml", "fd00::86", true},         {"192.168.66.6", "", "192.168.10.86", false},
    {"192.168.10.21", "", "192.168.10.86", true},   {"10.99.0.1", "", "192.168.10.86", true},
};

constexpr std::string_view kNames[] = {
    "a.studio.corp",
    "d-sq9.Studio.Corp",
    "a.ml.corp",
    "ml.corp",
    "a.six.corp",
    "a.open.corp",
    "a.lab.corp",
    "loc.corp",
    "to.loc.corp",
    "ml.loc.corp",
    "out.loc.corp",
    "x.w.loc.corp",
    "six.loc.corp",
    "x.over.corp",
    "no.corp",
    "www.org",
    "a.moved.org",
    "mail.moved.org",
    "cdn.example.net",
    "gone.example",
    "pass.corp",
    // Of 255 octets, and of 129.
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    ".ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc."
    "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
    "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee."
    "fffffffffffffffffffffffffffffffffffffffffffffffffffff.studio.corp",
    "",
};

const std::string kHead = R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86, "fd00::86"]
)";
const std::string kPools = R"(
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10], retry_on: [servfail, refused], pass_options: [65001]}
  vault: {kind: route53-inbound, endpoints: [10.16.3.10], randomise_case: true, resolve_tc: true}
  vpc6: {kind: route53-inbound, endpoints: ["fd16::10"], cache: off, resolve_tc: true}
  office: {kind: recursive, endpoints: [10.99.0.1, 10.99.0.2], randomise_case: true, resolve_tc: true, retry_on: [servfail]}
  plain: {kind: recursive, endpoints: [10.98.0.1], policy: round-robin, ecs: add, udp_size: 600}
)";
const std::string kClientsOpen = R"(
clients:
  allow: [192.168.0.0/16, 10.99.0.0/16, "fd00::/8"]
  deny: [192.168.66.0/24]
  groups: {ml: {prefixes: [192.168.20.0/24, "fd00:20::/32"]}, lab: {prefixes: [192.168.30.0/24], udp_size: 700}}
)";
const std::string kClientsLimited = R"(
clients:
  allow: [192.168.0.0/16, 10.99.0.0/16, "fd00::/8"]
  deny: [192.168.66.0/24]
  refused: drop
  rate_per_client: 3
  response_rate: 4
  groups: {ml: {prefixes: [192.168.20.0/24, "fd00:20::/32"], rate: 4}, lab: {prefixes: [192.168.30.0/24], rate_per_client: 0}}
)";
const std::string kVpcNetworks = R"(["17.17.17.0/24", "34.34.34.0/24", "fd11:1111:1111::/48", "fd22:2222:2222::/48"])";
const std::string kLocal = R"(
  - {zone: loc.corp, records: ["@ A 10.0.0.1", "to CNAME a.studio.corp.", "ml CNAME a.ml.corp.", "out CNAME www.org.", "six CNAME a.six.corp.", "*.w A 10.0.0.2"]}
  - {zone: over.corp, private: on, answer: [10.0.0.3, "fd00::3"]}
  - {zone: no.corp, answer: nxdomain}
  - {zone: gone.example, answer: refused}
)";

// The usual one; the same names dealt otherwise; nothing private; limits, updates and no default.
std::vector<std::string> rule_texts() {
  return {
      kHead + kClientsOpen + kPools + "zones:\n  - {zone: studio.corp, pool: vpc, expect: " + kVpcNetworks + "}\n" + R"(
  - {zone: ml.corp, pool: vault, clients: [ml], expect: ["51.51.51.0/24", "fd33:3333:3333::/48"]}
  - {zone: six.corp, pool: vpc6, expect: ["68.68.68.0/24", "fd44:4444:4444::/48"]}
  - {zone: open.corp, pool: vpc}
  - {zone: lab.corp, pool: plain, clients: [lab], otherwise: next}
)" + kLocal +
          "default: {pool: office}\n",
      kHead + kClientsOpen + kPools + "zones:\n  - {zone: moved.org, pool: vpc, expect: " + kVpcNetworks + "}\n" + R"(
  - {zone: studio.corp, pool: vpc6, expect: ["68.68.68.0/24", "fd44:4444:4444::/48"]}
  - {zone: ml.corp, pool: vault, clients: [lab], expect: ["51.51.51.0/24", "fd33:3333:3333::/48"]}
  - {name: www.org, pool: office, clients: [ml], otherwise: next}
  - {zone: "*.example.net", pool: plain}
  - {zone: lab.corp, pool: vpc, clients: [ml, lab]}
)" + kLocal +
          "default: {pool: plain}\n",
      kHead + kClientsOpen + kPools + "zones:\n  - {zone: studio.corp, pool: plain}\n" + kLocal +
          "default: {pool: office}\nupdates: office\n",
      kHead + kClientsLimited + kPools + "zones:\n  - {zone: studio.corp, pool: vpc, expect: " + kVpcNetworks + "}\n" +
          R"(
  - {zone: ml.corp, pool: vault, clients: [ml], expect: ["51.51.51.0/24", "fd33:3333:3333::/48"]}
  - {zone: org, pool: office}
  - {zone: example.net, pool: plain}
)" + kLocal +
          "updates: plain\n",
  };
}

}  // namespace

std::span<const LiveEndpoint> live_endpoints() {
  return kEndpoints;
}
std::span<const LiveClient> live_clients() {
  return kClients;
}
std::span<const std::string_view> live_names() {
  return kNames;
}

std::span<const LiveRules> live_rules() {
  static const std::vector<LiveRules> all = [] {
    std::vector<LiveRules> made;
    // The slots of the endpoints are the same in all of them, and in every rig that is made later.
    test::PathRig rig({.rules = rule_texts()[0], .pending_slots = 64, .frames = 16});
    for (const std::string& text : rule_texts()) {
      rig.load(text);
      made.push_back({rig.model(), rig.image(), rig.model().clients.rate_per_client == 0});
    }
    return made;
  }();
  return all;
}

void load(test::PathRig& rig, const LiveRules& rules) {
  static uint64_t generation = 100;
  control::ImageBytes image = rules.image;
  auto& header = *reinterpret_cast<config::ImageHeader*>(image.data());
  header.generation = ++generation;
  header.checksum = 0;
  header.checksum = XXH3_64bits(image.data(), image.size());
  if (const auto loaded = rig.load_image(std::move(image)); !loaded) throw std::logic_error(loaded.error());
}

test::PathRig& live_rig() {
  static test::PathRig rig(
      {.rules = rule_texts()[0], .lcores = 2, .pending_slots = 64, .frames = 384, .cache_size = 1 << 16});
  rig.forget();
  rig.host.ports[kStreamPort].mac = state::kStreamPortMac;
  rig.host.tcp_keepalive = 100;
  load(rig, live_rules()[0]);
  uint8_t last = 0xe0;
  for (const LiveEndpoint& endpoint : kEndpoints) {
    config::EndpointState state;
    const bool v4 = test::address(endpoint.address).is_v4();
    state.source = test::address(v4 ? "192.168.10.86" : "fd00::86").bytes;
    state.mac = test::mac(last++);
    state.port = 1;
    state.reachable = 1;
    state.health = config::Health::up;
    state.echoes_case = endpoint.echoes_case;
    rig.set_endpoint(endpoint.address, state);
  }
  return rig;
}

}  // namespace penstock::fuzz

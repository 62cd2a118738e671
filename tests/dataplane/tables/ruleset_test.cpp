// Ruleset::open against damaged images: each is refused with its reason, and nothing outside is ever read (run under asan).
// Long because most of it is one table, a row for each field that can be damaged.
#include "dataplane/tables/ruleset.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include <cstring>
#include <functional>
#include <random>

#include "tests/dataplane/tables/sample_model.h"

namespace penstock::tables {
namespace {

using config::ImageHeader;
using config::Section;
using control::ImageBytes;
using test::wire;

ImageBytes sample_image() {
  config::Model model = test::sample_model(6);
  test::add_zone(model, wire("studio.us-east-1.sagemaker.aws"), config::Scope::zone, 0);
  test::add_zone(model, wire("example.com"), config::Scope::below, 1);
  test::add_zone(model, wire("api.example.com"), config::Scope::name, 2);
  test::add_zone(model, wire("ads.example"), config::Scope::zone, 3);
  test::add_zone(model, wire("lab.example"), config::Scope::zone, 4);
  test::add_zone(model, wire("six.example"), config::Scope::zone, 5);
  model.rules[3].action = config::Action::nxdomain;
  model.rules[4].action = config::Action::records;
  model.rules[4].records = {{"www A 10.0.0.1\nwww A 10.0.0.2\nwww TXT x\n*.wild.ent CNAME www\n", {}}};
  model.rules[5].action = config::Action::addresses;
  model.rules[5].addresses = {*config::parse_address("fd00::6")};
  model.rules[0].expect = {*config::parse_prefix("10.16.0.0/16")};
  model.default_rule = 1;
  auto compiled = control::compile(model, 42, test::slots_in_order(), 0x1234567890abcdef);
  if (!compiled) throw std::runtime_error(compiled.error());
  return compiled->image;
}

ImageHeader& header_of(ImageBytes& image) {
  return *reinterpret_cast<ImageHeader*>(image.data());
}

template <typename Record>
Record& record(ImageBytes& image, Section which, size_t index = 0) {
  return reinterpret_cast<Record*>(image.data() + header_of(image).sections[static_cast<size_t>(which)].offset)[index];
}

// The first set of the type.
config::ImageLocalSet& local_set_of(ImageBytes& image, uint16_t type) {
  for (size_t i = 0;; ++i)
    if (auto& set = record<config::ImageLocalSet>(image, Section::local_sets, i); set.type == type) return set;
}
config::ImageLocalSlot& used_slot(ImageBytes& image) {
  for (size_t i = 0;; ++i)
    if (auto& slot = record<config::ImageLocalSlot>(image, Section::local_slots, i); slot.node != config::kNoNode)
      return slot;
}

void seal(ImageBytes& image) {
  header_of(image).checksum = 0;
  header_of(image).checksum = XXH3_64bits(image.data(), image.size());
}

std::string reason(std::span<const std::byte> image) {
  const auto opened = Ruleset::open(image);
  return opened ? "accepted" : opened.error();
}

// The first used slot of the table.
config::ZoneBucket& first_used(ImageBytes& image, size_t skip = 0) {
  for (size_t b = 0;; ++b) {
    auto& bucket = record<config::ZoneBucket>(image, Section::zone_buckets, b);
    if (bucket.used > skip) return bucket;
  }
}
config::ZoneNode& first_node(ImageBytes& image) {
  return *reinterpret_cast<config::ZoneNode*>(&record<std::byte>(image, Section::zone_nodes) +
                                              uint64_t{first_used(image).nodes[0]} * config::kZoneNodeUnit);
}

uint64_t use_local(const Ruleset& rules, uint32_t number, const dns::FoldedName& name, const Match& match) {
  const LocalRecords& local = rules.local();
  const config::ImageLocalZone& zone = local.zone(number);
  uint64_t sum = local.data(local.set(zone.soa)).back();
  const auto* node =
      zone.node != config::kNoNode ? &local.node(zone.node) : local.find(number, name, match.matched_length);
  if (node == nullptr) return sum;
  for (const auto& set : local.sets(*node)) {
    EXPECT_EQ(local.find_set(*node, set.type), &set);
    for (const uint8_t octet : local.data(set)) sum += octet;
  }
  return sum;
}

// What a lookup of every kind reads; only for images that were accepted.
uint64_t use(const Ruleset& rules, std::mt19937_64& random) {
  uint64_t sum = 0;
  for (const char* text : {".", "com", "www.example.com", "www.lab.example", "a.wild.ent.lab.example", "six.example",
                           "api.example.com", "d-1.studio.us-east-1.sagemaker.aws", "a.b.c.d"}) {
    const auto name = test::folded(wire(text));
    Probe probe;
    rules.zones().prepare(name, probe);
    const Match match = rules.zones().match(name, probe);
    rules.zones().narrow(probe);
    EXPECT_EQ(rules.zones().match(name, probe), match);
    if (match.rule == config::kNoRule) continue;
    const auto& rule = rules.rule(match.rule);
    if (rule.action != static_cast<uint8_t>(config::Action::forward)) {
      if (rule.action != static_cast<uint8_t>(config::Action::refused))
        sum += use_local(rules, rule.local_zone(), name, match);
      continue;
    }
    for (const auto& endpoint : rules.endpoints(rule.pool)) sum += endpoint.slot.value() + endpoint.weight;
  }
  sum += rules.clients().look_up(static_cast<uint32_t>(random())).allowed ? 1 : 0;
  sum += rules.clients().look_up(random(), random()).allowed ? 1 : 0;
  return sum;
}

TEST(Ruleset, OpensWhatWasCompiled) {
  const ImageBytes image = sample_image();
  const auto rules = Ruleset::open(image);
  ASSERT_TRUE(rules) << rules.error();
  EXPECT_EQ(rules->header().generation, 42U);
  EXPECT_EQ(rules->header().query_timeout_ms, 1800U);
  ASSERT_EQ(rules->pools().size(), 2U);
  ASSERT_EQ(rules->rules().size(), 6U);
  ASSERT_EQ(rules->endpoints().size(), 3U);
  ASSERT_EQ(rules->endpoints(config::PoolIndex{0}).size(), 2U);
  ASSERT_EQ(rules->endpoints(config::PoolIndex{1}).size(), 1U);
  EXPECT_EQ(rules->endpoints(config::PoolIndex{0})[1].family, 6);
  EXPECT_EQ(rules->endpoints(config::PoolIndex{1})[0].address[0], 192);
  EXPECT_EQ(rules->endpoints(config::PoolIndex{1})[0].slot, config::EndpointSlot{2});
  EXPECT_EQ(rules->zones().size(), 6U);
  EXPECT_EQ(rules->rule(config::RuleIndex{3}).action, static_cast<uint8_t>(config::Action::nxdomain));
  EXPECT_EQ(rules->pool(config::PoolIndex{0}).is_private, 1);
  EXPECT_TRUE(rules->clients().look_up(0x0a000001U).allowed);
  EXPECT_FALSE(rules->clients().look_up(0x0a090001U).allowed);
}

struct RefusalCase {
  const char* description;
  std::function<void(ImageBytes&)> damage;
  const char* reason;  // part of it
};
config::ImageSection& section_of(ImageBytes& image, Section which) {
  return header_of(image).sections[static_cast<size_t>(which)];
}

using B = ImageBytes;
const RefusalCase kRefusals[] = {
    {.description = "nothing", .damage = [](B&) {}, .reason = "accepted"},
    {.description = "magic", .damage = [](B& i) { header_of(i).magic ^= 1; }, .reason = "magic number"},
    {.description = "older version", .damage = [](B& i) { header_of(i).version = 0; }, .reason = "format version 0"},
    {.description = "newer version",
     .damage = [](B& i) { header_of(i).version = config::kImageVersion + 1; },
     .reason = "format version"},
    {.description = "header size",
     .damage = [](B& i) { header_of(i).header_size += 64; },
     .reason = "bytes for itself"},
    {.description = "total size too small",
     .damage = [](B& i) { header_of(i).total_size -= 64; },
     .reason = "bytes in all"},
    {.description = "total size too large",
     .damage = [](B& i) { header_of(i).total_size = ~uint64_t{0}; },
     .reason = "bytes in all"},
    {.description = "time-out",
     .damage = [](B& i) { header_of(i).query_timeout_ms = 0; },
     .reason = "query_timeout_ms 0, not 50 to 60000"},
    {.description = "refused_silent",
     .damage = [](B& i) { header_of(i).refused_silent = 2; },
     .reason = "refused_silent 2, not 0 to 1"},
    {.description = "section unaligned",
     .damage = [](B& i) { section_of(i, Section::rules).offset += 8; },
     .reason = "of rules begins at"},
    {.description = "section inside the header",
     .damage = [](B& i) { section_of(i, Section::pools).offset = 0; },
     .reason = "of pools lies outside"},
    {.description = "section behind the end",
     .damage = [](B& i) { section_of(i, Section::rules).offset = uint64_t{1} << 40; },
     .reason = "lies outside"},
    {.description = "section wraps around",
     .damage = [](B& i) { section_of(i, Section::rules).size = ~uint64_t{0} - 63; },
     .reason = "lies outside"},
    {.description = "section of half a record",
     .damage = [](B& i) { section_of(i, Section::endpoints).size -= 8; },
     .reason = "not a multiple of 32"},
    {.description = "sections overlap",
     .damage = [](B& i) { section_of(i, Section::rules).offset = section_of(i, Section::endpoints).offset; },
     .reason = "overlap"},
    {.description = "no v4 clients",
     .damage = [](B& i) { section_of(i, Section::clients_v4).size = 0; },
     .reason = "no range of v4"},
    {.description = "no v6 clients",
     .damage = [](B& i) { section_of(i, Section::clients_v6).size = 0; },
     .reason = "no range of v6"},
    {.description = "no pools",
     .damage = [](B& i) { section_of(i, Section::pools).size = 0; },
     .reason = "3 of its 3 endpoints belong to no pool"},
    {.description = "no endpoints",
     .damage = [](B& i) { section_of(i, Section::endpoints).size = 0; },
     .reason = "has endpoints up to"},
    {.description = "no rules",
     .damage = [](B& i) { section_of(i, Section::rules).size = 0; },
     .reason = "its default is rule 1, the image has 0"},
    {.description = "pool without endpoint",
     .damage = [](B& i) { record<config::ImagePool>(i, Section::pools).endpoint_count = 0; },
     .reason = "its pool 0 has endpoint_count 0, not 1 to 1024"},
    {.description = "pool with too many",
     .damage = [](B& i) { record<config::ImagePool>(i, Section::pools, 1).endpoint_count = 0xffffffff; },
     .reason = "its pool 1 has endpoint_count 4294967295"},
    {.description = "pool begins elsewhere",
     .damage = [](B& i) { record<config::ImagePool>(i, Section::pools, 1).first_endpoint = config::EndpointIndex{0}; },
     .reason = "begins at endpoint 0 instead of 2"},
    {.description = "pool begins far away",
     .damage = [](B& i) { record<config::ImagePool>(i, Section::pools).first_endpoint = config::kNoEndpoint; },
     .reason = "begins at endpoint"},
    {.description = "pool kind",
     .damage = [](B& i) { record<config::ImagePool>(i, Section::pools).kind = 9; },
     .reason = "kind 9, not 0 to 1"},
    {.description = "pool's least TTL above the longest",
     .damage =
         [](B& i) {
           record<config::ImagePool>(i, Section::pools).max_ttl = 9;
           record<config::ImagePool>(i, Section::pools).min_ttl = 10;
         },
     .reason = "min_ttl 10 above max_ttl 9"},
    {.description = "pool that holds no private names",
     .damage = [](B& i) { record<config::ImagePool>(i, Section::pools).is_private = 0; },
     .reason = "its rule 0 is private and forwards to pool 0, which holds no private names"},
    {.description = "private rule's other pool",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules).pool = config::PoolIndex{1}; },
     .reason = "its rule 0 is private and forwards to pool 1"},
    {.description = "endpoint of more than IPv4",
     .damage = [](B& i) { record<config::ImageEndpoint>(i, Section::endpoints).address[15] = 1; },
     .reason = "its endpoint 0 has more than an address of IPv4"},
    {.description = "pool is_private",
     .damage = [](B& i) { record<config::ImagePool>(i, Section::pools).is_private = 2; },
     .reason = "is_private 2"},
    {.description = "endpoint family",
     .damage = [](B& i) { record<config::ImageEndpoint>(i, Section::endpoints).family = 5; },
     .reason = "family 5, not 4 or 6"},
    {.description = "endpoint slot",
     .damage = [](B& i) { record<config::ImageEndpoint>(i, Section::endpoints).slot = config::EndpointSlot{1024}; },
     .reason = "slot 1024"},
    {.description = "slot twice",
     .damage = [](B& i) { record<config::ImageEndpoint>(i, Section::endpoints, 2).slot = config::EndpointSlot{0}; },
     .reason = "which another endpoint has"},
    {.description = "endpoint weight",
     .damage = [](B& i) { record<config::ImageEndpoint>(i, Section::endpoints).weight = 0; },
     .reason = "weight 0"},
    {.description = "endpoint's pool",
     .damage = [](B& i) { record<config::ImageEndpoint>(i, Section::endpoints, 2).pool = config::PoolIndex{0}; },
     .reason = "its endpoint 2 says pool 0"},
    {.description = "rule's pool",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules).pool = config::PoolIndex{2}; },
     .reason = "forwards to pool 2"},
    {.description = "rule's action",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules).action = 6; },
     .reason = "action 6, not 0 to 5"},
    {.description = "rule's is_private",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules).is_private = 255; },
     .reason = "is_private 255"},
    {.description = "rule's cache",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules).cache = 2; },
     .reason = "cache 2"},
    {.description = "rule's on_leak",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules).on_leak = 2; },
     .reason = "on_leak 2"},
    {.description = "rule's cname",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules).cname = 3; },
     .reason = "cname 3"},
    {.description = "rule's prefixes",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules).first_prefix = 0xffffffff; },
     .reason = "expects prefixes up to"},
    {.description = "rule's many prefixes",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules).prefix_count = 0xffff; },
     .reason = "expects prefixes up to"},
    {.description = "pool policy",
     .damage = [](B& i) { record<config::ImagePool>(i, Section::pools).policy = 4; },
     .reason = "policy 4"},
    {.description = "pool retry_on",
     .damage = [](B& i) { record<config::ImagePool>(i, Section::pools).retry_on = 4; },
     .reason = "retry_on 4"},
    {.description = "pool cache",
     .damage = [](B& i) { record<config::ImagePool>(i, Section::pools).cache = config::kCacheAll + 1; },
     .reason = "its pool 0 has cache 32, not 0 to 31"},
    {.description = "pool pipelining",
     .damage = [](B& i) { record<config::ImagePool>(i, Section::pools).pipelining = 3; },
     .reason = "has pipelining 3"},
    {.description = "pool edns",
     .damage = [](B& i) { record<config::ImagePool>(i, Section::pools).edns = 16; },
     .reason = "has edns 16"},
    {.description = "pool udp_size",
     .damage = [](B& i) { record<config::ImagePool>(i, Section::pools).udp_size = 511; },
     .reason = "udp_size 511"},
    {.description = "pool options",
     .damage = [](B& i) { record<config::ImagePool>(i, Section::pools).pass_option_count = 9; },
     .reason = "pass_option_count 9, not 0 to 8"},
    {.description = "rule's view",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules).view = 0; },
     .reason = "is for view 0"},
    {.description = "rule's transfers",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules).transfers = 9; },
     .reason = "is transferred to view 8"},
    {.description = "rule's otherwise",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules).otherwise = 2; },
     .reason = "otherwise 2"},
    {.description = "rule's next is itself",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules, 1).next_rule = config::RuleIndex{1}; },
     .reason = "more than 63 next rules"},
    {.description = "rule's next outside",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules, 1).next_rule = config::RuleIndex{999}; },
     .reason = "has next rule 999"},
    {.description = "header's over_rate",
     .damage = [](B& i) { header_of(i).over_rate = 3; },
     .reason = "its header has over_rate 3"},
    {.description = "header's has_views", .damage = [](B& i) { header_of(i).has_views = 1; }, .reason = "has_views 1"},
    {.description = "header's update_pool",
     .damage = [](B& i) { header_of(i).update_pool = config::PoolIndex{99}; },
     .reason = "updates go to pool 99"},
    {.description = "group's udp_size",
     .damage = [](B& i) { record<config::ImageGroup>(i, Section::groups).udp_size = 4097; },
     .reason = "udp_size 4097"},
    {.description = "prefix family",
     .damage = [](B& i) { record<config::ImagePrefix>(i, Section::prefixes).family = 0; },
     .reason = "family 0, not 4 or 6"},
    {.description = "prefix length",
     .damage = [](B& i) { record<config::ImagePrefix>(i, Section::prefixes).length = 33; },
     .reason = "33 bits of 32"},
    {.description = "prefix with host bits",
     .damage = [](B& i) { record<config::ImagePrefix>(i, Section::prefixes).address[3] = 1; },
     .reason = "bits set behind its length"},
    {.description = "no groups",
     .damage = [](B& i) { section_of(i, Section::groups).size = 0; },
     .reason = "it has 0 groups"},
    {.description = "group's weight",
     .damage = [](B& i) { record<config::ImageGroup>(i, Section::groups).weight = 0; },
     .reason = "weight 0"},
    {.description = "v4 group",
     .damage = [](B& i) { record<config::ImageClientsV4>(i, Section::clients_v4, 1).group = 9; },
     .reason = "of group 9"},
    {.description = "v6 group",
     .damage = [](B& i) { record<config::ImageClientsV6>(i, Section::clients_v6, 1).group = 9; },
     .reason = "of group 9"},
    {.description = "default rule",
     .damage = [](B& i) { header_of(i).default_rule = config::RuleIndex{6}; },
     .reason = "its default is rule 6"},
    {.description = "rule's local zone",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules, 3).pool = config::PoolIndex{3}; },
     .reason = "its rule 3 answers from local zone 3"},
    {.description = "rule of records with a zone of addresses",
     .damage = [](B& i) { record<config::ImageRule>(i, Section::rules, 4).pool = config::PoolIndex{2}; },
     .reason = "its rule 4 and its local zone disagree"},
    {.description = "local zone's SOA",
     .damage = [](B& i) { record<config::ImageLocalZone>(i, Section::local_zones).soa = 99; },
     .reason = "no SOA at"},
    {.description = "local zone's SOA of another type",
     .damage =
         [](B& i) {
           record<config::ImageLocalZone>(i, Section::local_zones).soa =
               static_cast<uint32_t>(&local_set_of(i, 1) - &record<config::ImageLocalSet>(i, Section::local_sets));
         },
     .reason = "no SOA at"},
    {.description = "local zone's node",
     .damage = [](B& i) { record<config::ImageLocalZone>(i, Section::local_zones, 2).node = 99; },
     .reason = "has node 99"},
    {.description = "local zone's depth",
     .damage = [](B& i) { record<config::ImageLocalZone>(i, Section::local_zones, 1).deepest = 128; },
     .reason = "deepest 128"},
    {.description = "local zone's depth too small",
     .damage = [](B& i) { record<config::ImageLocalZone>(i, Section::local_zones, 1).deepest = 3; },
     .reason = "deeper than its zone"},
    {.description = "local set outside",
     .damage = [](B& i) { record<config::ImageLocalSet>(i, Section::local_sets).data = 0xffffff00; },
     .reason = "its local set 0 lies outside"},
    {.description = "local set too large",
     .damage = [](B& i) { record<config::ImageLocalSet>(i, Section::local_sets).size = 0xffffff00; },
     .reason = "its local set 0 lies outside"},
    {.description = "local set of no record",
     .damage = [](B& i) { record<config::ImageLocalSet>(i, Section::local_sets).count = 0; },
     .reason = "has no record"},
    {.description = "local set of a record more",
     .damage = [](B& i) { ++record<config::ImageLocalSet>(i, Section::local_sets).count; },
     .reason = "ends inside record 1"},
    {.description = "local set of a record less",
     .damage = [](B& i) { --local_set_of(i, 1).count; },
     .reason = "octets behind its records"},
    {.description = "local set of another type",
     .damage = [](B& i) { local_set_of(i, 1).type = 28; },
     .reason = "another type"},
    {.description = "local set of type 0",
     .damage = [](B& i) { local_set_of(i, 1).type = 0; },
     .reason = "is of type 0"},
    {.description = "an address too long",
     .damage = [](B& i) { (&record<uint8_t>(i, Section::local_bytes) + local_set_of(i, 1).data)[9] = 5; },
     .reason = "address of 5 octets"},
    {.description = "a CNAME to no name",
     .damage = [](B& i) { (&record<uint8_t>(i, Section::local_bytes) + local_set_of(i, 5).data)[10] = 0; },
     .reason = "malformed name"},
    {.description = "local node's zone",
     .damage = [](B& i) { record<config::ImageLocalNode>(i, Section::local_nodes).zone = 3; },
     .reason = "is of local zone 3"},
    {.description = "local node's other zone",
     .damage = [](B& i) { record<config::ImageLocalNode>(i, Section::local_nodes).zone = 2; },
     .reason = "its local node 0"},
    {.description = "local node's sets",
     .damage = [](B& i) { record<config::ImageLocalNode>(i, Section::local_nodes).sets = 99; },
     .reason = "has sets up to"},
    {.description = "local node's first set",
     .damage = [](B& i) { record<config::ImageLocalNode>(i, Section::local_nodes).first = 99; },
     .reason = "has sets up to"},
    {.description = "local node's name",
     .damage = [](B& i) { record<config::ImageLocalNode>(i, Section::local_nodes).name = 0xfffffff0; },
     .reason = "lies outside the section"},
    {.description = "local node's name cut short",
     .damage = [](B& i) { --record<config::ImageLocalNode>(i, Section::local_nodes).name_length; },
     .reason = "malformed name"},
    {.description = "local node's labels",
     .damage = [](B& i) { ++record<config::ImageLocalNode>(i, Section::local_nodes).labels; },
     .reason = "labels, its name has"},
    {.description = "local node without its name",
     .damage = [](B& i) { record<config::ImageLocalNode>(i, Section::local_nodes).name_length = 0; },
     .reason = "local nodes have a name"},
    {.description = "local node's wildcard",
     .damage = [](B& i) { record<config::ImageLocalNode>(i, Section::local_nodes).wildcard = 99; },
     .reason = "has node 99 for its wildcard"},
    {.description = "local node's wrong wildcard",
     .damage = [](B& i) { record<config::ImageLocalNode>(i, Section::local_nodes).wildcard = 1; },
     .reason = "which has another name"},
    {.description = "local slot's node",
     .damage = [](B& i) { used_slot(i).node = 99; },
     .reason = "a local slot has node 99"},
    {.description = "local slot's tag",
     .damage = [](B& i) { used_slot(i).tag ^= 1; },
     .reason = "not found under its own name"},
    {.description = "local slot dropped",
     .damage = [](B& i) { used_slot(i).node = config::kNoNode; },
     .reason = "of its local slots are taken"},
    {.description = "local slots without a free one",
     .damage = [](B& i) { section_of(i, Section::local_slots).size = 8; },
     .reason = "of its local slots are taken"},
    {.description = "local slots of an odd number",
     .damage = [](B& i) { section_of(i, Section::local_slots).size -= 8; },
     .reason = "not a power of two"},
    {.description = "first v4 range",
     .damage = [](B& i) { record<config::ImageClientsV4>(i, Section::clients_v4).start = 1; },
     .reason = "does not start at address 0"},
    {.description = "v4 ranges out of order",
     .damage = [](B& i) { record<config::ImageClientsV4>(i, Section::clients_v4, 2).start = 1; },
     .reason = "range 2 of v4 clients does not start behind"},
    {.description = "v4 allowed",
     .damage = [](B& i) { record<config::ImageClientsV4>(i, Section::clients_v4, 1).allowed = 8; },
     .reason = "allowed 8, not 0 to 7"},
    {.description = "first v6 range",
     .damage = [](B& i) { record<config::ImageClientsV6>(i, Section::clients_v6).start_low = 1; },
     .reason = "does not start at address 0"},
    {.description = "v6 ranges out of order",
     .damage = [](B& i) { record<config::ImageClientsV6>(i, Section::clients_v6, 1).start_high = 0; },
     .reason = "range 1 of v6 clients does not start behind"},
    {.description = "v6 allowed",
     .damage = [](B& i) { record<config::ImageClientsV6>(i, Section::clients_v6, 1).allowed = 8; },
     .reason = "allowed 8, not 0 to 7"},
    {.description = "bucket count",
     .damage = [](B& i) { header_of(i).bucket_count = 3; },
     .reason = "not a power of two"},
    {.description = "bucket count 0",
     .damage = [](B& i) { header_of(i).bucket_count = 0; },
     .reason = "not a power of two"},
    {.description = "bucket count beside the section",
     .damage = [](B& i) { header_of(i).bucket_count *= 2; },
     .reason = "the section has"},
    {.description = "bucket used", .damage = [](B& i) { first_used(i).used = 11; }, .reason = "used 11, not 0 to 10"},
    {.description = "bucket overflowed",
     .damage = [](B& i) { first_used(i).overflowed = 2; },
     .reason = "overflowed 2"},
    {.description = "chain without an end",
     .damage =
         [](B& i) {
           for (uint32_t b = 0; b < header_of(i).bucket_count; ++b)
             record<config::ZoneBucket>(i, Section::zone_buckets, b).overflowed = 1;
         },
     .reason = "chain of overflowed buckets that is too long"},
    {.description = "slot dropped", .damage = [](B& i) { --first_used(i).used; }, .reason = "its buckets hold 5"},
    {.description = "node outside",
     .damage = [](B& i) { first_used(i).nodes[0] = 0xffffffff; },
     .reason = "lies outside the section"},
    {.description = "node over the very end",
     .damage =
         [](B& i) {
           const uint64_t offset = section_of(i, Section::zone_nodes).size - 16;
           first_used(i).nodes[0] = static_cast<uint32_t>(offset / config::kZoneNodeUnit);
           first_node(i).name_length = 255;
         },
     .reason = "lies outside the section"},
    {.description = "wrong tag",
     .damage = [](B& i) { first_used(i).tags[0] ^= 1; },
     .reason = "not found under its own name"},
    {.description = "other key",
     .damage = [](B& i) { header_of(i).hash_key ^= 1; },
     .reason = "not found under its own name"},
    {.description = "name cut short",
     .damage = [](B& i) { first_node(i).name_length -= 1; },
     .reason = "malformed name"},
    {.description = "name of no octets",
     .damage = [](B& i) { first_node(i).name_length = 0; },
     .reason = "malformed name"},
    {.description = "label too long", .damage = [](B& i) { first_node(i).name[0] = 64; }, .reason = "malformed name"},
    {.description = "label over the end",
     .damage = [](B& i) { first_node(i).name[0] = 63; },
     .reason = "malformed name"},
    {.description = "root in the middle",
     .damage = [](B& i) { first_node(i).name[0] = 0; },
     .reason = "malformed name"},
    {.description = "upper case", .damage = [](B& i) { first_node(i).name[1] = 'A'; }, .reason = "malformed name"},
    {.description = "another name",
     .damage = [](B& i) { first_node(i).name[1] = 'z'; },
     .reason = "not found under its own name"},
    {.description = "labels", .damage = [](B& i) { first_node(i).labels += 1; }, .reason = "labels, its name has"},
    {.description = "node without a rule",
     .damage = [](B& i) { first_node(i).apex_rule = first_node(i).below_rule = config::kNoRule; },
     .reason = "has no rule"},
    {.description = "node's apex rule",
     .damage = [](B& i) { first_node(i).apex_rule = config::RuleIndex{6}; },
     .reason = "has rule 6"},
    {.description = "node's below rule",
     .damage = [](B& i) { first_node(i).below_rule = config::RuleIndex{6}; },
     .reason = "has rule 6"},
    {.description = "zone count",
     .damage = [](B& i) { header_of(i).zone_count += 1; },
     .reason = "its header says 7 zones"},
    {.description = "apex mask too small",
     .damage = [](B& i) { header_of(i).apex_depths[0] = 0; },
     .reason = "mask of apex depths"},
    {.description = "apex mask too large",
     .damage = [](B& i) { header_of(i).apex_depths[1] |= 1; },
     .reason = "mask of apex depths"},
    {.description = "below mask",
     .damage = [](B& i) { header_of(i).below_depths[0] ^= 1U << 4; },
     .reason = "mask of below depths"},
};

TEST(Ruleset, RefusesFieldsByTheirReason) {
  for (const RefusalCase& c : kRefusals) {
    ImageBytes image = sample_image();
    c.damage(image);
    seal(image);
    EXPECT_NE(reason(image).find(c.reason), std::string::npos) << c.description << ": " << reason(image);
    EXPECT_EQ(reason(image).find('\n'), std::string::npos) << c.description;
  }
}

TEST(Ruleset, RefusesEveryBitFlipAsDamage) {
  ImageBytes image = sample_image();
  for (size_t bit = 0; bit < image.size() * 8; ++bit) {
    image[bit / 8] ^= std::byte{1} << bit % 8;
    ASSERT_NE(reason(image), "accepted") << "bit " << bit;
    image[bit / 8] ^= std::byte{1} << bit % 8;
  }
  EXPECT_EQ(reason(image), "accepted");
}

TEST(Ruleset, RefusesEveryTruncation) {
  const ImageBytes image = sample_image();
  for (size_t size = 0; size < image.size(); ++size) {
    const ImageBytes shorter(image.begin(), image.begin() + static_cast<ptrdiff_t>(size));
    ASSERT_NE(reason(shorter), "accepted") << size;
  }
  // A truncation whose header agrees with its size.
  for (size_t size = sizeof(ImageHeader); size < image.size(); ++size) {
    ImageBytes shorter(image.begin(), image.begin() + static_cast<ptrdiff_t>(size));
    header_of(shorter).total_size = size;
    seal(shorter);
    ASSERT_NE(reason(shorter), "accepted") << size;
  }
}

TEST(Ruleset, RefusesMoreThanItsSize) {
  ImageBytes image = sample_image();
  image.resize(image.size() + 64);
  EXPECT_NE(reason(image).find("bytes in all"), std::string::npos) << reason(image);
}

TEST(Ruleset, RefusesMoreThanTheLimit) {
  // Reserved, never touched: only the size is looked at.
  const size_t size = config::kImageMaxSize + 64;
  void* memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  EXPECT_NE(reason({static_cast<const std::byte*>(memory), size}).find("the limit is"), std::string::npos);
  munmap(memory, size);
}

TEST(Ruleset, RefusesMemoryOffTheCacheLine) {
  const ImageBytes image = sample_image();
  ImageBytes moved(8);
  moved.insert(moved.end(), image.begin(), image.end());
  EXPECT_NE(reason(std::span<const std::byte>(moved).subspan(8)).find("64-byte boundary"), std::string::npos);
}

// Damage with a checksum that agrees: whatever is accepted can be used, whatever is refused has a reason.
TEST(Ruleset, SurvivesSealedDamage) {
  const ImageBytes original = sample_image();
  std::mt19937_64 random(99);
  size_t accepted = 0;
  uint64_t sum = 0;
  const auto look = [&](ImageBytes& image) {
    seal(image);
    const auto opened = Ruleset::open(image);
    if (!opened) {
      EXPECT_FALSE(opened.error().empty());
      return;
    }
    ++accepted;
    sum += use(*opened, random);
  };
  for (size_t bit = 0; bit < original.size() * 8; ++bit) {
    ImageBytes image = original;
    image[bit / 8] ^= std::byte{1} << bit % 8;
    look(image);
  }
  for (int round = 0; round < 20000; ++round) {
    ImageBytes image = original;
    for (size_t n = 1 + random() % 4; n > 0; --n) {
      // Numbers that mean something are tried more often than noise.
      const uint32_t values[] = {0,
                                 1,
                                 0xff,
                                 0xffff,
                                 0x7fffffff,
                                 0xffffffff,
                                 static_cast<uint32_t>(original.size()),
                                 static_cast<uint32_t>(random())};
      const uint32_t value = values[random() % 8];
      const size_t width = size_t{1} << random() % 3;
      const size_t at = 24 + random() % (image.size() - 28);
      std::memcpy(image.data() + at, &value, width);
    }
    look(image);
  }
  EXPECT_GT(accepted, 0U);  // generation, budgets, paddings
  EXPECT_GT(sum, 0U);
}

// An image at the end of a mapping: one byte too far is a fault, with or without a sanitizer.
TEST(Ruleset, ReadsNothingBehindTheImage) {
  const ImageBytes original = sample_image();
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t room = config::align_up(original.size(), page);
  auto* memory =
      static_cast<std::byte*>(mmap(nullptr, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  ASSERT_EQ(mprotect(memory + room, page, PROT_NONE), 0);
  // The image may only begin on a cache line: pad it up to the page's end with the section of nodes.
  ImageBytes image = original;
  image.resize(config::align_up(image.size(), 64));
  header_of(image).total_size = image.size();
  auto& nodes = header_of(image).sections[static_cast<size_t>(Section::zone_nodes)];
  nodes.size = image.size() - nodes.offset;
  seal(image);
  std::byte* at = memory + room - image.size();
  std::memcpy(at, image.data(), image.size());
  const auto opened = Ruleset::open({at, image.size()});
  ASSERT_TRUE(opened) << opened.error();
  std::mt19937_64 random(1);
  EXPECT_GT(use(*opened, random), 0U);
  munmap(memory, room + page);
}

}  // namespace
}  // namespace penstock::tables

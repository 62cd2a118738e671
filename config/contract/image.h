// config/contract/image.h - the rule image: how compiled rules cross from control to the dataplane.
//
// One flat block of little-endian structs, all references are offsets or indices. control/rules compiles it, the dataplane
// (tables/ruleset) treats it as untrusted input and validates all of it before the first lookup. Both map it read-only.
//
//   header | pools | endpoints | rules | clients v4 | clients v6 | zone buckets | prefixes | groups
//          | local zones | local slots | local nodes | local sets | local bytes | views | zone nodes
//
// A changed struct is a new kImageVersion; the dataplane refuses others. Each field has its range in image_fields.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "config/contract/indices/indexed.h"

namespace penstock::config {

constexpr uint64_t kImageMagic = 0x4b434f54534e4550ULL;  // "PENSTOCK"
constexpr uint32_t kImageVersion = 7;
constexpr uint64_t kImageMaxSize = uint64_t{1} << 30;
constexpr uint16_t kEverybody = 0xffff;    // no view
constexpr uint32_t kInherit = 0xffffffff;  // a limit that a group has from the header
constexpr size_t kMaxPassOptions = 8;
constexpr uint32_t kNoNode = 0xffffffff;
constexpr uint64_t kImageAlignment = 64;    // of the image in memory and of its sections
constexpr size_t kMostRulesOfName = 64;     // one after the other, for different clients
constexpr uint32_t kMaxClientGroups = 256;  // the first is that of clients in no group
constexpr uint32_t kMaxEndpoints = 1024;    // slots of the endpoint state page and of the counters
constexpr IndexRange<EndpointSlot> kEndpointSlots{EndpointSlot{0}, kMaxEndpoints};

enum class Section : uint8_t {
  pools,
  endpoints,
  rules,
  clients_v4,
  clients_v6,
  zone_buckets,
  zone_nodes,
  prefixes,
  groups,
  local_zones,
  local_slots,
  local_nodes,
  local_sets,
  local_bytes,
  views,
};
constexpr size_t kSections = 15;

struct ImageSection {
  uint64_t offset;  // from the start of the image, a multiple of 64
  uint64_t size;    // bytes
};

struct ImageHeader {
  uint64_t magic;
  uint32_t version;
  uint32_t header_size;
  uint64_t total_size;
  uint64_t checksum;  // XXH3 (64 bits) of the whole image with this field zero
  uint64_t generation;
  uint64_t hash_key;        // of suffix_hash.h
  uint64_t built_at;        // seconds since 1970
  uint64_t apex_depths[2];  // bit d: some node of d labels has an apex rule
  uint64_t below_depths[2];
  RuleIndex default_rule;  // or kNoRule
  uint32_t zone_count;     // nodes
  uint32_t bucket_count;   // a power of two
  uint32_t query_timeout_ms;
  uint8_t refused_silent;  // 1: clients that may not ask get no answer
  uint8_t over_rate;       // config::OverRate
  uint8_t has_views;       // 1: some rule is not for everybody
  uint8_t reserved;
  PoolIndex update_pool;      // or kNoPool
  uint32_t rate_per_client;   // queries/s, 0: none
  uint32_t response_rate;     // answers/s, 0: no limit
  uint64_t private_identity;  // of all private zones: changes when one of them does
  uint64_t loop_token;        // a query whose first label is loop_label() of it is a probe of ours that came back
  ImageSection sections[kSections];
};

struct ImagePool {
  EndpointIndex first_endpoint;
  uint32_t endpoint_count;  // 1 or more
  uint8_t kind;             // config::PoolKind
  uint8_t is_private;       // it may have private names
  uint8_t policy;           // config::Policy
  uint8_t retry_on;         // kRetryOnServfail | kRetryOnRefused
  uint8_t cache;            // kCache...; 0: answers are not remembered
  uint8_t pipelining;       // config::Pipelining, of queries over TCP
  uint8_t reserved[2];
  uint32_t max_ttl;  // s; the next three too
  uint32_t min_ttl;
  uint32_t max_negative_ttl;
  uint32_t max_stale;
  uint32_t cache_quota;  // KiB of the cache that the pool's answers may take, 0: all of it
  uint16_t udp_size;     // octets of an answer that leaves by UDP at most
  uint8_t edns;          // kEdns...
  uint8_t pass_option_count;
  uint16_t pass_options[kMaxPassOptions];  // EDNS options that go on to the endpoints

  IndexRange<EndpointIndex> endpoints() const { return {first_endpoint, endpoint_count}; }
};
constexpr uint8_t kEdnsResolveTc = 1;
constexpr uint8_t kEdnsRandomiseCase = 2;
constexpr uint8_t kEdnsEcsPass = 4;
constexpr uint8_t kEdnsEcsAdd = 8;
constexpr uint8_t kEdnsAll = 15;
constexpr uint16_t kLeastUdpSize = 512;
constexpr uint16_t kLargestUdpSize = 4096;
constexpr uint8_t kRetryOnServfail = 1;
constexpr uint8_t kRetryOnRefused = 2;
constexpr uint8_t kCacheEnabled = 1;
constexpr uint8_t kCacheStale = 2;
constexpr uint8_t kCachePrefetch = 4;
constexpr uint8_t kCacheRotate = 8;
constexpr uint8_t kCacheShortServices =
    16;  // names below _msdcs, _sites, _tcp and _udp are remembered a minute at most
constexpr uint8_t kCacheAll = 31;

struct ImageEndpoint {
  uint8_t address[16];  // network order, IPv4 in the first four
  uint8_t family;       // 4 or 6
  uint8_t reserved;
  EndpointSlot slot;  // below kMaxEndpoints
  uint32_t budget;    // queries/s of the whole dataplane, 0: none
  uint32_t weight;
  PoolIndex pool;
};

struct ImageRule {
  PoolIndex pool;  // when action is forward; else see local_zone()
  uint8_t action;  // config::Action
  uint8_t is_private;
  uint8_t cache;
  uint8_t on_leak;        // config::OnLeak
  uint32_t first_prefix;  // of the prefixes section: where addresses must lie
  uint16_t prefix_count;  // 0: not checked
  uint8_t cname;          // config::CnameInto
  uint8_t otherwise;      // config::Otherwise: for clients that are not in the view
  // Of all that its answers depend on: pool, endpoints, guard. A remembered answer is good for rules of the same identity.
  uint64_t identity;
  RuleIndex next_rule;  // of the next entry of the same name, for clients that are not in the view; or kNoRule
  uint16_t view;        // index; kEverybody: the rule is for all clients
  uint16_t transfers;   // 1 + index of the view of those who may have the whole zone; 0: nobody may

  // In the place of the pool, when action is neither forward nor refused: index into the local zones.
  uint32_t local_zone() const { return pool.value(); }
};

// Clients that a rule is for.
struct ImageView {
  uint64_t groups[kMaxClientGroups / 64];  // a bit for each group of the image, the first that of clients in no group
};

// A network that a rule expects addresses in.
struct ImagePrefix {
  uint8_t address[16];  // network order, IPv4 in the first four, host bits zero
  uint8_t length;       // bits
  uint8_t family;       // 4 or 6
  uint8_t is_assumed;   // 1: nobody wrote a network of the family; addresses elsewhere are withheld, not a leak
  uint8_t reserved[5];
};

// A group of clients; the first one is that of clients in no group.
struct ImageGroup {
  uint32_t weight;           // 1 or more
  uint32_t rate;             // queries/s of all its clients together, 0: none
  uint32_t rate_per_client;  // queries/s, 0: none; kInherit: the header's
  uint16_t udp_size;         // octets; 0: the pool's
  uint16_t reserved;
};

// Bits of `allowed`.
constexpr uint16_t kClientMayAsk = 1;
constexpr uint16_t kClientMaySnoop = 2;
constexpr uint16_t kClientRateExempt = 4;

// Client prefixes, flattened: ranges sorted by start, the first starts at address 0, each reaches to the next.
struct ImageClientsV4 {
  uint32_t start;  // host order
  uint16_t allowed;
  uint16_t group;
};
struct ImageClientsV6 {
  uint64_t start_high;  // host order
  uint64_t start_low;
  uint32_t allowed;
  uint32_t group;
};

// One cache line. Open addressing by bucket: a key that found its bucket full went to the next one and left `overflowed`.
constexpr unsigned kBucketSlots = 10;
struct alignas(64) ZoneBucket {
  uint16_t tags[kBucketSlots];   // top 16 bits of the hash
  uint32_t nodes[kBucketSlots];  // offset into zone nodes, in units of 8 bytes
  uint8_t used;
  uint8_t overflowed;
  uint16_t reserved;
};

// Followed by the folded wire name, padded with zeros to a multiple of 8.
struct ZoneNode {
  RuleIndex apex_rule;   // for the name itself, or kNoRule
  RuleIndex below_rule;  // for names below it, or kNoRule
  uint8_t name_length;   // octets on the wire, the root's included
  uint8_t labels;
  uint8_t name[];
};
constexpr size_t kZoneNodeNameOffset = 10;
constexpr uint64_t kZoneNodeUnit = 8;

// What a rule's names are answered with by ourselves.
struct ImageLocalZone {
  uint32_t
      soa;  // index into local sets: goes with an answer that there is nothing, its TTL that of the negative answer
  uint32_t node;    // action addresses: index of the local node that each name has; else kNoNode
  uint16_t error;   // INFO-CODE of the Extended DNS Error that goes with NXDOMAIN and NODATA, kNoError: none
  uint8_t deepest;  // labels of the longest name that local nodes have of it
  uint8_t reserved[5];
};
constexpr uint16_t kNoError = 0xffff;

// A name with records, or with such names below it: found by local_hash() of its zone and the name. Empty non-terminals are there.
struct ImageLocalNode {
  uint32_t zone;        // index into local zones
  uint32_t name;        // offset into local bytes: the folded wire name
  uint32_t first;       // index into local sets
  uint32_t wildcard;    // index of the node "*.NAME", or kNoNode
  uint16_t sets;        // by type, ascending; 0: there are only names below it
  uint8_t name_length;  // octets on the wire, the root's included; 0: it is no name's, and in no slot
  uint8_t labels;
  uint32_t reserved;
};

// Open addressing: a key that found its slot taken went to the next one.
struct ImageLocalSlot {
  uint32_t tag;   // top 32 bits of the hash
  uint32_t node;  // kNoNode: free
};

// An RRset of class IN: `count` records of type, class, TTL, length of data, data, as on the wire behind the owner's name.
struct ImageLocalSet {
  uint32_t data;  // offset into local bytes
  uint32_t size;  // octets
  uint16_t type;
  uint16_t count;
  uint32_t reserved;
};

using ImagePools = IndexedSpan<PoolIndex, const ImagePool>;
using ImageEndpoints = IndexedSpan<EndpointIndex, const ImageEndpoint>;
using ImageRules = IndexedSpan<RuleIndex, const ImageRule>;

static_assert(sizeof(ImageHeader) == 376);
static_assert(sizeof(ImagePool) == 56);
static_assert(sizeof(ImageEndpoint) == 32);
static_assert(sizeof(ImageRule) == 32);
static_assert(sizeof(ImagePrefix) == 24);
static_assert(sizeof(ImageView) == 32);
static_assert(sizeof(ImageGroup) == 16);
static_assert(sizeof(ImageLocalZone) == 16);
static_assert(sizeof(ImageLocalNode) == 24);
static_assert(sizeof(ImageLocalSlot) == 8);
static_assert(sizeof(ImageLocalSet) == 16);
static_assert(sizeof(ImageClientsV4) == 8);
static_assert(sizeof(ImageClientsV6) == 24);
static_assert(sizeof(ZoneBucket) == 64 && alignof(ZoneBucket) == 64);
static_assert(offsetof(ZoneNode, name) == kZoneNodeNameOffset);

constexpr uint64_t align_up(uint64_t value, uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}
constexpr uint64_t zone_node_size(uint64_t name_length) {
  return align_up(kZoneNodeNameOffset + name_length, kZoneNodeUnit);
}

}  // namespace penstock::config

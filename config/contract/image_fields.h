// config/contract/image_fields.h - the range of every field of the rule image (image.h): what the dataplane accepts, field by field.
//
// A field that is added to a record and not here does not compile. `range` is refused outside it by one function
// (tables/image_checks: check_fields); what hangs on other parts of the image has checks of its own beside it.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <type_traits>

#include "config/contract/enums.h"
#include "config/contract/image.h"

namespace penstock::config {

constexpr uint32_t kLeastQueryTimeoutMs = 50;
constexpr uint32_t kLongestQueryTimeoutMs = 60'000;
constexpr uint32_t kHighestRate = 100'000'000;  // a second
constexpr uint32_t kHighestWeight = 1000;
constexpr uint32_t kLongestKept = 604'800;             // s: a week
constexpr uint32_t kLongestLeastTtl = 3600;            // s
constexpr uint64_t kLargestQuota = uint64_t{1} << 30;  // KiB
constexpr uint16_t kHighestInfoCode = 0xff;            // of an Extended DNS Error that goes with local records
constexpr uint64_t kHighestGeneration = uint64_t{1} << 62;
constexpr uint8_t kMostLabels = 127;

enum class Values : uint8_t {
  range,      // least to most, or `also`
  any,        // each has a meaning: keys, sums, bits, addresses
  elsewhere,  // an index, an offset, a count: by the image that it is in
};

struct ImageField {
  const char* name;
  uint16_t offset;
  uint16_t size;   // octets of an element
  uint16_t count;  // elements, one behind the other
  Values values;
  uint64_t least = 0;
  uint64_t most = 0;
  uint64_t also = least;

  constexpr bool allows(uint64_t value) const {
    return values != Values::range || (value >= least && value <= most) || value == also;
  }
};

// The fields of a record in their order; a missing one leaves a gap.
template <typename Record>
struct ImageFields;

template <typename Record>
constexpr bool covers(size_t end = sizeof(Record)) {
  size_t at = 0;
  for (const ImageField& field : ImageFields<Record>::kAll) {
    if (field.offset != at) return false;
    at += size_t{field.size} * field.count;
  }
  return at == end;
}

// offsetof and decltype of a member need its name.
// NOLINTBEGIN(cppcoreguidelines-macro-usage)
#define PENSTOCK_FIELD(record, member, ...)                                                     \
  ImageField {                                                                                  \
#member, offsetof(record, member), sizeof(std::remove_extent_t <decltype(record::member)>), \
        std::max < size_t>(std::extent_v <decltype(record::member)>, 1), __VA_ARGS__            \
  }
#define PENSTOCK_RANGE(...) Values::range, __VA_ARGS__
// NOLINTEND(cppcoreguidelines-macro-usage)

template <typename Enum>
constexpr uint64_t last = kCountOf<Enum> - 1;

template <>
struct ImageFields<ImageHeader> {
  static constexpr std::array kAll = {
      PENSTOCK_FIELD(ImageHeader, magic, PENSTOCK_RANGE(kImageMagic, kImageMagic)),
      PENSTOCK_FIELD(ImageHeader, version, PENSTOCK_RANGE(kImageVersion, kImageVersion)),
      PENSTOCK_FIELD(ImageHeader, header_size, PENSTOCK_RANGE(sizeof(ImageHeader), sizeof(ImageHeader))),
      PENSTOCK_FIELD(ImageHeader, total_size, Values::elsewhere),
      PENSTOCK_FIELD(ImageHeader, checksum, Values::elsewhere),
      PENSTOCK_FIELD(ImageHeader, generation, PENSTOCK_RANGE(1, kHighestGeneration)),
      PENSTOCK_FIELD(ImageHeader, hash_key, Values::any),
      PENSTOCK_FIELD(ImageHeader, built_at, Values::any),
      PENSTOCK_FIELD(ImageHeader, apex_depths, Values::elsewhere),
      PENSTOCK_FIELD(ImageHeader, below_depths, Values::elsewhere),
      PENSTOCK_FIELD(ImageHeader, default_rule, Values::elsewhere),
      PENSTOCK_FIELD(ImageHeader, zone_count, Values::elsewhere),
      PENSTOCK_FIELD(ImageHeader, bucket_count, Values::elsewhere),
      PENSTOCK_FIELD(ImageHeader, query_timeout_ms, PENSTOCK_RANGE(kLeastQueryTimeoutMs, kLongestQueryTimeoutMs)),
      PENSTOCK_FIELD(ImageHeader, refused_silent, PENSTOCK_RANGE(0, 1)),
      PENSTOCK_FIELD(ImageHeader, over_rate, PENSTOCK_RANGE(0, last<OverRate>)),
      PENSTOCK_FIELD(ImageHeader, has_views, PENSTOCK_RANGE(0, 1)),
      PENSTOCK_FIELD(ImageHeader, reserved, PENSTOCK_RANGE(0, 0)),
      PENSTOCK_FIELD(ImageHeader, update_pool, Values::elsewhere),
      PENSTOCK_FIELD(ImageHeader, rate_per_client, PENSTOCK_RANGE(0, kHighestRate)),
      PENSTOCK_FIELD(ImageHeader, response_rate, PENSTOCK_RANGE(0, kHighestRate)),
      PENSTOCK_FIELD(ImageHeader, private_identity, Values::any),
      PENSTOCK_FIELD(ImageHeader, loop_token, Values::any),
      PENSTOCK_FIELD(ImageHeader, sections, Values::elsewhere),
  };
};
// Before a byte of it is looked at: offset and size lie inside the image and beside each other.
static_assert(covers<ImageHeader>() && sizeof(ImageSection) == 16);

template <>
struct ImageFields<ImagePool> {
  static constexpr std::array kAll = {
      PENSTOCK_FIELD(ImagePool, first_endpoint, Values::elsewhere),
      PENSTOCK_FIELD(ImagePool, endpoint_count, PENSTOCK_RANGE(1, kMaxEndpoints)),
      PENSTOCK_FIELD(ImagePool, kind, PENSTOCK_RANGE(0, last<PoolKind>)),
      PENSTOCK_FIELD(ImagePool, is_private, PENSTOCK_RANGE(0, 1)),
      PENSTOCK_FIELD(ImagePool, policy, PENSTOCK_RANGE(0, last<Policy>)),
      PENSTOCK_FIELD(ImagePool, retry_on, PENSTOCK_RANGE(0, kRetryOnServfail | kRetryOnRefused)),
      PENSTOCK_FIELD(ImagePool, cache, PENSTOCK_RANGE(0, kCacheAll)),
      PENSTOCK_FIELD(ImagePool, pipelining, PENSTOCK_RANGE(0, last<Pipelining>)),
      PENSTOCK_FIELD(ImagePool, reserved, PENSTOCK_RANGE(0, 0)),
      PENSTOCK_FIELD(ImagePool, max_ttl, PENSTOCK_RANGE(0, kLongestKept)),
      PENSTOCK_FIELD(ImagePool, min_ttl, PENSTOCK_RANGE(0, kLongestLeastTtl)),
      PENSTOCK_FIELD(ImagePool, max_negative_ttl, PENSTOCK_RANGE(0, kLongestKept)),
      PENSTOCK_FIELD(ImagePool, max_stale, PENSTOCK_RANGE(0, kLongestKept)),
      PENSTOCK_FIELD(ImagePool, cache_quota, PENSTOCK_RANGE(0, kLargestQuota)),
      PENSTOCK_FIELD(ImagePool, udp_size, PENSTOCK_RANGE(kLeastUdpSize, kLargestUdpSize)),
      PENSTOCK_FIELD(ImagePool, edns, PENSTOCK_RANGE(0, kEdnsAll)),
      PENSTOCK_FIELD(ImagePool, pass_option_count, PENSTOCK_RANGE(0, kMaxPassOptions)),
      PENSTOCK_FIELD(ImagePool, pass_options, Values::any),
  };
};
static_assert(covers<ImagePool>());

template <>
struct ImageFields<ImageEndpoint> {
  static constexpr std::array kAll = {
      PENSTOCK_FIELD(ImageEndpoint, address, Values::elsewhere),
      PENSTOCK_FIELD(ImageEndpoint, family, PENSTOCK_RANGE(4, 4, 6)),
      PENSTOCK_FIELD(ImageEndpoint, reserved, PENSTOCK_RANGE(0, 0)),
      PENSTOCK_FIELD(ImageEndpoint, slot, PENSTOCK_RANGE(0, kMaxEndpoints - 1)),
      PENSTOCK_FIELD(ImageEndpoint, budget, PENSTOCK_RANGE(0, kHighestRate)),
      PENSTOCK_FIELD(ImageEndpoint, weight, PENSTOCK_RANGE(1, kHighestWeight)),
      PENSTOCK_FIELD(ImageEndpoint, pool, Values::elsewhere),
  };
};
static_assert(covers<ImageEndpoint>());

template <>
struct ImageFields<ImageRule> {
  static constexpr std::array kAll = {
      PENSTOCK_FIELD(ImageRule, pool, Values::elsewhere),
      PENSTOCK_FIELD(ImageRule, action, PENSTOCK_RANGE(0, last<Action>)),
      PENSTOCK_FIELD(ImageRule, is_private, PENSTOCK_RANGE(0, 1)),
      PENSTOCK_FIELD(ImageRule, cache, PENSTOCK_RANGE(0, 1)),
      PENSTOCK_FIELD(ImageRule, on_leak, PENSTOCK_RANGE(0, last<OnLeak>)),
      PENSTOCK_FIELD(ImageRule, first_prefix, Values::elsewhere),
      PENSTOCK_FIELD(ImageRule, prefix_count, Values::elsewhere),
      PENSTOCK_FIELD(ImageRule, cname, PENSTOCK_RANGE(0, last<CnameInto>)),
      PENSTOCK_FIELD(ImageRule, otherwise, PENSTOCK_RANGE(0, last<Otherwise>)),
      PENSTOCK_FIELD(ImageRule, identity, Values::any),
      PENSTOCK_FIELD(ImageRule, next_rule, Values::elsewhere),
      PENSTOCK_FIELD(ImageRule, view, Values::elsewhere),
      PENSTOCK_FIELD(ImageRule, transfers, Values::elsewhere),
  };
};
static_assert(covers<ImageRule>());

template <>
struct ImageFields<ImageView> {
  static constexpr std::array kAll = {PENSTOCK_FIELD(ImageView, groups, Values::any)};
};
static_assert(covers<ImageView>());

template <>
struct ImageFields<ImagePrefix> {
  static constexpr std::array kAll = {
      PENSTOCK_FIELD(ImagePrefix, address, Values::elsewhere),
      PENSTOCK_FIELD(ImagePrefix, length, PENSTOCK_RANGE(0, 128)),
      PENSTOCK_FIELD(ImagePrefix, family, PENSTOCK_RANGE(4, 4, 6)),
      PENSTOCK_FIELD(ImagePrefix, is_assumed, PENSTOCK_RANGE(0, 1)),
      PENSTOCK_FIELD(ImagePrefix, reserved, PENSTOCK_RANGE(0, 0)),
  };
};
static_assert(covers<ImagePrefix>());

template <>
struct ImageFields<ImageGroup> {
  static constexpr std::array kAll = {
      PENSTOCK_FIELD(ImageGroup, weight, PENSTOCK_RANGE(1, kHighestWeight)),
      PENSTOCK_FIELD(ImageGroup, rate, PENSTOCK_RANGE(0, kHighestRate)),
      PENSTOCK_FIELD(ImageGroup, rate_per_client, PENSTOCK_RANGE(0, kHighestRate, kInherit)),
      PENSTOCK_FIELD(ImageGroup, udp_size, PENSTOCK_RANGE(kLeastUdpSize, kLargestUdpSize, 0)),
      PENSTOCK_FIELD(ImageGroup, reserved, PENSTOCK_RANGE(0, 0)),
  };
};
static_assert(covers<ImageGroup>());

constexpr uint64_t kAllAllowed = kClientMayAsk | kClientMaySnoop | kClientRateExempt;

template <>
struct ImageFields<ImageClientsV4> {
  static constexpr std::array kAll = {
      PENSTOCK_FIELD(ImageClientsV4, start, Values::elsewhere),
      PENSTOCK_FIELD(ImageClientsV4, allowed, PENSTOCK_RANGE(0, kAllAllowed)),
      PENSTOCK_FIELD(ImageClientsV4, group, Values::elsewhere),
  };
};
static_assert(covers<ImageClientsV4>());

template <>
struct ImageFields<ImageClientsV6> {
  static constexpr std::array kAll = {
      PENSTOCK_FIELD(ImageClientsV6, start_high, Values::elsewhere),
      PENSTOCK_FIELD(ImageClientsV6, start_low, Values::elsewhere),
      PENSTOCK_FIELD(ImageClientsV6, allowed, PENSTOCK_RANGE(0, kAllAllowed)),
      PENSTOCK_FIELD(ImageClientsV6, group, Values::elsewhere),
  };
};
static_assert(covers<ImageClientsV6>());

template <>
struct ImageFields<ZoneBucket> {
  static constexpr std::array kAll = {
      PENSTOCK_FIELD(ZoneBucket, tags, Values::elsewhere),
      PENSTOCK_FIELD(ZoneBucket, nodes, Values::elsewhere),
      PENSTOCK_FIELD(ZoneBucket, used, PENSTOCK_RANGE(0, kBucketSlots)),
      PENSTOCK_FIELD(ZoneBucket, overflowed, PENSTOCK_RANGE(0, 1)),
      PENSTOCK_FIELD(ZoneBucket, reserved, PENSTOCK_RANGE(0, 0)),
  };
};
static_assert(covers<ZoneBucket>());

// But for its name, whose octets behind these are checked with it.
template <>
struct ImageFields<ZoneNode> {
  static constexpr std::array kAll = {
      PENSTOCK_FIELD(ZoneNode, apex_rule, Values::elsewhere),
      PENSTOCK_FIELD(ZoneNode, below_rule, Values::elsewhere),
      PENSTOCK_FIELD(ZoneNode, name_length, PENSTOCK_RANGE(1, 255)),
      PENSTOCK_FIELD(ZoneNode, labels, PENSTOCK_RANGE(0, kMostLabels)),
  };
};
static_assert(covers<ZoneNode>(kZoneNodeNameOffset));

template <>
struct ImageFields<ImageLocalZone> {
  static constexpr std::array kAll = {
      PENSTOCK_FIELD(ImageLocalZone, soa, Values::elsewhere),
      PENSTOCK_FIELD(ImageLocalZone, node, Values::elsewhere),
      PENSTOCK_FIELD(ImageLocalZone, error, PENSTOCK_RANGE(0, kHighestInfoCode, kNoError)),
      PENSTOCK_FIELD(ImageLocalZone, deepest, PENSTOCK_RANGE(0, kMostLabels)),
      PENSTOCK_FIELD(ImageLocalZone, reserved, PENSTOCK_RANGE(0, 0)),
  };
};
static_assert(covers<ImageLocalZone>());

template <>
struct ImageFields<ImageLocalNode> {
  static constexpr std::array kAll = {
      PENSTOCK_FIELD(ImageLocalNode, zone, Values::elsewhere),
      PENSTOCK_FIELD(ImageLocalNode, name, Values::elsewhere),
      PENSTOCK_FIELD(ImageLocalNode, first, Values::elsewhere),
      PENSTOCK_FIELD(ImageLocalNode, wildcard, Values::elsewhere),
      PENSTOCK_FIELD(ImageLocalNode, sets, Values::elsewhere),
      PENSTOCK_FIELD(ImageLocalNode, name_length, Values::elsewhere),
      PENSTOCK_FIELD(ImageLocalNode, labels, PENSTOCK_RANGE(0, kMostLabels)),
      PENSTOCK_FIELD(ImageLocalNode, reserved, PENSTOCK_RANGE(0, 0)),
  };
};
static_assert(covers<ImageLocalNode>());

template <>
struct ImageFields<ImageLocalSlot> {
  static constexpr std::array kAll = {
      PENSTOCK_FIELD(ImageLocalSlot, tag, Values::elsewhere),
      PENSTOCK_FIELD(ImageLocalSlot, node, Values::elsewhere),
  };
};
static_assert(covers<ImageLocalSlot>());

template <>
struct ImageFields<ImageLocalSet> {
  static constexpr std::array kAll = {
      PENSTOCK_FIELD(ImageLocalSet, data, Values::elsewhere),
      PENSTOCK_FIELD(ImageLocalSet, size, Values::elsewhere),
      PENSTOCK_FIELD(ImageLocalSet, type, Values::elsewhere),
      PENSTOCK_FIELD(ImageLocalSet, count, Values::elsewhere),
      PENSTOCK_FIELD(ImageLocalSet, reserved, PENSTOCK_RANGE(0, 0)),
  };
};
static_assert(covers<ImageLocalSet>());

#undef PENSTOCK_FIELD
#undef PENSTOCK_RANGE

}  // namespace penstock::config

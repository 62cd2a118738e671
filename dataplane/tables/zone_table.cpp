#include "dataplane/tables/zone_table.h"

#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "config/contract/enums.h"

namespace penstock::tables {
namespace {

using config::ZoneBucket;
using config::ZoneNode;

DepthMask depth_mask(const uint64_t (&words)[2]) {
  return DepthMask{words[1]} << 64 | words[0];
}

unsigned count_bits(DepthMask mask) {
  return static_cast<unsigned>(std::popcount(static_cast<uint64_t>(mask)) +
                               std::popcount(static_cast<uint64_t>(mask >> 64)));
}

// The depths worth looking for: proper suffixes with names below them, and the name itself.
DepthMask candidate_depths(DepthMask apex, DepthMask below, unsigned labels) {
  const DepthMask whole = DepthMask{1} << labels;
  return (below & (whole - 1)) | (apex & whole);
}

uint16_t tag_of(uint64_t hash) {
  return static_cast<uint16_t>(hash >> 48);
}

// Bit i: slot i of the bucket is used and has this tag.
unsigned slots_with_tag(const ZoneBucket& bucket, uint16_t tag) {
  unsigned slots = 0;
#if defined(__SSE2__)
  // Two overlapping loads cover the ten tags.
  static_assert(config::kBucketSlots == 10);
  const __m128i wanted = _mm_set1_epi16(static_cast<short>(tag));
  const auto compare = [&](const uint16_t* from) {
    const __m128i tags = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i equal = _mm_cmpeq_epi16(tags, wanted);
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128())));
  };
  slots = compare(bucket.tags) | compare(bucket.tags + 2) << 2;
#else
  for (unsigned i = 0; i < config::kBucketSlots; ++i) slots |= unsigned{bucket.tags[i] == tag} << i;
#endif
  return slots & ((1U << bucket.used) - 1);
}

}  // namespace

ZoneTable::ZoneTable(const config::ImageHeader& header, std::span<const ZoneBucket> buckets,
                     std::span<const std::byte> nodes)
    : buckets_(buckets.data()),
      nodes_(nodes.data()),
      bucket_mask_(buckets.size() - 1),
      root_hash_(config::hash_of_root(header.hash_key)),
      apex_depths_(depth_mask(header.apex_depths)),
      below_depths_(depth_mask(header.below_depths)),
      default_rule_(header.default_rule),
      zone_count_(header.zone_count) {}

uint64_t ZoneTable::hash_of(const uint8_t* name, const uint8_t* label_offsets, unsigned labels) const {
  uint64_t hash = root_hash_;
  for (unsigned i = labels; i-- > 0;) {
    const uint8_t* label = name + label_offsets[i];
    hash = config::extend_hash(hash, label, *label);
  }
  return hash;
}

const ZoneNode* ZoneTable::find(uint64_t hash, const uint8_t* name, unsigned length) const {
  const uint16_t tag = tag_of(hash);
  for (uint64_t at = hash & bucket_mask_;; at = (at + 1) & bucket_mask_) {
    const ZoneBucket& bucket = buckets_[at];
    for (unsigned slots = slots_with_tag(bucket, tag); slots != 0; slots &= slots - 1) {
      const auto* node = reinterpret_cast<const ZoneNode*>(nodes_ + uint64_t{bucket.nodes[std::countr_zero(slots)]} *
                                                                        config::kZoneNodeUnit);
      if (node->name_length == length && std::memcmp(node->name, name, length) == 0) return node;
    }
    if (bucket.overflowed == 0) return nullptr;
  }
}

void ZoneTable::prepare(const dns::FoldedName& name, Probe& probe) const {
  const DepthMask wanted = candidate_depths(apex_depths_, below_depths_, name.labels);
  if (const unsigned total = count_bits(wanted); total > kProbeCandidates || (wanted >> 64) != 0) {
    prepare_deep(name, wanted, total, probe);
    return;
  }
  // The usual case, without branches on the mask's bits: they depend on the name and predict badly.
  uint64_t hash = root_hash_;
  unsigned count = 0;
  const uint8_t* offset = name.offsets + name.labels;
  unsigned depth = 0;
  for (auto left = static_cast<uint64_t>(wanted); left != 0; left >>= 1) {
    if (depth != 0) hash = config::extend_hash(hash, name.bytes + *offset, name.bytes[*offset]);
    const bool is_wanted = (left & 1) != 0;
    probe.hashes[count] = hash;
    probe.depths[count] = static_cast<uint8_t>(depth);
    const void* target = is_wanted ? static_cast<const void*>(buckets_ + (hash & bucket_mask_)) : &probe;
    __builtin_prefetch(target);
    count += is_wanted ? 1 : 0;
    --offset;
    ++depth;
  }
  probe.count = static_cast<uint8_t>(count);
  probe.more = false;
}

// Keeps the longest candidates.
void ZoneTable::prepare_deep(const dns::FoldedName& name, DepthMask wanted, unsigned total, Probe& probe) const {
  const unsigned left_out = total > kProbeCandidates ? total - kProbeCandidates : 0;
  uint64_t hash = root_hash_;
  unsigned met = 0;
  for (unsigned depth = 0; wanted != 0; wanted >>= 1, ++depth) {
    if (depth != 0) {
      const uint8_t* label = name.bytes + name.offsets[name.labels - depth];
      hash = config::extend_hash(hash, label, *label);
    }
    if ((wanted & 1) == 0 || met++ < left_out) continue;
    probe.hashes[met - left_out - 1] = hash;
    probe.depths[met - left_out - 1] = static_cast<uint8_t>(depth);
    __builtin_prefetch(buckets_ + (hash & bucket_mask_));
  }
  probe.count = static_cast<uint8_t>(total - left_out);
  probe.more = left_out != 0;
}

void ZoneTable::narrow(Probe& probe) const {
  unsigned kept = 0;
  for (unsigned i = 0; i < probe.count; ++i) {
    const uint64_t hash = probe.hashes[i];
    const ZoneBucket& bucket = buckets_[hash & bucket_mask_];
    const unsigned slots = slots_with_tag(bucket, tag_of(hash));
    const unsigned first = static_cast<unsigned>(std::countr_zero(slots | 1U << (config::kBucketSlots - 1)));
    const void* node = nodes_ + uint64_t{bucket.nodes[first]} * config::kZoneNodeUnit;
    __builtin_prefetch(slots != 0 ? node : &bucket);
    probe.hashes[kept] = hash;
    probe.depths[kept] = probe.depths[i];
    kept += (slots | bucket.overflowed) != 0 ? 1 : 0;
  }
  probe.count = static_cast<uint8_t>(kept);
}

// True when the suffix of `depth` labels decides.
bool ZoneTable::take(const dns::FoldedName& name, unsigned depth, uint64_t hash, Match& match) const {
  const unsigned offset = name.offsets[name.labels - depth];
  const ZoneNode* node = find(hash, name.bytes + offset, name.length - offset);
  if (node == nullptr) return false;
  const bool is_apex = depth == name.labels;
  const config::RuleIndex rule = is_apex ? node->apex_rule : node->below_rule;
  if (rule == config::kNoRule) return false;
  match = {rule, node->name_length, is_apex};
  return true;
}

// Asks `take` for each candidate, the longest first, until it says that it is the one.
template <typename Take>
bool ZoneTable::match_any(const dns::FoldedName& name, const Probe& probe, Take take) const {
  for (unsigned i = probe.count; i-- > 0;)
    if (take(probe.depths[i], probe.hashes[i])) return true;
  return probe.more && match_deep(name, take);
}

template <typename Take>
bool ZoneTable::match_deep(const dns::FoldedName& name, Take take) const {
  uint64_t hashes[128];
  hashes[0] = root_hash_;
  for (unsigned depth = 1; depth <= name.labels; ++depth) {
    const uint8_t* label = name.bytes + name.offsets[name.labels - depth];
    hashes[depth] = config::extend_hash(hashes[depth - 1], label, *label);
  }
  const DepthMask wanted = candidate_depths(apex_depths_, below_depths_, name.labels);
  for (unsigned depth = name.labels + 1U; depth-- > 0;)
    if ((wanted >> depth & 1) != 0 && take(depth, hashes[depth])) return true;
  return false;
}

Match ZoneTable::match(const dns::FoldedName& name, const Probe& probe) const {
  // The usual case, without a Match in memory: one that is written in pieces and returned whole waits for them.
  for (unsigned i = probe.count; i-- > 0;) {
    const unsigned depth = probe.depths[i];
    const unsigned offset = name.offsets[name.labels - depth];
    const ZoneNode* node = find(probe.hashes[i], name.bytes + offset, name.length - offset);
    if (node == nullptr) continue;
    const bool is_apex = depth == name.labels;
    const config::RuleIndex rule = is_apex ? node->apex_rule : node->below_rule;
    if (rule != config::kNoRule) return {rule, node->name_length, is_apex};
  }
  if (!probe.more) return {default_rule_, 0, false};
  Match match{default_rule_, 0, false};
  match_deep(name, [&](unsigned depth, uint64_t hash) { return take(name, depth, hash, match); });
  return match;
}

Match ZoneTable::match(const dns::FoldedName& name, const Probe& probe, const Viewer& viewer) const {
  Match hidden;  // the first private rule that was passed
  Match match{default_rule_, 0, false};
  const auto take_for_viewer = [&](unsigned depth, uint64_t hash) {
    Match entry;
    if (!take(name, depth, hash, entry)) return false;
    for (; entry.rule != config::kNoRule; entry.rule = viewer.rules[entry.rule].next_rule) {
      const config::ImageRule& rule = viewer.rules[entry.rule];
      const bool is_seen = viewer.may_see(rule);
      if (is_seen || static_cast<config::Otherwise>(rule.otherwise) == config::Otherwise::refuse) {
        match = entry;
        match.is_left_out = !is_seen;
        return true;
      }
      if (rule.is_private != 0 && hidden.rule == config::kNoRule) hidden = entry;
    }
    return false;
  };
  // What has been passed once must not be met again behind the candidates of the probe.
  if (probe.more)
    match_deep(name, take_for_viewer);
  else
    match_any(name, probe, take_for_viewer);
  if (hidden.rule == config::kNoRule || match.rule == config::kNoRule || match.is_left_out) return match;
  const config::ImageRule& rule = viewer.rules[match.rule];
  if (rule.is_private != 0 || static_cast<config::Action>(rule.action) != config::Action::forward) return match;
  hidden.is_left_out = true;
  return hidden;
}

}  // namespace penstock::tables

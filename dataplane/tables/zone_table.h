// dataplane/tables/zone_table.h - which rule a name gets: a flat, immutable hash of zone names, looked up by
// suffixes.
//
// Precedence: the whole name as a node with an apex rule; then the longest proper suffix whose node has a
// rule for the names below it; then the default. Masks of the label counts that occur leave one to three
// suffixes to look for. A rule with a view is for some groups of clients: it leaves the others out, or passes them on to the next
// rule of its name, then of a shorter suffix.
//
//   Probe probes[32];                                                   // a burst: hash and prefetch all,
//   for (i...) table.prepare(names[i], probes[i]);
//   if (table.is_large()) for (i...) table.narrow(probes[i]);           // may be left out
//   for (i...) matches[i] = table.match(names[i], probes[i]);           // then compare
#pragma once

#include <cstdint>
#include <span>

#include "config/contract/image.h"
#include "config/contract/suffix_hash.h"
#include "dataplane/dns/name.h"

namespace penstock::tables {

struct Match {
  config::RuleIndex rule = config::kNoRule;
  uint8_t matched_length = 0;  // wire octets of the zone that matched; 0: the default, or none
  bool is_apex = false;        // the name itself matched, not a suffix of it
  bool is_left_out = false;    // the rule is not for this client, nor may it have another: REFUSED

  bool operator==(const Match&) const = default;
};

constexpr unsigned kProbeCandidates = 4;

// The suffixes of one name that are worth looking for; made by prepare(), good for that table and that name
// only.
struct Probe {
  uint64_t hashes[kProbeCandidates];  // shortest suffix first
  uint8_t depths[kProbeCandidates];   // labels of each
  uint8_t count;
  bool more;  // shorter suffixes were left out: match() looks for them the slow way
};
static_assert(sizeof(Probe) == 40);

// A bucket chain longer than this is refused by Ruleset::open and never made by control/rules: it bounds a
// lookup.
constexpr unsigned kLongestChain = 32;

using DepthMask = unsigned __int128;  // bit d: names of d labels

// A client as views see it.
struct Viewer {
  config::ImageRules rules;
  std::span<const config::ImageView> views;
  uint16_t group;

  bool may_see(const config::ImageRule& rule) const {
    return rule.view == config::kEverybody || (views[rule.view].groups[group / 64] >> group % 64 & 1) != 0;
  }
};

// A view: the image must outlive it, and must have passed Ruleset::open.
class ZoneTable {
 public:
  ZoneTable() = default;
  ZoneTable(const config::ImageHeader& header, std::span<const config::ZoneBucket> buckets,
            std::span<const std::byte> nodes);

  void prepare(const dns::FoldedName& name, Probe& probe) const;
  // Drops the suffixes that their buckets rule out, and fetches the nodes of the others.
  void narrow(Probe& probe) const;
  // Whether narrow() pays: more than a core's own cache is likely to keep.
  bool is_large() const { return zone_count_ > 8192; }
  // The first rule, whomever it is for.
  Match match(const dns::FoldedName& name, const Probe& probe) const;
  // The first rule that is for the viewer. A private rule is passed only for another private one, or for one that forwards nothing:
  // otherwise the viewer is left out.
  Match match(const dns::FoldedName& name, const Probe& probe, const Viewer& viewer) const;

  // The node of exactly this folded wire name, or nullptr. `hash` is the name's by suffix_hash.h.
  const config::ZoneNode* find(uint64_t hash, const uint8_t* name, unsigned length) const;
  uint64_t hash_of(const uint8_t* name, const uint8_t* label_offsets, unsigned labels) const;

  uint32_t size() const { return zone_count_; }

 private:
  void prepare_deep(const dns::FoldedName& name, DepthMask wanted, unsigned total, Probe& probe) const;
  template <typename Take>
  bool match_deep(const dns::FoldedName& name, Take take) const;
  template <typename Take>
  bool match_any(const dns::FoldedName& name, const Probe& probe, Take take) const;
  bool take(const dns::FoldedName& name, unsigned depth, uint64_t hash, Match& match) const;

  const config::ZoneBucket* buckets_ = nullptr;
  const std::byte* nodes_ = nullptr;
  uint64_t bucket_mask_ = 0;
  uint64_t root_hash_ = 0;
  DepthMask apex_depths_ = 0;
  DepthMask below_depths_ = 0;
  config::RuleIndex default_rule_ = config::kNoRule;
  uint32_t zone_count_ = 0;
};

}  // namespace penstock::tables

// dataplane/tables/ruleset.h - a rule image, validated whole as untrusted input, and the views that lcores
// look up in.
//
//   auto rules = Ruleset::open(mapped_bytes);
//   if (!rules) refuse(rules.error());   // one line of English
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <tl/expected.hpp>

#include "config/contract/enums.h"
#include "config/contract/image.h"
#include "dataplane/tables/client_prefixes.h"
#include "dataplane/tables/local_records.h"
#include "dataplane/tables/zone_table.h"

namespace penstock::tables {

// Cheap to copy; the bytes must outlive it and must not change. Indices of the image below are trusted: open() has checked
// every one. Those that were kept beside it are not (kept_rule).
class Ruleset {
 public:
  // `bytes` begins on a 64-byte boundary (mapped memory does). Reads nothing outside, however damaged the
  // bytes are.
  static tl::expected<Ruleset, std::string> open(std::span<const std::byte> bytes);

  const config::ImageHeader& header() const { return *header_; }
  const ZoneTable& zones() const { return zones_; }
  // The rule of a name for clients of a group; `probe` is of zones().
  Match match(const dns::FoldedName& name, const Probe& probe, uint16_t group) const {
    const Match first = zones_.match(name, probe);
    if (!has_views() || !has_view(first)) return first;
    return zones_.match(name, probe, {rules_, views_, group});
  }
  Match match(const dns::FoldedName& name, uint16_t group) const;
  // The rule of a name for clients of `group`; nullptr: it has none, or they are left out. `number` is its index.
  const config::ImageRule* rule_of_name(const dns::FoldedName& name, uint16_t group, config::RuleIndex& number) const;
  // The rule of a name that is forwarded; nullptr: the rules answer it themselves, or as above.
  const config::ImageRule* forwarding_rule(const dns::FoldedName& name, uint16_t group,
                                           config::RuleIndex& number) const;

  // Views: some rule is for some groups of clients only.
  bool has_views() const { return header_->has_views != 0; }
  // May two clients have different rules for the name?
  bool depends_on_client(const dns::FoldedName& name) const;
  // Groups that every view has, or has not, alike are of one class: for them all names have the same rules.
  uint8_t class_of(uint16_t group) const { return classes_[group]; }
  // The group of a client, as far as views care. `address` in network order.
  uint16_t viewing_group(const uint8_t* address, uint8_t family) const {
    return has_views() ? clients_.look_up(address, family).group : uint16_t{0};
  }
  // May clients of the group have the rule's whole zone?
  bool may_transfer(const config::ImageRule& rule, uint16_t group) const {
    return rule.transfers != 0 && (views_[rule.transfers - 1U].groups[group / 64] >> group % 64 & 1) != 0;
  }
  const ClientPrefixes& clients() const { return clients_; }
  const LocalRecords& local() const { return local_; }

  config::ImageRules rules() const { return rules_; }
  config::ImagePools pools() const { return pools_; }
  config::ImageEndpoints endpoints() const { return endpoints_; }
  std::span<const config::ImageGroup> groups() const { return groups_; }
  std::span<const config::ImageView> views() const { return views_; }
  bool has_private() const { return has_private_; }  // some rule's names are private
  bool has_limits() const { return has_limits_; }    // clients, groups or answers may be over a rate
  // Where addresses of the rule's names must lie; empty: anywhere.
  std::span<const config::ImagePrefix> expected(const config::ImageRule& rule) const {
    return prefixes_.subspan(rule.first_prefix, rule.prefix_count);
  }
  const config::ImageRule& rule(config::RuleIndex index) const { return rules_[index]; }
  const config::ImagePool& pool(config::PoolIndex index) const { return pools_[index]; }
  // The rule of a number that was kept while rules of `generation` were in force, if these are they and it forwards here; else
  // nullptr. Whoever keeps a number asks here: that it fits is seen from the number, not believed of the generation.
  const config::ImageRule* kept_rule(uint64_t generation, config::RuleIndex number) const {
    if (generation != header_->generation || !rules_.has(number)) return nullptr;
    const config::ImageRule& rule = rules_[number];
    return rule.action == static_cast<uint8_t>(config::Action::forward) ? &rule : nullptr;
  }
  std::span<const config::ImageEndpoint> endpoints(config::PoolIndex pool) const {
    return endpoints_.part(pools_[pool].first_endpoint, pools_[pool].endpoint_count);
  }

 private:
  bool has_view(const Match& match) const {
    return match.rule != config::kNoRule && rules_[match.rule].view != config::kEverybody;
  }
  void classify_groups();

  const config::ImageHeader* header_ = nullptr;
  config::ImagePools pools_;
  config::ImageEndpoints endpoints_;
  config::ImageRules rules_;
  std::span<const config::ImagePrefix> prefixes_;
  std::span<const config::ImageGroup> groups_;
  std::span<const config::ImageView> views_;
  std::array<uint8_t, config::kMaxClientGroups> classes_{};
  bool has_private_ = false;
  bool has_limits_ = false;
  ClientPrefixes clients_;
  LocalRecords local_;
  ZoneTable zones_;
};

}  // namespace penstock::tables

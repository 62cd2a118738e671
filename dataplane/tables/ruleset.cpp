#include "dataplane/tables/ruleset.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "dataplane/tables/image_checks.h"

namespace penstock::tables {
namespace {

using config::ImageHeader;
using config::ImageSection;
using config::Section;
using config::ZoneBucket;
using Bytes = std::span<const std::byte>;

constexpr std::array<const char*, config::kSections> kSectionNames = {
    "pools",        "endpoints",   "rules",      "v4 clients",    "v6 clients",
    "zone buckets", "zone nodes",  "prefixes",   "client groups", "local zones",
    "local slots",  "local nodes", "local sets", "local bytes",   "views"};
// One record of each; zone nodes differ in size and are measured in units.
constexpr std::array<uint64_t, config::kSections> kRecordSizes = {
    sizeof(config::ImagePool),      sizeof(config::ImageEndpoint),
    sizeof(config::ImageRule),      sizeof(config::ImageClientsV4),
    sizeof(config::ImageClientsV6), sizeof(ZoneBucket),
    config::kZoneNodeUnit,          sizeof(config::ImagePrefix),
    sizeof(config::ImageGroup),     sizeof(config::ImageLocalZone),
    sizeof(config::ImageLocalSlot), sizeof(config::ImageLocalNode),
    sizeof(config::ImageLocalSet),  1,
    sizeof(config::ImageView)};

std::string text(uint64_t number) {
  return std::to_string(number);
}

uint64_t checksum_of(Bytes bytes) {
  constexpr size_t at = offsetof(ImageHeader, checksum);
  constexpr size_t end = at + sizeof(ImageHeader::checksum);
  const uint64_t zero = 0;
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  XXH3_64bits_reset(state.get());
  XXH3_64bits_update(state.get(), bytes.data(), at);
  XXH3_64bits_update(state.get(), &zero, sizeof zero);
  XXH3_64bits_update(state.get(), bytes.data() + end, bytes.size() - end);
  return XXH3_64bits_digest(state.get());
}

Fault check_header(const ImageHeader& header, Bytes bytes) {
  if (header.magic != config::kImageMagic) return "it is not a rule image: the magic number is wrong";
  if (header.version != config::kImageVersion)
    return "it has format version " + text(header.version) + ", this program reads version " +
           text(config::kImageVersion);
  if (header.header_size != sizeof(ImageHeader))
    return "its header says " + text(header.header_size) + " bytes for itself instead of " + text(sizeof(ImageHeader));
  if (header.total_size != bytes.size())
    return "its header says " + text(header.total_size) + " bytes in all, " + text(bytes.size()) + " are there";
  if (header.checksum != checksum_of(bytes)) return "its checksum is wrong: it was damaged on the way";
  return check_fields(std::span(&header, 1), "header");
}

Fault check_sections(const ImageHeader& header) {
  std::array<size_t, config::kSections> order{};
  for (size_t i = 0; i < config::kSections; ++i) {
    const ImageSection& section = header.sections[i];
    const std::string name = std::string("its section of ") + kSectionNames[i];
    order[i] = i;
    if (section.offset % config::kImageAlignment != 0)
      return name + " begins at " + text(section.offset) + ", not on a 64-byte boundary";
    if (section.offset < sizeof(ImageHeader) || section.offset > header.total_size ||
        section.size > header.total_size - section.offset)
      return name + " lies outside the image";
    if (section.size % kRecordSizes[i] != 0)
      return name + " has " + text(section.size) + " bytes, not a multiple of " + text(kRecordSizes[i]);
  }
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const ImageSection &left = header.sections[a], &right = header.sections[b];
    return left.offset != right.offset ? left.offset < right.offset : left.size < right.size;
  });
  for (size_t i = 1; i < config::kSections; ++i) {
    const ImageSection& before = header.sections[order[i - 1]];
    if (before.offset + before.size > header.sections[order[i]].offset)
      return std::string("its sections of ") + kSectionNames[order[i - 1]] + " and " + kSectionNames[order[i]] +
             " overlap";
  }
  return {};
}

template <typename Record>
std::span<const Record> records(Bytes bytes, const ImageHeader& header, Section which) {
  const ImageSection& section = header.sections[static_cast<size_t>(which)];
  return {reinterpret_cast<const Record*>(bytes.data() + section.offset), section.size / sizeof(Record)};
}

Fault check_memory(Bytes bytes) {
  if (bytes.size() < sizeof(ImageHeader))
    return "it has " + text(bytes.size()) + " bytes, less than a header of " + text(sizeof(ImageHeader));
  if (bytes.size() > config::kImageMaxSize)
    return "it has " + text(bytes.size()) + " bytes, the limit is " + text(config::kImageMaxSize);
  if (reinterpret_cast<uintptr_t>(bytes.data()) % config::kImageAlignment != 0)
    return "its memory does not begin on a 64-byte boundary";
  return {};
}

bool limits_clients(const ImageHeader& header, std::span<const config::ImageGroup> groups) {
  return header.rate_per_client != 0 || header.response_rate != 0 ||
         std::any_of(groups.begin(), groups.end(), [](const config::ImageGroup& group) {
           return group.rate != 0 || (group.rate_per_client != 0 && group.rate_per_client != config::kInherit);
         });
}

}  // namespace

tl::expected<Ruleset, std::string> Ruleset::open(Bytes bytes) {
  const auto refuse = [](std::string reason) { return tl::make_unexpected(std::move(reason)); };
  if (auto fault = check_memory(bytes)) return refuse(*fault);
  const auto& header = *reinterpret_cast<const ImageHeader*>(bytes.data());
  if (auto fault = check_header(header, bytes)) return refuse(*fault);
  if (auto fault = check_sections(header)) return refuse(*fault);

  Ruleset ruleset;
  ruleset.header_ = &header;
  ruleset.pools_ = config::ImagePools(records<config::ImagePool>(bytes, header, Section::pools));
  ruleset.endpoints_ = config::ImageEndpoints(records<config::ImageEndpoint>(bytes, header, Section::endpoints));
  ruleset.rules_ = config::ImageRules(records<config::ImageRule>(bytes, header, Section::rules));
  ruleset.prefixes_ = records<config::ImagePrefix>(bytes, header, Section::prefixes);
  ruleset.groups_ = records<config::ImageGroup>(bytes, header, Section::groups);
  ruleset.views_ = records<config::ImageView>(bytes, header, Section::views);
  const auto v4 = records<config::ImageClientsV4>(bytes, header, Section::clients_v4);
  const auto v6 = records<config::ImageClientsV6>(bytes, header, Section::clients_v6);
  const auto buckets = records<ZoneBucket>(bytes, header, Section::zone_buckets);
  const auto nodes = records<std::byte>(bytes, header, Section::zone_nodes);

  if (auto fault = check_pools(ruleset.pools_, ruleset.endpoints_)) return refuse(*fault);
  if (auto fault = check_endpoints(ruleset.endpoints_)) return refuse(*fault);
  if (auto fault = check_prefixes(ruleset.prefixes_)) return refuse(*fault);
  const LocalTables local{records<config::ImageLocalZone>(bytes, header, Section::local_zones),
                          records<config::ImageLocalSlot>(bytes, header, Section::local_slots),
                          records<config::ImageLocalNode>(bytes, header, Section::local_nodes),
                          records<config::ImageLocalSet>(bytes, header, Section::local_sets),
                          records<uint8_t>(bytes, header, Section::local_bytes)};
  if (auto fault = check_local(local, header.hash_key)) return refuse(*fault);
  if (auto fault = check_rules(ruleset.rules_, header.default_rule, ruleset.pools_, ruleset.prefixes_.size(),
                               local.zones, ruleset.views_.size()))
    return refuse(*fault);
  if (auto fault = check_header(header, ruleset.pools_, ruleset.rules_)) return refuse(*fault);
  if (auto fault = check_groups(ruleset.groups_)) return refuse(*fault);
  if (auto fault = check_clients(v4, v6, ruleset.groups_.size())) return refuse(*fault);
  if (auto fault = check_zones(header, buckets, nodes, ruleset.rules_)) return refuse(*fault);

  ruleset.has_private_ = std::any_of(ruleset.rules_.begin(), ruleset.rules_.end(),
                                     [](const config::ImageRule& rule) { return rule.is_private != 0; });
  ruleset.has_limits_ = limits_clients(header, ruleset.groups_);
  ruleset.classify_groups();
  ruleset.clients_ = ClientPrefixes(v4, v6);
  ruleset.zones_ = ZoneTable(header, buckets, nodes);
  ruleset.local_ = LocalRecords(header.hash_key, local.zones, local.slots, local.nodes, local.sets, local.bytes);
  return ruleset;
}

Match Ruleset::match(const dns::FoldedName& name, uint16_t group) const {
  Probe probe;
  zones_.prepare(name, probe);
  return match(name, probe, group);
}

const config::ImageRule* Ruleset::rule_of_name(const dns::FoldedName& name, uint16_t group,
                                               config::RuleIndex& number) const {
  const Match found = match(name, group);
  number = found.rule;
  return number != config::kNoRule && !found.is_left_out ? &rule(number) : nullptr;
}

const config::ImageRule* Ruleset::forwarding_rule(const dns::FoldedName& name, uint16_t group,
                                                  config::RuleIndex& number) const {
  const config::ImageRule* found = rule_of_name(name, group, number);
  return found != nullptr && static_cast<config::Action>(found->action) == config::Action::forward ? found : nullptr;
}

bool Ruleset::depends_on_client(const dns::FoldedName& name) const {
  if (!has_views()) return false;
  Probe probe;
  zones_.prepare(name, probe);
  return has_view(zones_.match(name, probe));
}

// All begin alike; each view of a rule sets those apart that it has from those that it has not.
void Ruleset::classify_groups() {
  std::vector<bool> is_of_rule(views_.size());
  for (const config::ImageRule& rule : rules_)
    if (rule.view != config::kEverybody) is_of_rule[rule.view] = true;
  for (size_t number = 0; number < views_.size(); ++number) {
    if (!is_of_rule[number]) continue;
    const config::ImageView& view = views_[number];
    std::array<int, size_t{2} * config::kMaxClientGroups> known;
    known.fill(-1);
    int count = 0;
    for (size_t group = 0; group < groups_.size(); ++group) {
      const size_t kind = classes_[group] * size_t{2} + (view.groups[group / 64] >> group % 64 & 1);
      if (known[kind] < 0) known[kind] = count++;
      classes_[group] = static_cast<uint8_t>(known[kind]);
    }
  }
}

}  // namespace penstock::tables

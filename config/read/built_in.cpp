#include "config/read/built_in.h"

#include <string_view>
#include <unordered_set>

#include "config/check/zone_index.h"
#include "config/read/model_reader.h"

namespace penstock::config {
namespace {

// RFC 6761 section 6.3; RFC 6303 section 4.2 and 4.4 to 4.6 for what is this very host. A PTR stands in them.
struct Reverse {
  std::string_view zone;
  std::string_view record;  // empty: none
};
constexpr Reverse kThisHost[] = {
    {"0.in-addr.arpa", ""},
    {"127.in-addr.arpa", "1.0.0 PTR localhost."},
    {"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", ""},
    {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", "@ PTR localhost."},
};

// RFC 6761 section 6.4 and RFC 7686: there are no such names, and asking for them tells on the user.
constexpr std::string_view kNowhere[] = {"invalid", "onion"};

constexpr std::string_view kEmptyV4[] = {
    "10.in-addr.arpa",         "168.192.in-addr.arpa",   "254.169.in-addr.arpa",         "2.0.192.in-addr.arpa",
    "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa", "255.255.255.255.in-addr.arpa",
};
constexpr std::string_view kEmptyV6[] = {
    "d.f.ip6.arpa", "8.e.f.ip6.arpa", "9.e.f.ip6.arpa", "a.e.f.ip6.arpa", "b.e.f.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa",
};

// A browser that gets NXDOMAIN for them keeps to the resolver that it was given.
constexpr std::string_view kCanaries[] = {"use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com"};

Rule built_in(Action action, std::string origin) {
  Rule rule;
  rule.action = action;
  rule.origin = std::move(origin);
  rule.is_built_in = true;
  return rule;
}

struct Candidate {
  WireName name;
  uint32_t rule;
  bool parents_win;  // also a zone written above the name keeps it out
};

class Candidates {
 public:
  void add(std::string_view text, uint32_t rule) {
    if (auto name = parse_name(text)) list_.push_back({std::move(*name), rule, false});
  }
  void add_empty(WireName name, uint32_t rule) { list_.push_back({std::move(name), rule, true}); }

  // Adds those to `zones` that nothing written there stands against.
  void add_to(ZoneNames& zones) const {
    std::unordered_set<std::string_view> suffixes;
    for (const Candidate& one : list_)
      for (std::string_view name = one.name; name.size() > 1; name.remove_prefix(static_cast<uint8_t>(name[0]) + 1U))
        suffixes.insert(name);
    const ZoneIndex written(zones, [&](const ZoneNames::Entry& entry) { return suffixes.contains(zones.name(entry)); });
    // A narrower entry of the same name wins by itself (control/rules/zone_hash.cpp).
    const auto is_free = [&](const Candidate& one) {
      return written.find(one.name, Scope::zone) == nullptr &&
             !(one.parents_win && written.longest_match(one.name, false) != nullptr);
    };
    std::vector<const Candidate*> taken;
    for (const Candidate& one : list_)
      if (is_free(one)) taken.push_back(&one);
    for (const Candidate* one : taken) zones.add(one->name, Scope::zone, one->rule, {});
  }

 private:
  std::vector<Candidate> list_;
};

}  // namespace

std::vector<WireName> empty_zone_names() {
  std::vector<WireName> names;
  const auto add = [&](const std::string_view text) {
    if (auto name = parse_name(text)) names.push_back(std::move(*name));
  };
  for (const std::string_view zone : kEmptyV4) add(zone);
  for (int i = 16; i < 32; ++i) add(std::to_string(i) + ".172.in-addr.arpa");
  for (int i = 64; i < 128; ++i) add(std::to_string(i) + ".100.in-addr.arpa");
  for (const std::string_view zone : kEmptyV6) add(zone);
  return names;
}

void ModelReader::add_built_in() {
  if (findings.has_error()) return;
  Candidates candidates;
  Rule localhost = built_in(Action::addresses, "built in");
  localhost.addresses = {*parse_address("127.0.0.1"), *parse_address("::1")};
  localhost.ttl = 604'800;
  candidates.add("localhost", add_rule(localhost));

  const uint32_t nowhere = add_rule(built_in(Action::nxdomain, "built in"));
  for (const std::string_view zone : kNowhere) candidates.add(zone, nowhere);
  // RFC 9462 section 6.4: no resolver of ours is designated, and nobody else's is to be.
  candidates.add("resolver.arpa", add_rule(built_in(Action::nodata, "built in")));

  const uint32_t nothing = add_rule(built_in(Action::records, "built in"));
  for (const Reverse& reverse : kThisHost) {
    uint32_t rule = nothing;
    if (!reverse.record.empty()) {
      Rule with_record = built_in(Action::records, "built in");
      with_record.ttl = localhost.ttl;
      with_record.records.push_back({std::string(reverse.record), {}});
      rule = add_rule(std::move(with_record));
    }
    candidates.add(reverse.zone, rule);
  }
  if (model.empty_zones) {
    const uint32_t empty = add_rule(built_in(Action::records, "empty_zones"));
    for (WireName& zone : empty_zone_names()) candidates.add_empty(std::move(zone), empty);
  }
  if (model.browser_canaries) {
    const uint32_t canary = add_rule(built_in(Action::nxdomain, "browser_canaries"));
    for (const std::string_view zone : kCanaries) candidates.add(zone, canary);
  }
  candidates.add_to(model.zones);
}

}  // namespace penstock::config

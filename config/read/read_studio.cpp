#include <algorithm>
#include <map>

#include "config/read/model_reader.h"
#include "config/read/studio.h"

namespace penstock::config {
namespace {

bool is_region_text(std::string_view text) {
  return !text.empty() && text.size() <= 32 && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

// Names that studio objects have taken, with the entry that has them.
using Taken = std::map<std::tuple<WireName, Scope, std::vector<uint32_t>>, size_t>;  // the last: whom it is for

class StudioReader {
 public:
  StudioReader(ModelReader& reader, Taken& taken, const YamlValue& item, size_t index)
      : reader_(reader), taken_(taken), map_(item, Place::studio), origin_("studio[" + std::to_string(index) + "] ") {}

  void read() {
    if (!map_.is_valid()) return;
    if (const auto value = map_.get("expect")) expect_ = value->prefixes();
    read_guard(map_, guard_);
    read_view(reader_, map_, guard_);
    const auto region = map_.require("region", "an AWS region such as us-east-1");
    const auto pool_name = map_.require("pool", "the pool of the VPC's inbound endpoints");
    const bool has_region = region && read_region(*region);
    read_suffix();
    const auto pool = pool_name ? reader_.pool_number(*pool_name) : std::nullopt;
    if (pool) reader_.studio_pools.push_back({*pool, false, pool_name->where(), pool_name->path().text()});
    for (const auto& [service, where] : read_services()) add_service(service, where, has_region, pool);
  }

 private:
  bool read_region(const YamlValue& value) {
    const auto written = value.text();
    if (!written) return false;
    region_ = *written;
    for (char& c : region_)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if (!is_region_text(region_)) {
      value.error("this is not a region: write it as us-east-1");
      return false;
    }
    suffixes_ = studio_suffixes(region_);
    const auto& known = known_regions();
    if (map_.has("suffix") || std::find(known.begin(), known.end(), region_) != known.end()) return true;
    const auto nearest = nearest_word(region_, known);
    const std::string meant = nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?";
    if (is_known_partition(region_)) {
      value.warning("no AWS region known to this version is called '" + region_ + "'" + meant +
                    " Its names are assumed to end in " + suffixes_.sagemaker + " and " + suffixes_.amazonaws);
      return true;
    }
    value.error(
        "no AWS partition known to this version has a region '" + region_ + "'" + meant +
        (meant.empty() ? ": " : " Else ") +
        "add the domains that its names end in, 'suffix: {sagemaker: DOMAIN, amazonaws: DOMAIN, dual_stack: DOMAIN, "
        "app: DOMAIN}', in the place of sagemaker.aws, amazonaws.com, api.aws and app.aws");
    return false;
  }

  // What is written goes before what the region's partition has.
  void read_suffix() {
    const auto value = map_.get("suffix");
    if (!value) return;
    const auto read_domain = [&](const YamlValue& written, std::string& domain) {
      const auto name = written.name();
      has_bad_suffix_ = has_bad_suffix_ || !name;
      if (name) domain = to_text(*name);
    };
    if (value->is_scalar()) return read_domain(*value, suffixes_.sagemaker);
    const YamlMap domains(*value, Place::suffix);
    has_bad_suffix_ = !domains.is_valid();
    if (const auto text = domains.get("sagemaker")) read_domain(*text, suffixes_.sagemaker);
    if (const auto text = domains.get("amazonaws")) read_domain(*text, suffixes_.amazonaws);
    if (const auto text = domains.get("dual_stack")) read_domain(*text, suffixes_.dual_stack);
    if (const auto text = domains.get("app")) read_domain(*text, suffixes_.app);
  }

  std::vector<std::pair<StudioService, YamlValue>> read_services() {
    std::vector<std::pair<StudioService, YamlValue>> services;
    const auto list = map_.get("services");
    if (!list) return {{StudioService::studio, map_.value()}};
    if (list->is_sequence() && list->node().items.empty()) list->error("the list is empty: leave it out for [studio]");
    list->each(
        [&](const YamlValue& item) {
          const auto word = item.word(studio_service_words());
          if (!word) return;
          const auto service = static_cast<StudioService>(*word);
          for (const auto& [other, where] : services)
            if (other == service) return item.error("the service is listed twice");
          // The path of an element would point into the list, which is gone by the time it is used.
          services.emplace_back(service, YamlValue(item.node(), list->path(), item.findings()));
        },
        true);
    return services;
  }

  // Whether the names of the service can be built; complains when it is for want of a suffix that they cannot.
  bool has_names(StudioService service, const YamlValue& written, bool has_region) {
    if (!has_region || has_bad_suffix_) return false;
    const std::string_view missing = missing_suffix(service, suffixes_);
    if (missing.empty()) return true;
    static const std::map<std::string_view, std::string> kUsual = {
        {"sagemaker", "sagemaker.aws"}, {"amazonaws", "amazonaws.com"}, {"app", "app.aws"}};
    const std::string word(studio_service_words()[static_cast<size_t>(service)]);
    written.error("the service '" + word + "' needs 'suffix: {" + std::string(missing) +
                  ": DOMAIN}': the counterpart of " + kUsual.at(missing) + " in the partition of '" + region_ +
                  "' is unknown");
    return false;
  }

  void add_service(StudioService service, const YamlValue& written, bool has_region, std::optional<uint32_t> pool) {
    const std::string word(studio_service_words()[static_cast<size_t>(service)]);
    if (needs_expect(service) && expect_.empty())
      written.error("the service '" + word + "' needs 'expect: [10.16.0.0/16]', the addresses of its endpoint in the " +
                    "VPC: a VPC without that endpoint answers with public ones");
    const bool is_complete = has_names(service, written, has_region) && pool;
    if (service == StudioService::studio && map_.has("domains")) return add_domains(written, is_complete, pool);
    if (service == StudioService::studio && map_.has("others")) complain_about_others();
    if (!is_complete) return;
    const uint32_t rule = add_rule(word, written.where(), Action::forward, *pool);
    add_names(studio_names(service, region_, suffixes_), {}, rule, written, false);
  }

  void complain_about_others() {
    map_.get("others")->error("'others:' goes with a list of 'domains:': without one all domains go to the pool");
  }

  void add_domains(const YamlValue& written, bool is_complete, std::optional<uint32_t> pool) {
    const YamlValue domains = *map_.get("domains");
    if (domains.is_scalar()) {
      if (domains.node().text != "all")
        domains.error("this should be 'all', or a list of domain ids: [d-sq9djt5lr5pc]");
      if (map_.has("others")) complain_about_others();
      if (!is_complete) return;
      add_names(studio_names(StudioService::studio, region_, suffixes_), {},
                add_rule("studio", written.where(), Action::forward, *pool), written, false);
      return;
    }
    const auto others = map_.get("others");
    if (!others && domains.is_sequence())
      domains.error(
          "a list of domains needs 'others: POOL' or 'others: refuse': only the hosts d-ID.studio... and " +
          std::string("studio-d-ID.studio... carry the id of their domain; those of spaces (JupyterLab, Code ") +
          "Editor) do not, and match none of the listed domains");
    const StudioNames zones = is_complete ? studio_names(StudioService::studio, region_, suffixes_) : StudioNames{};
    const uint32_t rule = is_complete ? add_rule("studio", written.where(), Action::forward, *pool) : 0;
    if (domains.is_sequence() && domains.node().items.empty())
      domains.error("the list is empty: name the ids, or write 'domains: all'");
    domains.each([&](const YamlValue& item) {
      const auto id = read_domain_id(item);
      if (!id || !is_complete) return;
      for (const std::string& host : domain_hosts(*id))
        if (!add_names(zones, host + ".", rule, item, false)) return;
    });
    if (!others) return;
    const bool is_refused = others->is_scalar() && others->node().text == "refuse";
    const auto other_pool = is_refused ? std::optional<uint32_t>(0) : reader_.pool_number(*others);
    if (!is_refused && other_pool)
      reader_.studio_pools.push_back({*other_pool, true, others->where(), others->path().text()});
    if (!is_complete || !other_pool) return;
    const Action action = is_refused ? Action::refused : Action::forward;
    add_names(zones, {}, add_rule("others", others->where(), action, *other_pool), *others, true);
  }

  std::optional<std::string> read_domain_id(const YamlValue& item) {
    const auto written = item.text();
    if (!written) return std::nullopt;
    const auto name = parse_name(*written);
    if (!name || label_count(*name) != 1) {
      item.error("'" + written->substr(0, 80) + "' should be a domain id alone, such as d-sq9djt5lr5pc");
      return std::nullopt;
    }
    std::string label = to_text(*name);
    if (label.starts_with("studio-d-")) {
      item.error("'" + label + "' is a host of domain " + label.substr(7) +
                 ": write the id, it stands for all its hosts");
      return std::nullopt;
    }
    if (!label.starts_with("d-")) item.warning("'" + label + "' does not look like a domain id: they start with d-");
    return label;
  }

  uint32_t add_rule(const std::string& what, Where where, Action action, uint32_t pool) {
    Rule rule;
    rule.action = action;
    rule.pool = pool;
    // Studio names are private whatever kind the pool is; the hosts of others go where the user said.
    rule.is_private = action == Action::forward && (what != "others" || reader_.model.pools[pool].is_private);
    // Addresses of a VPC are private ones, whatever network it has.
    if (rule.is_private) rule.expect = expect_.empty() ? private_networks() : expect_;
    // ... but those of IPv6 are Amazon's as a rule, public ones.
    rule.assumes_ipv6 = rule.is_private && expect_.empty();
    rule.on_leak = guard_.on_leak;
    rule.cname = guard_.cname;
    rule.clients = guard_.clients;
    rule.otherwise = guard_.otherwise;
    rule.origin = origin_ + what;
    rule.where = where;
    return reader_.add_rule(std::move(rule));
  }

  // False: something was reported.
  bool add_names(const StudioNames& list, const std::string& prefix, uint32_t rule, const YamlValue& written,
                 bool is_others) {
    for (const std::string& text : list.names) {
      const auto name = parse_name(prefix + text);
      if (!name) {
        written.error("'" + prefix + text + "' is not a domain name: " + name.error());
        return false;
      }
      auto& zones = reader_.model.zones;
      const auto [seen, is_new] = taken_.emplace(std::tuple(*name, list.scope, guard_.clients), zones.entries.size());
      if (is_new) {
        zones.add(*name, list.scope, rule, written.where());
        continue;
      }
      const auto& first = zones.entries[seen->second];
      const Rule& theirs = reader_.model.rules[first.rule];
      const Rule& ours = reader_.model.rules[rule];
      const bool is_same = theirs.action == ours.action && (ours.action != Action::forward || theirs.pool == ours.pool);
      if (is_same && (is_others || theirs.origin.ends_with("others"))) continue;
      const auto target = [&](const Rule& one) {
        return one.action == Action::forward ? "pool '" + reader_.model.pools[one.pool].name + "'"
                                             : std::string("'refuse'");
      };
      written.error(
          to_text(*name) + (is_same ? " is already given to " : " is claimed by " + target(ours) + " and by ") +
          target(theirs) + " on line " + std::to_string(first.where.line) + " (" + theirs.origin +
          "): only one account can have it" + (list.scope == Scope::zone ? "; split by 'domains: [d-...]'" : ""));
      return false;
    }
    return true;
  }

  ModelReader& reader_;
  Taken& taken_;
  YamlMap map_;
  std::string origin_;
  std::string region_;
  StudioSuffixes suffixes_;
  bool has_bad_suffix_ = false;  // and that was reported
  std::vector<IpPrefix> expect_;
  Rule guard_;  // only on_leak, cname, clients and otherwise
};

}  // namespace

void ModelReader::read_studio(const YamlValue& list) {
  Taken taken;
  size_t index = 0;
  list.each([&](const YamlValue& item) { StudioReader(*this, taken, item, index++).read(); });
}

}  // namespace penstock::config

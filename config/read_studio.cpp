#include <algorithm>
#include <map>

#include "config/model_reader.h"
#include "config/studio.h"

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
      : reader_(reader),
        taken_(taken),
        map_(item, {"region", "pool", "domains", "others", "services", "expect", "on_leak", "cname", "suffix",
                    "clients", "otherwise"}),
        origin_("studio[" + std::to_string(index) + "] ") {}

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
    if (std::find(known.begin(), known.end(), region_) == known.end() && !map_.has("suffix")) {
      const auto nearest = nearest_word(region_, known);
      value.warning("no AWS region that this version knows is called '" + region_ + "'" +
                    (nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?") +
                    " Its names are taken to end in " + suffixes_.sagemaker);
    }
    return true;
  }

  void read_suffix() {
    const auto value = map_.get("suffix");
    if (!value) return;
    suffixes_ = {"", "", "", true};
    const auto read_domain = [](const YamlValue& text) {
      const auto name = text.name();
      return name ? to_text(*name) : std::string();
    };
    if (value->is_scalar()) {
      suffixes_.sagemaker = read_domain(*value);
      return;
    }
    const YamlMap domains(*value, {"sagemaker", "amazonaws"});
    if (const auto text = domains.require("sagemaker", "what stands for sagemaker.aws in this partition"))
      suffixes_.sagemaker = read_domain(*text);
    if (const auto text = domains.get("amazonaws")) suffixes_.amazonaws = read_domain(*text);
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

  void add_service(StudioService service, const YamlValue& written, bool has_region, std::optional<uint32_t> pool) {
    const std::string word(studio_service_words()[static_cast<size_t>(service)]);
    if (needs_expect(service)) {
      if (expect_.empty())
        written.error("the service '" + word +
                      "' needs 'expect: [10.16.0.0/16]', the addresses of its endpoint in the " +
                      "VPC: a VPC without that endpoint answers with public ones");
      if (suffixes_.amazonaws.empty() && map_.has("suffix"))
        written.error("the service '" + word + "' needs 'suffix: {sagemaker: DOMAIN, amazonaws: DOMAIN}'");
    }
    if (service == StudioService::studio && map_.has("domains")) return add_domains(written, has_region, pool);
    if (service == StudioService::studio && map_.has("others")) complain_about_others();
    if (!has_region || !pool || suffixes_.sagemaker.empty()) return;
    const uint32_t rule = add_rule(word, written.where(), Action::forward, *pool);
    add_names(studio_names(service, region_, suffixes_), {}, rule, written, false);
  }

  void complain_about_others() {
    map_.get("others")->error("'others:' goes with a list of 'domains:': without one all domains go to the pool");
  }

  void add_domains(const YamlValue& written, bool has_region, std::optional<uint32_t> pool) {
    const YamlValue domains = *map_.get("domains");
    if (domains.is_scalar()) {
      if (domains.node().text != "all")
        domains.error("this should be 'all', or a list of domain ids: [d-sq9djt5lr5pc]");
      if (map_.has("others")) complain_about_others();
      if (!has_region || !pool || suffixes_.sagemaker.empty()) return;
      add_names(studio_names(StudioService::studio, region_, suffixes_), {},
                add_rule("studio", written.where(), Action::forward, *pool), written, false);
      return;
    }
    const auto others = map_.get("others");
    if (!others && domains.is_sequence())
      domains.error("a list of domains needs 'others: POOL' or 'others: refuse': the hosts of apps and spaces " +
                    std::string("do not carry the domain id, so they match none of the listed domains"));
    const bool is_complete = has_region && pool && !suffixes_.sagemaker.empty();
    const StudioNames zones = studio_names(StudioService::studio, region_, suffixes_);
    const uint32_t rule = is_complete ? add_rule("studio", written.where(), Action::forward, *pool) : 0;
    if (domains.is_sequence() && domains.node().items.empty())
      domains.error("the list is empty: name the ids, or write 'domains: all'");
    domains.each([&](const YamlValue& item) {
      const auto label = read_domain_id(item);
      if (label && is_complete) add_names(zones, *label + ".", rule, item, false);
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
    rule.on_leak = guard_.on_leak;
    rule.cname = guard_.cname;
    rule.clients = guard_.clients;
    rule.otherwise = guard_.otherwise;
    rule.origin = origin_ + what;
    rule.where = where;
    return reader_.add_rule(std::move(rule));
  }

  void add_names(const StudioNames& list, const std::string& prefix, uint32_t rule, const YamlValue& written,
                 bool is_others) {
    for (const std::string& text : list.names) {
      const auto name = parse_name(prefix + text);
      if (!name) {
        written.error("'" + prefix + text + "' is not a domain name: " + name.error());
        return;
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
          "): one account only can have it" + (list.scope == Scope::zone ? "; split by 'domains: [d-...]'" : ""));
      return;
    }
  }

  ModelReader& reader_;
  Taken& taken_;
  YamlMap map_;
  std::string origin_;
  std::string region_;
  StudioSuffixes suffixes_;
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

#include "control/import/write/yaml_writer.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <tuple>

#include "config/read/studio.h"
#include "config/read/zones_file.h"
#include "control/import/form/order.h"
#include "control/import/form/words.h"
#include "control/import/write/pools.h"

namespace penstock::imports {
namespace {

// Nothing of a source may end a comment.
std::string comment(const std::string& text) {
  std::string line;
  for (const char c : text) line += static_cast<uint8_t>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return line;
}

template <typename List, typename Text>
std::string flow(const List& list, Text text) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : ", ") + text(item);
  return "[" + out + "]";
}

std::string flow_addresses(const std::vector<IpAddress>& list) {
  return flow(list, [](const IpAddress& address) { return yaml_text(config::to_string(address)); });
}
std::string flow_prefixes(const auto& list) {
  return flow(list, [](const IpPrefix& prefix) { return yaml_text(config::to_string(prefix)); });
}

std::string escaped(char octet) {
  const std::string digits = std::to_string(static_cast<uint8_t>(octet));
  return "\\" + std::string(3 - digits.size(), '0') + digits;
}

// As config/ reads it: octets that it takes for mistakes are escaped, and one of a name that looks like an address.
std::string zone_text(const WireName& name) {
  const std::string plain = config::to_text(name);
  std::string text;
  for (size_t at = 0; at < plain.size(); ++at) {
    if (plain[at] == '\\') {
      const size_t length =
          plain.size() - at > 3 && std::isdigit(static_cast<unsigned char>(plain[at + 1])) != 0 ? 4 : 2;
      text += plain.substr(at, length);
      at += length - 1;
    } else {
      const std::string_view octet = std::string_view(plain).substr(at, 1);
      text += octet == "." || config::zone_problem(octet).empty() ? std::string(octet) : escaped(plain[at]);
    }
  }
  return config::zone_problem(text).empty() ? text : escaped(text[0]) + text.substr(1);
}

class Writer {
 public:
  explicit Writer(const Source& source) : source_(source) { written_.remarks = source.remarks; }

  Written write() {
    find_pools();
    std::string zones = write_zones();
    std::string other = write_other();
    std::stable_sort(written_.remarks.begin(), written_.remarks.end(), [](const Remark& a, const Remark& b) {
      return std::tuple(a.where.file, a.where.line) < std::tuple(b.where.file, b.where.line);
    });
    written_.yaml = write_head() + write_clients() + write_pools() + write_studio() + zones + other;
    return std::move(written_);
  }

 private:
  void decide(Where where, std::string text) { written_.remarks.push_back({Weight::decide, where, std::move(text)}); }

  void find_pools() {
    if (source_.other.kind == Kind::servers)
      other_pool_ = pools_.pool_of(source_.other, WireName(1, '\0'), source_.other_where, written_.remarks);
    in_effect_ = zones_in_effect(source_, written_.remarks);
    for (const size_t index : in_effect_) {
      const Zone& zone = source_.zones[index];
      std::string pool;
      if (zone.target.kind == Kind::servers)
        pool = pools_.pool_of(zone.target, zone.name, zone.where, written_.remarks);
      pool_of_.push_back(std::move(pool));
      if (zone.scope == Scope::below && zone.clients.empty()) below_.insert(zone.name);
      if (!zone.clients.empty() || (!last_.empty() && last_.contains({zone.name, zone.scope})))
        last_[{zone.name, zone.scope}] = index;
    }
    pools_.find_inbound(other_pool_, source_.other_where, written_.remarks);
    open_views();
    pools_.find_inbound(other_pool_, source_.other_where, written_.remarks);
    open_views();
    for (size_t i = 0; i < in_effect_.size(); ++i)
      if (pools_.is_inbound(pool_of_[i])) inbound_.push_back(source_.zones[in_effect_[i]]);
  }

  // A private zone leads clients of other views to private servers only. Where a later view's entry is none, the first cannot be one.
  void open_views() {
    for (bool changed = !source_.groups.empty(); changed;) {
      changed = false;
      std::map<std::tuple<WireName, Scope>, bool> is_open_later;
      for (size_t i = in_effect_.size(); i-- > 0;) {
        const Zone& zone = source_.zones[in_effect_[i]];
        bool& is_open = is_open_later[{zone.name, zone.scope}];
        if (!zone.clients.empty() && is_open && pools_.is_inbound(pool_of_[i])) {
          changed = true;
          pools_.open(pool_of_[i]);
          decide(zone.where, "pool '" + pool_of_[i] +
                                 "' has names of AWS, but is not made private: for other clients " +
                                 config::to_text(zone.name) + " goes to servers that are not");
        }
        is_open = is_open || !pools_.is_inbound(pool_of_[i]);
      }
    }
  }

  // The names below have an entry of their own.
  bool is_for_apex(const Zone& zone) const {
    return zone.scope == Scope::zone && zone.clients.empty() && below_.contains(zone.name);
  }

  std::string write_head() const {
    std::string text =
        "# Written by penstockctl import from " + (source_.files.empty() ? "" : comment(source_.files.front())) + ".\n";
    size_t decisions = 0;
    for (const Remark& remark : written_.remarks) decisions += remark.weight == Weight::decide ? 1 : 0;
    if (decisions != 0)
      text += "# Lines with DECIDE are lost, or mean something else here: " + std::to_string(decisions) + "\n";
    for (const Remark& remark : written_.remarks)
      text += std::string("# ") + (remark.weight == Weight::decide ? "DECIDE " : "note ") +
              comment(to_text(source_, remark.where) + ": " + remark.text) + "\n";
    text +=
        "ports:\n  - {name: corp, device: \"af_xdp:eth0\"}   # the interface that clients come by: the source does not "
        "say\n";
    if (!source_.listen.empty()) text += "listen: " + flow_addresses(source_.listen) + "\n";
    return text;
  }

  std::string write_clients() const {
    if (source_.allow.empty() && source_.deny.empty() && source_.groups.empty()) return {};
    const std::set<IpPrefix> deny(source_.deny.begin(), source_.deny.end());
    std::set<IpPrefix> allow(source_.allow.begin(), source_.allow.end());
    std::erase_if(allow, [&](const IpPrefix& prefix) { return deny.contains(prefix); });
    std::string text = "clients:\n";
    if (!allow.empty()) text += "  allow: " + flow_prefixes(allow) + "\n";
    if (!deny.empty()) text += "  deny: " + flow_prefixes(deny) + "\n";
    if (source_.groups.empty()) return text;
    text += "  groups:\n";
    for (const Group& group : source_.groups)
      text += "    " + yaml_text(group.name) + ": {prefixes: " + flow_prefixes(group.prefixes) + "}\n";
    return text;
  }

  std::string write_pools() const {
    if (pools_.all().empty() && source_.studio.empty()) return {};
    std::string text = "pools:\n";
    for (const Studio& one : source_.studio) {
      std::vector<IpAddress> endpoints;
      for (const Server& server : one.endpoints) endpoints.push_back(server.address);
      text += "  studio-" + one.region + ": {kind: route53-inbound, endpoints: " + flow_addresses(endpoints);
      if (!one.domains.empty())
        text += ", health: {name: " +
                yaml_text(one.domains.front() + ".studio." + one.region + "." +
                          config::studio_suffixes(one.region).sagemaker) +
                "}";
      text += "}\n";
    }
    for (const Pool& pool : pools_.all())
      text += "  " + yaml_text(pool.name) + ": {kind: " + (pool.is_inbound ? "route53-inbound" : "recursive") +
              (pool.in_order && !pool.is_inbound ? ", policy: ordered" : "") +
              ", endpoints: " + flow_addresses(pool.endpoints) + "}\n";
    return text;
  }

  std::string write_studio() const {
    std::string text = source_.studio.empty() ? "" : "studio:\n";
    for (const Studio& one : source_.studio)
      text += "  - {region: " + one.region + ", pool: studio-" + one.region +
              ", domains: all, services: " + flow(one.services, yaml_text) +
              (one.expect.empty() ? "" : ", expect: " + flow_prefixes(one.expect)) + "}   # " +
              comment(to_text(source_, one.where)) + "\n";
    return text;
  }

  std::string write_zones() {
    if (in_effect_.empty()) return {};
    const ZoneFinder inbound(inbound_);
    std::string text = "zones:\n";
    for (size_t i = 0; i < in_effect_.size(); ++i) {
      const Zone& zone = source_.zones[in_effect_[i]];
      const std::string name = (zone.scope == Scope::below ? "*." : "") + zone_text(zone.name);
      const bool is_name = zone.scope == Scope::name || is_for_apex(zone);
      text += std::string("  - {") + (is_name ? "name: " : "zone: ") + yaml_text(name) + ", " +
              write_target(zone, pool_of_[i], inbound) + write_view(zone, in_effect_[i], pool_of_[i]) + "}   # " +
              comment(to_text(source_, zone.where)) + "\n";
    }
    return text;
  }

  std::string write_target(const Zone& zone, const std::string& pool, const ZoneFinder& inbound) {
    switch (zone.target.kind) {
      case Kind::servers:
        if (!pool.empty()) return "pool: " + yaml_text(pool);
        decide(zone.where, config::to_text(zone.name) +
                               " is refused: no server of it can be asked. Name others, or take the entry out and its "
                               "names go with all others");
        return "answer: refused";
      case Kind::as_default: {
        bool is_inside = false;
        inbound.each(zone.name, [&](size_t) { return is_inside = true; });
        if (!is_inside && !other_pool_.empty()) return "pool: " + yaml_text(other_pool_);
        decide(zone.where, config::to_text(zone.name) + " is refused: " +
                               (is_inside ? "the source lets it out of a private zone"
                                          : "the source looks it up itself, and Penstock does not") +
                               ". Name the pool that is to get it");
        return "answer: refused";
      }
      case Kind::recursion:
        decide(zone.where, config::to_text(zone.name) +
                               " is refused: the source looks it up itself, and Penstock does not. Name a pool");
        return "answer: refused";
      case Kind::addresses:
        return "answer: " + flow_addresses(zone.target.addresses);
      case Kind::records:
        if (!zone.target.zone_file.empty()) return "zone_file: " + yaml_text(zone.target.zone_file);
        return "records: " + flow(zone.target.records, yaml_text);
      case Kind::nxdomain:
      case Kind::nodata:
      case Kind::refused:
        break;
    }
    return "answer: " + to_text(zone.target);
  }

  // Clients of other groups try the next entry, but out of a private zone only as far as its last view.
  std::string write_view(const Zone& zone, size_t index, const std::string& pool) {
    if (zone.clients.empty()) return {};
    const bool is_last = last_[{zone.name, zone.scope}] == index;
    const bool goes_on = !is_last || !pools_.is_inbound(pool);
    if (!goes_on) decide(zone.where, config::to_text(zone.name) + " is private: clients of other views are refused it");
    return ", clients: " + flow(zone.clients, yaml_text) + (goes_on ? ", otherwise: next" : "");
  }

  std::string write_other() {
    const std::string empty = source_.empty_zones ? "empty_zones: on\n" : "";
    if (source_.other.kind == Kind::servers && !other_pool_.empty())
      return "default: {pool: " + yaml_text(other_pool_) + "}\n" + empty;
    if (source_.other.kind == Kind::nxdomain || source_.other.kind == Kind::nodata)
      return "default: {answer: " + to_text(source_.other) + "}\n" + empty;
    if (source_.other.kind == Kind::servers)
      decide(source_.other_where, "all other names are refused: no server of theirs can be asked. Name a pool");
    if (source_.other.kind == Kind::recursion)
      decide(source_.other_where,
             "all other names are refused: the source looks them up itself, and Penstock does not. Name a pool of "
             "recursive servers, 'default: {pool: NAME}'");
    return empty;
  }

  const Source& source_;
  Written written_;
  Pools pools_;
  std::string other_pool_;
  std::vector<size_t> in_effect_;
  std::vector<std::string> pool_of_;  // of each in effect
  std::vector<Zone> inbound_;
  std::map<std::pair<WireName, Scope>, size_t> last_;
  std::set<WireName> below_;  // "*.name", for all clients
};

}  // namespace

Written write_yaml(const Source& source) {
  return Writer(source).write();
}

std::string yaml_text(const std::string& text) {
  static const std::set<std::string_view> kOtherThings = {"y", "n", "on", "off", "yes", "no", "true", "false", "null"};
  const bool is_plain =
      !text.empty() && (text.size() > 5 || !kOtherThings.contains(text)) && text[0] != '-' && text[0] != '.' &&
      std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == '/';
      });
  if (is_plain) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<uint8_t>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return out + "\"";
}

}  // namespace penstock::imports

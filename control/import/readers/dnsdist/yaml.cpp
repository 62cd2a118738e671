#include <algorithm>
#include <map>

#include "config/yaml/yaml_tree.h"
#include "control/import/form/words.h"
#include "control/import/readers/dnsdist/calls.h"

namespace penstock::imports {
namespace {

using config::YamlNode;

constexpr int kDeepestSelector = 16;
constexpr std::string_view kQuietSections[] = {"cache_settings",
                                               "console",
                                               "ebpf",
                                               "general",
                                               "key_value_stores",
                                               "logging",
                                               "metrics",
                                               "netmask_groups",
                                               "packet_caches",
                                               "query_count",
                                               "ring_buffers",
                                               "remote_logging",
                                               "security_polling",
                                               "selectors",
                                               "snmp",
                                               "timed_ip_sets",
                                               "tuning",
                                               "webserver",
                                               "xsk",
                                               "proxy_protocol",
                                               "redis_clients",
                                               "dynamic_rules_settings"};
constexpr std::string_view kGoesOn[] = {"none",
                                        "log",

                                        "dnstaplog",
                                        "remotelog",
                                        "snmptrap",
                                        "delay",
                                        "norecurse",
                                        "setnorecurse",
                                        "setdisableecs",
                                        "setecs",
                                        "setskipcache",
                                        "setdisablevalidation",
                                        "setecsoverride",
                                        "setecsprefixlength",
                                        "keyvaluestorelookup",
                                        "keyvaluestorerangelookup",
                                        "settempfailurecachettl",
                                        "setmaxreturnedttl"};

std::vector<std::string> texts_in(const YamlNode* node) {
  std::vector<std::string> texts;
  if (node != nullptr && node->kind == YamlNode::Kind::scalar) texts.push_back(node->text);
  if (node != nullptr)
    for (const YamlNode& item : node->items) texts.push_back(item.text);
  return texts;
}

std::string text_in(const YamlNode& map, std::string_view key) {
  const YamlNode* node = map.find(key);
  return node == nullptr ? std::string() : node->text;
}

bool is_one_of(const auto& list, std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

class DnsdistYaml {
 public:
  DnsdistYaml(Source& source, uint32_t file) : source_(source), file_(file) {}

  std::vector<DnsdistCall> read(const std::string& text) {
    config::Findings findings(source_.files);
    const YamlNode root = config::parse_yaml(text, findings);
    for (const config::Finding& finding : findings.take())
      if (finding.severity == config::Severity::error) source_.broken({file_, finding.line}, finding.text);
    if (source_.is_broken()) return {};
    if (root.kind != YamlNode::Kind::map) {
      source_.broken({file_, 1},
                     "this is no configuration of dnsdist: its top is a map, 'backends:', 'query_rules:' and others");
      return {};
    }
    name_objects(root);
    for (const config::YamlMember& section : root.members) read_section(section);
    return std::move(calls_);
  }

 private:
  Where at(const YamlNode& node) const { return {file_, node.line}; }
  void add(const YamlNode& node, std::string what, std::vector<std::string> texts) {
    calls_.push_back({at(node), std::move(what), std::move(texts), {}, {}});
  }

  void name_objects(const YamlNode& root) {
    for (const char* section : {"selectors", "netmask_groups"})
      if (const YamlNode* list = root.find(section))
        for (const YamlNode& one : list->items) named_[text_in(one, "name")] = &one;
  }

  void read_section(const config::YamlMember& section) {
    const std::string& key = section.key;
    const YamlNode& value = section.value;
    if (key == "acl") return add(value, "new acl", texts_in(&value));
    if (key == "load_balancing_policies") return read_policies(value);
    if (key == "edns_client_subnet")
      return add(value, "lost", {"clients' subnets are not passed on: write 'ecs: add' at the pool"});
    for (const YamlNode& one : value.items) {
      if (key == "binds") read_bind(one);
      if (key == "backends") read_backend(one);
      if (key == "pools") read_pool(one);
      if (key == "query_rules") read_rule(one);
    }
    if (is_one_of(kQuietSections, key) || key == "binds" || key == "backends" || key == "pools" || key == "query_rules")
      return;
    calls_.push_back({{file_, section.line}, "lost", {"'" + key + "' has no equivalent: left out"}, {}, {}});
  }

  void read_bind(const YamlNode& bind) {
    const std::string protocol = text_in(bind, "protocol");
    if (!protocol.empty() && lower(protocol) != "do53")
      return add(bind, "lost", {"clients are not served over " + protocol});
    add(bind, "listen", {text_in(bind, "listen_address")});
    for (const std::string& more : texts_in(bind.find("additional_addresses"))) add(bind, "listen", {more});
  }

  void read_backend(const YamlNode& backend) {
    const std::string protocol = lower(text_in(backend, "protocol"));
    const bool is_plain = protocol.empty() || protocol == "do53";
    add(backend, "server",
        {text_in(backend, "address"), is_plain ? "" : "tls",
         text_in(backend, "order").empty() ? "1" : text_in(backend, "order")});
    calls_.back().pools = texts_in(backend.find("pools"));
    if (calls_.back().pools.empty()) calls_.back().pools = {""};
    if (text_in(backend, "use_client_subnet") == "true")
      add(backend, "lost", {"clients' subnets are not passed on: write 'ecs: add' at the pool"});
    if (const std::string from = text_in(backend, "source"); !from.empty())
      add(backend, "lost",
          {"the source '" + from + "' is left out: write 'source: ADDRESS' at the pool if it matters"});
    if (const std::string weight = text_in(backend, "weight"); !weight.empty() && weight != "1")
      add(backend, "lost", {"the weight " + weight + " is left out: write 'weight:' at the endpoint"});
  }

  void read_pool(const YamlNode& pool) {
    if (!text_in(pool, "packet_cache").empty()) add(pool, "cache", {text_in(pool, "name")});
    if (const std::string policy = text_in(pool, "policy"); !policy.empty())
      add(pool, "policy", {policy, text_in(pool, "name")});
  }

  void read_policies(const YamlNode& value) {
    if (const std::string policy = text_in(value, "default_policy"); !policy.empty()) add(value, "policy", {policy});
    if (const YamlNode* own = value.find("custom_policies"); own != nullptr && !own->items.empty())
      add(*own, "lost", {"policies of its own have no equivalent: write 'policy:' at the pool"});
  }

  void read_rule(const YamlNode& rule) {
    const YamlNode* selector = rule.find("selector");
    const YamlNode* action = rule.find("action");
    if (selector == nullptr || action == nullptr)
      return add(rule, "lost", {"a rule needs a selector and an action: left out"});
    add(rule, "action", action_of(*action));
    calls_.back().rule = rule_of(*selector, 0);
  }

  static std::vector<std::string> action_of(const YamlNode& action) {
    const std::string written = text_in(action, "type");
    const std::string type = lower(written);
    if (const YamlNode* inner = action.find("action"); type == "continue" && inner != nullptr) {
      const auto texts = action_of(*inner);
      return {texts[0] == "pool" || texts[0] == "choose pool" ? "choose pool" : "goes on",
              texts.size() > 1 ? texts[1] : texts[0]};
    }
    if (type == "pool")
      return {text_in(action, "stop_processing") == "false" ? "choose pool" : "pool", text_in(action, "pool_name")};
    if (type == "rcode") return {"rcode", text_in(action, "rcode")};
    if (type == "negativeandsoa") return {"rcode", text_in(action, "nxd") == "true" ? "nxdomain" : "noerror"};
    if (type == "drop" || type == "allow") return {type};
    if (type == "settag") return {"tag", text_in(action, "tag"), text_in(action, "value")};
    if (type == "spoof") {
      std::vector<std::string> texts = texts_in(action.find("ips"));
      texts.insert(texts.begin(), "spoof");
      return texts;
    }
    return {is_one_of(kGoesOn, type) ? "goes on" : "other", written};
  }

  DnsdistRule rule_of(const YamlNode& selector, int depth) const {
    const std::string written = text_in(selector, "type");
    const std::string type = lower(written);
    const auto list = [&](const char* kind, std::initializer_list<const char*> keys) {
      DnsdistRule rule{kind, {}, {}};
      for (const char* key : keys)
        for (std::string& text : texts_in(selector.find(key))) rule.texts.push_back(std::move(text));
      return rule;
    };
    if (depth > kDeepestSelector) return {"other", {"selectors that are nested too deep"}, {}};
    if (type == "all") return {"all", {}, {}};
    if (type == "tag") return list("tag", {"tag", "value"});
    if (type == "qname") return list("name", {"qname"});
    if (type == "qnameset") return list("name", {"qnames"});
    if (type == "qnamesuffix") return list("suffix", {"suffixes"});
    if (type == "netmaskgroup") {
      if (text_in(selector, "source") == "false") return {"other", {"NetmaskGroup of the destination"}, {}};
      const auto group = named_.find(text_in(selector, "netmask_group_name"));
      DnsdistRule rule = list("net", {"netmasks"});
      if (group != named_.end())
        for (std::string& text : texts_in(group->second->find("netmasks"))) rule.texts.push_back(std::move(text));
      return rule;
    }
    if (type == "byname") {
      const auto found = named_.find(text_in(selector, "selector_name"));
      if (found != named_.end()) return rule_of(*found->second, depth + 1);
    }
    if (type != "and" && type != "or" && type != "not") return {"other", {written.empty() ? "no type" : written}, {}};
    DnsdistRule rule{type, {}, {}};
    if (const YamlNode* inner = selector.find(type == "not" ? "selector" : "selectors")) {
      if (inner->kind == YamlNode::Kind::map) rule.inner.push_back(rule_of(*inner, depth + 1));
      for (const YamlNode& one : inner->items) rule.inner.push_back(rule_of(one, depth + 1));
    }
    return rule;
  }

  Source& source_;
  uint32_t file_;
  std::map<std::string, const YamlNode*> named_;
  std::vector<DnsdistCall> calls_;
};

}  // namespace

std::vector<DnsdistCall> read_dnsdist_yaml(Source& source, const Files& files, const std::string& path) {
  const uint32_t file = source.add_file(path);
  const auto text = take_file(source, files, path, {file, 0});
  if (!text || refuse_template(source, file, *text)) return {};
  const std::string beside_it = path.substr(0, path.rfind('.')) + ".lua";
  if (const auto lua = files.read(beside_it)) {
    const bool decides = lua->find("enableLuaConfiguration") != std::string::npos ||
                         text->find("enableLuaConfiguration") != std::string::npos;
    const std::string what = "dnsdist also reads " + beside_it + ", which is not imported with it";
    if (decides)
      source.decide({file, 0}, what + ": it has configuration of its own, import it beside this file");
    else
      source.note({file, 0}, what + ": it has functions only, unless enableLuaConfiguration() says else");
  }
  return DnsdistYaml(source, file).read(*text);
}

}  // namespace penstock::imports

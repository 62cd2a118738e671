#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "control/import/form/words.h"
#include "control/import/readers/dnsdist/table.h"
#include "control/import/readers/readers.h"

namespace penstock::imports {
namespace {

class DnsdistReader {
 public:
  explicit DnsdistReader(Source& source) : source_(source) {}

  void read(std::vector<DnsdistCall> calls) {
    for (const DnsdistCall& call : calls)
      if (call.what == "add pool") calls[std::stoul(call.texts[0])].pools.push_back(call.texts[1]);
    for (const DnsdistCall& call : calls) read_setting(call);
    for (auto& [pool, servers] : pools_)
      if (is_ordered(pool))
        std::stable_sort(servers.list.begin(), servers.list.end(),
                         [](const auto& a, const auto& b) { return a.order < b.order; });
    take_default();
    source_.note(
        {}, "clients that may not ask get no answer from dnsdist, and REFUSED here: see 'clients: {refused: drop}'");
    for (const DnsdistCall& call : calls)
      if (call.what == "action") read_action(call);
    const auto target_of = [this](const std::string& pool) { return target_of_pool(pool); };
    if (!DnsdistTable(std::move(steps_), std::move(lists_), target_of, source_).write()) tell_of_default();
  }

 private:
  struct OrderedServer {
    Server server;
    int order = 1;
  };
  struct DnsdistPool {
    std::vector<OrderedServer> list;
    Where where;
  };

  void read_setting(const DnsdistCall& call) {
    if (call.what == "server") return read_server(call);
    if (call.what == "lost") return source_.decide(call.where, call.texts[0]);
    if (call.what == "listen") return read_listen(call);
    if (call.what == "new acl") source_.allow.clear();
    // What dnsdist has without being told, and addACL adds to.
    if (call.what == "acl" && source_.allow.empty())
      for (const char* text : {"127.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.168.0.0/16",
                               "172.16.0.0/12", "::1/128", "fc00::/7", "fe80::/10"})
        source_.allow.push_back(*config::parse_prefix(text));
    if (call.what == "acl" || call.what == "new acl") add_allowed(call);
    if (call.what == "policy" && call.texts[0] == "firstAvailable")
      ordered_[call.texts.size() > 1 ? call.texts[1] : "*"] = true;
    if (call.what == "cache") cached_[call.texts[0]] = true;
  }

  void read_listen(const DnsdistCall& call) {
    const auto server = parse_server(call.texts[0], ':');
    if (server && server->port != 53)
      return source_.decide(call.where,
                            "it listens on port " + std::to_string(server->port) + ", and Penstock on 53: left out");
    if (server && !config::is_unspecified(server->address) && !config::is_loopback(server->address))
      source_.listen.push_back(server->address);
  }

  void add_allowed(const DnsdistCall& call) {
    for (const std::string& text : call.texts) {
      const auto network = parse_network(text);
      if (network) source_.allow.push_back(*network);
      if (!network) source_.decide(call.where, "'" + text + "' is no network: left out");
    }
  }

  void read_server(const DnsdistCall& call) {
    auto server = parse_server(call.texts[0], ':');
    if (!server) return source_.decide(call.where, "'" + call.texts[0] + "' is not an IP address: write the server's");
    server->tls = call.texts[1] == "tls";
    const int order = call.texts.size() > 2 ? std::atoi(call.texts[2].c_str()) : 1;
    for (const std::string& pool : call.pools) {
      DnsdistPool& servers = pools_[pool];
      if (servers.list.empty()) servers.where = call.where;
      servers.list.push_back({*server, order});
    }
  }

  bool is_ordered(const std::string& pool) const { return ordered_.contains("*") || ordered_.contains(pool); }

  Target target_of_pool(const std::string& pool) const {
    const auto found = pools_.find(pool);
    if (found == pools_.end()) return {};
    Target target{.kind = Kind::servers, .in_order = is_ordered(pool)};
    for (const OrderedServer& one : found->second.list) target.servers.push_back(one.server);
    return target;
  }

  void take_default() {
    if (const auto found = pools_.find(""); found != pools_.end()) source_.other_where = found->second.where;
  }

  void tell_of_default() {
    if (!pools_.contains(""))
      return source_.decide(source_.other_where, "no server is in the default pool: all other names are refused");
    if (!cached_.contains(""))
      source_.note(source_.other_where,
                   "answers are remembered here, and dnsdist remembers none without a cache: 'cache: off' at the pool");
  }

  void read_action(const DnsdistCall& call) {
    const std::string& kind = call.texts[0];
    if (kind == "goes on") return source_.note(call.where, call.texts[1] + " decides nothing, and is left out");
    const DnsdistRule written = with_tags(call.rule);
    if (kind == "tag") {
      tags_.push_back({call.texts[1], call.texts.size() > 2 ? call.texts[2] : std::string(), written});
      return;
    }
    Predicate rule(written, lists_, source_, call.where);
    if (const std::string unknown = rule.unknown(); !unknown.empty()) {
      const bool is_in_part = rule.can_be_yes();
      source_.decide(call.where, "this rule goes by more than names and clients (" + unknown + "): left out" +
                                     (is_in_part ? " where it depends on that" : ""));
      if (!is_in_part) return;
    }
    auto step = step_of(call, std::move(rule));
    if (!step)
      return source_.decide(call.where, "the action '" + (call.texts.size() > 1 ? call.texts[1] : kind) +
                                            "' has no equivalent: left out");
    steps_.push_back(std::move(*step));
  }

  // A tag is there where a rule before has set it, and none behind that has set it to another value.
  DnsdistRule with_tags(DnsdistRule rule) const {
    for (DnsdistRule& inner : rule.inner) inner = with_tags(std::move(inner));
    if (rule.kind != "tag") return rule;
    DnsdistRule either{"or", {}, {}};
    for (size_t i = 0; i < tags_.size(); ++i) {
      if (tags_[i].tag != rule.texts[0] || (rule.texts.size() > 1 && tags_[i].value != rule.texts[1])) continue;
      DnsdistRule is_set{"and", {}, {tags_[i].rule}};
      for (size_t k = i + 1; k < tags_.size() && rule.texts.size() > 1; ++k)
        if (tags_[k].tag == rule.texts[0] && tags_[k].value != rule.texts[1])
          is_set.inner.push_back({"not", {}, {tags_[k].rule}});
      either.inner.push_back(std::move(is_set));
    }
    // Key stores and functions set tags, too.
    if (either.inner.empty()) return {"other", {"TagRule"}, {}};
    return either;
  }

  std::optional<DnsdistStep> step_of(const DnsdistCall& call, Predicate rule) {
    using Deed = DnsdistStep::Deed;
    const std::string& kind = call.texts[0];
    const std::string text = call.texts.size() > 1 ? call.texts[1] : std::string();
    DnsdistStep step{.rule = std::move(rule), .where = call.where};
    if (kind == "pool" || kind == "choose pool") {
      step.deed = kind == "pool" ? Deed::pool : Deed::choose_pool;
      step.pool = text;
      if (!pools_.contains(text))
        source_.decide(call.where, "pool '" + text + "' has no servers: dnsdist says SERVFAIL, Penstock REFUSED");
      return step;
    }
    step.deed = kind == "allow" ? Deed::allow : Deed::answer;
    if (kind == "allow") return step;
    if (kind == "rcode") {
      step.target.kind = kind_of_rcode(text);
      if (step.target.kind == Kind::refused && lower(text) != "refused" && text != "5")
        source_.decide(call.where, "dnsdist says " + text + ", Penstock REFUSED");
      return step;
    }
    if (kind == "drop") {
      source_.decide(call.where, "dnsdist gives no answer at all, Penstock says REFUSED");
      return step;
    }
    if (kind != "spoof") return std::nullopt;
    if (!std::exchange(is_spoof_told_, true))
      source_.decide(call.where,
                     "SpoofAction is for types A and AAAA of the addresses that it has: dnsdist goes on to later rules "
                     "with other queries for these names, and Penstock answers them without records");
    step.target.kind = Kind::addresses;
    for (size_t i = 1; i < call.texts.size(); ++i)
      if (const auto address = config::parse_address(call.texts[i])) step.target.addresses.push_back(*address);
    return step.target.addresses.empty() ? std::nullopt : std::optional(std::move(step));
  }

  static Kind kind_of_rcode(const std::string& text) {
    const std::string code = lower(text);
    return code == "nxdomain" || code == "3"  ? Kind::nxdomain
           : code == "noerror" || code == "0" ? Kind::nodata
                                              : Kind::refused;
  }

  Source& source_;
  std::map<std::string, DnsdistPool> pools_;
  std::map<std::string, bool> ordered_;  // by pool; "*": all
  std::map<std::string, bool> cached_;
  struct Tag {
    std::string tag;
    std::string value;
    DnsdistRule rule;
  };
  std::vector<Tag> tags_;  // as they are set
  bool is_spoof_told_ = false;
  std::vector<DnsdistStep> steps_;
  std::vector<NetworkList> lists_;
};

}  // namespace

Source read_dnsdist(const Paths& paths, const Files& files) {
  Source source;
  std::vector<DnsdistCall> calls;
  for (const std::string& path : paths) {
    if (source.is_broken()) break;
    const bool is_yaml = path.ends_with(".yml") || path.ends_with(".yaml");
    auto more = is_yaml ? read_dnsdist_yaml(source, files, path) : run_dnsdist_lua(source, files, path);
    for (DnsdistCall& call : more)
      if (call.what == "add pool") call.texts[0] = std::to_string(std::stoul(call.texts[0]) + calls.size());
    std::move(more.begin(), more.end(), std::back_inserter(calls));
  }
  if (!source.is_broken()) DnsdistReader(source).read(std::move(calls));
  return source;
}

}  // namespace penstock::imports

// tests/config/read/key_defaults_test.cpp - that each default of the table is what the model has. Long because it is one list.
#include <functional>
#include <map>

#include "config/read/model_reader.h"
#include "tests/config/read/key_documents.h"

namespace penstock::config::test {
namespace {

using Reader = std::function<std::string(const Model&)>;

std::string on_off(bool value) {
  return value ? "on" : "off";
}

std::string duration(std::chrono::milliseconds value) {
  return value.count() % 1000 == 0 ? std::to_string(value.count() / 1000) + "s" : std::to_string(value.count()) + "ms";
}

template <typename Enum>
std::string word(Enum value, const std::vector<std::string>& words) {
  return words.at(static_cast<size_t>(value));
}

const Rule& rule(const Model& m) {
  return m.rules.at(0);
}
const Rule& default_rule(const Model& m) {
  return m.rules.at(m.default_rule.value());
}
const Pool& pool(const Model& m) {
  return m.pools.at(0);
}

// What the model has of a key, as it would be written.
const std::map<std::pair<Place, std::string_view>, Reader> kReaders = {
    {{Place::file, "lcores"}, [](const Model& m) { return m.lcores ? std::to_string(*m.lcores) : "auto"; }},
    {{Place::file, "idle"},
     [](const Model& m) {
       return word(m.idle, {"adaptive", "busy"});
     }},
    {{Place::file, "empty_zones"}, [](const Model& m) { return on_off(m.empty_zones); }},
    {{Place::file, "browser_canaries"}, [](const Model& m) { return m.browser_canaries ? "nxdomain" : "off"; }},
    {{Place::port, "reverse_path"},
     [](const Model& m) { return m.ports.at(0).strict_reverse_path ? "strict" : "off"; }},
    {{Place::clients, "refused"}, [](const Model& m) { return m.clients.silent ? "drop" : "refuse"; }},
    {{Place::clients, "rate_per_client"}, [](const Model& m) { return std::to_string(m.clients.rate_per_client); }},
    {{Place::clients, "over_rate"},
     [](const Model& m) {
       return word(m.clients.over_rate, {"truncate", "refuse", "drop"});
     }},
    {{Place::clients, "response_rate"}, [](const Model& m) { return std::to_string(m.clients.response_rate); }},
    {{Place::group, "weight"}, [](const Model& m) { return std::to_string(m.clients.groups.at(0).weight); }},
    {{Place::group, "rate"}, [](const Model& m) { return std::to_string(m.clients.groups.at(0).rate); }},
    {{Place::pool, "private"}, [](const Model& m) { return on_off(pool(m).is_private); }},
    {{Place::pool, "tracked"}, [](const Model& m) { return on_off(pool(m).tracked); }},
    {{Place::pool, "policy"},
     [](const Model& m) {
       return word(pool(m).policy, {"least-outstanding", "round-robin", "weighted", "ordered"});
     }},
    {{Place::pool, "cache"}, [](const Model& m) { return on_off(pool(m).cache.enabled); }},
    {{Place::pool, "rrset_order"}, [](const Model& m) { return pool(m).cache.rotate ? "rotate" : "keep"; }},
    {{Place::pool, "resolve_tc"}, [](const Model& m) { return on_off(pool(m).resolve_tc); }},
    {{Place::pool, "udp_size"}, [](const Model& m) { return std::to_string(pool(m).udp_size); }},
    {{Place::pool, "ecs"},
     [](const Model& m) {
       return word(pool(m).ecs, {"strip", "pass", "add"});
     }},
    {{Place::pool, "randomise_case"}, [](const Model& m) { return on_off(pool(m).randomise_case); }},
    {{Place::endpoint, "budget"}, [](const Model& m) { return std::to_string(pool(m).endpoints.at(0).budget); }},
    {{Place::endpoint, "weight"}, [](const Model& m) { return std::to_string(pool(m).endpoints.at(0).weight); }},
    {{Place::cache, "stale"}, [](const Model& m) { return on_off(pool(m).cache.stale); }},
    {{Place::cache, "prefetch"}, [](const Model& m) { return on_off(pool(m).cache.prefetch); }},
    {{Place::cache, "max_ttl"}, [](const Model& m) { return std::to_string(pool(m).cache.max_ttl); }},
    {{Place::cache, "min_ttl"}, [](const Model& m) { return std::to_string(pool(m).cache.min_ttl); }},
    {{Place::cache, "max_negative_ttl"}, [](const Model& m) { return std::to_string(pool(m).cache.max_negative_ttl); }},
    {{Place::cache, "max_stale"}, [](const Model& m) { return std::to_string(pool(m).cache.max_stale); }},
    {{Place::health, "interval"}, [](const Model& m) { return duration(pool(m).health.interval); }},
    {{Place::health, "timeout"}, [](const Model& m) { return duration(pool(m).health.timeout); }},
    {{Place::health, "rise"}, [](const Model& m) { return std::to_string(pool(m).health.rise); }},
    {{Place::health, "fall"}, [](const Model& m) { return std::to_string(pool(m).health.fall); }},
    {{Place::pool_tcp, "pipelining"},
     [](const Model& m) {
       return word(pool(m).pipelining, {"auto", "on", "off"});
     }},
    {{Place::studio, "domains"},
     [](const Model& m) {
       return m.zones.entries.at(0).scope == Scope::zone &&
                      entry_texts(m).at(0) == "zone studio.us-east-1.sagemaker.aws -> vpc private"
                  ? "all"
                  : "some";
     }},
    {{Place::studio, "services"}, [](const Model& m) { return rule(m).origin.substr(rule(m).origin.find(' ') + 1); }},
    {{Place::studio, "on_leak"},
     [](const Model& m) {
       return word(rule(m).on_leak, {"servfail", "alarm"});
     }},
    {{Place::studio, "cname"},
     [](const Model& m) {
       return word(rule(m).cname, {"chase", "alarm", "pass"});
     }},
    {{Place::studio, "otherwise"},
     [](const Model& m) {
       return word(rule(m).otherwise, {"refuse", "next"});
     }},
    {{Place::zone, "ttl"}, [](const Model& m) { return std::to_string(rule(m).ttl); }},
    {{Place::zone, "cache"}, [](const Model& m) { return on_off(rule(m).cache); }},
    {{Place::zone, "on_leak"},
     [](const Model& m) {
       return word(rule(m).on_leak, {"servfail", "alarm"});
     }},
    {{Place::zone, "cname"},
     [](const Model& m) {
       return word(rule(m).cname, {"chase", "alarm", "pass"});
     }},
    {{Place::zone, "otherwise"},
     [](const Model& m) {
       return word(rule(m).otherwise, {"refuse", "next"});
     }},
    {{Place::default_names, "ttl"}, [](const Model& m) { return std::to_string(default_rule(m).ttl); }},
    {{Place::default_names, "cache"}, [](const Model& m) { return on_off(default_rule(m).cache); }},
    {{Place::metrics, "listen"}, [](const Model& m) { return m.metrics_listen.value_or("off"); }},
    {{Place::dataplane, "socket"}, [](const Model& m) { return m.dataplane.socket; }},
    {{Place::dataplane, "state_dir"}, [](const Model& m) { return m.dataplane.state_dir; }},
    {{Place::dataplane, "pending"}, [](const Model& m) { return std::to_string(m.dataplane.pending); }},
    {{Place::dataplane, "query_timeout"}, [](const Model& m) { return duration(m.dataplane.query_timeout); }},
    {{Place::dataplane, "cache_size"},
     [](const Model& m) { return std::to_string(m.dataplane.cache_size >> 20) + "MiB"; }},
    {{Place::dataplane, "version"},
     [](const Model& m) { return m.dataplane.version.empty() ? "none" : m.dataplane.version; }},
    {{Place::source_ports, "count"},
     [](const Model& m) { return std::to_string(m.dataplane.source_ports.value().count); }},
    {{Place::source_ports, "budget"}, [](const Model& m) { return std::to_string(m.dataplane.port_budget); }},
    {{Place::source_ports, "nodes"}, [](const Model& m) { return std::to_string(m.dataplane.nodes); }},
    {{Place::tcp, "connections"}, [](const Model& m) { return std::to_string(m.dataplane.tcp.connections); }},
    {{Place::tcp, "connections_per_client"},
     [](const Model& m) { return std::to_string(m.dataplane.tcp.connections_per_client); }},
    {{Place::tcp, "idle_timeout"}, [](const Model& m) { return duration(m.dataplane.tcp.idle_timeout); }},
    {{Place::control, "socket"}, [](const Model& m) { return m.control.socket; }},
    {{Place::control, "watch"}, [](const Model& m) { return on_off(m.control.watch); }},
    {{Place::log, "format"}, [](const Model& m) { return m.log.as_json ? "json" : "text"; }},
    {{Place::log, "level"},
     [](const Model& m) {
       return word(m.log.level, {"debug", "info", "warning", "error"});
     }},
    {{Place::log, "time"}, [](const Model& m) { return m.log.local_time ? "local" : "utc"; }},
    {{Place::query_log, "format"}, [](const Model& m) { return m.query_log.as_json ? "json" : "text"; }},
    {{Place::query_log, "sample"}, [](const Model& m) { return std::to_string(m.query_log.choice.sample); }},
    {{Place::query_log, "file_size"},
     [](const Model& m) { return std::to_string(m.query_log.file_size >> 20) + "MiB"; }},
    {{Place::query_log, "files"}, [](const Model& m) { return std::to_string(m.query_log.files); }},
    {{Place::dnstap, "sample"}, [](const Model& m) { return std::to_string(m.dnstap.choice.sample); }},
};

// Whether it is written or not: the settings of the place with and without it.
void expect_default(const Key& key, std::string_view text, bool is_recursive) {
  const auto found = kReaders.find({key.place, key.name});
  ASSERT_NE(found, kReaders.end()) << "say where the model has it";
  const std::string others = beside(key).substr(beside(key).empty() ? 0 : 2);
  const std::string setting = std::string(key.name) + ": " + std::string(text);
  const std::string without = key.place == Place::file      ? "control: {watch: off}"
                              : key.place == Place::metrics ? "listen: \"127.0.0.1:9153\""
                                                            : others;
  for (const std::string& settings : {without, setting + beside(key)}) {
    std::string yaml = document(key.place, settings);
    if (const auto at = yaml.find("one: {kind: route53-inbound"); is_recursive && at != std::string::npos)
      yaml.replace(at, std::string_view("one: {kind: route53-inbound").size(), "one: {kind: recursive");
    if (const auto at = yaml.find("kind: route53-inbound, endpoints: [10.16.1.10]}}\n");
        is_recursive && at != std::string::npos)
      yaml.replace(at, std::string_view("kind: route53-inbound").size(), "kind: recursive");
    const ReadModel read = read_document(yaml);
    ASSERT_TRUE(read.model.has_value()) << yaml << all_findings(read);
    EXPECT_EQ(found->second(*read.model), text) << yaml;
  }
}

TEST(KeyDefaults, AreThoseOfTheModel) {
  size_t compared = 0;
  for (const Key& key : kKeys) {
    SCOPED_TRACE(std::string(text_of(key.place).path) + " " + std::string(key.name));
    const Default& stated = key.fallback;
    if (stated.kind != Default::Kind::value && stated.kind != Default::Kind::by_kind) continue;
    expect_default(key, stated.text, false);
    if (stated.kind == Default::Kind::by_kind) expect_default(key, stated.recursive, true);
    ++compared;
  }
  EXPECT_EQ(compared, kReaders.size());
}

TEST(KeyDefaults, InWordsAreThoseOfTheModel) {
  const Model model = model_of(kBase + "studio: [{region: us-east-1, pool: vpc}]\n");
  EXPECT_EQ(model.clients.allow, default_clients());
  EXPECT_EQ(rule(model).expect, private_networks());
  EXPECT_TRUE(model.listen.empty() && !model.updates && !model.default_rule && !model.dataplane.source_ports &&
              !model.dataplane.identity);
  EXPECT_EQ(SourcePorts{}.count, 16'384);
}

}  // namespace
}  // namespace penstock::config::test

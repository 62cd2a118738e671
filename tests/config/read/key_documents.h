// tests/config/read/key_documents.h - configurations around a single key of the table (config/read/keys.h).
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "config/read/keys.h"
#include "tests/config/read/model_text.h"

namespace penstock::config::test {

// How a place is reached from the top of the file: the line of its section around its settings, and its path in messages.
struct Surroundings {
  const char* section;
  const char* before;
  const char* after;
  const char* path;
  std::vector<const char*> required;  // settings that the place has at least
};

inline const Surroundings& surroundings_of(Place place) {
  static const Surroundings kAll[kPlaces] = {
      {"", "", "", "", {}},
      {"ports", "[{", "}]", "ports[0].", {"device: \"af_xdp:eth0\""}},
      {"clients", "{", "}", "clients.", {}},
      {"clients", "{groups: {one: {", "}}}", "clients.groups.one.", {"prefixes: [10.1.0.0/16]"}},
      {"pools", "{one: {", "}}", "pools.one.", {"kind: route53-inbound", "endpoints: [10.16.1.10]"}},
      {"pools",
       "{one: {kind: route53-inbound, endpoints: [{",
       "}]}}",
       "pools.one.endpoints[0].",
       {"address: 10.16.1.10"}},
      {"pools", "{one: {kind: route53-inbound, endpoints: [10.16.1.10], cache: {", "}}}", "pools.one.cache.", {}},
      {"pools", "{one: {kind: route53-inbound, endpoints: [10.16.1.10], health: {", "}}}", "pools.one.health.", {}},
      {"pools", "{one: {kind: route53-inbound, endpoints: [10.16.1.10], tcp: {", "}}}", "pools.one.tcp.", {}},
      {"studio", "[{", "}]", "studio[0].", {"region: us-east-1", "pool: vpc"}},
      {"studio", "[{region: xx-new-1, pool: vpc, suffix: {", "}}]", "studio[0].suffix.", {"sagemaker: aws.example"}},
      {"zones", "[{", "}]", "zones[0].", {}},
      {"default", "{", "}", "default.", {}},
      {"metrics", "{", "}", "metrics.", {"listen: \"127.0.0.1:9153\""}},
      {"metrics",
       "{listen: \"127.0.0.1:9153\", tls: {",
       "}}",
       "metrics.tls.",
       {"certificate: /etc/penstock/metrics.pem", "key: /etc/penstock/metrics.key"}},
      {"metrics",
       "{listen: \"127.0.0.1:9153\", users: [{",
       "}]}",
       "metrics.users[0].",
       {"name: prometheus", "password_hash: \"$2y$10$vI8aWBnW3fID.ZQ4/zo1G.q1lRps.9cGLcZEiGDMVr5yUP1KUOYTa\""}},
      {"dataplane", "{", "}", "dataplane.", {}},
      {"dataplane", "{source_ports: {", "}}", "dataplane.source_ports.", {"first: 20000"}},
      {"dataplane", "{tcp: {", "}}", "dataplane.tcp.", {}},
      {"control", "{", "}", "control.", {}},
      {"log", "{", "}", "log.", {}},
      {"log", "{queries: {", "}}", "log.queries.", {"to: journald"}},
      {"log", "{dnstap: {", "}}", "log.dnstap.", {"to: /run/collector.sock"}},
      {"log", "{dnstap: {to: \"192.168.10.9:6000\", tls: {", "}}}", "log.dnstap.tls.", {}},
  };
  return kAll[static_cast<size_t>(place)];
}

inline std::string key_of(std::string_view setting) {
  return std::string(setting.substr(0, setting.find(':')));
}

// A configuration with these settings at the place. `without`: a key that is left out although it is required.
inline std::string document(Place place, const std::string& settings, std::string_view without = {}) {
  const Surroundings& around = surroundings_of(place);
  std::string written = settings;
  for (const char* one : around.required) {
    const std::string key = key_of(one);
    if (key == without || (", " + settings).find(", " + key + ": ") != std::string::npos) continue;
    written += (written.empty() ? "" : ", ") + std::string(one);
  }
  const bool is_file = place == Place::file;
  const std::string section = is_file ? key_of(settings) : around.section;
  std::string text;
  for (const char* line :
       {"ports: [{device: \"af_xdp:eth0\"}]", "clients: {groups: {ml-team: {prefixes: [10.1.0.0/16]}}}",
        "pools: {vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}, office: {kind: recursive, endpoints: "
        "[192.168.10.2]}}",
        "default: {answer: refused}"})
    if (key_of(line) != section && key_of(line) != without) text += std::string(line) + "\n";
  return text + (is_file ? settings : section + ": " + around.before + written + around.after) + "\n";
}

// What else must stand beside the key so that a value of it has a meaning.
inline std::string beside(const Key& key) {
  if (key.name == "otherwise")
    return ", clients: [ml-team]" + std::string(key.place == Place::zone ? ", zone: a.example, pool: vpc" : "");
  if (key.place == Place::default_names && key.name != "answer")
    return key.name == "ttl" ? ", answer: nxdomain" : key.name == "pool" ? "" : ", pool: office";
  if (key.place != Place::zone) return {};
  const bool names = key.name == "zone" || key.name == "name" || key.name == "zones_file";
  const bool answers = key.name == "pool" || key.name == "answer" || key.name == "records" || key.name == "zone_file";
  return std::string(names ? "" : ", zone: a.example") + (answers             ? ""
                                                          : key.name == "ttl" ? ", answer: nxdomain"
                                                                              : ", pool: vpc");
}

// With the files that examples name.
inline ReadModel read_document(const std::string& yaml) {
  static const std::string kFolder = [] {
    const std::string folder = testing::TempDir() + "penstock_keys_" + std::to_string(getpid());
    std::filesystem::create_directory(folder);
    std::ofstream(folder + "/partners.txt") << "partner-one.example\n";
    std::ofstream(folder + "/ml.example.zone") << "www A 10.16.110.189\n";
    return folder;
  }();
  return read_model_text(yaml, "test.yaml", kFolder);
}

}  // namespace penstock::config::test

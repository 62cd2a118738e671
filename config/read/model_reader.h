// config/read/model_reader.h - the parts of read_model(): one reader a section of the YAML, all filling the same
// model.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tl/expected.hpp>

#include "config/model.h"
#include "config/read/read_model.h"
#include "config/read/yaml_map.h"
#include "config/yaml/findings.h"
#include "config/yaml/yaml_reader.h"

namespace penstock::config {

// A pool that an object of `studio:` names.
struct StudioPool {
  uint32_t pool = 0;
  bool is_for_others = false;
  Where where;
  std::string key;
};

// The content of a file that the YAML names, or why there is none ("cannot be read: ...").
using ReadFile = std::function<tl::expected<std::string, std::string>(const std::string& path)>;

struct ModelReader {
  Model model;
  Findings findings{model.files};
  std::optional<std::string> zones_folder;       // zone files are relative to it; empty: they may not be read
  ReadFile read_file;                            // where they come from
  std::vector<SourceFile> files_read;            // in the order of Model::files
  std::map<std::string, uint32_t> pool_numbers;  // index into Model::pools by name
  std::set<uint32_t> doubtful_pools;             // whether they are private could not be read
  std::vector<StudioPool> studio_pools;
  std::optional<uint32_t> default_pool;  // empty: another answer, or a pool that is not there
  bool pools_are_known = true;           // false: a pool could not be read, an unknown one may be that one

  // config/read/read_dataplane.cpp
  void read_ports(const YamlValue&);
  void read_listen(const YamlValue&);
  void read_lcores(const YamlValue&);
  void read_idle(const YamlValue&);
  void read_dataplane(const YamlValue&);
  // config/read/read_access.cpp
  void read_groups(const YamlValue& section);
  void read_clients(const YamlValue&);
  void read_metrics(const YamlValue&);
  void read_control(const YamlValue&);
  // config/read/log/read_log.cpp
  void read_log(const YamlValue&);
  void read_log_form(const YamlValue&);  // what the dataplane needs of it
  // config/read/read_pools.cpp
  void read_pools(const YamlValue&);
  std::optional<uint32_t> pool_number(const YamlValue& name);  // reports an unknown one
  // config/read/read_zones.cpp
  void read_zones(const YamlValue&);
  void read_default(const YamlValue&);
  void read_empty_zones(const YamlValue&);
  void read_browser_canaries(const YamlValue&);
  void read_updates(const YamlValue&);
  // config/read/read_studio.cpp
  void read_studio(const YamlValue&);

  // config/read/built_in.cpp: names that are answered here unless the entries read say otherwise. After all else.
  void add_built_in();

  // The model, unless there was an error, and all findings.
  ReadModel finish();
  // The content of a file that the YAML names, until the next one is taken; it becomes the next of Model::files. Null: reported.
  const std::string* take_file(const YamlValue& name, const char* key);
  // The index of the rule in Model::rules.
  uint32_t add_rule(Rule rule);
};

// RFC 1918, shared address space and ULA.
std::vector<IpPrefix> private_networks();

// Who may ask when nothing is said: private and shared address space, loopback, link-local, ULA.
std::vector<IpPrefix> default_clients();

// The text of a regular file of at most kMaxYamlSize, or why there is none.
tl::expected<std::string, std::string> read_yaml_file(const std::string& path);

// Reports what is wrong with an address, or a second one of a family.
void read_source(const YamlValue&, Pool&);

// `on_leak:` and `cname:` of an entry.
void read_guard(const YamlMap&, Rule&);

// Octets of an answer that leaves by UDP, `udp_size:` of a pool or of a group.
std::optional<uint16_t> read_udp_size(const YamlValue&);

// `clients:` and `otherwise:` of an entry.
void read_view(const ModelReader&, const YamlMap&, Rule&);
// A list of groups of clients, as indices, ascending. `or_else`: what to do rather than to leave it empty.
std::vector<uint32_t> read_groups(const ModelReader&, const YamlValue& list, const std::string& or_else);
// `transfers:` of an entry.
void read_transfers(const ModelReader&, const YamlMap&, Rule&);

// An absolute path that fits into a UNIX socket's address.
std::optional<std::string> read_socket_path(const YamlValue&);
// Whether it is an address and a port, as in "127.0.0.1:9153" and "[::1]:9153".
bool is_host_and_port(std::string_view text);

// What others may be told of us, in one string of a TXT record. `none` and the empty one: nothing.
std::optional<std::string> read_own_text(const YamlValue&);

}  // namespace penstock::config

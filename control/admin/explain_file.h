// control/admin/explain_file.h - penstockctl explain --config: names by the rules of a file, without a daemon.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/check/zone_index.h"
#include "config/contract/link.h"
#include "config/model.h"
#include "control/rules/flatten_clients.h"

namespace penstock::control {

class FileRules {
 public:
  explicit FileRules(const config::Model& model);  // which must outlive it
  // What the dataplane would find by these rules; a client of family 0 is of no group and may ask.
  config::Found find(const config::WireName& name, const config::IpAddress& client) const;
  // As explain_report(), without what only a daemon knows: generation, cache, and of endpoints all but the address.
  nlohmann::json explain(const config::WireName& name, const std::string& type, const config::IpAddress& client) const;

 private:
  const config::Model& model_;
  config::ZoneIndex index_;
  std::vector<ClientRange> clients_[2];  // IPv4, IPv6
};

struct ExplainOptions {
  std::string config;
  std::string name;        // one name; or
  std::string names;       // a file of lines "NAME [CLIENT]", "-": standard input
  std::string type = "A";  // of records, for the answer's JSON
  std::string client;      // for lines that name none; empty: one of no group
  bool as_json = false;
  bool send = false;  // not by a file
};
// The exit status of penstockctl.
int explain_by_file(const ExplainOptions& options);

}  // namespace penstock::control

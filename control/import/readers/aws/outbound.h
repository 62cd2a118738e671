// control/import/readers/aws/outbound.h - rules of outbound endpoints. They lead from a VPC to the company and are no zones of ours; where
// they lead back to us is a loop.
#pragma once

#include <nlohmann/json.hpp>

#include "control/import/form/json_file.h"

namespace penstock::imports {

class OutboundRules {
 public:
  void take(const nlohmann::json& rule, JsonLines& lines);
  // To be called when all endpoints are known.
  void check(Source& source) const;

 private:
  struct Rule {
    WireName name;
    std::vector<std::string> targets;
    Where where;
  };
  std::vector<Rule> rules_;
};

}  // namespace penstock::imports

// control/queries/dnstap/rule_zones.h - the zone, as the configuration writes it, that a decision's rule was found by.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string_view>

#include "config/check/zone_index.h"
#include "config/contract/decisions/decision_ring.h"
#include "control/queries/query_names.h"

namespace penstock::control {

class RuleZones {
 public:
  // In wire format, the root for `default:`. Empty: the rule is not known, or no entry of the file has the name. Valid until the next call.
  // The first call for a set of rules sorts their names: a fraction of a second for a million.
  std::string_view zone_of(const config::NotedDecision&, const QueryNames&);

 private:
  struct Indexed {
    std::shared_ptr<const config::Model> model;
    config::ZoneIndex index;
  };
  const config::ZoneIndex& index_of(const std::shared_ptr<const config::Model>& model);

  std::list<Indexed> indexed_;  // the newest first
};

}  // namespace penstock::control

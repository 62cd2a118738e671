// control/import/form/chain.h - steps in an order, each for some zones and with holes: the first that has a name decides. As zones of which the
// longest decides.
#pragma once

#include <vector>

#include "control/import/form/source.h"

namespace penstock::imports {

struct ChainStep {
  std::vector<WireName> zones;
  std::vector<WireName> except;
  Target target;
  Where where;
};

bool is_below(std::string_view name, std::string_view zone);  // or the zone itself

// What the chain means for the names of `zone`. A name that no step has is refused. Steps that are never reached are remarked.
std::vector<Zone> zones_of(const std::vector<ChainStep>& chain, const WireName& zone, Where where, Source& source);

}  // namespace penstock::imports

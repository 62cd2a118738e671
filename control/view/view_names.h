// control/view/view_names.h - what a view says of the numbers in decisions (control/queries).
#pragma once

#include "control/queries/query_names.h"
#include "control/view/status_view.h"

namespace penstock::control {

inline QueryNames query_names(const StatusView& view) {
  QueryNames names{.model = view.model, .generation = view.generation, .endpoints = {}};
  for (const EndpointView& endpoint : view.endpoints)
    if (endpoint.slot) names.endpoints[*endpoint.slot] = endpoint.health.id.address;
  return names;
}

}  // namespace penstock::control

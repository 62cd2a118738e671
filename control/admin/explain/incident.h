// control/admin/explain/incident.h - all that is to be known of a question that is forwarded: what is cached of it, what endpoints would get, and,
// when it is sent, what they answer and what the client gets for that.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "control/admin/operations.h"

namespace penstock::control {

struct Incident {
  config::WireName name;
  uint16_t type = 0;
  config::IpAddress client;  // of family 0: of no group
  bool send = false;
};

// Adds "memory" (of cached_report(), those that the rule's clients may get), "query" and, when it is sent, "sent" to `report`, which is
// explain_report()'s of a rule that forwards. What could not be found out is told in "not_known". `reply` is called once.
void add_incident(Operations& operations, const Incident& incident, nlohmann::json report,
                  std::function<void(const nlohmann::json&)> reply);

// A message's worth of the cache and all before it that has nothing: {"ok", "entries": [cached_report()], "next", "pages"}.
void list_cached(Operations& operations, const config::Browse& request,
                 std::function<void(const nlohmann::json&)> reply);

}  // namespace penstock::control

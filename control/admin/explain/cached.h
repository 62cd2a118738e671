// control/admin/explain/cached.h - answers that are cached, as JSON: for penstockctl cache show, cache dump and explain.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>

#include "config/contract/inquiry/browse.h"
#include "control/link/dataplane_link.h"
#include "control/view/status_view.h"

namespace penstock::control {

struct CachedEntry {
  const config::CachedAnswer& told;
  std::string_view name;          // wire form
  std::span<const uint8_t> body;  // records
};
// Visits the entries of a message. False: it is not what it says of itself.
bool each_cached(const BrowsedPages& pages, const std::function<void(const CachedEntry&)>& visit);

// {"name", "type", "class", "state", "rcode", "records": [{"section", "text"}], "age_s", "ttl_s", "ttl_left_s", "stale_for_s", "asked",
// "authenticated", "ede", "heat", "octets", "rule", "pool", "failure"}; what does not hold is null. The view is of the dataplane's generation, or nullptr.
nlohmann::json cached_report(const CachedEntry& entry, const StatusView* view);

}  // namespace penstock::control

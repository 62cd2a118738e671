// config/check/probe_names.h - which name each pool's endpoints are probed with. A private name is asked of its own pool only.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "config/check/zone_index.h"
#include "config/model.h"

namespace penstock::config {

// Whether the rules keep the name for another pool than `pool`: its servers must not see it. The root is nobody's.
bool is_private_elsewhere(const Model& model, const ZoneIndex& index, std::string_view wire_name, uint32_t pool);

// Asked instead of the root where letters are to be seen (`randomise_case`): a zone that name servers have of their own (RFC 6303
// section 4.2), so that no other server need be well.
constexpr std::string_view kProbeWithLetters = "127.in-addr.arpa";

// By pool: health.name, or the name of the pool's first zone. The root for `recursive` pools without a health.name (their
// zones may be anybody's, and away while the server is well) and where every name is another pool's.
std::vector<WireName> probe_names(const Model& model);

}  // namespace penstock::config

// config/check/views.h - names that have several entries, each for other groups of clients (`clients:`): in which order they count.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "config/check/zone_index.h"
#include "config/model.h"
#include "config/read/model_reader.h"

namespace penstock::config {

// Does any entry say whom it is for?
bool has_views(const Model& model);

// The entries that the name matches, for the name itself or for those below it: of one name those of a narrower scope first, then as
// written; then of shorter suffixes. The first that is for a client decides, or leaves it out. Ends with an entry that nobody passes.
std::vector<const ZoneNames::Entry*> entries_of(const Model& model, const ZoneIndex& index, std::string_view wire_name,
                                                bool is_apex);
// The same as rules, with the default at the end where clients get to it.
std::vector<const Rule*> rules_of(const Model& model, const ZoneIndex& index, std::string_view wire_name, bool is_apex);

// Reports entries that no client can get to, and private ones that pass clients on to where their names must not go.
void check_views(ModelReader& reader, const ZoneIndex& index);

// Writes Rule::next. A rule of many names that do not all have the same next is doubled for them.
void link_views(Model& model);

}  // namespace penstock::config

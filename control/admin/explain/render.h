// control/admin/explain/render.h - the parts of explain and of the cache's contents in words.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace penstock::control {

using Rows = std::vector<std::vector<std::string>>;

// "zones[2] (penstock.yaml:14)": of a JSON with origin, file and line.
std::string render_rule(const nlohmann::json& rule);

// One entry of the cache (cached_report()), as a paragraph and as a line behind a name.
std::string render_cached(const nlohmann::json& entry);
std::string render_cached_line(const nlohmann::json& entry);
// The same for a dump: a comment, then the answer section's records as in a master file; what else there is follows in comments.
std::string render_dumped(const nlohmann::json& entry);

// Of an explanation: rows for who competed; for what is cached and the query that endpoints get; what they answered.
Rows render_candidates(const nlohmann::json& explanation);
Rows render_memory(const nlohmann::json& explanation);
std::string render_sent(const nlohmann::json& explanation);

}  // namespace penstock::control

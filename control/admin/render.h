// control/admin/render.h - the answers of penstock-control in words, for a terminal.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace penstock::control {

std::string render_status(const nlohmann::json& status);
std::string render_endpoints(const nlohmann::json& endpoints);
std::string render_explain(const nlohmann::json& explanation);
std::string render_cache(const nlohmann::json& cache);
std::string render_flushed(const nlohmann::json& flushed);
std::string render_top(const nlohmann::json& top);
// The cache's numbers (cache_numbers()) in one line.
std::string render_cache_line(const nlohmann::json& numbers);
// Whether and for how long answers are remembered (cache_of_name(), or a pool of cache_report()).
std::string render_remembered(const nlohmann::json& cache);

// Columns as wide as their widest cell, two spaces between them.
std::string render_table(const std::vector<std::vector<std::string>>& rows, const std::string& indent);
// "512 octets", "3.2 MiB", "64 MiB"
std::string render_octets(uint64_t octets);
// "5 s", "12 min", "3 h 20 min", "4 d 2 h"
std::string render_age(long long seconds);

}  // namespace penstock::control

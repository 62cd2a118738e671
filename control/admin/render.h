// control/admin/render.h - the answers of penstock-control in words, for a terminal.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace penstock::control {

std::string render_status(const nlohmann::json& status);
std::string render_endpoints(const nlohmann::json& endpoints);
std::string render_explain(const nlohmann::json& explanation);

// Columns as wide as their widest cell, two spaces between them.
std::string render_table(const std::vector<std::vector<std::string>>& rows, const std::string& indent);
// "5 s", "12 min", "3 h 20 min", "4 d 2 h"
std::string render_age(long long seconds);

}  // namespace penstock::control

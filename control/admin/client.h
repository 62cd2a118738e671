// control/admin/client.h - penstockctl's end of the admin socket.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include <tl/expected.hpp>

namespace penstock::control {

// One request, one answer; blocks for at most `timeout`. The error says what would help.
tl::expected<nlohmann::json, std::string> ask_control(const std::string& socket_path, const nlohmann::json& request,
                                                      std::chrono::seconds timeout);

}  // namespace penstock::control

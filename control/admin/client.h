// control/admin/client.h - penstockctl's end of the admin socket.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include <tl/expected.hpp>

#include "config/files/descriptor.h"

namespace penstock::control {

// One request, one answer; blocks for at most `timeout`. The error says what would help.
tl::expected<nlohmann::json, std::string> ask_control(const std::string& socket_path, const nlohmann::json& request,
                                                      std::chrono::seconds timeout);

struct AnswerWithStream {
  nlohmann::json answer;
  config::Descriptor stream;  // none where the answer says why
};
// The same for a request whose answer brings a descriptor.
tl::expected<AnswerWithStream, std::string> ask_for_stream(const std::string& socket_path,
                                                           const nlohmann::json& request, std::chrono::seconds timeout);

}  // namespace penstock::control

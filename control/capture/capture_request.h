// control/capture/capture_request.h - what penstockctl capture asks for, as the dataplane takes it.
//
//   {"command": "capture", "client": "10.1.0.0/16", "endpoint": "10.16.1.10" | "a pool", "name": "a.example",
//    "side": "clients" | "endpoints", "seconds": 60, "bytes": 67108864, "packets": 1000}
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include <tl/expected.hpp>

#include "config/contract/capture/capture_request.h"
#include "config/model.h"

namespace penstock::control {

// Every member may be absent. Conditions of one side alone leave the other side out. The error says what would be right.
tl::expected<config::CaptureRequest, std::string> read_capture_request(const nlohmann::json& request,
                                                                       const config::Model& model);

}  // namespace penstock::control

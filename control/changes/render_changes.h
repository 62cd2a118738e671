// control/changes/render_changes.h - a preview as text, from its JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace penstock::control {

// `most`: changes of a section that are listed; the others are counted.
std::string render_preview(const nlohmann::json& preview, size_t most);

}  // namespace penstock::control

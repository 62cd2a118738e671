#include "control/changes/render_changes.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace penstock::control {
namespace {

using nlohmann::json;

std::string lines(const json& list, const std::string& indent) {
  std::string text;
  for (const json& line : list) text += indent + line.get<std::string>() + "\n";
  return text;
}

// "zones: 2 added, 1 removed"
std::string headline(const json& section) {
  std::string text = section["name"].get<std::string>() + ":";
  const char* comma = " ";
  for (const char* kind : {"added", "removed", "changed"})
    if (const auto count = section[kind].get<size_t>(); count != 0)
      text += std::exchange(comma, ", ") + std::to_string(count) + " " + kind;
  return text + "\n";
}

std::string one_change(const json& change) {
  const std::string kind = change["kind"];
  const char* sign = kind == "added" ? "+ " : kind == "removed" ? "- " : "~ ";
  std::string text = std::string("  ") + sign + change["name"].get<std::string>();
  const json& details = change["details"];
  if (details.size() == 1) return text + ": " + details.front().get<std::string>() + "\n";
  return text + "\n" + lines(details, "      ");
}

std::string section_text(const json& section, size_t most) {
  size_t count = 0;
  for (const char* kind : {"added", "removed", "changed"}) count += section[kind].get<size_t>();
  if (count == 0) return {};
  std::string text = headline(section);
  const json& changes = section["changes"];
  const size_t shown = std::min(most, changes.size());
  for (size_t i = 0; i < shown; ++i) text += one_change(changes[i]);
  if (shown < count) text += "  and " + std::to_string(count - shown) + " more (--all lists them)\n";
  return text;
}

std::string verdict_text(const json& preview) {
  const std::string file = preview["file"];
  const bool is_held_by_guard = !preview["removals"].empty() && !preview["removals_accepted"].get<bool>();
  if (!preview.contains("sections")) return file + " has errors: a reload would refuse it\n";
  if (is_held_by_guard)
    return "A reload would refuse " + file +
           ", because it removes names from private zones; --accept-removals takes it\n";
  if (preview.contains("held_back")) return preview["held_back"].get<std::string>() + "\n";
  if (preview["verdict"] == "changes") return {};
  if (preview["same_text"].get<bool>()) return "Nothing would change: " + file + " is what is in force\n";
  return "Nothing would change: " + file + " differs only in comments or in the way it is written\n";
}

}  // namespace

std::string render_preview(const json& preview, size_t most) {
  std::string text = lines(preview["findings"], "");
  for (const json& section : preview.value("sections", json::array())) text += section_text(section, most);
  if (!preview["removals"].empty()) {
    text += preview["removals_accepted"].get<bool>() ? "removed from private zones, accepted:\n"
                                                     : "held back by the removal guard:\n";
    text += lines(preview["removals"], "  ");
  }
  if (!preview["restart_needed"].empty())
    text += "would wait for a restart:\n" + lines(preview["restart_needed"], "  ");
  return text + verdict_text(preview);
}

}  // namespace penstock::control

#include "control/history/history_report.h"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>
#include <vector>

namespace penstock::control {
namespace {

using nlohmann::json;

// "2026-11-30 20:57:01", local.
std::string time_text(std::time_t at) {
  std::tm parts{};
  char text[20];
  localtime_r(&at, &parts);
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

std::string changes_text(const json& one) {
  std::string text = one["changes"];
  if (one.contains("restored"))
    text = "generation " + std::to_string(one["restored"].get<uint64_t>()) + " again; " + text;
  return one["kept"].get<bool>() ? text : text + " (not kept: no dataplane has taken it)";
}

}  // namespace

json history_report(const History& history) {
  json list = json::array();
  const auto& all = history.generations();
  for (auto one = all.rbegin(); one != all.rend(); ++one) {
    json of{{"generation", one->last}, {"first", one->first},
            {"at", one->at},           {"how", to_string(one->origin.how)},
            {"who", one->origin.who},  {"by", to_string(one->origin)},
            {"hash", one->hash},       {"changes", one->changes},
            {"kept", one->is_kept},    {"in_force", one == all.rbegin()}};
    if (one->restored != 0) of["restored"] = one->restored;
    list.push_back(std::move(of));
  }
  json report{{"ok", true}, {"generations", list}, {"rolled_back", history.rollback() != nullptr}};
  if (const Generation* previous = history.previous()) report["previous"] = previous->last;
  return report;
}

std::string render_history(const json& report) {
  std::vector<std::vector<std::string>> rows{{"", "GENERATION", "SINCE", "BY", "HASH", "CHANGED"}};
  for (const json& one : report["generations"])
    rows.push_back({one["in_force"].get<bool>() ? "->" : "", std::to_string(one["generation"].get<uint64_t>()),
                    time_text(one["at"].get<std::time_t>()), one["by"], one["hash"], changes_text(one)});
  std::vector<size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    text += line.erase(line.find_last_not_of(' ') + 1) + "\n";
  }
  if (report["rolled_back"].get<bool>()) text += "The file on disk is not in force: the rules were rolled back.\n";
  if (report.contains("previous"))
    text += "penstockctl rules rollback goes back to generation " + std::to_string(report["previous"].get<uint64_t>()) +
            ".\n";
  return text;
}

}  // namespace penstock::control

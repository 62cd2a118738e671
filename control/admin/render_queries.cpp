#include <cstdio>
#include <nlohmann/json.hpp>

#include "control/admin/render.h"

namespace penstock::control {
namespace {

using nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

std::string milliseconds(double ms) {
  char text[32];
  std::snprintf(text, sizeof text, ms < 10 ? "%.2f ms" : ms < 100 ? "%.1f ms" : "%.0f ms", ms);
  return text;
}

void add_table(std::string& text, const json& of, const char* title, const char* unit) {
  if (of.empty()) return;
  Rows rows;
  for (const json& row : of)
    rows.push_back(
        {row.contains("ms") ? milliseconds(row["ms"].get<double>()) : row[unit].dump(), row["of"].get<std::string>()});
  text += std::string("\n") + title + "\n" + render_table(rows, "  ");
}

}  // namespace

std::string render_top(const json& top) {
  char line[160];
  std::snprintf(line, sizeof line, "%llu queries in %.1f s, %.0f per second\n",
                static_cast<unsigned long long>(top["queries"].get<uint64_t>()), top["seconds"].get<double>(),
                top["per_second"].get<double>());
  std::string text = line;
  if (top["seconds"].get<double>() < top["wanted_seconds"].get<double>())
    text += "(the decisions that are kept reach no further back)\n";
  for (const auto& [key, title] : {std::pair{"all", "all answers"}, {"endpoints", "answers of endpoints"}}) {
    const json& of = top["ms"][key];
    if (of.is_null()) continue;
    text += std::string(title) + ": p50 " + milliseconds(of["p50"].get<double>()) + ", p99 " +
            milliseconds(of["p99"].get<double>()) + ", slowest " + milliseconds(of["max"].get<double>()) + "\n";
  }
  add_table(text, top["rcodes"], "rcodes", "queries");
  add_table(text, top["outcomes"], "outcomes", "queries");
  add_table(text, top["names"], "names", "queries");
  add_table(text, top["types"], "types", "queries");
  add_table(text, top["rules"], "rules", "queries");
  add_table(text, top["clients"], "clients", "queries");
  add_table(text, top["refused"], "refused clients", "queries");
  add_table(text, top["failing"], "names with SERVFAIL or without an answer", "queries");
  add_table(text, top["slow"], "names by their slowest answer", "ms");
  add_table(text, top["endpoints"], "endpoints", "answers");
  return text;
}

}  // namespace penstock::control

#include "control/admin/query_commands.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/queries/decision_reader.h"
#include "control/queries/query_filter.h"
#include "control/queries/query_line.h"
#include "control/queries/top.h"
#include "control/view/view_names.h"

namespace penstock::control {
namespace {

using nlohmann::json;

// A request is answered on the thread that also beats and probes: it reads so many decisions, and the next one goes on.
constexpr size_t kMostRead = 50'000;
constexpr size_t kMostReadForTop = 200'000;
constexpr size_t kBatch = 1000;
constexpr size_t kMostRows = 1000;

json failure(const std::string& why) {
  return {{"ok", false}, {"error", why}};
}

uint64_t number_in(const json& request, const char* key, uint64_t otherwise) {
  const auto member = request.find(key);
  const bool is_one = member != request.end() && member->is_number_integer() && *member >= 0;
  return is_one ? member->get<uint64_t>() : otherwise;
}

json to_json(const DecisionCursor& cursor) {
  return {{"dataplane", cursor.dataplane_started_at}, {"slots", cursor.slots}};
}

DecisionCursor cursor_in(const json& request, const config::CounterPage& page) {
  const auto from = request.find("from");
  if (from == request.end() || *from == "now") return newest(page);
  DecisionCursor cursor;
  if (!from->is_object()) return oldest(page);
  cursor.dataplane_started_at = number_in(*from, "dataplane", 0);
  for (const json& slot : from->value("slots", json::array()))
    cursor.slots.push_back(slot.is_number_integer() && slot >= 0 ? slot.get<uint64_t>() : 0);
  return cursor;
}

json row_of(const config::NotedDecision& noted, const QueryNames& names, uint64_t unix_ns, bool as_text) {
  std::string line;
  (as_text ? append_text : append_json)(line, noted, names, unix_ns);
  return as_text ? json(line) : json::parse(line);
}

const char* const kNotConnected = "no dataplane is connected; see penstockctl status";

}  // namespace

json queries_answer(const StatusView& view, const json& request) {
  if (!view.page) return failure(kNotConnected);
  const auto filter = read_filter(request);
  if (!filter) return failure(filter.error());
  const QueryNames names = query_names(view);
  const size_t most = std::clamp<uint64_t>(number_in(request, "most", kMostRows), 1, kMostRows);
  const bool as_text = request.value("form", json()) == "text";
  json rows = json::array();
  DecisionCursor cursor = cursor_in(request, *view.page);
  uint64_t missed = 0;
  bool more = true;
  for (size_t read = 0; more && read < kMostRead && rows.size() < most;) {
    const DecisionBatch batch = read_decisions(*view.page, cursor, std::min(kBatch, most));
    for (const config::NotedDecision& noted : batch.decisions)
      if (filter->passes(noted)) rows.push_back(row_of(noted, names, unix_ns(*view.page, noted.decision), as_text));
    read += batch.decisions.size();
    missed += batch.missed_slots;
    cursor = batch.next;
    more = batch.more;
  }
  return {{"ok", true}, {"queries", rows}, {"cursor", to_json(cursor)}, {"missed", missed}, {"more", more}};
}

json top_answer(const StatusView& view, const json& request) {
  if (!view.page) return failure(kNotConnected);
  const auto filter = read_filter(request);
  if (!filter) return failure(filter.error());
  const config::CounterPage& page = *view.page;
  const QueryNames names = query_names(view);
  DecisionCursor cursor = oldest(page);
  const DecisionCursor end = newest(page);
  const uint64_t slots_each = 2 * kMostReadForTop / std::max<uint32_t>(1, page.lcores);
  for (size_t i = 0; i < cursor.slots.size(); ++i)
    cursor.slots[i] = std::max(cursor.slots[i], end.slots[i] - std::min(end.slots[i], slots_each));
  const DecisionBatch batch = read_decisions(page, cursor, kMostReadForTop);
  const double wanted = static_cast<double>(std::clamp<uint64_t>(number_in(request, "seconds", 10), 1, 3600));
  const uint64_t last = batch.decisions.empty() ? 0 : batch.decisions.back().decision.at;
  const auto span = static_cast<uint64_t>(wanted * 1e9);
  const uint64_t since = last > span ? last - span : 0;
  Top top(names);
  for (const config::NotedDecision& noted : batch.decisions)
    if (noted.decision.at >= since && filter->passes(noted)) top.add(noted);
  // Kept decisions may reach back less than that.
  const uint64_t first = batch.decisions.empty() ? 0 : batch.decisions.front().decision.at;
  const bool is_cut = cursor.slots != std::vector<uint64_t>(cursor.slots.size(), 0) && first > since;
  json answer = top.report(is_cut ? static_cast<double>(last - first) / 1e9 : wanted,
                           std::clamp<uint64_t>(number_in(request, "count", 10), 1, 1000));
  answer["ok"] = true;
  answer["wanted_seconds"] = wanted;
  return answer;
}

}  // namespace penstock::control

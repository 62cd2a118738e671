#include <nlohmann/json.hpp>

#include "control/admin/explain/render.h"
#include "control/admin/render.h"

namespace penstock::control {
namespace {

using nlohmann::json;

std::string number(const json& of, const char* key) {
  return std::to_string(of.value(key, uint64_t{0}));
}

std::string join(const json& words) {
  std::string text;
  for (const json& word : words) text += (text.empty() ? "" : ", ") + word.get<std::string>();
  return text;
}

std::string ttl_text(const json& entry) {
  const std::string of = " of " + number(entry, "ttl_s") + " s, stored " + number(entry, "age_s") + " s ago";
  const std::string state = entry["state"];
  if (state == "fresh" || state == "unused") return number(entry, "ttl_left_s") + " s left" + of;
  return "over, nothing left" + of;
}

std::string stale_text(const json& entry) {
  if (entry["stale_for_s"].is_null()) return "";
  const std::string seconds = entry["stale_for_s"].dump() + " s";
  return entry["state"] == "stale" ? "for " + seconds + " more, while no endpoint answers"
                                   : "for " + seconds + " after its TTL, while no endpoint answers";
}

std::string failure_text(const json& failure) {
  const auto again = failure["asked_again_in_s"].get<uint64_t>();
  return failure["rcode"].get<std::string>() + " " + number(failure, "ago_s") + " s ago, " +
         number(failure, "in_a_row") + " in a row; " +
         (again == 0 ? "endpoints are asked again" : "endpoints are asked again in " + std::to_string(again) + " s");
}

std::string answer_text(const json& entry) {
  const size_t count = entry["records"].size();
  std::string text =
      entry["rcode"].get<std::string>() + ", " + std::to_string(count) + (count == 1 ? " record" : " records");
  if (entry["authenticated"].get<bool>()) text += ", AD";
  if (!entry["ede"].is_null()) text += ", EDE " + entry["ede"].dump();
  return text;
}

std::string rule_text(const json& entry) {
  if (entry["state"] == "unused") return "none in force: nobody gets it any more";
  if (entry["rule"].is_null()) return "of rules that have just changed: try again";
  return render_rule(entry["rule"]) + (entry["pool"].is_null() ? "" : ", pool " + entry["pool"].get<std::string>());
}

}  // namespace

std::string render_rule(const json& rule) {
  const std::string file = rule.value("file", "");
  const std::string place =
      file.empty() || rule.value("line", 0) == 0 ? "" : " (" + file + ":" + std::to_string(rule.value("line", 0)) + ")";
  return rule["origin"].get<std::string>() + place;
}

std::string render_cached_line(const json& entry) {
  std::string text;
  if (!entry["rcode"].is_null()) text = answer_text(entry) + ", " + ttl_text(entry);
  if (const std::string stale = stale_text(entry); !stale.empty()) text += "; stale " + stale;
  if (!entry["failure"].is_null()) text += (text.empty() ? "" : "; ") + failure_text(entry["failure"]);
  return text;
}

std::string render_cached(const json& entry) {
  Rows rows;
  const bool has_answer = !entry["rcode"].is_null();
  if (has_answer) rows.push_back({"answer", answer_text(entry) + ", " + number(entry, "octets") + " octets"});
  if (has_answer) rows.push_back({"TTL", ttl_text(entry)});
  if (const std::string stale = stale_text(entry); !stale.empty()) rows.push_back({"stale", stale});
  if (!entry["failure"].is_null()) rows.push_back({"failed", failure_text(entry["failure"])});
  rows.push_back({"rule", rule_text(entry)});
  if (!entry["asked"].empty()) rows.push_back({"asked", "with " + join(entry["asked"])});
  rows.push_back({"heat", number(entry, "heat") + " of 15: hits lately"});
  std::string text = entry["name"].get<std::string>() + " " + entry["type"].get<std::string>() + ": " +
                     entry["state"].get<std::string>() + "\n" + render_table(rows, "  ");
  for (const json& record : entry["records"])
    text += "    " + record["text"].get<std::string>() +
            (record["section"] == "answer" ? "" : "   ; " + record["section"].get<std::string>()) + "\n";
  return text;
}

std::string render_dumped(const json& entry) {
  std::string text = "; " + entry["name"].get<std::string>() + " " + entry["type"].get<std::string>() + " " +
                     entry["state"].get<std::string>() + ": " + render_cached_line(entry) + "; " + rule_text(entry);
  if (!entry["asked"].empty()) text += "; asked with " + join(entry["asked"]);
  text += "\n";
  for (const json& record : entry["records"])
    text += (record["section"] == "answer" ? "" : "; " + record["section"].get<std::string>() + ": ") +
            record["text"].get<std::string>() + "\n";
  return text;
}

}  // namespace penstock::control

#include <cstdio>
#include <nlohmann/json.hpp>

#include "control/admin/explain/render.h"
#include "control/admin/render.h"

namespace penstock::control {
namespace {

using nlohmann::json;

std::string join(const json& words, const char* separator) {
  std::string text;
  for (const json& word : words) text += (text.empty() ? "" : separator) + word.get<std::string>();
  return text;
}

// "NOERROR, 84 octets"
std::string answer_text(const json& answer) {
  if (answer.is_null()) return "";
  return answer["rcode"].get<std::string>() + (answer["truncated"].get<bool>() ? ", TC" : "") + ", " +
         answer["octets"].dump() + " octets";
}

std::string query_text(const json& query) {
  std::string text = query["name"].get<std::string>() + " " + query["type"].get<std::string>() + ", " +
                     join(query["flags"], " ") + ", EDNS " + query["udp_size"].dump() + " octets" +
                     (query["dnssec_ok"].get<bool>() ? ", DO" : "");
  text += query["options"].empty() ? ", no option" : ", option " + join(query["options"], "; ");
  if (query["random_case"].get<bool>()) text += ", letters in random case where the endpoint keeps them";
  return text + "; over UDP, from a random port" +
         (query["source"].empty() ? "" : " of " + join(query["source"], " or "));
}

}  // namespace

Rows render_candidates(const json& explanation) {
  Rows rows;
  const json rules = explanation.value("candidates", json::array());
  if (rules.size() < 2) return rows;
  for (const json& rule : rules) {
    const std::string zone = rule["zone"];
    const std::string does = rule.value("does", "");
    rows.push_back({rows.empty() ? "matches" : "",
                    rule["outcome"].get<std::string>() + ": " + (rule["origin"] == zone ? "" : zone + " of ") +
                        render_rule(rule) + (does.empty() ? "" : ", " + does) + "; " + rule["why"].get<std::string>()});
  }
  return rows;
}

Rows render_memory(const json& explanation) {
  Rows rows;
  if (explanation.contains("memory") && !explanation["query"].is_null()) {
    for (const json& entry : explanation["memory"]) {
      const json& asked = entry["asked"];
      rows.push_back({rows.empty() ? "holds" : "", entry["state"].get<std::string>() + ": " +
                                                       render_cached_line(entry) + " (asked with " + join(asked, ", ") +
                                                       ")"});
    }
    if (rows.empty() && explanation["not_known"].empty()) rows.push_back({"holds", "nothing for this question"});
    rows.push_back({"query", query_text(explanation["query"])});
    rows.push_back({"dealt", explanation["pool"].value("policy", "")});
  }
  for (const json& why : explanation.value("not_known", json::array()))
    rows.push_back({"unknown", why.get<std::string>()});
  return rows;
}

std::string render_sent(const json& explanation) {
  if (!explanation.contains("sent")) return "";
  if (explanation["sent"].empty()) return "sent to nobody: no endpoint is reachable\n";
  std::string text;
  for (const json& sent : explanation["sent"]) {
    char ms[32] = "";
    if (!sent["ms"].is_null()) std::snprintf(ms, sizeof ms, " in %.1f ms", sent["ms"].get<double>());
    text += "sent to " + sent["address"].get<std::string>() + " over " + sent["transport"].get<std::string>() + ": " +
            (sent["answer"].is_null() ? sent["ms"].is_null() ? "no answer" : "a message that cannot be read"
                                      : answer_text(sent["answer"])) +
            ms + "\n";
    const json& verdict = sent["verdict"];
    text += render_table({{"verdict", verdict["text"]}, {"client gets", verdict["client_gets"]}}, "  ");
    if (sent["answer"].is_null()) continue;
    for (const json& record : sent["answer"]["records"])
      text += "    " + record["text"].get<std::string>() +
              (record["section"] == "answer" ? "" : "   ; " + record["section"].get<std::string>()) + "\n";
  }
  return text;
}

}  // namespace penstock::control

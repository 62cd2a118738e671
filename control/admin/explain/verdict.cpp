#include "control/admin/explain/verdict.h"

#include <ldns/ldns.h>
// ldns makes them ints in the absence of C99's.
#undef true
#undef false

#include <memory>
#include <nlohmann/json.hpp>

#include "control/admin/explain/records.h"

namespace penstock::control {
namespace {

using config::GuardFinding;
using nlohmann::json;

struct Free {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};

constexpr const char* kLeaked = "SERVFAIL (EDE 17, Filtered)";

struct Words {
  const char* finding;
  bool ok;
  const char* text;
  const char* client_gets;
};

Words words_of(GuardFinding finding) {
  switch (finding) {
    case GuardFinding::passed:
      return {"passed", true, "the guard has no objection", "this answer"};
    case GuardFinding::not_forwarded:
      return {"not_forwarded", false, "the rules have changed and do not forward this question any more",
              "what penstockctl explain says now"};
    case GuardFinding::other_question:
      return {"other_question", false, "it does not repeat the question: not taken for an answer",
              "what another endpoint answers, else SERVFAIL"};
    case GuardFinding::leak:
      return {"leak", false, "LEAK: an address outside 'expect' in an answer for a private name", kLeaked};
    case GuardFinding::leak_by_chain:
      return {"leak_by_chain", false,
              "LEAK: a CNAME chain leads out of the private zones and has no address at its end", kLeaked};
    case GuardFinding::withheld:
      return {"withheld", true, "addresses of a family of which 'expect' has no network are withheld",
              "NODATA (EDE 17, Filtered)"};
    case GuardFinding::partly_withheld:
      return {"partly_withheld", true,
              "behind the answer section are addresses of a family of which 'expect' has no network",
              "the answer section alone (EDE 17, Filtered)"};
    case GuardFinding::unreadable:
      return {"unreadable", false, "a record in an answer for a private name cannot be read",
              "SERVFAIL (EDE 24, Invalid Data)"};
    case GuardFinding::chain_unreadable:
      return {"chain_unreadable", false, "a CNAME chain cannot be followed to its end, which may be private",
              "SERVFAIL (EDE 24, Invalid Data)"};
    case GuardFinding::chain_hidden:
      return {"chain_hidden", false, "a CNAME chain leads into a private zone that is not for this client",
              "SERVFAIL (EDE 18, Prohibited)"};
    case GuardFinding::chain_followed:
      return {"chain_followed", true,
              "a CNAME chain leads into a private zone, whose own pool or records are asked for its end",
              "the chain, and the private zone's answer behind it; SERVFAIL if there is none"};
    case GuardFinding::chain_alarmed:
      return {"chain_alarmed", false, "ALARM: a CNAME chain leads into a private zone that says 'cname: alarm'",
              "this answer"};
  }
  return {"unknown", false, "the dataplane is of another release", "unknown"};
}

// "203.0.113.9, zones[2]"
std::string whose(const config::Judged& judged, const config::Model& model) {
  std::string text;
  if (judged.family != 0) text = config::to_string(config::IpAddress{judged.address, judged.family});
  if (judged.rule.value() < model.rules.size())
    text += (text.empty() ? "" : ", ") + model.rules[judged.rule.value()].origin;
  return text;
}

}  // namespace

json answer_report(std::span<const uint8_t> message) {
  ldns_pkt* read = nullptr;
  if (ldns_wire2pkt(&read, message.data(), message.size()) != LDNS_STATUS_OK) return nullptr;
  const std::unique_ptr<ldns_pkt, Free> packet(read);
  return {{"rcode", rcode_text(ldns_pkt_get_rcode(read))},
          {"truncated", ldns_pkt_tc(read)},
          {"octets", message.size()},
          {"records", record_lines(*packet, 0)}};
}

json verdict_of(const config::Judged& judged, const json& answer, const config::Model& model,
                const config::Pool& pool) {
  Words words = words_of(judged.finding);
  if (judged.alarm != 0) words.client_gets = "this answer, as the rule says 'on_leak: alarm'";
  std::string text = words.text;
  if (judged.finding != GuardFinding::passed)
    if (const std::string of = whose(judged, model); !of.empty()) text += " (" + of + ")";
  json verdict{{"finding", words.finding}, {"ok", words.ok}, {"text", text}, {"client_gets", words.client_gets}};
  const std::string rcode = answer.is_null() ? "" : answer.value("rcode", "");
  if (judged.finding != GuardFinding::passed || rcode == "NOERROR" || rcode == "NXDOMAIN") return verdict;
  verdict["ok"] = false;
  const bool asks_another = (rcode == "SERVFAIL" && pool.retry_servfail) || (rcode == "REFUSED" && pool.retry_refused);
  verdict["text"] = "the endpoint could not, or would not, answer";
  verdict["client_gets"] = asks_another ? "what another endpoint answers, else " + rcode : rcode;
  return verdict;
}

json verdict_of_silence(const std::string& problem, bool stale) {
  return {{"finding", "no_answer"},
          {"ok", false},
          {"text", problem},
          {"client_gets", std::string("what another endpoint answers, else ") +
                              (stale ? "a stale answer if one is cached, else SERVFAIL" : "SERVFAIL")}};
}

json verdict_of_truncation(const config::Pool& pool) {
  return {{"finding", "truncated"},
          {"ok", true},
          {"text", "the answer does not fit into UDP"},
          {"client_gets",
           pool.resolve_tc ? "what the endpoint answers over TCP ('resolve_tc')" : "TC, and asks again over TCP"}};
}

}  // namespace penstock::control

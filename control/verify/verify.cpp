#include "control/verify/verify.h"

#include <ldns/ldns.h>
// ldns makes them ints in the absence of C99's.
#undef true
#undef false

#include <algorithm>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/check/zone_index.h"
#include "control/admin/render.h"
#include "control/verify/exchange.h"
#include "control/verify/forms.h"
#include "control/verify/judge.h"

namespace penstock::control {
namespace {

using nlohmann::json;

constexpr size_t kMaxZones = 64;  // of a zone file's million

struct Question {
  config::WireName name;
  std::vector<uint16_t> types;
  std::string zone;  // as written: "studio.us-east-1.sagemaker.aws"
  uint32_t rule = 0;
};

struct Asked {
  Server server;
  std::string role;  // "endpoint", "default", "resolver"
  uint16_t type = 0;
  bool tcp = false;
};

std::string to_text(config::Scope scope, std::string_view name) {
  return (scope == config::Scope::below ? "*." : "") + config::to_text(name);
}

const char* text_of(uint16_t type) {
  return type == LDNS_RR_TYPE_A ? "A" : type == LDNS_RR_TYPE_AAAA ? "AAAA" : "SOA";
}

// Whether `name` is `zone` or below it.
bool lies_in(std::string_view name, std::string_view zone) {
  if (!name.ends_with(zone)) return false;
  size_t at = 0;
  while (at < name.size() - zone.size()) at += static_cast<unsigned char>(name[at]) + 1;
  return at == name.size() - zone.size();
}

// One question for each private zone: the pool's health name where it lies in the zone, an exact name itself, else the zone's SOA.
std::vector<Question> questions_for_all(const config::Model& model) {
  std::vector<Question> questions;
  for (const auto& entry : model.zones.entries) {
    const config::Rule& rule = model.rules[entry.rule];
    if (!rule.is_private || rule.action != config::Action::forward) continue;
    if (questions.size() == kMaxZones) break;
    const std::string_view name = model.zones.name(entry);
    Question question{config::WireName(name), {LDNS_RR_TYPE_SOA}, to_text(entry.scope, name), entry.rule};
    const auto& health = model.pools[rule.pool].health.name;
    if (entry.scope == config::Scope::name) {
      question.types = {LDNS_RR_TYPE_A};
    } else if (health && lies_in(*health, name)) {
      question.name = *health;
      question.types = {LDNS_RR_TYPE_A};
    }
    questions.push_back(std::move(question));
  }
  return questions;
}

std::optional<Question> question_for(const config::Model& model, const config::WireName& name) {
  const config::ZoneIndex index(model.zones);
  const auto* exact = index.find(name, config::Scope::name);
  const auto* entry = exact != nullptr ? exact : index.longest_match(name, true);
  const auto rule = entry != nullptr ? std::optional<uint32_t>(entry->rule) : model.default_rule;
  if (!rule || model.rules[*rule].action != config::Action::forward) return std::nullopt;
  return Question{name,
                  {LDNS_RR_TYPE_A, LDNS_RR_TYPE_AAAA},
                  entry != nullptr ? to_text(entry->scope, model.zones.name(*entry)) : "default",
                  *rule};
}

std::vector<config::IpAddress> nameservers_of(const std::string& path) {
  std::vector<config::IpAddress> servers;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key, value;
    if (!(words >> key >> value) || key != "nameserver") continue;
    if (const auto address = config::parse_address(value.substr(0, value.find('%')))) servers.push_back(*address);
  }
  return servers;
}

void add_pool(std::vector<Asked>& list, const config::Pool& pool, const char* role, uint16_t port, uint16_t type) {
  for (const config::Endpoint& endpoint : pool.endpoints) {
    Asked asked{{endpoint.address, std::nullopt, port}, role, type, false};
    for (const config::IpAddress& source : pool.source)
      if (source.family == endpoint.address.family) asked.server.source = source;
    list.push_back(asked);
    asked.tcp = true;
    list.push_back(asked);
  }
}

// The default pool is asked to compare with: whatever it answers is right of it.
json to_json(const Asked& asked, const Judgement& judged, bool ok) {
  const bool compared = asked.role == "default";
  json addresses = json::array();
  for (const auto& address : judged.addresses) addresses.push_back(config::to_string(address));
  return {{"server", config::to_string(asked.server.address)},
          {"role", asked.role},
          {"type", text_of(asked.type)},
          {"protocol", asked.tcp ? "tcp" : "udp"},
          {"ok", ok || compared},
          {"verdict", compared ? (ok ? "same" : "differs")
                      : ok     ? "ok"
                               : "WRONG"},
          {"answer", judged.text},
          {"meaning", ok ? "" : judged.meaning},
          {"absent", judged.is_absent()},
          {"addresses", addresses}};
}

std::string meaning_elsewhere(const Asked& asked, const Judgement& judged) {
  if (judged.finding == Finding::silent) return "no answer to this host";
  return asked.role == "default"
             ? "differs: the answer without Penstock, from servers without the private zone; it does not count here"
             : "clients of this resolver do not get the private addresses: every resolver that a client lists must "
               "have the private zones";
}

json verify_one(const config::Model& model, const Question& question, const VerifyOptions& options) {
  const config::Rule& rule = model.rules[question.rule];
  const config::Pool& pool = model.pools[rule.pool];
  std::vector<Asked> list;
  for (const uint16_t type : question.types) {
    add_pool(list, pool, "endpoint", options.port, type);
    if (options.compare_default && model.default_rule &&
        model.rules[*model.default_rule].action == config::Action::forward)
      add_pool(list, model.pools[model.rules[*model.default_rule].pool], "default", options.port, type);
    if (options.resolv_conf)
      for (const auto& address : nameservers_of(*options.resolv_conf))
        list.push_back({{address, std::nullopt, options.port}, "resolver", type, false});
  }
  std::vector<std::future<Exchange>> waiting;
  waiting.reserve(list.size());
  for (const Asked& asked : list)
    waiting.push_back(std::async(std::launch::async, [&question, &options, asked] {
      return ask(asked.server, question.name, asked.type, asked.tcp, options.timeout);
    }));

  json servers = json::array();
  std::vector<config::IpAddress> seen;
  bool all_good = true;
  for (size_t i = 0; i < list.size(); ++i) {
    const Exchange exchange = waiting[i].get();
    const bool wants_address = list[i].type != LDNS_RR_TYPE_SOA;
    Judgement judged =
        exchange.answer ? judge(*exchange.answer, rule, wants_address) : judge_silence(exchange.problem, list[i].tcp);
    // Names without IPv6 addresses are the rule.
    const bool is_none = judged.finding == Finding::no_data || judged.finding == Finding::withheld;
    const bool ok = judged.ok() || (is_none && list[i].type == LDNS_RR_TYPE_AAAA);
    if (list[i].role != "endpoint") judged.meaning = meaning_elsewhere(list[i], judged);
    if (list[i].role == "endpoint") seen.insert(seen.end(), judged.addresses.begin(), judged.addresses.end());
    servers.push_back(to_json(list[i], judged, ok));
    all_good = all_good && servers.back()["ok"].get<bool>();
  }
  json expect = json::array();
  for (const auto& network : rule.expect) expect.push_back(config::to_string(network));
  json suggested = json::array();
  for (const auto& network : suggest_networks(seen)) suggested.push_back(config::to_string(network));
  return {{"ok", all_good},      {"zone", question.zone}, {"question", config::to_text(question.name)},
          {"rule", rule.origin}, {"pool", pool.name},     {"expect", expect},
          {"servers", servers},  {"suggest", suggested}};
}

}  // namespace

json verify(const config::Model& model, const VerifyOptions& options,
            const std::function<void(const std::string&)>& say) {
  std::vector<Question> questions;
  if (options.name) {
    auto question = question_for(model, *options.name);
    if (!question)
      return {{"ok", false},
              {"error", config::to_text(*options.name) + " is not forwarded to a pool: see penstockctl explain"}};
    questions.push_back(std::move(*question));
  } else {
    questions = questions_for_all(model);
    if (questions.empty()) return {{"ok", false}, {"error", "the configuration has no private zone: give a NAME"}};
  }
  if (options.resolv_conf && nameservers_of(*options.resolv_conf).empty())
    return {{"ok", false}, {"error", *options.resolv_conf + " lists no nameserver, or cannot be read"}};
  if (options.compare_default) say("querying the default pool too: its servers see the names below");
  json zones = json::array();
  for (const Question& question : questions) zones.push_back(verify_one(model, question, options));
  if (!options.name) tell_forms_not_offered(zones);
  const bool ok = std::all_of(zones.begin(), zones.end(), [](const json& zone) { return zone["ok"].get<bool>(); });
  return {{"ok", ok}, {"zones", zones}};
}

std::string render_verify(const json& report, bool suggest) {
  std::string text;
  for (const json& zone : report["zones"]) {
    text += zone["question"].get<std::string>() + " (zone " + zone["zone"].get<std::string>() + ", " +
            zone["rule"].get<std::string>() + ", pool " + zone["pool"].get<std::string>() + ")\n";
    std::vector<std::vector<std::string>> rows;
    for (const json& server : zone["servers"])
      rows.push_back(
          {server["verdict"], server["role"], server["server"], server["protocol"], server["type"], server["answer"]});
    text += render_table(rows, "  ");
    std::vector<std::string> told;
    for (const json& server : zone["servers"]) {
      const std::string meaning = server["meaning"];
      if (meaning.empty() || std::find(told.begin(), told.end(), meaning) != told.end()) continue;
      told.push_back(meaning);
      text += "  " + meaning + "\n";
    }
    if (suggest && !zone["suggest"].empty()) {
      text += "  expect: [";
      for (size_t i = 0; i < zone["suggest"].size(); ++i)
        text += (i == 0 ? "" : ", ") + zone["suggest"][i].get<std::string>();
      text += "]   # seen in answers; prefer the VPC's own networks\n";
    }
  }
  const auto not_offered = std::count_if(report["zones"].begin(), report["zones"].end(),
                                         [](const json& zone) { return zone.value("not_offered", false); });
  text += report["ok"].get<bool>() ? "all answers are correct" : "some answers are wrong";
  if (not_offered != 0) text += "; " + std::to_string(not_offered) + " forms of names are not offered by this VPC";
  return text + "\n";
}

}  // namespace penstock::control

#include "control/queries/query_line.h"

#include <fmt/format.h>

#include <iterator>

#include "config/contract/decisions/rcode.h"
#include "config/contract/name.h"

namespace penstock::control {
namespace {

// Everything that is quoted is printable ASCII (config::to_text), but for these two.
void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') line += '\\';
    line += c;
  }
  line += '"';
}

void append_member(std::string& line, const char* key, std::string_view text) {
  line += key;
  if (text.empty())
    line += "null";
  else
    append_quoted(line, text);
}

std::string name_in(const config::NotedDecision& noted) {
  if (noted.decision.name_length == 0) return "";
  return config::to_text({reinterpret_cast<const char*>(noted.name.data()), noted.decision.name_length});
}

std::string_view origin_of(const QueryNames& names, const config::Decision& decision) {
  const config::Rule* rule = names.rule_of(decision);
  return rule == nullptr ? std::string_view() : std::string_view(rule->origin);
}

}  // namespace

void append_json(std::string& line, const config::NotedDecision& noted, const QueryNames& names, uint64_t unix_ns) {
  const config::Decision& decision = noted.decision;
  const bool is_read = decision.name_length != 0;
  auto out = std::back_inserter(line);
  line += R"({"time":")";
  append_time(line, unix_ns);
  fmt::format_to(out, R"(","client":"{}","port":{},"transport":"{}","id":{})", config::to_string(client_of(decision)),
                 decision.client_port, transport_text(decision), decision.id);
  append_member(line, R"(,"name":)", name_in(noted));
  append_member(line, R"(,"type":)", is_read ? type_text(decision.type) : "");
  append_member(line, R"(,"class":)", is_read ? class_text(decision.query_class) : "");
  append_member(line, R"(,"outcome":)", outcome_of(decision));
  append_member(line, R"(,"rcode":)", decision.rcode == config::kNotAnswered ? "" : config::rcode_text(decision.rcode));
  if (decision.extended_error == config::kNoExtendedError)
    line += R"(,"ede":null)";
  else
    fmt::format_to(out, R"(,"ede":{})", decision.extended_error);
  fmt::format_to(out, R"(,"size":{},"ms":{}.{:03})", decision.size, decision.took_us / 1000, decision.took_us % 1000);
  append_member(line, R"(,"rule":)", origin_of(names, decision));
  append_member(line, R"(,"pool":)", names.pool_of(decision));
  append_member(line, R"(,"endpoint":)", names.endpoint_of(decision));
  fmt::format_to(out, R"(,"sends":{},"flags":"{}"}})", decision.sends, flags_text(decision));
}

void append_text(std::string& line, const config::NotedDecision& noted, const QueryNames& names, uint64_t unix_ns) {
  const config::Decision& decision = noted.decision;
  auto out = std::back_inserter(line);
  append_time(line, unix_ns);
  fmt::format_to(out, "  {}#{}{}  ", config::to_string(client_of(decision)), decision.client_port,
                 (decision.traits & config::kDecisionTcp) != 0 ? " tcp" : "");
  if (decision.name_length == 0) {
    line += "(no name)";
  } else {
    line += name_in(noted);
    if (decision.query_class != kClassIn) line += ' ' + class_text(decision.query_class);
    line += ' ' + type_text(decision.type);
  }
  line += "  " + (decision.rcode == config::kNotAnswered ? "no answer" : config::rcode_text(decision.rcode));
  if (decision.extended_error != config::kNoExtendedError) fmt::format_to(out, " (EDE {})", decision.extended_error);
  line += "  " + outcome_of(decision);
  if (const std::string endpoint = names.endpoint_of(decision); !endpoint.empty()) line += ' ' + endpoint;
  if (decision.sends > 1) fmt::format_to(out, " after {} sends", decision.sends);
  const std::string_view origin = origin_of(names, decision);
  fmt::format_to(out, "  {}.{:03} ms  {} octets  {}", decision.took_us / 1000, decision.took_us % 1000, decision.size,
                 origin.empty() ? "-" : origin);
  if (const std::string flags = flags_text(decision); !flags.empty()) line += "  [" + flags + "]";
}

}  // namespace penstock::control

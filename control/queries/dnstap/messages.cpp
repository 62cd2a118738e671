#include "control/queries/dnstap/messages.h"

#include <dnstap.pb-c.h>
#include <fmt/format.h>

#include <iterator>

#include "config/contract/counters.h"
#include "control/queries/dnstap/rebuilt.h"

namespace penstock::control {
namespace {

using config::Decision;

constexpr uint32_t kDnsPort = 53;
constexpr uint64_t kSecond = 1'000'000'000;

// protobuf-c packs from memory that it does not write to.
ProtobufCBinaryData bytes(const uint8_t* from, size_t size) {
  return {size, const_cast<uint8_t*>(from)};
}
ProtobufCBinaryData bytes(std::string_view text) {
  return bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

struct Times {
  uint64_t asked;  // ns since 1970
  uint64_t ended;
};

// A CLIENT_QUERY that has both times, of which only answers say the second.
Dnstap__Message begun(const Times& times) {
  Dnstap__Message message = DNSTAP__MESSAGE__INIT;
  message.has_query_time_sec = message.has_query_time_nsec = 1;
  message.query_time_sec = times.asked / kSecond;
  message.query_time_nsec = static_cast<uint32_t>(times.asked % kSecond);
  message.response_time_sec = times.ended / kSecond;
  message.response_time_nsec = static_cast<uint32_t>(times.ended % kSecond);
  message.has_response_port = 1;
  message.response_port = kDnsPort;
  return message;
}

void set_family(Dnstap__Message& message, uint8_t family) {
  message.has_socket_family = 1;
  message.socket_family = family == 6 ? DNSTAP__SOCKET_FAMILY__INET6 : DNSTAP__SOCKET_FAMILY__INET;
}

void set_response(Dnstap__Message& message, const std::vector<uint8_t>& response) {
  message.has_response_message = 1;
  message.response_message = bytes(response.data(), response.size());
}

size_t octets_of(uint8_t family) {
  return family == 6 ? 16 : 4;
}

// The client asked this address, where the configuration leaves no other.
const config::IpAddress* asked_address(const QueryNames& names, uint8_t family) {
  const config::IpAddress* only = nullptr;
  if (!names.model) return nullptr;
  for (const config::IpAddress& address : names.model->listen) {
    if (address.family != family) continue;
    if (only != nullptr) return nullptr;
    only = &address;
  }
  return only;
}

void set_client(Dnstap__Message& message, const Decision& decision, const QueryNames& names) {
  const uint8_t family = (decision.traits & config::kDecisionIpv6) != 0 ? 6 : 4;
  set_family(message, family);
  message.has_socket_protocol = 1;
  message.socket_protocol =
      (decision.traits & config::kDecisionTcp) != 0 ? DNSTAP__SOCKET_PROTOCOL__TCP : DNSTAP__SOCKET_PROTOCOL__UDP;
  message.has_query_address = message.has_query_port = 1;
  message.query_address = bytes(decision.client.data(), octets_of(family));
  message.query_port = decision.client_port;
  if (const config::IpAddress* ours = asked_address(names, family)) {
    message.has_response_address = 1;
    message.response_address = bytes(ours->bytes.data(), octets_of(family));
  }
}

// An endpoint was asked for this very client: those that joined its flight had no query of their own sent.
const config::IpAddress* asked_endpoint(const Decision& decision, const QueryNames& names) {
  if (decision.by != config::DecidedBy::response && decision.by != config::DecidedBy::sweep) return nullptr;
  const auto found = names.endpoints.find(decision.endpoint_slot);
  return found == names.endpoints.end() ? nullptr : &found->second;
}

bool is_endpoints_answer(const Decision& decision) {
  return decision.by == config::DecidedBy::response &&
         static_cast<config::ResponseOutcome>(decision.outcome) == config::ResponseOutcome::returned;
}

// What the rule did in the place of an endpoint, if it did; nothing: no rule answered.
std::optional<Dnstap__Policy> policy_of(const Decision& decision, const QueryNames& names) {
  const config::Rule* rule = names.rule_of(decision);
  if (rule == nullptr || decision.by != config::DecidedBy::query) return std::nullopt;
  Dnstap__Policy policy = DNSTAP__POLICY__INIT;
  policy.has_action = 1;
  switch (static_cast<config::QueryOutcome>(decision.outcome)) {
    case config::QueryOutcome::answered_nxdomain:
      policy.action = DNSTAP__POLICY__ACTION__NXDOMAIN;
      break;
    case config::QueryOutcome::answered_nodata:
      policy.action = DNSTAP__POLICY__ACTION__NODATA;
      break;
    case config::QueryOutcome::answered_local:
    case config::QueryOutcome::answered_address:
      policy.action = DNSTAP__POLICY__ACTION__LOCAL_DATA;
      break;
    case config::QueryOutcome::refused_by_rule:
      policy.has_action = 0;  // the schema has no word for it
      break;
    default:
      return std::nullopt;
  }
  static char type[] = "penstock";
  policy.type = type;
  policy.has_rule = 1;
  policy.rule = bytes(rule->origin);
  policy.has_match = 1;
  policy.match = DNSTAP__POLICY__MATCH__QNAME;
  return policy;
}

// What the schema has no field for, as JSON. Nothing of it needs escapes but names of pools and rules, which are quoted as JSON.
void append_extra(std::string& extra, const Decision& decision, const QueryNames& names) {
  const config::Rule* rule = names.rule_of(decision);
  auto out = std::back_inserter(extra);
  extra.clear();
  fmt::format_to(out, R"({{"outcome":"{}","answer_size":{},"sends":{})", outcome_of(decision), decision.size,
                 decision.sends);
  if (decision.extended_error != config::kNoExtendedError) fmt::format_to(out, R"(,"ede":{})", decision.extended_error);
  const auto add = [&](const char* key, std::string_view text) {
    if (text.empty()) return;
    fmt::format_to(out, R"(,"{}":")", key);
    for (const char c : text) {
      if (c == '"' || c == '\\') extra += '\\';
      extra += c;
    }
    extra += '"';
  };
  add("rule", rule == nullptr ? std::string_view() : std::string_view(rule->origin));
  add("pool", names.pool_of(decision));
  add("endpoint", names.endpoint_of(decision));
  extra += '}';
}

// Packs one message after the other into the same memory.
struct Packer {
  Dnstap__Dnstap frame;
  std::vector<uint8_t>& packed;
  const DnstapMessages::Give& give;

  void operator()(Dnstap__Message& message, bool with_extra) {
    frame.message = &message;
    frame.has_extra = with_extra ? 1 : 0;
    packed.resize(dnstap__dnstap__get_packed_size(&frame));
    dnstap__dnstap__pack(&frame, packed.data());
    give(packed);
  }
};

// `response`: null: nobody knows what the endpoint said.
void pack_forwarder(Packer& pack, Dnstap__Message message, const config::IpAddress& endpoint,
                    const std::vector<uint8_t>* response, bool has_answered) {
  message.type = DNSTAP__MESSAGE__TYPE__FORWARDER_QUERY;
  set_family(message, endpoint.family);
  message.has_response_address = 1;
  message.response_address = bytes(endpoint.bytes.data(), octets_of(endpoint.family));
  pack(message, false);
  if (!has_answered) return;
  message.type = DNSTAP__MESSAGE__TYPE__FORWARDER_RESPONSE;
  message.has_query_message = 0;
  message.has_response_time_sec = message.has_response_time_nsec = 1;
  if (response != nullptr) set_response(message, *response);
  pack(message, false);
}

}  // namespace

void DnstapMessages::make(const config::NotedDecision& noted, const QueryNames& names, uint64_t unix_ns,
                          const Give& give) {
  const Decision& decision = noted.decision;
  const bool is_answered = decision.rcode != config::kNotAnswered;
  rebuild_query(query_, noted);
  if (is_answered) rebuild_response(response_, noted);
  append_extra(extra_, decision, names);

  Packer pack{.frame = DNSTAP__DNSTAP__INIT, .packed = packed_, .give = give};
  pack.frame.has_identity = identity_.empty() ? 0 : 1;
  pack.frame.identity = bytes(identity_);
  pack.frame.has_version = version_.empty() ? 0 : 1;
  pack.frame.version = bytes(version_);
  pack.frame.extra = bytes(extra_);

  // Each message below begins as this one.
  Dnstap__Message both = begun({unix_ns - uint64_t{decision.took_us} * 1000, unix_ns});
  const std::string_view zone = zones_.zone_of(noted, names);
  both.has_query_zone = zone.empty() ? 0 : 1;
  both.query_zone = bytes(zone);

  Dnstap__Message asked = both;
  asked.has_query_message = 1;
  asked.query_message = bytes(query_.data(), query_.size());
  Dnstap__Message client = asked;
  set_client(client, decision, names);
  pack(client, !is_answered);
  if (const config::IpAddress* endpoint = asked_endpoint(decision, names))
    pack_forwarder(pack, asked, *endpoint, is_endpoints_answer(decision) && is_answered ? &response_ : nullptr,
                   decision.by == config::DecidedBy::response);
  if (!is_answered) return;
  client.type = DNSTAP__MESSAGE__TYPE__CLIENT_RESPONSE;
  client.has_query_message = 0;
  client.has_response_time_sec = client.has_response_time_nsec = 1;
  set_response(client, response_);
  auto policy = policy_of(decision, names);
  client.policy = policy ? &*policy : nullptr;
  pack(client, true);
}

}  // namespace penstock::control

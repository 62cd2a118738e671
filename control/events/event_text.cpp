#include "control/events/event_text.h"

#include "control/health/probe/probe_message.h"

namespace penstock::control {
namespace {

using config::Event;
using config::EventKind;
using config::Model;

std::string question_of(const Event& event) {
  const config::WireName name(reinterpret_cast<const char*>(event.name.data()), event.name_length);
  return event.name_length == 0 ? "a name" : to_string(ProbeQuestion{name, event.type});
}

std::string address_of(const Event& event) {
  return config::to_string(config::IpAddress{event.address, event.family});
}

// The network that somebody would most probably add: an office or a subnet, not one host.
std::string network_of(const Event& event) {
  config::IpPrefix network{{event.address, event.family}, static_cast<uint8_t>(event.family == 4 ? 24 : 64)};
  for (size_t i = network.length / 8; i < network.address.bytes.size(); ++i) network.address.bytes[i] = 0;
  return config::to_string(network);
}

// "zones[2]" of "zones[2]", "studio[0]" of "studio[0] api": the entry of the YAML that has the key.
std::string entry_of(const config::Rule& rule) {
  return rule.origin.substr(0, rule.origin.find(' '));
}

std::string line_of(const Model& model, const config::Rule& rule) {
  if (rule.where.line == 0 || rule.where.file >= model.files.size()) return "";
  return " (" + model.files[rule.where.file] + ":" + std::to_string(rule.where.line) + ")";
}

std::string pool_of(const Model& model, const config::Rule& rule) {
  return rule.action == config::Action::forward && rule.pool < model.pools.size()
             ? " of pool " + model.pools[rule.pool].name
             : "";
}

std::string outcome(const Event& event) {
  return event.blocked != 0 ? "; the client got SERVFAIL" : "; the answer went to the client";
}

std::string leak_text(const Event& event, const Model& model, const config::Rule& rule, const std::string& from) {
  const std::string at = entry_of(rule) + ".expect" + line_of(model, rule);
  if (event.family == 0)
    return "leak: the answer to " + question_of(event) + " from " + from +
           " is a CNAME chain out of the private zones, without an address" + outcome(event) + "; add its target to " +
           entry_of(rule) + line_of(model, rule) + " or to a zone of its own";
  return "leak: the answer to " + question_of(event) + " from " + from + " has " + address_of(event) +
         ", which is outside 'expect'" + outcome(event) + "; " + at + ": add " + network_of(event) + " if it is yours";
}

std::string withheld_text(const Event& event, const Model& model, const config::Rule& rule, const std::string& from) {
  const std::string family = event.family == 4 ? "IPv4" : "IPv6";
  return "withheld: the answer to " + question_of(event) + " from " + from + " has " + address_of(event) +
         ", but 'expect' has no network of " + family + "; the client got no such address; " + entry_of(rule) +
         ".expect" + line_of(model, rule) + ": add " + network_of(event) +
         " if it is yours and clients should use it, else remove the " + family + " addresses at the server";
}

std::string forged_text(const Event& event, const std::string& peer) {
  if (event.name_length == 0)
    return "forged: in one second, responses from the address of endpoint " + peer +
           " matched no query, more than late ones explain: somebody may be guessing IDs and ports. Queries that they "
           "match in part are asked again over TCP. Check on the network who can send from that address";
  return "forged: a response from the address of endpoint " + peer + " matches the query for " + question_of(event) +
         " only in part (ID, port, question or letter case); the query is asked again over TCP. Somebody may be "
         "forging answers, or the endpoint changes the case: then set randomise_case: off in its pool";
}

}  // namespace

const char* to_string(EventKind kind) {
  switch (kind) {
    case EventKind::leak:
      return "leak";
    case EventKind::unreadable:
      return "unreadable";
    case EventKind::chain_into_private:
      return "chain_into_private";
    case EventKind::loop:
      return "loop";
    case EventKind::loop_probe:
      return "loop_probe";
    case EventKind::over_rate:
      return "over_rate";
    case EventKind::withheld:
      return "withheld";
    case EventKind::forged:
      return "forged";
  }
  return "unknown";
}

std::string event_text(const Event& event, const Model& model, const std::string& endpoint) {
  const std::string peer = event.family == 0 ? "an unknown address" : address_of(event);
  if (event.kind == EventKind::loop_probe)
    return "loop: a probe sent to pool " +
           (event.rule < model.pools.size() ? model.pools[event.rule].name : std::to_string(event.rule)) +
           " came back to us from " + peer + " as " + question_of(event) +
           ": that server forwards these names to Penstock; remove its forwarder for them";
  if (event.kind == EventKind::forged) return forged_text(event, peer);
  if (event.kind == EventKind::over_rate) {
    const auto& groups = model.clients.groups;
    const bool is_member = event.rule != 0 && event.rule <= groups.size();
    return "over its rate: client " + peer + (is_member ? " of group " + groups[event.rule - 1].name : "") +
           " sends more queries than allowed, the last for " + question_of(event) +
           "; the excess is handled by clients.over_rate. Raise clients.rate_per_client or its group's rate, or add it "
           "to clients.rate_exempt, if this is legitimate";
  }
  const config::Rule none;
  const config::Rule& rule = event.rule < model.rules.size() ? model.rules[event.rule] : none;
  const std::string from = (endpoint.empty() ? "an endpoint" : "endpoint " + endpoint) + pool_of(model, rule);
  switch (event.kind) {
    case EventKind::leak:
      return leak_text(event, model, rule, from);
    case EventKind::withheld:
      return withheld_text(event, model, rule, from);
    case EventKind::unreadable:
      return "unreadable: the records of the answer to " + question_of(event) + " from " + from +
             " cannot be read, so the leak guard cannot check them" + outcome(event);
    case EventKind::chain_into_private:
      return "chain into a private zone: the answer to " + question_of(event) + " from " +
             (endpoint.empty() ? "a resolver" : endpoint) + " leads into " + entry_of(rule) + line_of(model, rule) +
             (event.blocked != 0 ? "; it was cut there" : "; it went to the client unchanged") +
             ". That resolver itself asked for the private name outside the VPC. To stop this, forward these names to "
             "Penstock or to the endpoints there";
    case EventKind::loop:
      return "loop: " + question_of(event) + " came from " + peer + ", an endpoint" + pool_of(model, rule) +
             " that it would be sent to" +
             (event.blocked != 0 ? "; it was answered REFUSED" : "; another endpoint of the pool was asked") +
             ": names that this server forwards to Penstock need a pool without it, see " + entry_of(rule) +
             line_of(model, rule);
    case EventKind::loop_probe:
    case EventKind::over_rate:
    case EventKind::forged:
      break;
  }
  return "an event of a kind unknown to this release";
}

}  // namespace penstock::control

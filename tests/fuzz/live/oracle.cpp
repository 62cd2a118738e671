#include "tests/fuzz/live/oracle.h"

#include <algorithm>

#include "dataplane/state/lanes/stream_peer.h"
#include "tests/support/canary.h"

namespace penstock::fuzz {
namespace {

using test::Frame;

constexpr uint16_t kTypeCname = 5, kTypeDname = 39, kTypeTkey = 249, kTypeAny = 255;
constexpr unsigned kMostSends = 64;

bool is_below(const LiveName& name, std::string_view suffix) {
  if (name.size() <= suffix.size()) return false;
  for (size_t at = 0; at < name.size(); at += 1U + static_cast<uint8_t>(name[at]))
    if (name.size() - at == suffix.size()) return std::string_view(name).substr(at) == suffix;
  return false;
}

bool lies_in(const config::IpPrefix& prefix, const std::vector<uint8_t>& address) {
  if ((prefix.address.is_v4() ? 4U : 16U) != address.size()) return false;
  for (unsigned bit = 0; bit < prefix.length; ++bit)
    if (((prefix.address.bytes[bit / 8] ^ address[bit / 8]) >> (7 - bit % 8) & 1) != 0) return false;
  return true;
}

// The endpoint that gives addresses like this, or -1.
int giver_of(const std::vector<uint8_t>& address) {
  const auto endpoints = live_endpoints();
  for (size_t i = 0; i < endpoints.size(); ++i)
    if (std::all_of(address.begin() + (address.size() == 16 ? 1 : 0), address.end() - 1,
                    [&](uint8_t octet) { return octet == endpoints[i].tag; }))
      return static_cast<int>(i);
  return -1;
}

std::string text_of(const LiveName& name) {
  std::string text;
  for (size_t at = 0; at + 1 < name.size(); at += 1U + static_cast<uint8_t>(name[at]))
    text += name.substr(at + 1, static_cast<uint8_t>(name[at])) + ".";
  return text.empty() ? "." : text;
}

int pool_of(const config::Model& model, unsigned endpoint) {
  const config::IpAddress wanted = test::address(live_endpoints()[endpoint].address);
  for (size_t pool = 0; pool < model.pools.size(); ++pool)
    for (const config::Endpoint& each : model.pools[pool].endpoints)
      if (each.address == wanted) return static_cast<int>(pool);
  return -1;
}

// Was the address given by the rule's own pool, or is it one of its own records?
bool is_of(const config::Model& model, const config::Rule& rule, const std::vector<uint8_t>& address) {
  const int giver = giver_of(address);
  if (rule.action == config::Action::forward)
    return giver >= 0 && pool_of(model, static_cast<unsigned>(giver)) == static_cast<int>(rule.pool);
  return giver < 0 && address.back() != 0 && address[0] != kPublicTag;
}

}  // namespace

LiveOracle::Verdict LiveOracle::match(const config::Model& model, const LiveName& name, const std::string& group) {
  // The entries that the name lies under: the longest first, of one name the narrowest, then as written.
  std::vector<const config::ZoneNames::Entry*> entries;
  for (const auto& entry : model.zones.entries) {
    const std::string_view zone = model.zones.name(entry);
    const bool is_apex = name == zone;
    if (entry.scope == config::Scope::name ? is_apex
                                           : is_below(name, zone) || (is_apex && entry.scope == config::Scope::zone))
      entries.push_back(&entry);
  }
  std::stable_sort(entries.begin(), entries.end(), [](const auto* one, const auto* other) {
    if (one->length != other->length) return one->length > other->length;
    return (one->scope == config::Scope::zone) < (other->scope == config::Scope::zone);
  });
  for (const auto* entry : entries) {
    const config::Rule& rule = model.rules[entry->rule];
    const bool is_for_client = rule.clients.empty() ||
                               std::any_of(rule.clients.begin(), rule.clients.end(),
                                           [&](uint32_t number) { return model.clients.groups[number].name == group; });
    if (is_for_client) return {.rule = &rule, .is_left_out = false, .is_private = rule.is_private};
    if (rule.otherwise == config::Otherwise::refuse)
      return {.rule = nullptr, .is_left_out = true, .is_private = rule.is_private};
  }
  if (!model.default_rule) return {};
  const config::Rule& rule = model.rules[*model.default_rule];
  return {.rule = &rule, .is_left_out = false, .is_private = rule.is_private};
}

bool LiveOracle::reaches(const config::Model& model, const std::string& group, unsigned endpoint) {
  const int pool = pool_of(model, endpoint);
  const auto leads_there = [&](const config::Rule& rule) {
    return rule.action == config::Action::forward && static_cast<int>(rule.pool) == pool;
  };
  if (model.updates && static_cast<int>(*model.updates) == pool) return true;
  if (model.default_rule && leads_there(model.rules[*model.default_rule])) return true;
  return std::any_of(model.zones.entries.begin(), model.zones.entries.end(), [&](const auto& entry) {
    const config::Rule& rule = model.rules[entry.rule];
    return leads_there(rule) &&
           (rule.clients.empty() || std::any_of(rule.clients.begin(), rule.clients.end(), [&](uint32_t number) {
              return model.clients.groups[number].name == group;
            }));
  });
}

void LiveOracle::loaded(unsigned rules) {
  history_.push_back(rules);
}

void LiveOracle::asked(unsigned client, unsigned port, const Frame& frame) {
  bool whole = false;
  const auto message = read_message(frame.payload, whole);
  const uint16_t id = frame.payload.size() < 2 ? 0 : test::get16(frame.payload, 0);
  // Who asks by a card and by the kernel's socket from one address, port and id is one client, and hears once.
  const bool asks_elsewhere = std::any_of(asks_.begin(), asks_.end(), [&](const auto& other) {
    return std::get<2>(other.first) == config::to_string(frame.source) &&
           std::get<3>(other.first) == frame.source_port && std::get<4>(other.first) == id &&
           (std::get<0>(other.first) != port || std::get<1>(other.first) != frame.source_mac);
  });
  Ask& ask = asks_[{port, frame.source_mac, config::to_string(frame.source), frame.source_port, id}];
  const LiveClient& who = live_clients()[client];
  groups_.insert(who.group);
  ++ask.asked;
  if (ask.asked > 1) {  // the same once more; or another message by the same id, of which less is known
    if (!message || message->question != ask.question) ask.is_known = false;
    return;
  }
  ask.client = client;
  ask.rules_since = static_cast<unsigned>(history_.size()) - 1;
  if (!message || !whole || message->questions != 1) return;
  ask.is_known = true;
  ask.question = message->question;
  ask.name = message->name;
  ask.type = message->type;
  ask.has_opt = message->opts != 0;
  ask.is_opaque = message->opcode() != 0 || message->is_signed || message->type == kTypeTkey;
  const bool by_connection = port == kStreamPort && state::is_connection(frame.source_mac);
  ask.size = by_connection ? 0xffff : std::max(512U, message->opts == 0 ? 512U : message->opt_size);
  ask.must_be_answered = who.may_ask && (message->flags & 0x8000) == 0 && !asks_elsewhere;
}

std::string LiveOracle::judge(const test::Sent& sent) {
  const auto frame = test::read(sent.bytes);
  if (!frame) return "a frame left whose receiver would say: " + frame.error();
  if (test::has_paint(frame->payload)) return "octets left that nobody has written: " + test::to_hex(frame->payload);
  if (frame->destination_port == 53 && frame->source_port != 53) return judge_send(*frame, sent.port);
  return judge_answer(*frame, sent.port);
}

std::string LiveOracle::judge_send(const Frame& frame, unsigned port) {
  const auto endpoints = live_endpoints();
  const auto at = std::find_if(endpoints.begin(), endpoints.end(), [&](const LiveEndpoint& endpoint) {
    return test::address(endpoint.address) == frame.destination;
  });
  if (at == endpoints.end()) return "a query left to nobody we know: " + to_string(frame);
  const auto endpoint = static_cast<unsigned>(at - endpoints.begin());
  bool whole = false;
  const auto message = read_message(frame.payload, whole);
  if (!message || !whole) return "a query left that cannot be read: " + test::to_hex(frame.payload);
  if (message->opts > 1) return "a query left with two OPTs";
  const config::Model& model = rules().model;
  const int pool = pool_of(model, endpoint);
  const bool is_for_updates = model.updates && static_cast<int>(*model.updates) == pool &&
                              (message->opcode() == 5 || message->type == kTypeTkey);
  const bool may_go = std::any_of(groups_.begin(), groups_.end(), [&](const std::string& group) {
    const Verdict verdict = match(model, message->name, group);
    if (is_for_updates) return !verdict.is_private;
    return verdict.rule != nullptr && verdict.rule->action == config::Action::forward &&
           static_cast<int>(verdict.rule->pool) == pool;
  });
  if (!may_go)
    return "the name " + text_of(message->name) + " left to " + at->address +
           ", whose pool is not its own for anybody who asks";
  sends_.push_back({frame, port, endpoint});
  if (sends_.size() > kMostSends) sends_.pop_front();
  return "";
}

std::string LiveOracle::judge_answer(const Frame& frame, unsigned port) {
  const uint16_t id = frame.payload.size() < 2 ? 0 : test::get16(frame.payload, 0);
  if (frame.payload.empty()) {
    // The slow lane's word that there will be no answer; it has no id. Whose it is, is of the frame.
    if (port != kStreamPort) return "an empty datagram left";
    for (auto& [key, ask] : asks_)
      if (std::get<0>(key) == port && std::get<1>(key) == frame.destination_mac &&
          std::get<3>(key) == frame.destination_port)
        ask.must_be_answered = false;
    return "";
  }
  const auto found =
      asks_.find({port, frame.destination_mac, config::to_string(frame.destination), frame.destination_port, id});
  if (found == asks_.end()) return "an answer left that nobody has asked for: " + to_string(frame);
  Ask& ask = found->second;
  if (++ask.answered > ask.asked) return "answered more often than asked: " + to_string(frame);
  const LiveClient& client = live_clients()[ask.client];
  if (frame.source != test::address(client.listen) || frame.source_port != 53)
    return "an answer left from another address than was asked: " + to_string(frame);
  if (port != kStreamPort && frame.vlan.value_or(0) != client.vlan)
    return "an answer left with another tag than the question's";
  if (frame.payload.size() < 12) return "an answer left that is shorter than a header";
  if ((frame.payload[2] & 0x80) == 0) return "what left to a client is no answer";
  if (!ask.is_known) return "";

  if (!ask.is_opaque && port != kStreamPort && frame.payload.size() > ask.size)
    return "an answer of " + std::to_string(frame.payload.size()) + " octets left to a client that takes " +
           std::to_string(ask.size);
  bool whole = false;
  const auto message = read_message(frame.payload, whole);
  const bool is_private = match(rules().model, ask.name, client.group).is_private;
  if (!message) return "the question of an answer cannot be read: " + test::to_hex(frame.payload);
  if (message->questions == 0) {
    if (!ask.is_opaque && message->rcode() != 1 && message->rcode() != 4)
      return "an answer left without its question: " + test::to_hex(frame.payload);
  } else if (message->questions != 1 || message->name != ask.name || message->type != ask.type ||
             (message->question != ask.question && !ask.is_opaque)) {  // a signature covers the letters
    return "an answer left with another question: " + test::to_hex(frame.payload) + ", not " +
           test::to_hex(ask.question);
  }
  if (!whole) return is_private && !ask.is_opaque ? "an answer for a private name left that cannot be read" : "";
  if (!ask.is_opaque && message->opts > (ask.has_opt ? 1 : 0))
    return "an answer left with an OPT that was not asked for";
  if (std::string wrong = judge_provenance(ask, *message); !wrong.empty()) return wrong;
  return message->opcode() == 0 ? judge_addresses(ask, *message) : "";
}

// Only endpoints that some name leads this client to, by rules that were in force since it asked, have given it an address.
std::string LiveOracle::judge_provenance(const Ask& ask, const LiveMessage& message) const {
  const std::string group = live_clients()[ask.client].group;
  for (const LiveRecord& record : message.records)
    for (const auto& address : record.addresses) {
      const int giver = giver_of(address);
      if (giver < 0) continue;
      const bool may_have = std::any_of(history_.begin() + ask.rules_since, history_.end(), [&](unsigned number) {
        return reaches(live_rules()[number].model, group, static_cast<unsigned>(giver));
      });
      if (!may_have)
        return "a client of group '" + group + "' was given an address by " +
               live_endpoints()[static_cast<size_t>(giver)].address;
    }
  return "";
}

std::string LiveOracle::judge_addresses(const Ask& ask, const LiveMessage& message) const {
  const config::Model& model = rules().model;
  const std::string group = live_clients()[ask.client].group;
  const Verdict own = match(model, ask.name, group);
  const auto inside = [](const config::Rule& rule, const std::vector<uint8_t>& address) {
    return rule.expect.empty() || std::any_of(rule.expect.begin(), rule.expect.end(),
                                              [&](const config::IpPrefix& prefix) { return lies_in(prefix, address); });
  };
  if (own.rule != nullptr && own.is_private && own.rule->action == config::Action::forward) {
    for (const LiveRecord& record : message.records) {
      if (record.section != 0) continue;
      for (const auto& address : record.addresses)
        if (!inside(*own.rule, address))
          return "an answer for the private name " + text_of(ask.name) +
                 " left with an address outside `expect`: " + test::to_hex(address);
    }
  }
  if (own.is_private && own.rule != nullptr) return "";
  if (ask.type == kTypeAny || ask.type == kTypeCname || ask.type == kTypeDname) return "";
  // Behind the first private name of a chain everything is that one's.
  Verdict entered = own;
  // What was under way when a reload left the client out may still be told.
  if (own.is_left_out && !match(live_rules()[history_[ask.rules_since]].model, ask.name, group).is_left_out)
    entered = {};
  std::vector<LiveName> names = follow(message);
  for (size_t i = 0; i < names.size(); ++i) {
    const LiveName& name = names[i];
    if (!entered.is_private && i != 0) entered = match(model, name, group);
    if (!entered.is_private || (entered.rule != nullptr && entered.rule->cname != config::CnameInto::chase)) continue;
    for (const LiveRecord& record : message.records) {
      if (record.section != 0 || record.addresses.empty() || record.owner != name) continue;
      if (entered.is_left_out)
        return "a client of group '" + group + "' was given what stands behind a link to " + text_of(name);
      for (const auto& address : record.addresses)
        if (!is_of(model, *entered.rule, address) || !inside(*entered.rule, address))
          return "a chain of " + text_of(ask.name) + " leads to the private name " + text_of(name) +
                 ", and left with the address " + test::to_hex(address);
    }
  }
  return "";
}

std::string LiveOracle::judge_end() const {
  for (const auto& [key, ask] : asks_) {
    if (!ask.must_be_answered || ask.answered != 0) continue;
    const bool all_answer = std::all_of(history_.begin() + ask.rules_since, history_.end(),
                                        [](unsigned number) { return live_rules()[number].answers_all; });
    if (all_answer)
      return "nobody has answered the question for " + text_of(ask.name) + ", id " + std::to_string(std::get<4>(key));
  }
  return "";
}

}  // namespace penstock::fuzz

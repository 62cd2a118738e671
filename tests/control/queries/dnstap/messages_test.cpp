#include "control/queries/dnstap/messages.h"

#include <dnstap.pb-c.h>
#include <gtest/gtest.h>
#include <ldns/ldns.h>

#include <optional>

#include "tests/control/queries/samples.h"

namespace penstock::control::test {
namespace {

// One message, read by protobuf-c and its DNS message by ldns.
struct Read {
  Dnstap__Message__Type type{};
  std::string identity, version, extra, zone, client, endpoint, policy;
  uint64_t asked_ns = 0, answered_ns = 0;
  uint32_t client_port = 0;
  std::optional<int> action;
  std::string dns;  // in the words of ldns; empty: the message has none
};

std::string text(const ProtobufCBinaryData& data) {
  return {reinterpret_cast<const char*>(data.data), data.len};
}

std::string address(const ProtobufCBinaryData& data) {
  if (data.len == 0) return "";
  config::IpAddress address;
  address.family = data.len == 16 ? 6 : 4;
  std::copy(data.data, data.data + data.len, address.bytes.begin());
  return config::to_string(address);
}

std::string dns_text(const ProtobufCBinaryData& data) {
  ldns_pkt* packet = nullptr;
  if (ldns_wire2pkt(&packet, data.data, data.len) != LDNS_STATUS_OK) return "unreadable";
  char* words = ldns_pkt2str(packet);
  std::string copy = words;
  std::free(words);
  ldns_pkt_free(packet);
  return copy;
}

Read read(std::span<const uint8_t> frame) {
  Dnstap__Dnstap* const got = dnstap__dnstap__unpack(nullptr, frame.size(), frame.data());
  const Dnstap__Message& message = *got->message;
  Read read;
  read.type = message.type;
  read.identity = text(got->identity);
  read.version = text(got->version);
  read.extra = text(got->extra);
  read.zone = text(message.query_zone);
  read.client = address(message.query_address);
  read.endpoint = address(message.response_address);
  read.asked_ns = message.query_time_sec * 1'000'000'000 + message.query_time_nsec;
  if (message.has_response_time_sec)
    read.answered_ns = message.response_time_sec * 1'000'000'000 + message.response_time_nsec;
  read.client_port = message.query_port;
  if (message.policy != nullptr) {
    read.policy = text(message.policy->rule);
    if (message.policy->has_action) read.action = message.policy->action;
  }
  if (message.has_query_message) read.dns = dns_text(message.query_message);
  if (message.has_response_message) read.dns = dns_text(message.response_message);
  dnstap__dnstap__free_unpacked(got, nullptr);
  return read;
}

struct DnstapMessagesTest : testing::Test {
  DnstapMessagesTest() {
    for (const char* origin : {"zones[0]", "zones[1]", "default", "zones[2]"}) {
      config::Rule rule;
      rule.origin = origin;
      model->rules.push_back(rule);
    }
    model->rules[1].action = config::Action::nxdomain;
    model->zones.add(*config::parse_name("corp.example"), config::Scope::zone, 0, {});
    model->zones.add(*config::parse_name("ads.example"), config::Scope::zone, 1, {});
    model->zones.add(*config::parse_name("lab.corp.example"), config::Scope::zone, 3, {});
    model->default_rule = 2;
    model->pools.resize(1);
    model->pools[0].name = "office";
    names = {
        .model = model, .generation = 5, .endpoints = {{config::EndpointSlot{3}, *config::parse_address("10.9.0.3")}}};
  }
  config::NotedDecision made(const std::string& name, uint16_t rule, uint8_t rcode = 0) {
    config::NotedDecision noted = test::noted(name, "10.1.0.1", rcode);
    noted.decision.generation = 5;
    noted.decision.rule = rule;
    noted.decision.id = 4711;
    noted.decision.client_port = 4000;
    noted.decision.took_us = 2000;
    noted.decision.traits |= config::kDecisionRecursionDesired;
    return noted;
  }
  static config::NotedDecision by(config::NotedDecision noted, config::DecidedBy by, unsigned outcome) {
    noted.decision.by = by;
    noted.decision.outcome = static_cast<uint8_t>(outcome);
    noted.decision.endpoint_slot = config::EndpointSlot{3};
    return noted;
  }
  std::vector<Read> read_all(const config::NotedDecision& noted) {
    std::vector<Read> all;
    messages.make(noted, names, 1'700'000'000'500'000'000, [&](auto frame) { all.push_back(read(frame)); });
    return all;
  }
  std::vector<Dnstap__Message__Type> kinds(const config::NotedDecision& noted) {
    std::vector<Dnstap__Message__Type> kinds;
    for (const Read& one : read_all(noted)) kinds.push_back(one.type);
    return kinds;
  }

  std::shared_ptr<config::Model> model = std::make_shared<config::Model>();
  QueryNames names;
  DnstapMessages messages{"fwd-1", "penstock 1"};
};

constexpr auto CQ = DNSTAP__MESSAGE__TYPE__CLIENT_QUERY;
constexpr auto CR = DNSTAP__MESSAGE__TYPE__CLIENT_RESPONSE;
constexpr auto FQ = DNSTAP__MESSAGE__TYPE__FORWARDER_QUERY;
constexpr auto FR = DNSTAP__MESSAGE__TYPE__FORWARDER_RESPONSE;
using Kinds = std::vector<Dnstap__Message__Type>;

TEST_F(DnstapMessagesTest, AForwardedQueryIsFourMessages) {
  config::NotedDecision asked = made("www.corp.example", 0);
  asked.name[1] = 'W';  // as the client spelled it
  const auto all =
      read_all(by(asked, config::DecidedBy::response, static_cast<unsigned>(config::ResponseOutcome::returned)));
  ASSERT_EQ(all.size(), 4U);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].type, (Kinds{CQ, FQ, FR, CR}[i]));
    EXPECT_EQ(all[i].identity, "fwd-1");
    EXPECT_EQ(all[i].version, "penstock 1");
    EXPECT_EQ(all[i].zone, *config::parse_name("corp.example"));
    EXPECT_EQ(all[i].asked_ns, 1'700'000'000'498'000'000U);
    EXPECT_EQ(all[i].answered_ns, i < 2 ? 0U : 1'700'000'000'500'000'000U);
    const bool is_clients = i == 0 || i == 3;
    EXPECT_EQ(all[i].client, is_clients ? "10.1.0.1" : "");
    EXPECT_EQ(all[i].client_port, is_clients ? 4000U : 0U);
    EXPECT_EQ(all[i].endpoint, is_clients ? "" : "10.9.0.3");
    EXPECT_NE(all[i].dns.find("id: 4711"), std::string::npos) << all[i].dns;
    EXPECT_NE(all[i].dns.find("Www.corp.example.\tIN\tA"), std::string::npos) << all[i].dns;
    EXPECT_NE(all[i].dns.find(i < 2 ? "flags: rd ;" : "flags: qr rd ra ;"), std::string::npos) << all[i].dns;
    EXPECT_EQ(all[i].policy, "");
  }
  EXPECT_EQ(all[0].extra, "");
  EXPECT_EQ(
      all[3].extra,
      R"({"outcome":"returned","answer_size":0,"sends":0,"rule":"zones[0]","pool":"office","endpoint":"10.9.0.3"})");
}

TEST_F(DnstapMessagesTest, WhichMessagesThereAre) {
  using config::DecidedBy;
  const auto number = [](auto outcome) { return static_cast<unsigned>(outcome); };
  const config::NotedDecision plain = made("a.example", 2);
  const config::NotedDecision unanswered = made("a.example", 2, config::kNotAnswered);
  EXPECT_EQ(kinds(plain), (Kinds{CQ, CR})) << "from the cache";
  EXPECT_EQ(kinds(unanswered), (Kinds{CQ}));
  EXPECT_EQ(kinds(by(plain, DecidedBy::sweep, number(config::SweepOutcome::expired))), (Kinds{CQ, FQ, CR}));
  EXPECT_EQ(kinds(by(unanswered, DecidedBy::sweep, number(config::SweepOutcome::expired_unanswered))), (Kinds{CQ, FQ}));
  EXPECT_EQ(kinds(by(plain, DecidedBy::waiter, number(config::WaiterOutcome::answered))), (Kinds{CQ, CR}))
      << "the endpoint was asked for another client";
  const auto blocked =
      read_all(by(made("a.example", 2, 2), DecidedBy::response, number(config::ResponseOutcome::blocked)));
  ASSERT_EQ(blocked.size(), 4U);
  EXPECT_EQ(blocked[2].dns, "") << "what the endpoint said is not what the client got";
  EXPECT_NE(blocked[3].dns.find("rcode: SERVFAIL"), std::string::npos);
  names.endpoints.clear();
  EXPECT_EQ(kinds(by(plain, DecidedBy::response, number(config::ResponseOutcome::returned))), (Kinds{CQ, CR}));
}

TEST_F(DnstapMessagesTest, AnswersSayWhatTheDecisionKnows) {
  config::NotedDecision noted = made("www.ads.example", 1, 3);
  noted.decision.outcome = static_cast<uint8_t>(config::QueryOutcome::answered_nxdomain);
  noted.decision.traits |= config::kDecisionOpt | config::kDecisionDnssecOk | config::kDecisionTruncated;
  noted.decision.extended_error = 15;
  const auto all = read_all(noted);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].zone, *config::parse_name("ads.example"));
  EXPECT_EQ(all[1].policy, "zones[1]");
  EXPECT_EQ(all[1].action, DNSTAP__POLICY__ACTION__NXDOMAIN);
  EXPECT_NE(all[1].dns.find("rcode: NXDOMAIN"), std::string::npos);
  EXPECT_NE(all[1].dns.find("flags: qr tc rd ra ;"), std::string::npos) << all[1].dns;
  EXPECT_NE(all[1].dns.find("EDNS: version 0; flags: do ;"), std::string::npos) << all[1].dns;
  EXPECT_NE(all[1].extra.find("\"ede\":15"), std::string::npos);
  EXPECT_EQ(all[0].dns.find(" tc "), std::string::npos) << "of the answer alone";
}

TEST_F(DnstapMessagesTest, ExtendedRcodesAndNamelessQueriesAreReadable) {
  config::NotedDecision badvers = made("a.example", 2, 16);
  badvers.decision.traits |= config::kDecisionOpt;
  EXPECT_NE(read_all(badvers)[1].dns.find("ext-rcode: 1"), std::string::npos) << read_all(badvers)[1].dns;
  const auto nameless = read_all(made("", config::kNoDecisionRule, 1));
  ASSERT_EQ(nameless.size(), 2U);
  EXPECT_NE(nameless[1].dns.find("rcode: FORMERR"), std::string::npos);
  EXPECT_NE(nameless[1].dns.find("QUERY: 0,"), std::string::npos);
}

TEST_F(DnstapMessagesTest, TheZoneIsTheRulesOwn) {
  const std::string root(1, '\0');
  const std::string corp = *config::parse_name("corp.example");
  EXPECT_EQ(read_all(made("a.example", 2))[0].zone, root);
  EXPECT_EQ(read_all(made("a.lab.corp.example", 3))[0].zone, *config::parse_name("lab.corp.example"));
  EXPECT_EQ(read_all(made("a.lab.corp.example", 0))[0].zone, corp) << "a client that the longer zone is not for";
  config::NotedDecision other = made("www.corp.example", 0);
  other.decision.generation = 4;
  EXPECT_EQ(read_all(other)[0].zone, "") << "rules that are not known any more";
  model->listen = {*config::parse_address("192.168.10.86"), *config::parse_address("fd00::86")};
  EXPECT_EQ(read_all(made("a.example", 2))[0].endpoint, "192.168.10.86");
  model->listen.push_back(*config::parse_address("192.168.10.87"));
  EXPECT_EQ(read_all(made("a.example", 2))[0].endpoint, "") << "one of two";
}

}  // namespace
}  // namespace penstock::control::test

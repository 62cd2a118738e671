// tests/control/health/probe/probe_test.cpp - one probe against a server that answers well, badly or not at all.
#include "control/health/probe/probe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "tests/control/health/fake_server.h"

namespace penstock::control {
namespace {

using test::FakeServer;
using test::Manner;

ProbeResult run(asio::io_context& io, const ProbeTarget& target, bool tcp) {
  std::optional<ProbeResult> result;
  int calls = 0;
  const auto done = [&](const ProbeResult& one) {
    result = one;
    ++calls;
  };
  const auto probe = tcp ? start_tcp_probe(io, target, done) : start_udp_probe(io, target, done);
  EXPECT_FALSE(result) << "a result from within the start";
  io.restart();
  while (!result) io.run_one();
  io.run_for(std::chrono::milliseconds(5));
  EXPECT_EQ(calls, 1);
  return *result;
}

ProbeTarget target_at(const std::string& address, uint16_t port) {
  ProbeTarget target;
  target.server = asio::ip::make_address(address);
  target.port = port;
  target.question = {*config::parse_name("studio.us-east-1.sagemaker.aws"), LDNS_RR_TYPE_SOA};
  target.timeout = std::chrono::milliseconds(150);
  return target;
}

const struct {
  const char* description;
  Manner manner;
  bool answered;
  const char* udp_reason;
  const char* tcp_reason;
} kManners[] = {
    {.description = "NOERROR",
     .manner = Manner::answer,
     .answered = true,
     .udp_reason = "answers",
     .tcp_reason = "answers"},
    {.description = "NXDOMAIN",
     .manner = Manner::nxdomain,
     .answered = true,
     .udp_reason = "answers",
     .tcp_reason = "answers"},
    {.description = "SERVFAIL",
     .manner = Manner::servfail,
     .answered = false,
     .udp_reason = "SERVFAIL",
     .tcp_reason = "SERVFAIL"},
    {.description = "REFUSED",
     .manner = Manner::refused,
     .answered = false,
     .udp_reason = "REFUSED",
     .tcp_reason = "REFUSED"},
    {.description = "silence",
     .manner = Manner::silent,
     .answered = false,
     .udp_reason = "no answer in 150 ms",
     .tcp_reason = "no answer in 300 ms"},
    {.description = "another id",
     .manner = Manner::other_id,
     .answered = false,
     .udp_reason = "answer with another ID",
     .tcp_reason = "answer with another ID"},
    {.description = "another question",
     .manner = Manner::other_question,
     .answered = false,
     .udp_reason = "answer to another question",
     .tcp_reason = "answer to another question"},
    {.description = "its own query sent back",
     .manner = Manner::query_back,
     .answered = false,
     .udp_reason = "got a query back instead of an answer",
     .tcp_reason = "got a query back instead of an answer"},
    {.description = "garbage",
     .manner = Manner::garbage,
     .answered = false,
     .udp_reason = "malformed answer",
     .tcp_reason = "malformed answer"},
    {.description = "the connection closed",
     .manner = Manner::hang_up,
     .answered = false,
     .udp_reason = "no answer in 150 ms",
     .tcp_reason = "connection closed without an answer"},
    {.description = "a forged answer before the true one",
     .manner = Manner::forged_first,
     .answered = true,
     .udp_reason = "answers",
     .tcp_reason = "answer with another ID"},
};

// As explain --send does: the octets are another's, but for the ID, and what came is handed over.
TEST(Probe, SendsGivenOctetsAndHandsTheAnswerOver) {
  asio::io_context io;
  FakeServer server(io, "127.0.0.1");
  ProbeTarget target = target_at("127.0.0.1", server.port());
  target.query = build_probe(target.question, 0);
  target.query[11] = 1;
  for (const uint8_t octet : {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0}) target.query.push_back(octet);  // OPT, 1232 octets
  for (const bool tcp : {false, true}) {
    const ProbeResult result = run(io, target, tcp);
    EXPECT_TRUE(result.answered);
    ASSERT_EQ(result.message.size(), target.query.size());
    EXPECT_TRUE(std::equal(target.query.begin() + 4, target.query.end(), result.message.begin() + 4));
    EXPECT_TRUE(server.ids.contains(static_cast<uint16_t>(result.message[0] << 8 | result.message[1])));
  }
  EXPECT_EQ(server.ids.size(), 2U) << "an ID of its own each";
  server.udp_manner = Manner::silent;
  EXPECT_TRUE(run(io, target, false).message.empty());
}

TEST(Probe, JudgesWhatTheServerDoes) {
  asio::io_context io;
  for (const char* address : {"127.0.0.1", "::1"}) {
    FakeServer server(io, address);
    for (const auto& one : kManners) {
      for (const bool tcp : {false, true}) {
        SCOPED_TRACE(std::string(address) + (tcp ? " TCP: " : " UDP: ") + one.description);
        server.udp_manner = server.tcp_manner = one.manner;
        const ProbeResult result = run(io, target_at(address, server.port()), tcp);
        // One message a connection: the forged one is the answer there.
        EXPECT_EQ(result.answered, one.answered && !(tcp && one.manner == Manner::forged_first));
        EXPECT_EQ(result.reason, tcp ? one.tcp_reason : one.udp_reason);
        if (result.answered) {
          EXPECT_GT(result.round_trip.count(), 0);
        }
      }
    }
  }
}

TEST(Probe, ClosedPortsAreFailuresAtOnce) {
  asio::io_context io;
  FakeServer server(io, "127.0.0.1");
  const uint16_t port = server.port();
  server.close_udp();
  server.close_tcp();
  EXPECT_EQ(run(io, target_at("127.0.0.1", port), false).reason, "port unreachable");
  EXPECT_EQ(run(io, target_at("127.0.0.1", port), true).reason, "connection refused");
}

TEST(Probe, LeavesFromItsSource) {
  asio::io_context io;
  FakeServer server(io, "127.0.0.1");
  ProbeTarget target = target_at("127.0.0.1", server.port());
  target.source = asio::ip::make_address("127.0.0.77");
  EXPECT_TRUE(run(io, target, false).answered);
  EXPECT_TRUE(run(io, target, true).answered);
  EXPECT_EQ(server.sources, std::set<std::string>{"127.0.0.77"});
  EXPECT_EQ(server.questions, std::set<std::string>{"studio.us-east-1.sagemaker.aws. SOA"});
  target.source = asio::ip::make_address("192.0.2.1");
  EXPECT_EQ(run(io, target, false).reason, "source 192.0.2.1: Cannot assign requested address");
  EXPECT_EQ(run(io, target, true).reason, "source 192.0.2.1: Cannot assign requested address");
}

TEST(Probe, EachHasItsOwnPortAndId) {
  asio::io_context io;
  FakeServer server(io, "127.0.0.1");
  for (int i = 0; i < 32; ++i) EXPECT_TRUE(run(io, target_at("127.0.0.1", server.port()), false).answered);
  // A few may meet by chance.
  EXPECT_GT(server.udp_ports.size(), 28U);
  EXPECT_GT(server.ids.size(), 28U);
}

// Which letters are capitals is drawn for each, and what comes back is compared octet by octet.
TEST(Probe, InMixedCase) {
  asio::io_context io;
  FakeServer server(io, "127.0.0.1");
  ProbeTarget target = target_at("127.0.0.1", server.port());
  target.question.mixed_case = true;
  for (const bool tcp : {false, true}) {
    server.questions.clear();
    for (int i = 0; i < 32; ++i) {
      const ProbeResult result = run(io, target, tcp);
      EXPECT_TRUE(result.answered);
      EXPECT_TRUE(result.echoes_case);
    }
    EXPECT_GT(server.questions.size(), 30U);  // of 2^24
    for (std::string question : server.questions) {
      EXPECT_TRUE(std::any_of(question.begin(), question.end() - 4, [](char octet) { return std::isupper(octet); }));
      EXPECT_TRUE(std::any_of(question.begin(), question.end() - 4, [](char octet) { return std::islower(octet); }));
      std::transform(question.begin(), question.end(), question.begin(),
                     [](char octet) { return std::tolower(octet); });
      EXPECT_EQ(question, "studio.us-east-1.sagemaker.aws. soa");
    }
  }
  for (const Manner manner : {Manner::small_letters, Manner::other_letter}) {
    server.udp_manner = manner;
    const ProbeResult result = run(io, target, false);
    EXPECT_TRUE(result.answered) << "it answers all the same";
    EXPECT_FALSE(result.echoes_case);
  }
  server.udp_manner = Manner::deaf_to_capitals;
  EXPECT_FALSE(run(io, target, false).answered);
  target.question.mixed_case = false;
  EXPECT_TRUE(run(io, target, false).answered);
}

TEST(ProbeQuestions, BothCasesWhateverIsDrawn) {
  for (const char* text : {"ab", "10.in-addr.arpa", "a.b", "studio.us-east-1.sagemaker.aws"}) {
    const config::WireName name = *config::parse_name(text);
    ASSERT_TRUE(can_be_mixed(name)) << text;
    for (const uint64_t bits : {0x0ULL, ~0ULL, 1ULL, 2ULL, 3ULL, 0x5555555555555555ULL, 0x8000000000000000ULL}) {
      const config::WireName mixed = in_mixed_case(name, bits);
      const auto count = [&](auto is) { return std::count_if(mixed.begin(), mixed.end(), is); };
      EXPECT_GT(count([](unsigned char octet) { return std::isupper(octet) != 0; }), 0) << text << " " << bits;
      EXPECT_GT(count([](unsigned char octet) { return std::islower(octet) != 0; }), 0) << text << " " << bits;
      config::WireName folded = mixed;
      std::transform(folded.begin(), folded.end(), folded.begin(),
                     [](unsigned char octet) { return std::tolower(octet); });
      EXPECT_EQ(folded, name);
    }
  }
  for (const char* text : {".", "1.2.3", "a", "a.1"}) EXPECT_FALSE(can_be_mixed(*config::parse_name(text))) << text;
}

TEST(Probe, ACancelledOneIsSilent) {
  asio::io_context io;
  FakeServer server(io, "127.0.0.1");
  int calls = 0;
  const auto count = [&](const ProbeResult&) { ++calls; };
  const auto udp = start_udp_probe(io, target_at("127.0.0.1", server.port()), count);
  const auto tcp = start_tcp_probe(io, target_at("127.0.0.1", server.port()), count);
  udp->cancel();
  tcp->cancel();
  io.run_for(std::chrono::milliseconds(50));
  EXPECT_EQ(calls, 0);
}

// What goes into the model, and what is asked.
TEST(ProbeQuestions, TheFirstZoneOfThePoolOrItsHealthName) {
  config::Model model;
  const auto pool = [&](const char* name, config::PoolKind kind, const char* health_name = nullptr) {
    config::Pool& made = model.pools.emplace_back();
    made.name = name;
    made.kind = kind;
    if (health_name != nullptr) made.health.name = *config::parse_name(health_name);
  };
  const auto zone = [&](const char* name, config::Action action, uint32_t pool_index) {
    config::Rule rule;
    rule.action = action;
    rule.pool = pool_index;
    model.rules.push_back(rule);
    const config::WireName wire = *config::parse_name(name);
    config::ZoneNames::Entry entry;
    entry.offset = static_cast<uint32_t>(model.zones.bytes.size());
    entry.length = static_cast<uint8_t>(wire.size());
    entry.rule = static_cast<uint32_t>(model.rules.size() - 1);
    model.zones.bytes += wire;
    model.zones.entries.push_back(entry);
  };
  pool("east", config::PoolKind::route53_inbound);
  pool("corporate", config::PoolKind::recursive);
  pool("named", config::PoolKind::route53_inbound, "Private.Example");
  pool("no-zone", config::PoolKind::route53_inbound);
  pool("recursive-named", config::PoolKind::recursive, "corp.example");
  zone("ads.example", config::Action::nxdomain, 0);
  zone("studio.us-east-1.sagemaker.aws", config::Action::forward, 0);
  zone("later.example", config::Action::forward, 0);
  zone("partner.example", config::Action::forward, 1);
  zone("other.example", config::Action::forward, 2);

  std::vector<std::string> asked;
  for (const ProbeQuestion& question : probe_questions(model)) asked.push_back(to_string(question));
  EXPECT_EQ(asked, (std::vector<std::string>{"studio.us-east-1.sagemaker.aws SOA", ". NS", "private.example SOA",
                                             ". NS", "corp.example SOA"}));
}

}  // namespace
}  // namespace penstock::control

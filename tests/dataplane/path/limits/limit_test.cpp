// tests/dataplane/path/limits/limit_test.cpp - clients, groups and answers over their rate: who is turned away, how, and who is not.
#include <algorithm>

#include "config/contract/event_ring.h"
#include "dataplane/state/lanes/stream_peer.h"
#include "tests/dataplane/path/answer_text.h"
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

constexpr uint16_t kA = 1;
constexpr unsigned kStream = 2;  // behind the rig's two cards
const Mac kConnection = state::StreamPeer{state::PeerKind::connection, 77, 3}.mac();

std::string rules(const std::string& clients) {
  return R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86, "fd00::86"]
clients:
  allow: [192.168.0.0/16, "fd00::/8"]
)" + clients +
         R"(
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}
  corporate: {kind: recursive, endpoints: [10.16.3.10]}
zones:
  - {zone: vpc.example, pool: vpc}
  - {zone: blocked.example, answer: nxdomain}
  - {zone: here.example, records: ["www A 10.1.0.1"]}
)";
}

class LimitTest : public PathTest {
 protected:
  LimitTest() : PathTest({.rules = {}, .cache_size = 1 << 20}) { rig.host.ports[kStream].mac = state::kStreamPortMac; }

  Frame query(const std::string& name, const char* client) {
    const bool is_v6 = std::string_view(client).find(':') != std::string_view::npos;
    return from_client(write(DnsQuery{.id = ++id_, .question = {.name = name}, .opt = {}}), client,
                       is_v6 ? "fd00::86" : "192.168.10.86");
  }
  std::vector<Sent> ask(const std::string& name, const char* client = "192.168.10.20") {
    return rig.receive(0, {write(query(name, client))});
  }
  // What leaves to an endpoint is answered.
  void answer_all(const std::vector<Sent>& sent, uint16_t rcode = 0) {
    for (const Sent& one : sent) {
      if (one.port != 1) continue;
      const Frame asked = read(one.bytes).value();
      Frame response = answer_to_query(asked);
      response.payload = rcode == 0 ? answer_to(asked.payload) : answer(asked.payload, rcode, {});
      rig.receive(1, {write(response)});
    }
  }
  // Of `times` queries, how many are not turned away.
  unsigned served(const std::string& name, unsigned times, const char* client = "192.168.10.20") {
    const auto limited = [&] {
      const auto& query = rig.counters().lcore[0].query;
      return query[config::QueryOutcome::limited_truncated].get() + query[config::QueryOutcome::limited_refused].get() +
             query[config::QueryOutcome::limited_dropped].get();
    };
    const uint64_t before = limited();
    for (unsigned i = 0; i < times; ++i) answer_all(ask(name, client));
    return times - static_cast<unsigned>(limited() - before);
  }
  uint16_t id_ = 0;
};

TEST_F(LimitTest, AClientHasASecondsWorthAndThenItsRate) {
  rig.load(rules("  rate_per_client: 10"));
  EXPECT_EQ(served("a.vpc.example", 30), 10U);
  rig.pass(500);
  EXPECT_EQ(served("a.vpc.example", 30), 5U);
  EXPECT_EQ(served("a.vpc.example", 5, "192.168.10.21"), 5U);  // its neighbour
  // An IPv6 client is one host. Its LAN has four times as much.
  EXPECT_EQ(served("a.vpc.example", 20, "fd00:1::1"), 10U);
  for (const char* neighbour : {"fd00:1::2", "fd00:1::3", "fd00:1::4"})
    EXPECT_EQ(served("a.vpc.example", 10, neighbour), 10U);
  EXPECT_EQ(served("a.vpc.example", 10, "fd00:1::5"), 0U);
  EXPECT_EQ(served("a.vpc.example", 6, "fd00:1:0:1::5"), 6U);
}

TEST_F(LimitTest, WhatTheClientGets) {
  struct Case {
    const char* over_rate;
    const char* verdict;
    size_t frames;
    uint16_t flags;
  };
  for (const Case& one : {Case{"truncate", "classify.query query.limited_truncated", 1, 0x8380},
                          Case{"refuse", "classify.query query.limited_refused", 1, 0x8185},
                          Case{"drop", "classify.query query.limited_dropped", 0, 0}}) {
    rig.load(rules("  rate_per_client: 1\n  over_rate: " + std::string(one.over_rate)));
    rig.pass(5000);
    ask("x.here.example");
    rig.verdict();
    const auto sent = ask("x.here.example");
    EXPECT_EQ(rig.verdict(), one.verdict);
    ASSERT_EQ(sent.size(), one.frames) << one.over_rate;
    if (one.frames == 0) continue;
    const Frame back = read(sent[0].bytes).value();
    EXPECT_EQ(get16(back.payload, 0), id_);
    EXPECT_EQ(get16(back.payload, 2), one.flags) << one.over_rate;
    EXPECT_EQ(get16(back.payload, 4), 1);
    EXPECT_EQ(get16(back.payload, 6), 0);
    EXPECT_EQ(back.payload.size(), 12 + wire_name("x.here.example").size() + 4);
  }
}

TEST_F(LimitTest, WhatCannotBeReadIsDropped) {
  rig.load(rules("  rate_per_client: 1"));
  Frame broken = query("a.vpc.example", "192.168.10.20");
  broken.payload.resize(14);
  EXPECT_EQ(rig.receive(0, {write(broken)}).size(), 1U);  // FORMERR
  EXPECT_EQ(rig.receive(0, {write(broken)}).size(), 0U);
  EXPECT_EQ(rig.verdict(), "classify.query=2 query.formerr query.limited_dropped");
}

TEST_F(LimitTest, GroupsHaveRatesOfTheirOwn) {
  rig.load(rules(R"(  rate_per_client: 5
  rate_exempt: [192.168.10.99]
  groups:
    many: {prefixes: [192.168.20.0/24], rate_per_client: 20}
    free: {prefixes: [192.168.30.0/24], rate_per_client: 0}
    whole: {prefixes: [192.168.40.0/24], rate: 12})"));
  EXPECT_EQ(served("a.here.example", 40), 5U);
  EXPECT_EQ(served("a.here.example", 40, "192.168.10.99"), 40U);
  EXPECT_EQ(served("a.here.example", 40, "192.168.20.1"), 20U);
  EXPECT_EQ(served("a.here.example", 40, "192.168.30.1"), 40U);
  EXPECT_EQ(served("a.here.example", 40, "192.168.40.1"), 5U);
  EXPECT_EQ(served("a.here.example", 40, "192.168.40.2"), 5U);
  EXPECT_EQ(served("a.here.example", 40, "192.168.40.3"), 2U);  // the group's rest
}

// Clients of several groups in one LAN: nobody pays for a neighbour of another group, and exempt is who is written.
TEST_F(LimitTest, GroupsInOneNetworkOfIPv6) {
  rig.load(rules(R"(  rate_per_client: 5
  rate_exempt: ["fd00:1::e/128"]
  groups:
    many: {prefixes: ["fd00:1::a/128"], rate_per_client: 20}
    few: {prefixes: ["fd00:1:0:1::/64"], rate_per_client: 2})"));
  EXPECT_EQ(served("a.here.example", 40, "fd00:1::a"), 20U);
  EXPECT_EQ(served("a.here.example", 40, "fd00:1::e"), 40U);
  EXPECT_EQ(served("a.here.example", 40, "fd00:1::b"), 5U);
  EXPECT_EQ(served("a.here.example", 40, "fd00:1::f"), 5U);
  EXPECT_EQ(served("a.here.example", 40, "fd00:1:0:1::b"), 2U);
  EXPECT_EQ(served("a.here.example", 40, "fd00:1:0:1::c"), 2U);
  EXPECT_EQ(served("a.here.example", 40, "fd00:1:0:2::c"), 5U);  // of no group
}

// What somebody sends in a client's name takes nothing from what the client asks over TCP, neither of its rate nor of its group's.
TEST_F(LimitTest, OverTcpAClientHasARateOfItsOwn) {
  rig.load(rules("  rate_per_client: 10\n  groups: {ml: {prefixes: [192.168.20.0/24], rate: 20}}"));
  for (const char* client : {"192.168.10.20", "192.168.20.7"}) {
    EXPECT_EQ(served("a.here.example", 300, client), 10U) << client;
    const auto over_tcp = [&] {
      Frame frame = query("a.here.example", client);
      frame.source_mac = kConnection;
      frame.destination_mac = state::kStreamPortMac;
      rig.receive(kStream, {write(frame)});
      return rig.verdict();
    };
    rig.verdict();
    for (unsigned i = 0; i < 10; ++i) EXPECT_EQ(over_tcp(), "classify.query query.answered_local") << client << i;
    EXPECT_EQ(over_tcp(), "classify.query query.limited_refused") << client;
  }
}

// Whoever was heard over TCP lately is not stopped as a whole for a flood in its name that the lcores can turn away.
TEST_F(LimitTest, WhoHasProvedItselfIsSeldomSaidToFlood) {
  rig.load(rules("  rate_per_client: 10"));
  const auto noted = [&](const char* client) {
    served("a.here.example", 2000, client);
    uint32_t count = 0;
    rig.lcore().clients.turned_away.each(rig.now, [&](const state::TurnedAway::Client& one) {
      if (one.address == address(client).bytes) count = one.count;
    });
    return count;
  };
  Frame frame = query("a.here.example", "192.168.10.21");
  frame.source_mac = kConnection;
  frame.destination_mac = state::kStreamPortMac;
  rig.receive(kStream, {write(frame)});
  EXPECT_EQ(noted("192.168.10.20"), 1990U);
  EXPECT_LT(noted("192.168.10.21"), 1990U / 8);
  EXPECT_GT(noted("192.168.10.21"), 0U);
}

// An address of IPv4 in IPv6's form is none of IPv4, whatever is said of that one.
TEST_F(LimitTest, IPv4InTheFormOfIPv6) {
  rig.load(rules("  rate_exempt: [192.168.10.20]"));
  ask("a.here.example", "::ffff:192.168.10.20");
  EXPECT_EQ(rig.verdict(), "classify.query query.refused_client");
}

TEST_F(LimitTest, AnEventSaysWhoItIs) {
  rig.load(rules("  rate_per_client: 5\n  groups: {ml: {prefixes: [192.168.20.0/24]}}"));
  served("a.here.example", 400, "192.168.20.7");
  const config::EventRing& events = rig.counters().lcore[0].events;
  ASSERT_EQ(events.count(), 1U);  // of 395
  const config::Event event = events.get(0).value();
  EXPECT_EQ(event.kind, config::EventKind::over_rate);
  EXPECT_EQ(config::to_string(config::IpAddress{event.address, event.family}), "192.168.20.7");
  EXPECT_EQ(event.rule, 1U);
  EXPECT_EQ(event.type, kA);
  rig.pass(1100);
  served("a.here.example", 400, "192.168.20.7");
  EXPECT_EQ(events.count(), 2U);
}

TEST_F(LimitTest, OneAnswerToOneNetwork) {
  rig.load(rules("  response_rate: 10\n  rate_exempt: [192.168.10.99]"));
  EXPECT_EQ(served("a.vpc.example", 30), 10U);
  EXPECT_EQ(served("a.vpc.example", 30, "192.168.10.21"), 0U);  // the same /24
  EXPECT_EQ(served("a.vpc.example", 30, "192.168.10.99"), 30U);
  EXPECT_EQ(served("a.vpc.example", 5, "192.168.11.21"), 5U);
  EXPECT_EQ(served("b.vpc.example", 10, "192.168.10.21"), 10U);  // another answer
}

TEST_F(LimitTest, MadeUpNamesHaveOneAnswerTogether) {
  struct Case {
    const char* description;
    const char* zone;
    uint16_t rcode;  // of the endpoint
    unsigned served;
  };
  const Case cases[] = {
      {.description = "an endpoint says that there is no such name", .zone = "vpc.example", .rcode = 3, .served = 10},
      {.description = "there is one", .zone = "vpc.example", .rcode = 0, .served = 100},
      {.description = "a rule says that there is none", .zone = "blocked.example", .rcode = 0, .served = 10},
      {.description = "nor do local records know it", .zone = "here.example", .rcode = 0, .served = 10},
      {.description = "nobody knows where to ask", .zone = "elsewhere.example", .rcode = 0, .served = 10},
  };
  for (const Case& one : cases) {
    rig.load(rules("  response_rate: 10"));
    rig.pass(5000);
    unsigned served_here = 0;
    for (unsigned i = 0; i < 100; ++i) {
      const std::string made_up = "n" + std::to_string(i) + "." + one.zone;
      const auto sent = ask(made_up);
      answer_all(sent, one.rcode);
      const bool is_whole =
          !sent.empty() && (sent[0].port == 1 || (get16(read(sent[0].bytes).value().payload, 2) & 0x0200) == 0);
      served_here += is_whole ? 1 : 0;
    }
    EXPECT_EQ(served_here, one.served) << one.description;
  }
}

// Queries come faster than an endpoint answers: those that are out count as well.
TEST_F(LimitTest, WhatIsNotKnownYetCountsUntilItIs) {
  rig.load(rules("  response_rate: 10"));
  std::vector<Sent> open;
  unsigned asked = 0;
  for (unsigned i = 0; i < 50; ++i)
    for (Sent& one : ask("n" + std::to_string(i) + ".vpc.example"))
      if (one.port == 1) {
        ++asked;
        open.push_back(std::move(one));
      }
  EXPECT_EQ(asked, 10U);
  answer_all(open);  // all of them exist
  EXPECT_EQ(served("more.vpc.example", 1), 1U);
}

TEST_F(LimitTest, ARefusalIsAnAnswerToo) {
  rig.load(rules("  response_rate: 10"));
  unsigned answers = 0;
  for (unsigned i = 0; i < 100; ++i) answers += static_cast<unsigned>(ask("a.vpc.example", "10.9.9.9").size());
  EXPECT_EQ(answers, 10U);
  EXPECT_EQ(rig.verdict(), "classify.query=100 query.limited_dropped=90 query.refused_client=10");
}

// Whoever ends a query with an error: all errors to a network count together.
TEST_F(LimitTest, EveryErrorOfOursObeysTheRate) {
  struct Case {
    const char* description;
    const char* outcome;
    DnsQuery query;
    bool is_cut_short = false;
  };
  const Case cases[] = {
      {.description = "a message that cannot be read",
       .outcome = "formerr",
       .query = {.question = {.name = "a.vpc.example"}, .opt = {}},
       .is_cut_short = true},
      {.description = "an opcode that nobody knows",
       .outcome = "notimp",
       .query = {.flags = 0x1000, .question = {.name = "a.vpc.example"}, .opt = {}}},
      {.description = "a name that no rule has",
       .outcome = "refused_no_rule",
       .query = {.question = {.name = "N.elsewhere.example"}, .opt = {}}},
      {.description = "an UPDATE of a private zone",
       .outcome = "refused_update",
       .query = {.flags = 0x2800, .question = {.name = "vpc.example", .type = 6}, .opt = {}}},
      {.description = "another class, below a local zone",
       .outcome = "refused_class",
       .query = {.question = {.name = "N.here.example", .query_class = 3}, .opt = {}}},
      {.description = "a transfer of a local zone",
       .outcome = "refused_local",
       .query = {.question = {.name = "N.here.example", .type = 252}, .opt = {}}},
      {.description = "a transfer of a forwarded one",
       .outcome = "refused_transfer",
       .query = {.question = {.name = "N.vpc.example", .type = 252}, .opt = {}}},
  };
  for (const Case& one : cases) {
    rig.load(rules("  response_rate: 10\n  over_rate: drop") + "updates: corporate\n");
    rig.pass(5000);
    unsigned answers = 0;
    for (uint16_t i = 0; i < 100; ++i) {
      DnsQuery query = one.query;
      query.id = i;
      if (query.question.name[0] == 'N') query.question.name.replace(0, 1, "n" + std::to_string(i));
      Bytes message = write(query);
      if (one.is_cut_short) message.resize(message.size() - 3);
      answers += static_cast<unsigned>(rig.receive(0, {write(from_client(message, "192.168.10.20"))}).size());
    }
    EXPECT_EQ(answers, 10U) << one.description;
    std::string counted[] = {"query." + std::string(one.outcome) + "=10", "query.limited_dropped=90"};
    std::sort(std::begin(counted), std::end(counted));
    EXPECT_EQ(rig.verdict(), "classify.query=100 " + counted[0] + " " + counted[1]) << one.description;
  }
}

TEST_F(LimitTest, NothingIsLimitedByDefault) {
  rig.load(rules("  refused: refuse"));
  EXPECT_FALSE(rig.ruleset->has_limits());
  EXPECT_EQ(served("a.here.example", 500), 500U);
  EXPECT_EQ(rig.limits->clients.in_use(rig.now), 0U);
}

}  // namespace
}  // namespace penstock::test

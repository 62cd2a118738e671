// tests/dataplane/path/guard/chase_test.cpp - a chain from elsewhere into a private zone is completed by the zone's own pool, or is SERVFAIL.
#include "tests/dataplane/path/answer_text.h"
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

const std::string kHead = R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86]
clients: {allow: [192.168.0.0/16]}
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}
  office: {kind: recursive, endpoints: [10.16.2.10]}
default: {pool: office}
)";
const std::string kRules = kHead + "zones: [{zone: vpc.example, pool: vpc, expect: 10.16.0.0/16}]\n";

constexpr uint16_t kA = 1, kCname = 5, kSoa = 6, kMx = 15;
const Bytes kIn = ip("10.16.3.4");
const Bytes kOut = ip("203.0.113.9");

class ChaseTest : public PathTest {
 protected:
  explicit ChaseTest(RigOptions options = {.rules = kRules}) : PathTest(options) {}
  ~ChaseTest() override { EXPECT_EQ(rig.lcore().flights.chases.in_use(), 0U); }

  static Frame respond(const Frame& query, uint16_t rcode, const std::vector<Rr>& records) {
    Frame response = answer_to_query(query);
    response.payload = answer(query.payload, rcode, records);
    return response;
  }
  // The office's resolver says that it is all about a.vpc.example, and what that is in public.
  static std::vector<Rr> public_answer() {
    return {{"www.org", kCname, name("a.VPC.example"), 50}, {"a.vpc.example", kA, kOut, 40}};
  }
  // The question that goes to the private pool instead.
  Frame chase(const DnsQuery& query, const std::vector<Rr>& records) {
    const Frame left = forward(from_client(write(query)));
    EXPECT_EQ(config::to_string(left.destination), "10.16.2.10");
    const Frame next = only(rig.receive(1, {write(respond(left, 0, records))}), 1);
    EXPECT_EQ(config::to_string(next.destination), "10.16.1.10");
    EXPECT_EQ(get16(next.payload, 0), get16(left.payload, 0));
    return next;
  }
  Bytes asked(uint16_t id, const DnsQuery& query, const char* name) {
    DnsQuery expected = query;
    expected.id = id;
    expected.question.name = name;
    return to_endpoint(write(expected));
  }
};

DnsQuery www(bool edns = false) {
  DnsQuery query{.question = {.name = "Www.org"}, .opt = {}};
  if (edns) query.opt = Opt{};
  return query;
}

TEST_F(ChaseTest, TheClientGetsOneAnswer) {
  const Frame next = chase(www(), public_answer());
  EXPECT_EQ(to_hex(next.payload), to_hex(asked(get16(next.payload, 0), www(), "a.vpc.example")));
  EXPECT_EQ(rig.lcore().flights.chases.in_use(), 1U);
  EXPECT_EQ(rig.outstanding("10.16.2.10"), 0U);
  EXPECT_EQ(rig.outstanding("10.16.1.10"), 1U);
  rig.verdict();
  const Frame back = only(
      rig.receive(1, {write(respond(next, 0, {{"a.vpc.example", kA, kIn, 60}, {"a.vpc.example", kA, kIn, 70}}))}), 0);
  EXPECT_EQ(rig.verdict(), "classify.response response.returned");
  EXPECT_EQ(to_string(back), "0200000000a0>0200000000c1 192.168.10.86.53 > 192.168.10.20.40000");
  // The question as the client spelled it, the chain, the private answer; one TTL for all.
  const Bytes expected = joined({{0x12, 0x34, 0x81, 0x80, 0, 1, 0, 3, 0, 0, 0, 0},
                                 wire_name("Www.org"),
                                 {0, 1, 0, 1},
                                 {0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 50, 0, 15},
                                 wire_name("a.VPC.example"),
                                 {0xc0, 37, 0, 1, 0, 1, 0, 0, 0, 50, 0, 4},
                                 kIn,
                                 {0xc0, 37, 0, 1, 0, 1, 0, 0, 0, 50, 0, 4},
                                 kIn});
  EXPECT_EQ(to_hex(back.payload), to_hex(expected));
  EXPECT_EQ(rig.outstanding("10.16.1.10"), 0U);
}

TEST_F(ChaseTest, FlagsAndTheLeastTtl) {
  DnsQuery query = www(true);
  query.flags = 0x0110;  // RD, CD
  const Frame next = chase(query, public_answer());
  EXPECT_EQ(to_hex(next.payload), to_hex(asked(get16(next.payload, 0), query, "a.vpc.example")));
  Frame response = respond(next, 0, {{"a.vpc.example", kA, kIn, 5}, {"vpc.example", kSoa, soa(), 900, 1}});
  put16(response.payload, 2, 0x85b0);  // AA, RD, RA, AD, CD
  const Bytes opt = opt_record({});
  response.payload.insert(response.payload.end(), opt.begin(), opt.end());
  put16(response.payload, 10, 1);
  const Frame back = only(rig.receive(1, {write(response)}), 0);
  EXPECT_EQ(get16(back.payload, 2), 0x8190);  // RD, RA, CD; neither AA nor AD
  EXPECT_EQ(to_hex({back.payload.data() + 4, 8}), "0001000200010001");
  EXPECT_EQ(to_hex(Bytes(back.payload.end() - static_cast<std::ptrdiff_t>(opt.size()), back.payload.end())),
            to_hex(opt));
  const std::string hex = to_hex(back.payload);
  EXPECT_NE(hex.find("0005000100000005"), std::string::npos) << hex;  // the CNAME
  EXPECT_NE(hex.find("0001000100000005"), std::string::npos) << hex;
  EXPECT_NE(hex.find("0006000100000005"), std::string::npos) << hex;
}

TEST_F(ChaseTest, NegativeAnswersAreAnswers) {
  for (const uint16_t rcode : {0, 3}) {
    const Frame next = chase(www(), public_answer());
    const Frame back = only(rig.receive(1, {write(respond(next, rcode, {{"vpc.example", kSoa, soa(), 900, 1}}))}), 0);
    EXPECT_EQ(get16(back.payload, 2) & 0xf, rcode);
    EXPECT_EQ(to_hex({back.payload.data() + 4, 8}), "0001000100010000");
  }
}

TEST_F(ChaseTest, WhatEndsInServfail) {
  const struct {
    const char* description;
    uint16_t rcode;
    std::vector<Rr> records;
    uint16_t error;
    const char* verdict;
  } cases[] = {
      {.description = "SERVFAIL",
       .rcode = 2,
       .records = {},
       .error = 22,
       .verdict = "classify.response response.blocked"},
      {.description = "REFUSED",
       .rcode = 5,
       .records = {},
       .error = 22,
       .verdict = "classify.response response.blocked"},
      {.description = "a leak",
       .rcode = 0,
       .records = {{"a.vpc.example", kA, kOut}},
       .error = 17,
       .verdict = "classify.response guard.blocked response.blocked"},
      {.description = "a chain that leads out",
       .rcode = 0,
       .records = {{"a.vpc.example", kCname, name("x.org")}},
       .error = 17,
       .verdict = "classify.response guard.blocked response.blocked"},
      {.description = "garbage",
       .rcode = 0,
       .records = {{"a.vpc.example", kA, {1}}},
       .error = 24,
       .verdict = "classify.response guard.unreadable response.blocked"},
      {.description = "MX without a name",
       .rcode = 0,
       .records = {{"a.vpc.example", kMx, {1}}},
       .error = 24,
       .verdict = "classify.response guard.unreadable response.blocked"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.description);
    rig.pass(2);
    const Frame next = chase(www(true), public_answer());
    rig.verdict();
    const Frame back = only(rig.receive(1, {write(respond(next, c.rcode, c.records))}), 0);
    EXPECT_EQ(rig.verdict(), c.verdict);
    DnsQuery servfail = www();
    servfail.opt = Opt{.extended_error = c.error};
    EXPECT_EQ(to_hex(back.payload), to_hex(own_answer(servfail, 2)));
    EXPECT_EQ(rig.lcore().flights.chases.in_use(), 0U);
  }
}

TEST_F(ChaseTest, NobodyAnswers) {
  chase(www(true), public_answer());
  rig.verdict();
  // Asked again, of the private pool and nobody else, then SERVFAIL within the client's patience.
  unsigned sends = 0;
  std::vector<Sent> last;
  for (unsigned ms = 0; ms < 1900 && rig.lcore().flights.pending.in_use() != 0; ms += 10) {
    rig.pass(10);
    for (const Sent& sent : rig.sweep()) {
      const auto frame = read(sent.bytes);
      ASSERT_TRUE(frame.has_value());
      if (sent.port == 0) {
        last.push_back(sent);
        continue;
      }
      ++sends;
      EXPECT_EQ(config::to_string(frame->destination), "10.16.1.10");
      EXPECT_EQ(to_hex(frame->payload), to_hex(asked(get16(frame->payload, 0), www(true), "a.vpc.example")));
    }
  }
  EXPECT_GE(sends, 1U);
  DnsQuery servfail = www();
  servfail.opt = Opt{.extended_error = 22};
  EXPECT_EQ(to_hex(only(last, 0).payload), to_hex(own_answer(servfail, 2)));
}

TEST_F(ChaseTest, NobodyToAsk) {
  config::EndpointState state = rig.endpoint("10.16.1.10");
  state.reachable = 0;
  rig.set_endpoint("10.16.1.10", state);
  const Frame left = forward(from_client(write(www(true))));
  const Frame back = only(rig.receive(1, {write(respond(left, 0, public_answer()))}), 0);
  DnsQuery servfail = www();
  servfail.opt = Opt{.extended_error = 17};
  EXPECT_EQ(to_hex(back.payload), to_hex(own_answer(servfail, 2)));
}

// The first flight's answers count no longer, and the second's only for its own question.
TEST_F(ChaseTest, LateAndForgedAnswers) {
  const Frame left = forward(from_client(write(www())));
  const Bytes first = write(respond(left, 0, public_answer()));
  const Frame next = only(rig.receive(1, {first}), 1);
  rig.verdict();
  EXPECT_TRUE(rig.receive(1, {first}).empty());
  EXPECT_EQ(rig.verdict(), "classify.response response.wrong_endpoint");
  Frame forged = respond(next, 0, {{"a.vpc.example", kA, kIn}});
  forged.payload = respond(left, 0, {{"www.org", kA, kIn}}).payload;
  EXPECT_TRUE(rig.receive(1, {write(forged)}).empty());
  EXPECT_EQ(rig.verdict(), "classify.response response.wrong_question");
  only(rig.receive(1, {write(respond(next, 0, {{"a.vpc.example", kA, kIn}}))}), 0);
}

// Sends that were still open when the answer came are forgotten, and counted once.
TEST_F(ChaseTest, AfterARetryOfTheFirst) {
  const Frame left = forward(from_client(write(www())));
  rig.pass(600);
  ASSERT_EQ(rig.sweep().size(), 1U);
  EXPECT_EQ(rig.outstanding("10.16.2.10"), 2U);
  const Frame next = only(rig.receive(1, {write(respond(left, 0, public_answer()))}), 1);
  EXPECT_EQ(rig.outstanding("10.16.2.10"), 0U);
  EXPECT_EQ(rig.outstanding("10.16.1.10"), 1U);
  only(rig.receive(1, {write(respond(next, 0, {{"a.vpc.example", kA, kIn}}))}), 0);
  EXPECT_EQ(rig.outstanding("10.16.1.10"), 0U);
}

// More than any resolver gives: Unbound 30 of one zone, 11 of many, BIND 16.
TEST_F(ChaseTest, ChainsOfThirtyTwoLinksAreCompleted) {
  constexpr unsigned kMost = 32;
  for (const unsigned before : {1U, 8U, 9U, 16U, 17U, 30U, kMost - 1, kMost, kMost + 1}) {
    for (const unsigned behind : {0, 1}) {
      SCOPED_TRACE(std::to_string(before) + " and " + std::to_string(behind));
      rig.pass(2);
      std::vector<Rr> records{
          {.owner = "www.org", .type = kCname, .data = name(before == 1 ? "a.vpc.example" : "l1.org")}};
      for (unsigned i = 1; i < before; ++i)
        records.push_back({"l" + std::to_string(i) + ".org", kCname,
                           name(i + 1 == before ? "a.vpc.example" : "l" + std::to_string(i + 1) + ".org")});
      const Frame left = forward(from_client(write(www(true))));
      const auto sent = rig.receive(1, {write(respond(left, 0, records))});
      if (before > kMost) {
        EXPECT_EQ(get16(only(sent, 0).payload, 2) & 0xf, 2);
        continue;
      }
      const Frame next = only(sent, 1);
      std::vector<Rr> rest{{.owner = "a.vpc.example", .type = kA, .data = kIn}};
      if (behind == 1) rest = {{"a.vpc.example", kCname, name("vpce.org")}, {"vpce.org", kA, kIn}};
      const Frame back = only(rig.receive(1, {write(respond(next, 0, rest))}), 0);
      EXPECT_EQ(get16(back.payload, 2) & 0xf, before + behind > kMost ? 2 : 0);
      EXPECT_EQ(get16(back.payload, 6), before + behind > kMost ? 0U : before + behind + 1);
    }
  }
}

TEST_F(ChaseTest, WhatDoesNotFitIsTruncated) {
  for (const bool edns : {false, true}) {
    const Frame next = chase(www(edns), public_answer());
    std::vector<Rr> records;
    for (unsigned i = 0; i < 60; ++i) records.push_back({"a.vpc.example", kA, kIn});
    const Frame back = only(rig.receive(1, {write(respond(next, 0, records))}), 0);
    if (edns) {  // 60 records of 16 octets fit 1232
      EXPECT_EQ(get16(back.payload, 6), 61);
      EXPECT_LT(back.payload.size(), 1232U);
      continue;
    }
    EXPECT_EQ(get16(back.payload, 2), 0x8380);
    EXPECT_EQ(to_hex({back.payload.data() + 4, 8}), "0001000000000000");
  }
  const Frame next = chase(www(true), public_answer());
  Frame response = respond(next, 0, {});
  put16(response.payload, 2, 0x8380);  // TC
  const Frame back = only(rig.receive(1, {write(response)}), 0);
  EXPECT_EQ(get16(back.payload, 2), 0x8380);
  EXPECT_EQ(to_hex({back.payload.data() + 4, 8}), "0001000000000001");
}

// Who asked the same meanwhile gets the same answer, in a spelling of its own.
TEST_F(ChaseTest, ThoseWhoJoined) {
  const Frame next = chase(www(), public_answer());
  DnsQuery other = www();
  other.id = 0x4321;
  other.question.name = "wwW.org";
  EXPECT_TRUE(rig.receive(0, {write(from_client(write(other), "192.168.10.21"))}).empty());
  const auto first = rig.receive(1, {write(respond(next, 0, {{"a.vpc.example", kA, kIn}}))});
  Bytes expected = only(first, 0).payload;
  const Frame second = only(rig.sweep(), 0);
  EXPECT_EQ(config::to_string(second.destination), "192.168.10.21");
  put16(expected, 0, 0x4321);
  expected[13] = 'w';
  expected[15] = 'W';
  EXPECT_EQ(to_hex(second.payload), to_hex(expected));
}

TEST_F(ChaseTest, NewRulesOnTheWay) {
  const struct {
    const char* description;
    std::string zones;
    uint16_t rcode;
  } cases[] = {
      {.description = "the zone expects other addresses",
       .zones = "zones: [{zone: vpc.example, pool: vpc, expect: 10.99.0.0/16}]",
       .rcode = 2},
      {.description = "the zone is private no more", .zones = "zones: [{zone: x.example, pool: vpc}]", .rcode = 0},
      {.description = "the client's own name is private now",
       .zones = "zones: [{zone: org, pool: vpc}, {zone: vpc.example, pool: vpc}]",
       .rcode = 0},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.description);
    rig.load(kRules);
    const Frame next = chase(www(), public_answer());
    rig.load(kHead + c.zones);
    const Frame back = only(rig.receive(1, {write(respond(next, 0, {{"a.vpc.example", kA, kIn}}))}), 0);
    EXPECT_EQ(get16(back.payload, 2) & 0xf, c.rcode);
  }
}

class ManyChases : public ChaseTest {
 protected:
  ManyChases() : ChaseTest({.rules = kRules, .pending_slots = 1024, .frames = 4096}) {}
  // Where the frame goes that leaves when a name of this client turns out to lead into the private zone: 1, on to its pool; 0,
  // SERVFAIL to the client. Nobody answers it any more.
  unsigned lead_there(const char* client, unsigned number) {
    DnsQuery query = www();
    query.question.name = "www" + std::to_string(number) + ".org";
    const Frame left = forward(from_client(write(query), client));
    const auto sent = rig.receive(1, {write(respond(left, 0, {{query.question.name, kCname, name("a.vpc.example")}}))});
    EXPECT_EQ(sent.size(), 1U);
    return sent.empty() ? 9 : sent[0].port;
  }
  void give_all_up() {
    rig.pass(3000);
    while (rig.lcore().flights.pending.in_use() != 0) rig.sweep();
  }
};

TEST_F(ManyChases, NoneIsLeft) {
  for (unsigned i = 0; i < 300; ++i)
    EXPECT_EQ(lead_there(("192.168.10." + std::to_string(1 + i % 100)).c_str(), i), i < 256 ? 1U : 0U) << i;
  EXPECT_EQ(rig.lcore().flights.chases.in_use(), 256U);
  give_all_up();
}

// Whoever has half of them and half of what is left gets no more, and the others do.
TEST_F(ManyChases, OneClientLeavesSome) {
  unsigned begun = 0;
  for (unsigned i = 0; i < 250; ++i) begun += lead_there("192.168.10.1", i);
  EXPECT_NEAR(begun, 128 + 64, 1);
  for (unsigned i = 0; i < 40; ++i)
    EXPECT_EQ(lead_there(("192.168.10." + std::to_string(2 + i / 4)).c_str(), 1000 + i), 1U) << i;
  give_all_up();
  EXPECT_EQ(lead_there("192.168.10.1", 2000), 1U);
  give_all_up();
}

}  // namespace
}  // namespace penstock::test

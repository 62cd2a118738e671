// tests/dataplane/path/query/chain_local_test.cpp - chains of CNAMEs that lead out of local records, and into them.
#include "tests/dataplane/path/answer_text.h"
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

const std::string kRules = R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86]
clients: {allow: [192.168.0.0/16, 10.16.0.0/16]}
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}
  office: {kind: recursive, endpoints: [10.16.2.10]}
default: {pool: office}
zones:
  - {zone: vpc.example, pool: vpc, expect: 10.16.0.0/16}
  - zone: lab.example
    records: ["out 20 CNAME next", "next CNAME A.vpc.example.", "web CNAME www.org.", "www A 10.1.0.1"]
  - zone: secret.example
    private: on
    records: ["www 30 A 10.2.0.1", "alias CNAME www", "Exit CNAME www.org."]
  - {zone: over.example, private: on, answer: 10.3.0.1}
  - {zone: gone.example, private: on, answer: nxdomain}
  - {zone: told.example, private: on, cname: alarm, answer: 10.3.0.1}
)";

constexpr uint16_t kA = 1, kCname = 5;

std::string record_hex(const std::string& owner_hex, uint16_t type, uint32_t ttl, const Bytes& data) {
  Bytes fixed(10);
  put16(fixed, 0, type);
  put16(fixed, 2, 1);
  put16(fixed, 6, static_cast<uint16_t>(ttl));
  put16(fixed, 8, static_cast<uint16_t>(data.size()));
  return owner_hex + to_hex(fixed) + to_hex(data);
}

class ChainLocalTest : public PathTest {
 protected:
  ChainLocalTest() : PathTest({.rules = kRules}) {}
  ~ChainLocalTest() override { EXPECT_EQ(rig.lcore().flights.chases.in_use(), 0U); }

  static Frame respond(const Frame& query, uint16_t rcode, const std::vector<Rr>& records) {
    Frame response = answer_to_query(query);
    response.payload = answer(query.payload, rcode, records);
    return response;
  }
};

DnsQuery question(const char* name, bool edns = false) {
  DnsQuery query{.question = {.name = name}, .opt = {}};
  if (edns) query.opt = Opt{};
  return query;
}

TEST_F(ChainLocalTest, TheEndOfAChainIsAskedOfItsPool) {
  for (const bool edns : {false, true}) {
    const Frame left = forward(from_client(write(question("Out.lab.example", edns))));
    EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
    EXPECT_EQ(config::to_string(left.destination), "10.16.1.10");
    DnsQuery expected = question("a.vpc.example", edns);
    expected.id = get16(left.payload, 0);
    EXPECT_EQ(to_hex(left.payload), to_hex(to_endpoint(write(expected))));
    const Frame back = only(rig.receive(1, {write(respond(left, 0, {{"a.vpc.example", kA, ip("10.16.3.4"), 60}}))}), 0);
    EXPECT_EQ(rig.verdict(), "classify.response response.returned");
    EXPECT_EQ(get16(back.payload, 0), 0x1234);
    EXPECT_EQ(get16(back.payload, 2), 0x8180);  // not AA: it is not all ours
    EXPECT_EQ(get16(back.payload, 6), 3);
    const std::string text = to_hex(back.payload);
    EXPECT_EQ(text.find(to_hex(wire_name("Out.lab.example"))), 24U);
    EXPECT_NE(text.find(record_hex("", kA, 20, ip("10.16.3.4"))), std::string::npos) << text;
  }
}

TEST_F(ChainLocalTest, TheGuardLooksAtTheEnd) {
  const Frame left = forward(from_client(write(question("out.lab.example"))));
  const Frame back = only(rig.receive(1, {write(respond(left, 0, {{"a.vpc.example", kA, ip("203.0.113.9")}}))}), 0);
  EXPECT_EQ(get16(back.payload, 2) & 0xf, 2);
  EXPECT_EQ(rig.verdict(), "classify.query classify.response guard.blocked query.forwarded response.blocked");
}

TEST_F(ChainLocalTest, WithoutRecursionTheChainIsAll) {
  DnsQuery query = question("web.lab.example");
  query.flags = 0;
  const Frame back = only(rig.receive(0, {write(from_client(write(query)))}), 0);
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_local");
  EXPECT_EQ(get16(back.payload, 6), 1);
}

// A resolver that has our zone from us follows the chain itself: it is who we would ask.
TEST_F(ChainLocalTest, ToAServerOfThatPoolTheChainIsAll) {
  const Frame back = only(rig.receive(0, {write(from_client(write(question("web.lab.example")), "10.16.2.10"))}), 0);
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_local");
  EXPECT_EQ(get16(back.payload, 6), 1);
}

TEST_F(ChainLocalTest, TheClientsRepetitionIsFound) {
  const Frame asked = from_client(write(question("web.lab.example")));
  const Frame left = forward(asked);
  EXPECT_TRUE(rig.receive(0, {write(asked)}).empty());
  EXPECT_EQ(rig.verdict(), "classify.query=2 query.forwarded query.repeated");
  only(rig.receive(1, {write(respond(left, 0, {{"www.org", kA, ip("192.0.2.1")}}))}), 0);
}

TEST_F(ChainLocalTest, NoEndpointIsServfail) {
  config::EndpointState away = rig.endpoint("10.16.2.10");
  away.reachable = 0;
  rig.set_endpoint("10.16.2.10", away);
  const Frame back = only(rig.receive(0, {write(from_client(write(question("Web.lab.example", true))))}), 0);
  EXPECT_EQ(rig.verdict(), "classify.query query.servfail_no_next_hop");
  DnsQuery expected = question("Web.lab.example", true);
  expected.opt = Opt{.udp_size = 1232, .dnssec_ok = false, .extended_error = 23};
  EXPECT_EQ(to_hex(back.payload), to_hex(own_answer(expected, 2)));
}

TEST_F(ChainLocalTest, NobodyAnswersIsServfail) {
  forward(from_client(write(question("web.lab.example"))));
  int servfails = 0;
  for (int i = 0; i < 40; ++i) {
    rig.pass(100);
    for (const Sent& sent : rig.sweep())
      if (sent.port == 0) {
        EXPECT_EQ(get16(read(sent.bytes)->payload, 2) & 0xf, 2);
        ++servfails;
      }
  }
  EXPECT_EQ(servfails, 1);
}

struct IntoCase {
  const char* description;
  std::vector<Rr> records;  // of the office's resolver, to www.org
  const char* verdict;
  uint16_t rcode;
  std::vector<std::string> has;  // parts of the answer
  uint16_t answers;
};

Rr link_to(const char* target) {
  return Rr{"www.org", kCname, name(target), 50};
}

const Bytes kFake = ip("203.0.113.9");
const IntoCase kIntoCases[] = {
    {.description = "into a zone that is not private is left as it came",
     .records = {link_to("www.lab.example"), {"www.lab.example", kA, kFake}},
     .verdict = "response.returned",
     .rcode = 0,
     .has = {to_hex(kFake)},
     .answers = 2},
    {.description = "into a private one is completed from the records",
     .records = {link_to("www.secret.example"), {"www.secret.example", kA, kFake}},
     .verdict = "guard.chain_cut response.returned",
     .rcode = 0,
     .has = {record_hex("", kA, 30, ip("10.2.0.1"))},
     .answers = 2},
    {.description = "also by an alias there",
     .records = {link_to("Alias.secret.example"), {"alias.secret.example", kA, kFake}},
     .verdict = "guard.chain_cut response.returned",
     .rcode = 0,
     .has = {record_hex("", kA, 30, ip("10.2.0.1")), to_hex(name("Alias.secret.example"))},
     .answers = 3},
    {.description = "also that there is no such name",
     .records = {link_to("no.secret.example"), {"no.secret.example", kA, kFake}},
     .verdict = "guard.chain_cut response.returned",
     .rcode = 3,
     .has = {},
     .answers = 1},
    {.description = "into private addresses",
     .records = {link_to("x.over.example"), {"x.over.example", kA, kFake}},
     .verdict = "guard.chain_cut response.returned",
     .rcode = 0,
     .has = {record_hex("", kA, 50, ip("10.3.0.1"))},
     .answers = 2},
    {.description = "into private names without records",
     .records = {link_to("x.gone.example"), {"x.gone.example", kA, kFake}},
     .verdict = "guard.chain_cut response.blocked",
     .rcode = 2,
     .has = {},
     .answers = 0},
    {.description = "with cname: alarm",
     .records = {link_to("x.told.example"), {"x.told.example", kA, kFake}},
     .verdict = "guard.chain_alarmed response.returned",
     .rcode = 0,
     .has = {to_hex(kFake)},
     .answers = 2},
};

TEST_F(ChainLocalTest, AChainFromElsewhere) {
  for (const IntoCase& c : kIntoCases) {
    SCOPED_TRACE(c.description);
    rig.pass(100);
    DnsQuery query = question("www.org");
    query.question.name = "Www.org";
    query.flags = 0x0110;  // CD: nobody has asked this before
    const Frame left = forward(from_client(write(query)));
    rig.verdict();
    const Frame back = only(rig.receive(1, {write(respond(left, 0, c.records))}), 0);
    EXPECT_EQ(rig.verdict(), std::string("classify.response ") + c.verdict);
    EXPECT_EQ(get16(back.payload, 2) & 0xf, c.rcode);
    EXPECT_EQ(get16(back.payload, 6), c.answers);
    const std::string text = to_hex(back.payload);
    for (const std::string& part : c.has) EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
    const bool is_left = !c.has.empty() && c.has[0] == to_hex(kFake);
    EXPECT_EQ(text.find(to_hex(kFake)) != std::string::npos, is_left) << text;
  }
}

// A private Studio name whose chain ends in a private local zone has not left what is private.
TEST_F(ChainLocalTest, FromAPrivatePoolIntoAPrivateLocalZone) {
  const Frame left = forward(from_client(write(question("a.vpc.example"))));
  const Frame back =
      only(rig.receive(1, {write(respond(left, 0, {{"a.vpc.example", kCname, name("www.secret.example")}}))}), 0);
  EXPECT_EQ(rig.verdict(), "classify.query classify.response query.forwarded response.returned");
  EXPECT_EQ(get16(back.payload, 6), 1);
}

}  // namespace
}  // namespace penstock::test

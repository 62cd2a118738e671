// tests/dataplane/path/query/update_test.cpp - UPDATE, TKEY and signed messages: as they came, to one endpoint for each client.
#include <map>
#include <set>

#include "tests/dataplane/path/path_test.h"
#include "tests/support/messages.h"

namespace penstock::test {
namespace {

const std::string kHead = R"(
ports:
  - {name: corp, device: "vdev:net_null0"}
  - {name: vpc, device: "vdev:net_null1"}
listen: [192.168.10.86, "fd00::86"]
clients: {allow: [192.168.0.0/16, "fd00::/8"]}
pools:
  inbound: {kind: route53-inbound, endpoints: ["fd16::10"]}
  ad: {kind: recursive, endpoints: [10.16.1.10, 10.16.2.10], randomise_case: on, ecs: add, retry_on: [servfail, refused]}
zones:
  - {zone: vpc.example, pool: inbound}
  - {zone: blocked.example, answer: nxdomain}
default: {pool: ad}
)";

Bytes concat(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

const Bytes kOpt = opt_record({.udp_size = 4096, .dnssec_ok = true, .extended_error = 9});
const Bytes kTsig = concat({wire_name("key.corp.example"), {0, 250, 0, 255, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4}});

// An UPDATE of the zone with one record of this owner, which is required, or is written.
Bytes update(const char* zone, const Bytes& owner, bool required = false, bool is_signed = false) {
  Bytes bytes = write(DnsQuery{.flags = 0x2800, .question = {.name = zone, .type = 6}, .opt = {}});
  put16(bytes, required ? 6 : 8, 1);
  const Bytes record = concat({owner, {0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 1}});
  bytes.insert(bytes.end(), record.begin(), record.end());
  if (is_signed) {
    put16(bytes, 10, 1);
    bytes.insert(bytes.end(), kTsig.begin(), kTsig.end());
  }
  return bytes;
}

// A query with an OPT and a signature behind it.
Bytes signed_query(const char* name, uint16_t type = 1) {
  Bytes bytes = write(DnsQuery{.question = {.name = name, .type = type}, .opt = {}});
  put16(bytes, 10, 2);
  for (const Bytes& record : {kOpt, kTsig}) bytes.insert(bytes.end(), record.begin(), record.end());
  return bytes;
}

class UpdateTest : public PathTest {
 protected:
  UpdateTest() : PathTest({.rules = kHead + "updates: ad\n", .cache_size = 1 << 20}) {
    for (const char* endpoint : {"10.16.1.10", "10.16.2.10"}) {
      auto state = rig.endpoint(endpoint);
      state.echoes_case = 1;
      rig.set_endpoint(endpoint, state);
    }
  }
  Frame respond(const Frame& left, Bytes message) {
    Frame response = answer_to_query(left);
    response.payload = std::move(message);
    return response;
  }
};

// The message as the endpoint got it, but for its id.
std::string apart_from_id(const Bytes& message) {
  return to_hex({message.data() + 2, message.size() - 2});
}

// A signature covers the letters of the question: they stay as they came.
TEST_F(UpdateTest, ASignedAnswerKeepsItsLetters) {
  const Frame left = forward(from_client(signed_query("WWW.corp.example")));
  Bytes answer = answer_to(left.payload);
  for (size_t at = 13; at < 16; ++at) answer.at(at) |= 0x20;
  const Frame back = only(rig.receive(1, {write(respond(left, answer))}), 0);
  EXPECT_EQ(apart_from_id(back.payload), apart_from_id(answer));
}

TEST_F(UpdateTest, NothingButTheIdChanges) {
  struct Case {
    const char* what;
    Bytes message;
    const char* pool;
  };
  const Case cases[] = {
      {.what = "RFC 2136: an UPDATE",
       .message = update("Corp.example", wire_name("Host.corp.example")),
       .pool = "10.16"},
      {.what = "a signed one", .message = update("corp.example", {0xc0, 12}, false, true), .pool = "10.16"},
      {.what = "a prerequisite", .message = update("corp.example", {0xc0, 12}, true), .pool = "10.16"},
      {.what = "RFC 2930: TKEY",
       .message = write(DnsQuery{.flags = 0, .question = {.name = "Key.corp.example", .type = 249}, .opt = Opt{}}),
       .pool = "10.16"},
      {.what = "a TSIG-signed query", .message = signed_query("Www.corp.example"), .pool = "10.16"},
      {.what = "one for a private name: to its own pool", .message = signed_query("a.Vpc.example"), .pool = "fd16::10"},
      {.what = "TKEY for a private name: as well", .message = signed_query("a.vpc.example", 249), .pool = "fd16::10"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    for (unsigned repetition = 0; repetition < 2; ++repetition) {  // each goes: nobody else repeats it
      const Frame left = forward(from_client(c.message));
      EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
      EXPECT_EQ(config::to_string(left.destination).find(c.pool), 0U) << config::to_string(left.destination);
      EXPECT_EQ(apart_from_id(left.payload), apart_from_id(c.message));
      // What the server answers comes back as it is: its signature and its OPT, in the middle too.
      Bytes answer = left.payload;
      put16(answer, 2, static_cast<uint16_t>(get16(answer, 2) | 0x8080));
      EXPECT_EQ(apart_from_id(only(rig.receive(1, {write(respond(left, answer))}), 0).payload), apart_from_id(answer));
      EXPECT_EQ(rig.verdict(), "classify.response response.returned");
    }
  }
}

TEST_F(UpdateTest, PrivateNamesStayInside) {
  struct Case {
    const char* what;
    Bytes message;
  };
  const Case cases[] = {
      {"the zone", update("vpc.example", {0xc0, 12})},
      {"a zone below it", update("a.Vpc.example", {0xc0, 12})},
      {"a name in a zone above it", update("example", wire_name("d-1.vpc.example"))},
      {"a name that is required", update("example", wire_name("d-1.vpc.example"), true)},
      {"a compressed name", update("vpc.example", {0xc0, 12})},
      {"the same, signed", update("example", {1, 'x', 3, 'v', 'p', 'c', 0xc0, 12}, false, true)},
      {"a name that cannot be read", update("example", {0xc0, 200})},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const Frame back = only(rig.receive(0, {write(from_client(c.message))}), 0);
    EXPECT_EQ(rig.verdict(), "classify.query query.refused_update");
    EXPECT_EQ(get16(back.payload, 2), 0xa805);  // QR, UPDATE, REFUSED
  }
}

TEST_F(UpdateTest, WithoutAPoolForThem) {
  rig.load(kHead);
  for (const Bytes& message : {update("corp.example", {0xc0, 12}), update("vpc.example", {0xc0, 12})}) {
    const Frame back = only(rig.receive(0, {write(from_client(message))}), 0);
    EXPECT_EQ(rig.verdict(), "classify.query query.notimp");
    EXPECT_EQ(to_hex(back.payload), "1234a8040000000000000000");
  }
  // NOTIFY is for secondaries, whatever the pool.
  rig.load(kHead + "updates: ad\n");
  only(rig.receive(0, {write(from_client(write(
                          DnsQuery{.flags = 0x2400, .question = {.name = "corp.example", .type = 6}, .opt = {}})))}),
       0);
  EXPECT_EQ(rig.verdict(), "classify.query query.notimp");
}

TEST_F(UpdateTest, TheSameEndpointForAClient) {
  std::map<std::string, std::set<std::string>> of_client;
  std::set<std::string> all;
  for (unsigned round = 0; round < 3; ++round)
    for (unsigned i = 1; i < 40; ++i) {
      const std::string client = "192.168.7." + std::to_string(i);
      const Bytes messages[] = {update("corp.example", {0xc0, 12}), signed_query("www.corp.example"),
                                signed_query("key.corp.example", 249)};
      const Frame left = forward(from_client(messages[round], client.c_str()));
      of_client[client].insert(config::to_string(left.destination));
      all.insert(config::to_string(left.destination));
      rig.receive(1, {write(answer_to_query(left))});
    }
  for (const auto& [client, endpoints] : of_client) EXPECT_EQ(endpoints.size(), 1U) << client;
  EXPECT_EQ(all.size(), 2U);
  // One that is down is nobody's; the others' clients stay where they are.
  auto state = rig.endpoint("10.16.1.10");
  state.health = config::Health::down;
  rig.set_endpoint("10.16.1.10", state);
  for (unsigned i = 1; i < 40; ++i) {
    const std::string client = "192.168.7." + std::to_string(i);
    const Frame left = forward(from_client(update("corp.example", {0xc0, 12}), client.c_str()));
    EXPECT_EQ(config::to_string(left.destination), "10.16.2.10");
    rig.receive(1, {write(answer_to_query(left))});
  }
}

TEST_F(UpdateTest, NobodyElseIsAsked) {
  for (const Bytes& message : {update("corp.example", {0xc0, 12}), signed_query("www.corp.example")}) {
    Frame left = forward(from_client(message));
    rig.verdict();
    rig.pass(1000);
    EXPECT_TRUE(rig.sweep().empty());  // no retry
    EXPECT_EQ(rig.verdict(), "");
    const Frame back = only(rig.receive(1, {write(answer_to_query(left, 2))}), 0);  // nor for SERVFAIL
    EXPECT_EQ(back.payload[3] & 15, 2);
    EXPECT_EQ(rig.verdict(), "classify.response response.returned");
    left = forward(from_client(message));
    only(rig.receive(1, {write(answer_to_query(left, 1))}), 0);  // nor without an OPT
    left = forward(from_client(message));
    rig.verdict();
    rig.pass(3000);
    EXPECT_EQ(only(rig.sweep(), 0).payload[3] & 15, 2);
    EXPECT_EQ(rig.verdict(), "sweep.expired");
  }
  // That nobody answered it says nothing about other questions.
  rig.pass(100);
  forward(from_client(write(DnsQuery{.question = {.name = "www.corp.example"}, .opt = {}})));
}

TEST_F(UpdateTest, WhatAnswersAnUpdate) {
  struct Case {
    const char* what;
    void (*change)(Bytes&);
    const char* outcome;
  };
  const Case cases[] = {
      {"RFC 2136 3.8: the zone", [](Bytes&) {}, "returned"},
      {"only a header",
       [](Bytes& m) {
         m.resize(12);
         for (const size_t count : {4, 6, 8, 10}) put16(m, count, 0);
       },
       "returned"},
      {"another zone", [](Bytes& m) { m[13] ^= 1; }, "wrong_question"},
      {"another type", [](Bytes& m) { m[12 + 14 + 1] = 1; }, "wrong_question"},
      {"the opcode of a query", [](Bytes& m) { m[2] &= 0x87; }, "malformed"},
      {"a header and more",
       [](Bytes& m) {
         m.resize(20);
         for (const size_t count : {4, 6, 8, 10}) put16(m, count, 0);
       },
       "wrong_question"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const Frame left = forward(from_client(update("corp.example", {0xc0, 12})));
    rig.verdict();
    Bytes answer = left.payload;
    put16(answer, 2, static_cast<uint16_t>(get16(answer, 2) | 0x8000));
    c.change(answer);
    rig.receive(1, {write(respond(left, answer))});
    EXPECT_EQ(rig.verdict(), std::string("classify.response response.") + c.outcome);
    rig.pass(3000);
    rig.sweep();
    rig.verdict();
  }
  // A header is no answer to a query: the next endpoint is asked.
  const Frame left = forward(from_client(write(DnsQuery{.question = {.name = "www.corp.example"}, .opt = {}})));
  rig.verdict();
  Bytes header = left.payload;
  header.resize(12);
  put16(header, 2, 0x8180);
  put16(header, 4, 0);
  put16(header, 10, 0);
  const Frame next = only(rig.receive(1, {write(respond(left, header))}), 1);
  EXPECT_EQ(rig.verdict(), "classify.response response.unusable");
  EXPECT_NE(config::to_string(next.destination), config::to_string(left.destination));
}

// The guard looks behind the question, so what has none and yet has records would pass it unread.
TEST_F(UpdateTest, RecordsWithoutAQuestionAnswerNothing) {
  for (const char* name : {"www.corp.example", "a.vpc.example"}) {
    SCOPED_TRACE(name);
    const Frame left = forward(from_client(signed_query(name)));
    rig.verdict();
    Bytes answer(left.payload.begin(), left.payload.begin() + 12);
    const TestRecord outside{.data = {203, 0, 113, 9}, .owner = wire_name(name)};
    const Bytes whole = write(TestResponse{.answer = {outside}, .authority = {}, .additional = {}}, left.payload);
    const size_t records = write(TestResponse{}, left.payload).size();
    answer.insert(answer.end(), whole.begin() + static_cast<std::ptrdiff_t>(records), whole.end());
    put16(answer, 2, 0x8180);
    for (const size_t count : {4U, 8U, 10U}) put16(answer, count, 0);
    put16(answer, 6, 1);
    EXPECT_TRUE(rig.receive(1, {write(respond(left, answer))}).empty());
    EXPECT_EQ(rig.verdict(), "classify.response response.wrong_question");
    rig.pass(3000);
    rig.sweep();
    rig.verdict();
  }
}

// A signed answer for a private name is looked at as any other, and cannot be mended.
TEST_F(UpdateTest, TheGuardLooksAtSignedAnswers) {
  rig.load(kHead + "updates: ad\n");
  const Frame left = forward(from_client(signed_query("www.corp.example")));
  rig.verdict();
  const TestRecord link{.type = 5, .data = wire_name("a.vpc.example")};
  const Bytes answer = write(TestResponse{.answer = {link}, .authority = {}, .additional = {}}, left.payload);
  const Frame back = only(rig.receive(1, {write(respond(left, answer))}), 0);
  EXPECT_EQ(rig.verdict(), "classify.response guard.chain_cut response.blocked");
  EXPECT_EQ(back.payload[3] & 15, 2);
}

}  // namespace
}  // namespace penstock::test

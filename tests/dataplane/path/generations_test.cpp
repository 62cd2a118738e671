// tests/dataplane/path/generations_test.cpp - other rules that call themselves by the generation of those before: what was kept of
// these by the number of a rule is looked at by its bounds. The link refuses such rules; a lcore does not count on it.
#include "tests/dataplane/path/recall_fixture.h"

namespace penstock::test {
namespace {

constexpr unsigned kZones = 1000;

std::string rules_of(unsigned zones, const char* action) {
  std::string text = R"(
ports:
  - {name: corp, device: "vdev:net_null0"}
  - {name: vpc, device: "vdev:net_null1"}
listen: [192.168.10.86, "fd00::86"]
clients: {allow: [192.168.0.0/16], response_rate: 100000}
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}
  office: {kind: recursive, endpoints: ["fd16::10"]}
default: {pool: office}
updates: office
zones:
)";
  for (unsigned i = 0; i < zones; ++i)
    text += "  - {zone: z" + std::to_string(i) + ".example, " + std::string(action) + "}\n";
  return text;
}

// Rules that have fewer, and rules whose last ones do not forward but have places of another table.
struct Other {
  const char* description;
  std::string rules;
};
const Other kOthers[] = {
    {"fewer", rules_of(2, "pool: vpc, expect: [10.16.0.0/16]")},
    {"others", rules_of(kZones, "records: [\"@ A 10.0.0.1\"]")},
};

class GenerationsTest : public RecallTest {
 protected:
  GenerationsTest() : RecallTest({.rules = all, .cache_size = 1 << 20}) {}

  // The last rule but one, far behind the end of a small image.
  DnsQuery last() {
    DnsQuery query = named("www.z" + std::to_string(kZones - 1) + ".example");
    query.opt = Opt{};
    return query;
  }
  void take_for_the_same(const Other& other) { rig.load(other.rules, rig.generation()); }

  static inline const std::string all = rules_of(kZones, "pool: vpc, expect: [10.16.0.0/16]");
};

const TestResponse kAnswer{.flags = 0x8180, .answer = {{.ttl = 60}}, .authority = {}, .additional = {}};

TEST_F(GenerationsTest, WhatIsRememberedIsLookedAt) {
  for (const Other& other : kOthers) {
    SCOPED_TRACE(other.description);
    rig.pass(2 * kMinute);
    rig.load(all);
    teach(last(), kAnswer,
          &other == kOthers ? "remember.stored response.returned" : "remember.renewed response.returned");
    expect_from_memory(last(), kAnswer, 60);
    take_for_the_same(other);
    const auto sent = ask(last());
    const std::string verdict = rig.verdict();
    if (other.description == std::string("fewer")) {
      respond(only(sent, 1), kAnswer, Opt{});
      EXPECT_EQ(verdict, "classify.query query.forwarded");
    } else {
      EXPECT_EQ(verdict, "classify.query query.answered_local");
    }
    rig.verdict();
    // Nor is it anybody's who comes with the old rules again.
    rig.load(all);
    expect_from_memory(last(), kAnswer, 60);
  }
}

TEST_F(GenerationsTest, WhatIsUnderWayIsLookedAt) {
  for (const Other& other : kOthers) {
    SCOPED_TRACE(other.description);
    for (const bool is_answered : {true, false}) {
      rig.load(all);
      DnsQuery query = last();
      query.question.type = is_answered ? 28 : 16;
      const Frame flight = forwarded(query);
      query.id = 0x77;
      ask(query, "192.168.10.21");  // joins: the answer has addresses, which come in another order for each
      EXPECT_EQ(rig.verdict(), "classify.query query.joined");
      take_for_the_same(other);
      unsigned told = 0;
      if (is_answered) {
        told += static_cast<unsigned>(respond(flight, kAnswer, Opt{}).size());
        told += static_cast<unsigned>(rig.sweep().size());
      }
      for (unsigned i = 0; i < 6; ++i) {
        rig.pass(600);
        for (const Sent& sent : rig.sweep()) told += sent.port == 0 ? 1U : 0U;
      }
      EXPECT_EQ(told, 2U) << is_answered;
      rig.verdict();
    }
  }
}

// Its key has no rule at all.
TEST_F(GenerationsTest, AnUpdateHasNoRule) {
  Bytes update = write(DnsQuery{.id = 9, .flags = 0x2800, .question = {.name = "corp.example", .type = 6}, .opt = {}});
  const Frame left = only(rig.receive(0, {write(from_client(update))}), 1);
  Frame response = answer_to_query(left);
  response.payload = write(kAnswer, left.payload);
  response.payload[2] = 0xa8;
  EXPECT_EQ(rig.receive(1, {write(response)}).size(), 1U);
}

}  // namespace
}  // namespace penstock::test

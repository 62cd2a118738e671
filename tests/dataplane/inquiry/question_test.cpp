// tests/dataplane/inquiry/question_test.cpp - the query that control is told is the one that leaves, and what is no answer to a question.
#include <gtest/gtest.h>

#include <string>

#include "dataplane/inquiry/compose.h"
#include "dataplane/inquiry/judge.h"
#include "tests/dataplane/path/path_test.h"
#include "tests/support/messages.h"

namespace penstock::test {
namespace {

const char* const kRules = R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86]
clients: {allow: [192.168.0.0/16], deny: [192.168.9.9], groups: {guests: {prefixes: [192.168.20.0/24]}}}
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}
  office: {kind: recursive, endpoints: [10.16.2.10]}
  far: {kind: recursive, endpoints: [10.16.3.10], ecs: add}
zones:
  - {zone: vpc.example, pool: vpc, expect: [10.16.0.0/16]}
  - {zone: far.example, pool: far}
  - {zone: staff.example, pool: office, clients: [guests]}
  - {zone: ads.example, answer: nxdomain}
default: {pool: office}
)";

template <typename Request>
Request request_for(const std::string& name, uint16_t type, const char* client) {
  Request request;
  const std::string wire = config::parse_name(name).value();
  request.name_length = static_cast<uint8_t>(wire.size());
  wire.copy(request.name.data(), wire.size());
  request.record_type = type;
  if (client == nullptr) return request;
  request.client = address(client).bytes;
  request.family = 4;
  return request;
}

class QuestionTest : public PathTest {
 protected:
  QuestionTest() : PathTest({.rules = kRules}) {
    config::EndpointState state = rig.endpoint("10.16.2.10");
    state.address = address("10.16.3.10").bytes;
    rig.set_endpoint("10.16.3.10", state);
  }
};

TEST_F(QuestionTest, WhatIsComposedIsWhatLeaves) {
  struct Row {
    const char* description;
    const char* name;
    uint16_t type;
    const char* client;
  };
  for (const Row& row :
       {Row{.description = "private", .name = "a.vpc.example", .type = 1, .client = "192.168.10.20"},
        Row{.description = "the default", .name = "www.org", .type = 28, .client = "192.168.10.20"},
        Row{.description = "with the client's network", .name = "a.far.example", .type = 1, .client = "192.168.10.20"},
        Row{.description = "for a group", .name = "a.staff.example", .type = 65, .client = "192.168.20.4"}}) {
    SCOPED_TRACE(row.description);
    const DnsQuery query{.question = {.name = row.name, .type = row.type}, .opt = Opt{}};
    const Frame left = forward(from_client(write(query), row.client));
    const auto composed =
        inquiry::compose(request_for<config::Compose>(row.name, row.type, row.client), rig.ruleset.get());
    ASSERT_NE(composed.rule, config::kNoRule);
    EXPECT_EQ(composed.generation, rig.generation());
    EXPECT_EQ(composed.identity, rig.ruleset->rule(composed.rule).identity);
    Bytes octets(composed.message.begin(), composed.message.begin() + composed.length);
    put16(octets, 0, get16(left.payload, 0));
    EXPECT_EQ(to_hex(octets), to_hex(left.payload));
  }
  rig.pass(3000);
  rig.sweep();
}

TEST_F(QuestionTest, WhatIsNotForwardedIsNotComposed) {
  struct Row {
    const char* description;
    const char* name;
    const char* client;
  };
  for (const Row& row :
       {Row{.description = "answered here", .name = "x.ads.example", .client = "192.168.10.20"},
        Row{.description = "not for this client", .name = "a.staff.example", .client = "192.168.10.20"},
        Row{.description = "a client that may not ask", .name = "a.vpc.example", .client = "192.168.9.9"},
        Row{.description = "a client from elsewhere", .name = "a.vpc.example", .client = "203.0.113.1"}}) {
    SCOPED_TRACE(row.description);
    EXPECT_EQ(inquiry::compose(request_for<config::Compose>(row.name, 1, row.client), rig.ruleset.get()).rule,
              config::kNoRule);
    EXPECT_EQ(inquiry::judge(request_for<config::Judge>(row.name, 1, row.client), {}, rig.ruleset.get()).finding,
              config::GuardFinding::not_forwarded);
  }
  EXPECT_EQ(inquiry::compose(request_for<config::Compose>("a.example", 1, nullptr), nullptr).generation, 0U);
  EXPECT_EQ(inquiry::judge(request_for<config::Judge>("a.example", 1, nullptr), {}, nullptr).finding,
            config::GuardFinding::not_forwarded);
  // Of nobody in particular no network is told.
  const auto for_nobody =
      inquiry::compose(request_for<config::Compose>("a.far.example", 1, nullptr), rig.ruleset.get());
  const auto for_one =
      inquiry::compose(request_for<config::Compose>("a.far.example", 1, "192.168.10.20"), rig.ruleset.get());
  EXPECT_EQ(for_one.length, for_nobody.length + 4 + 4 + 3);
}

TEST_F(QuestionTest, WhatIsNoAnswerIsNotJudged) {
  const auto request = request_for<config::Judge>("a.vpc.example", 1, "192.168.10.20");
  const Bytes query = write(DnsQuery{.question = {.name = "a.VPC.example", .type = 1}, .opt = {}});
  const Bytes good = write(TestResponse{.answer = {{}}, .authority = {}, .additional = {}}, query);
  EXPECT_EQ(inquiry::judge(request, good, rig.ruleset.get()).finding, config::GuardFinding::passed)
      << "whatever the letters";
  struct Row {
    const char* description;
    Bytes message;
  };
  const auto of = [](const char* name, uint16_t type) {
    return write(TestResponse{.answer = {{}}, .authority = {}, .additional = {}},
                 write(DnsQuery{.question = {.name = name, .type = type}, .opt = {}}));
  };
  std::vector<Row> rows{{"nothing", {}},
                        {"a query", query},
                        {"another name", of("b.vpc.example", 1)},
                        {"a name below", of("x.a.vpc.example", 1)},
                        {"another type", of("a.vpc.example", 28)},
                        {"a header alone", Bytes(good.begin(), good.begin() + 12)}};
  for (const Row& row : rows)
    EXPECT_EQ(inquiry::judge(request, row.message, rig.ruleset.get()).finding, config::GuardFinding::other_question)
        << row.description;
  // Cut short wherever it may be, it is judged or refused, and nothing outside is read.
  for (size_t length = 0; length < good.size(); ++length)
    (void)inquiry::judge(request, std::span(good).first(length), rig.ruleset.get());
}

}  // namespace
}  // namespace penstock::test

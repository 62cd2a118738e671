// tests/dataplane/path/query/forward_test.cpp - a query on its way to an endpoint and back, over every pairing of networks.
// Long by its two tables: pairings, and endpoints in every health.
#include <map>
#include <set>

#include "tests/dataplane/path/path_test.h"
#include "tests/support/messages.h"

namespace penstock::test {
namespace {

struct ForwardCase {
  const char* description;
  const char* client;
  const char* listen;
  const char* name;
  std::optional<uint16_t> client_vlan;
  uint16_t endpoint_vlan;
  unsigned endpoint_port;
  const char* query_left_as;
  const char* response_left_as;
};

void PrintTo(const ForwardCase& c, std::ostream* out) {
  *out << c.description;
}

class Forward : public PathTest, public testing::WithParamInterface<ForwardCase> {};

// The endpoint is the pool's second: the first turn of the round robin.
const ForwardCase kForward[] = {
    {.description = "IPv4 to IPv4",
     .client = "192.168.10.20",
     .listen = "192.168.10.86",
     .name = "d-1.studio.us-east-1.sagemaker.aws",
     .client_vlan = {},
     .endpoint_vlan = 0,
     .endpoint_port = 1,
     .query_left_as = "0200000000a1>0200000000e2 192.168.10.86.SOURCE > 10.16.2.10.53",
     .response_left_as = "0200000000a0>0200000000c1 192.168.10.86.53 > 192.168.10.20.40000"},
    {.description = "IPv6 to IPv6",
     .client = "fd00::20",
     .listen = "fd00::86",
     .name = "d-1.six.example",
     .client_vlan = {},
     .endpoint_vlan = 0,
     .endpoint_port = 1,
     .query_left_as = "0200000000a1>0200000000e6 fd00::86.SOURCE > fd16::10.53",
     .response_left_as = "0200000000a0>0200000000c1 fd00::86.53 > fd00::20.40000"},
    {.description = "IPv4 client, IPv6 endpoint",
     .client = "192.168.10.20",
     .listen = "192.168.10.86",
     .name = "d-1.six.example",
     .client_vlan = {},
     .endpoint_vlan = 0,
     .endpoint_port = 1,
     .query_left_as = "0200000000a1>0200000000e6 fd00::86.SOURCE > fd16::10.53",
     .response_left_as = "0200000000a0>0200000000c1 192.168.10.86.53 > 192.168.10.20.40000"},
    {.description = "IPv6 client, IPv4 endpoint",
     .client = "fd00::20",
     .listen = "fd00::86",
     .name = "d-1.studio.us-east-1.sagemaker.aws",
     .client_vlan = {},
     .endpoint_vlan = 0,
     .endpoint_port = 1,
     .query_left_as = "0200000000a1>0200000000e2 192.168.10.86.SOURCE > 10.16.2.10.53",
     .response_left_as = "0200000000a0>0200000000c1 fd00::86.53 > fd00::20.40000"},
    {.description = "tagged in, untagged out",
     .client = "192.168.10.20",
     .listen = "192.168.10.86",
     .name = "d-1.studio.us-east-1.sagemaker.aws",
     .client_vlan = 0x2064,
     .endpoint_vlan = 0,
     .endpoint_port = 1,
     .query_left_as = "0200000000a1>0200000000e2 192.168.10.86.SOURCE > 10.16.2.10.53",
     .response_left_as = "0200000000a0>0200000000c1 vlan 8292 192.168.10.86.53 > 192.168.10.20.40000"},
    {.description = "untagged in, tagged out",
     .client = "192.168.10.20",
     .listen = "192.168.10.86",
     .name = "d-1.studio.us-east-1.sagemaker.aws",
     .client_vlan = {},
     .endpoint_vlan = 200,
     .endpoint_port = 1,
     .query_left_as = "0200000000a1>0200000000e2 vlan 200 192.168.10.86.SOURCE > 10.16.2.10.53",
     .response_left_as = "0200000000a0>0200000000c1 192.168.10.86.53 > 192.168.10.20.40000"},
    {.description = "two tags, both families",
     .client = "fd00::20",
     .listen = "fd00::86",
     .name = "d-1.studio.us-east-1.sagemaker.aws",
     .client_vlan = 100,
     .endpoint_vlan = 200,
     .endpoint_port = 1,
     .query_left_as = "0200000000a1>0200000000e2 vlan 200 192.168.10.86.SOURCE > 10.16.2.10.53",
     .response_left_as = "0200000000a0>0200000000c1 vlan 100 fd00::86.53 > fd00::20.40000"},
    {.description = "untagged IPv4 client, tagged IPv6 endpoint: 24 octets more",
     .client = "192.168.10.20",
     .listen = "192.168.10.86",
     .name = "six.example",
     .client_vlan = {},
     .endpoint_vlan = 300,
     .endpoint_port = 1,
     .query_left_as = "0200000000a1>0200000000e6 vlan 300 fd00::86.SOURCE > fd16::10.53",
     .response_left_as = "0200000000a0>0200000000c1 192.168.10.86.53 > 192.168.10.20.40000"},
    {.description = "a tag of priority only is answered untagged",
     .client = "192.168.10.20",
     .listen = "192.168.10.86",
     .name = "six.example",
     .client_vlan = 0,
     .endpoint_vlan = 0,
     .endpoint_port = 1,
     .query_left_as = "0200000000a1>0200000000e6 fd00::86.SOURCE > fd16::10.53",
     .response_left_as = "0200000000a0>0200000000c1 192.168.10.86.53 > 192.168.10.20.40000"},
    {.description = "one-armed",
     .client = "192.168.10.20",
     .listen = "192.168.10.86",
     .name = "d-1.studio.us-east-1.sagemaker.aws",
     .client_vlan = {},
     .endpoint_vlan = 0,
     .endpoint_port = 0,
     .query_left_as = "0200000000a0>0200000000e2 192.168.10.86.SOURCE > 10.16.2.10.53",
     .response_left_as = "0200000000a0>0200000000c1 192.168.10.86.53 > 192.168.10.20.40000"},
};

TEST_P(Forward, ThereAndBack) {
  const ForwardCase& c = GetParam();
  for (const char* endpoint : {"10.16.1.10", "10.16.2.10", "fd16::10"}) {
    auto state = rig.endpoint(endpoint);
    state.vlan = c.endpoint_vlan;
    state.port = static_cast<uint8_t>(c.endpoint_port);
    rig.set_endpoint(endpoint, state);
  }
  for (const bool with_opt : {false, true}) {
    rig.prefer(std::string_view(c.query_left_as).find("fd16::10") == std::string_view::npos ? "10.16.2.10"
                                                                                            : "fd16::10");
    DnsQuery query = studio_query();
    query.question.name = c.name;
    if (with_opt) query.opt = Opt{};
    Frame asked = from_client(write(query), c.client, c.listen);
    asked.vlan = c.client_vlan;

    const Frame left = forward(asked, c.endpoint_port);
    std::string expected = c.query_left_as;
    expected.replace(expected.find("SOURCE"), 6, std::to_string(left.source_port));
    EXPECT_EQ(to_string(left), expected);
    EXPECT_EQ(rig.host.owner(left.source_port), 0);
    EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
    // Only the id differs, and the OPT is ours: letter case and flags are the client's.
    Bytes expected_query = to_endpoint(asked.payload);
    put16(expected_query, 0, get16(left.payload, 0));
    EXPECT_EQ(to_hex(left.payload), to_hex(expected_query));

    const Frame response = answer_to_query(left);
    const Frame back = only(rig.receive(c.endpoint_port, {write(response)}), 0);
    EXPECT_EQ(to_string(back), c.response_left_as);
    EXPECT_EQ(rig.verdict(), "classify.response response.returned");
    Bytes expected_response = to_client(response.payload, query.opt);
    put16(expected_response, 0, 0x1234);
    EXPECT_EQ(to_hex(back.payload), to_hex(expected_response));
    EXPECT_EQ(rig.lcore().flights.pending.in_use(), 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Forward, testing::ValuesIn(kForward),
                         [](const auto& info) { return "case_" + std::to_string(info.index); });

using ForwardTest = PathTest;

TEST_F(ForwardTest, EthernetPaddingStaysBehind) {
  Frame asked = from_client(write(studio_query()));
  asked.padding = 17;
  const Frame left = forward(asked);
  EXPECT_EQ(left.payload.size(), asked.payload.size() + 11);
  Frame response = answer_to_query(left);
  response.padding = 3;
  EXPECT_EQ(only(rig.receive(1, {write(response)}), 0).payload.size(), response.payload.size());
}

TEST_F(ForwardTest, IdsAndPortsVary) {
  std::map<uint16_t, int> ids;
  std::map<uint16_t, int> ports;
  for (int i = 0; i < 200; ++i) {
    const Frame left = forward(from_client(write(studio_query())));
    ++ids[get16(left.payload, 0)];
    ++ports[left.source_port];
    only(rig.receive(1, {write(answer_to_query(left))}), 0);
  }
  EXPECT_GT(ids.size(), 190U);
  EXPECT_GT(ports.size(), 50U);  // of 64
}

TEST_F(ForwardTest, TheLessBusyEndpointIsAsked) {
  std::map<std::string, int> queries;
  for (unsigned i = 0; i < 10; ++i)
    ++queries[config::to_string(forward(from_client(write(studio_query(i)))).destination)];
  EXPECT_EQ(queries, (std::map<std::string, int>{{"10.16.1.10", 5}, {"10.16.2.10", 5}}));
}

// The second never answers: what it owes keeps queries away, although nobody has called it down.
TEST_F(ForwardTest, AnEndpointThatDoesNotAnswerIsAskedLittle) {
  std::map<std::string, int> queries;
  for (unsigned i = 0; i < 1000; ++i) {
    const Frame left = forward(from_client(write(studio_query(i))));
    const std::string endpoint = config::to_string(left.destination);
    ++queries[endpoint];
    if (endpoint == "10.16.1.10") only(rig.receive(1, {write(answer_to_query(left))}), 0);
  }
  EXPECT_LE(queries["10.16.2.10"], 10);
}

// With nothing to tell them apart each gets its share: a Route 53 endpoint's budget is per interface.
TEST_F(ForwardTest, IdleEndpointsShareTheLoad) {
  std::map<std::string, int> queries;
  for (int i = 0; i < 2000; ++i) {
    const Frame left = forward(from_client(write(studio_query())));
    ++queries[config::to_string(left.destination)];
    only(rig.receive(1, {write(answer_to_query(left))}), 0);
  }
  EXPECT_NEAR(queries["10.16.1.10"], 1000, 120);
}

struct HealthCase {
  const char* description;
  config::Health first;
  bool first_drained;
  bool first_reachable;
  config::Health second;
  bool second_drained;
  bool second_reachable;
  bool control_silent;
  std::set<std::string> used;
};

const HealthCase kHealth[] = {
    {.description = "both up",
     .first = config::Health::up,
     .first_drained = false,
     .first_reachable = true,
     .second = config::Health::up,
     .second_drained = false,
     .second_reachable = true,
     .control_silent = false,
     .used = {"10.16.1.10", "10.16.2.10"}},
    {.description = "unknown is used",
     .first = config::Health::unknown,
     .first_drained = false,
     .first_reachable = true,
     .second = config::Health::up,
     .second_drained = false,
     .second_reachable = true,
     .control_silent = false,
     .used = {"10.16.1.10", "10.16.2.10"}},
    {.description = "down is avoided",
     .first = config::Health::down,
     .first_drained = false,
     .first_reachable = true,
     .second = config::Health::up,
     .second_drained = false,
     .second_reachable = true,
     .control_silent = false,
     .used = {"10.16.2.10"}},
    {.description = "all down are still tried",
     .first = config::Health::down,
     .first_drained = false,
     .first_reachable = true,
     .second = config::Health::down,
     .second_drained = false,
     .second_reachable = true,
     .control_silent = false,
     .used = {"10.16.1.10", "10.16.2.10"}},
    {.description = "drained is avoided",
     .first = config::Health::up,
     .first_drained = true,
     .first_reachable = true,
     .second = config::Health::up,
     .second_drained = false,
     .second_reachable = true,
     .control_silent = false,
     .used = {"10.16.2.10"}},
    {.description = "down rather than drained",
     .first = config::Health::up,
     .first_drained = true,
     .first_reachable = true,
     .second = config::Health::down,
     .second_drained = false,
     .second_reachable = true,
     .control_silent = false,
     .used = {"10.16.2.10"}},
    {.description = "drained when there is nothing else",
     .first = config::Health::up,
     .first_drained = true,
     .first_reachable = true,
     .second = config::Health::up,
     .second_drained = true,
     .second_reachable = true,
     .control_silent = false,
     .used = {"10.16.1.10", "10.16.2.10"}},
    {.description = "down means nothing when control is silent",
     .first = config::Health::down,
     .first_drained = false,
     .first_reachable = true,
     .second = config::Health::up,
     .second_drained = false,
     .second_reachable = true,
     .control_silent = true,
     .used = {"10.16.1.10", "10.16.2.10"}},
    {.description = "drained still counts when control is silent",
     .first = config::Health::up,
     .first_drained = true,
     .first_reachable = true,
     .second = config::Health::up,
     .second_drained = false,
     .second_reachable = true,
     .control_silent = true,
     .used = {"10.16.2.10"}},
    {.description = "no next hop",
     .first = config::Health::up,
     .first_drained = false,
     .first_reachable = false,
     .second = config::Health::up,
     .second_drained = false,
     .second_reachable = true,
     .control_silent = false,
     .used = {"10.16.2.10"}},
    {.description = "no next hop beats down",
     .first = config::Health::up,
     .first_drained = false,
     .first_reachable = false,
     .second = config::Health::down,
     .second_drained = false,
     .second_reachable = true,
     .control_silent = false,
     .used = {"10.16.2.10"}},
    {.description = "nothing can be reached",
     .first = config::Health::up,
     .first_drained = false,
     .first_reachable = false,
     .second = config::Health::up,
     .second_drained = false,
     .second_reachable = false,
     .control_silent = false,
     .used = {}},
};

TEST_F(ForwardTest, HealthDecidesTheEndpoint) {
  unsigned number = 0;
  for (const HealthCase& c : kHealth) {
    SCOPED_TRACE(c.description);
    const auto set = [&](const char* endpoint, config::Health health, bool drained, bool reachable) {
      auto state = rig.endpoint(endpoint);
      state.health = health;
      state.drained = drained;
      state.reachable = reachable;
      rig.set_endpoint(endpoint, state);
    };
    set("10.16.1.10", c.first, c.first_drained, c.first_reachable);
    set("10.16.2.10", c.second, c.second_drained, c.second_reachable);
    rig.lcore().control_silent = c.control_silent;
    rig.lcore().endpoints.outstanding.fill(0);
    std::set<std::string> used;
    for (int i = 0; i < 6; ++i)
      for (const Sent& sent : rig.receive(0, {write(from_client(write(studio_query(++number))))})) {
        const Frame left = read(sent.bytes).value();
        if (sent.port == 1) used.insert(config::to_string(left.destination));
      }
    EXPECT_EQ(used, c.used);
    EXPECT_EQ(rig.verdict(),
              c.used.empty() ? "classify.query=6 query.servfail_no_next_hop=6" : "classify.query=6 query.forwarded=6");
  }
}

// 32 frames of all kinds in one burst: each gets its own verdict.
TEST_F(ForwardTest, ABurstOfManyKinds) {
  std::vector<Bytes> burst;
  DnsQuery blocked = studio_query();
  blocked.question.name = "www.blocked.example";
  for (unsigned i = 0; i < 8; ++i) {
    burst.push_back(write(from_client(write(studio_query(i)))));
    burst.push_back(write(from_client(write(blocked))));
    Frame wrong = from_client(write(studio_query()));
    wrong.udp_sum = UdpSum::wrong;
    burst.push_back(write(wrong));
    Frame tcp = from_client(write(studio_query()));
    tcp.protocol = 6;
    burst.push_back(write(tcp));
  }
  EXPECT_EQ(rig.receive(0, burst).size(), 16U);
  EXPECT_EQ(rig.verdict(),
            "classify.bad_udp_checksum=8 classify.query=16 classify.stranger=8 door.left_to_kernel=8 "
            "query.answered_nxdomain=8 query.forwarded=8");
}

// A response of 4096 octets and more is nothing special, as long as its buffer holds it: more than the client takes.
TEST_F(ForwardTest, ALargeResponse) {
  const Frame left = forward(from_client(write(studio_query())));
  Frame response = answer_to_query(left);
  response.payload = large_answer(left.payload, 9000);
  const Bytes bytes = write(response);
  rte_mbuf* frame = rig.pool.take(bytes, 128, 9300);
  const Frame back = only(rig.receive(1, {&frame, 1}), 0);
  Bytes question = to_endpoint(left.payload);
  question.resize(question.size() - 11);
  put16(question, 0, 0x1234);
  put16(question, 2, 0x8380);
  put16(question, 10, 0);
  EXPECT_EQ(to_hex(back.payload), to_hex(question));
}

}  // namespace
}  // namespace penstock::test

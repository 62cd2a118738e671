// tests/dataplane/path/response/sweep_test.cpp - queries that no endpoint answered in time.
#include <set>

#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

using SweepTest = PathTest;

TEST_F(SweepTest, ServfailInTheClientsOwnWords) {
  for (const char* client : {"192.168.10.20", "fd00::20"}) {
    for (const int opt : {0, 1, 2}) {
      for (const unsigned flags : {0x0100U, 0x0110U, 0x0000U}) {
        DnsQuery query = studio_query();
        query.id = 0xcafe;
        query.flags = static_cast<uint16_t>(flags);
        if (opt != 0) query.opt = Opt{.udp_size = 4096, .dnssec_ok = opt == 2, .extended_error = {}};
        Frame asked = from_client(write(query), client, client[0] == 'f' ? "fd00::86" : "192.168.10.86");
        if (opt == 1) asked.vlan = 9;
        const Frame left = forward(asked);
        rig.pass(1798);
        only(rig.sweep(), 1);  // once more to an endpoint, nothing to the client
        EXPECT_TRUE(rig.sweep().empty());
        rig.pass(4);
        const Frame answer = only(rig.sweep(), 0);
        EXPECT_EQ(rig.verdict(), "classify.query query.forwarded retry.sent sweep.expired");
        EXPECT_EQ(answer.source_mac, mac(0xa0));
        EXPECT_EQ(answer.destination_mac, asked.source_mac);
        EXPECT_EQ(answer.vlan, asked.vlan);
        EXPECT_EQ(config::to_string(answer.source), config::to_string(asked.destination));
        EXPECT_EQ(config::to_string(answer.destination), client);
        EXPECT_EQ(answer.source_port, 53);
        EXPECT_EQ(answer.destination_port, 40000);
        if (opt != 0) query.opt = Opt{.udp_size = 1232, .dnssec_ok = opt == 2, .extended_error = 22};
        EXPECT_EQ(to_hex(answer.payload), to_hex(own_answer(query, 2)));
        // Too late now.
        EXPECT_TRUE(rig.receive(1, {write(answer_to_query(left))}).empty());
        EXPECT_EQ(rig.verdict(), "classify.response response.unknown_id");
      }
    }
  }
}

TEST_F(SweepTest, OldestFirstAndAtMostABurst) {
  std::vector<Frame> left;
  for (uint16_t i = 0; i < 40; ++i) {
    DnsQuery query = studio_query(i);
    query.id = i;
    left.push_back(forward(from_client(write(query))));
    rig.pass(3);  // a tick of the table's wheel and more
  }
  only(rig.receive(1, {write(answer_to_query(left[3]))}), 0);
  rig.pass(60'000);
  const auto ids = [](const std::vector<Sent>& sent) {
    std::set<unsigned> numbers;
    for (const Sent& one : sent) numbers.insert(get16(read(one.bytes).value().payload, 0));
    return numbers;
  };
  std::set<unsigned> oldest;
  for (unsigned i = 0; i < 33; ++i)
    if (i != 3) oldest.insert(i);
  EXPECT_EQ(ids(rig.sweep()), oldest);
  EXPECT_EQ(ids(rig.sweep()), (std::set<unsigned>{33, 34, 35, 36, 37, 38, 39}));
  EXPECT_TRUE(rig.sweep().empty());
  EXPECT_EQ(rig.verdict(), "classify.query=40 classify.response query.forwarded=40 response.returned sweep.expired=39");
  uint64_t timeouts = 0;
  for (const auto& endpoint : rig.counters().lcore[0].endpoints) timeouts += endpoint.timeouts.get();
  EXPECT_EQ(timeouts, 39U);
}

TEST_F(SweepTest, WithoutFreshFramesTheQueryStillEnds) {
  forward(from_client(write(studio_query())));
  rig.pass(5000);
  std::vector<rte_mbuf*> held;
  while (rte_mbuf* frame = rig.pool.take({})) held.push_back(frame);
  EXPECT_TRUE(rig.sweep().empty());
  EXPECT_EQ(rig.verdict(), "classify.query query.forwarded sweep.expired_unanswered");
  EXPECT_EQ(rig.lcore().flights.pending.in_use(), 0U);
  for (rte_mbuf* frame : held) rig.pool.give_back(frame);
}

TEST_F(SweepTest, TheLongestQuestion) {
  DnsQuery query = studio_query();
  const std::string label(63, 'Q');
  query.question.name = label + "." + label + "." + label + "." + std::string(49, 'R') + ".six.example";  // 255 octets
  query.opt = Opt{};
  forward(from_client(write(query)));
  rig.pass(1800);
  query.opt->extended_error = 22;
  EXPECT_EQ(to_hex(only(rig.sweep(), 0).payload), to_hex(own_answer(query, 2)));
}

TEST_F(SweepTest, AnswersAfterTheRulesAreGone) {
  forward(from_client(write(studio_query())));
  rig.unload();
  rig.pass(1800);
  EXPECT_EQ(rig.sweep().size(), 1U);
}

}  // namespace
}  // namespace penstock::test

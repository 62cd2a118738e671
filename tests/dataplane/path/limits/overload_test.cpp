// tests/dataplane/path/limits/overload_test.cpp - each table, pool and ring of the path filled by force: what happens then is counted and
// chosen. What is not here: a full pending table (answer_test), a full hand-off ring (handoff_test), a full door (classify_test).
#include <set>

#include "dataplane/path/flight/deliver.h"
#include "tests/dataplane/path/path_test.h"
#include "tests/support/messages.h"

namespace penstock::test {
namespace {

class OverloadTest : public PathTest {
 protected:
  explicit OverloadTest(const RigOptions& options = {.rules = {}, .lcores = 1, .pending_slots = 64, .frames = 512})
      : PathTest(options) {}

  static Frame from_port(unsigned port, const DnsQuery& query = studio_query(), const char* client = "192.168.10.20") {
    Frame frame = from_client(write(query), client);
    frame.source_port = static_cast<uint16_t>(port);
    return frame;
  }
  void expect_kept(const Frame& query, const char* outcome) {
    EXPECT_TRUE(rig.receive(0, {write(query)}).empty());
    EXPECT_EQ(rig.verdict(), std::string("classify.query query.") + outcome);
  }
  std::vector<rte_mbuf*> take_all_frames() {
    std::vector<rte_mbuf*> held;
    while (rte_mbuf* frame = rig.pool.take({})) held.push_back(frame);
    return held;
  }
};

// No record for another client is left: its question is asked once more, and so is any other's, each for itself alone.
TEST_F(OverloadTest, WaiterPoolFull) {
  const uint32_t capacity = rig.lcore().flights.waiters.capacity();
  ASSERT_EQ(capacity, rig.lcore().flights.pending.capacity());
  const Frame left = forward(from_port(1000));
  rig.verdict();
  for (unsigned i = 0; i < capacity; ++i) {
    const std::string client = "192.168.11." + std::to_string(1 + i / 4);
    expect_kept(from_port(2000 + i, studio_query(), client.c_str()), "joined");
  }
  std::vector<Frame> alone;
  for (unsigned i = 0; i < 5; ++i) {
    alone.push_back(forward(from_port(3000 + i)));
    EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
    expect_kept(from_port(3000 + i), "repeated");  // known all the same
  }
  expect_kept(from_port(2000, studio_query(), "192.168.11.1"), "repeated");
  for (const Frame& query : alone) only(rig.receive(1, {write(answer_to_query(query))}), 0);
  only(rig.receive(1, {write(answer_to_query(left))}), 0);
  size_t told = 0;
  for (unsigned turn = 0; turn < 4; ++turn) told += rig.sweep().size();
  EXPECT_EQ(told, capacity);
  // Room again.
  rig.verdict();
  forward(from_port(1000));
  rig.verdict();
  expect_kept(from_port(2000), "joined");
}

// One client that joins again and again has half of the records and half of what is left; then it asks for itself alone.
TEST_F(OverloadTest, OneClientLeavesRecords) {
  const uint32_t capacity = rig.lcore().flights.waiters.capacity();
  const Frame left = forward(from_port(1000));
  rig.verdict();
  const unsigned most = capacity / 4 * 3 + 1;
  for (unsigned i = 0; i < most; ++i) expect_kept(from_port(2000 + i), "joined");
  const Frame alone = forward(from_port(3000));
  EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
  for (unsigned i = 0; i < 4; ++i) expect_kept(from_port(2000 + i, studio_query(), "192.168.11.1"), "joined");
  only(rig.receive(1, {write(answer_to_query(alone))}), 0);
  only(rig.receive(1, {write(answer_to_query(left))}), 0);
  for (unsigned turn = 0; turn < 4; ++turn) rig.sweep();
  EXPECT_EQ(rig.lcore().flights.waiters.in_use(), 0U);
  rig.verdict();
  forward(from_port(1000));
  rig.verdict();
  for (unsigned i = 0; i < most; ++i) expect_kept(from_port(2000 + i), "joined");
}

struct ManyFlights : OverloadTest {
  ManyFlights() : OverloadTest({.rules = {}, .lcores = 1, .pending_slots = 1024, .frames = 512}) {}
};

// More answers at once than are kept: clients who joined the flights beyond hear SERVFAIL, and nobody hears nothing.
TEST_F(ManyFlights, DeliveryQueueFull) {
  constexpr unsigned kFlights = state::DeliveryQueue::kAnswers + 20;
  std::vector<Bytes> responses;
  for (unsigned i = 0; i < kFlights; ++i) {
    DnsQuery query = studio_query(i);
    query.opt = Opt{};
    responses.push_back(write(answer_to_query(forward(from_port(1000, query)))));
    for (const unsigned port : {1001U, 1002U}) EXPECT_TRUE(rig.receive(0, {write(from_port(port, query))}).empty());
  }
  rig.verdict();
  for (const Bytes& response : responses) only(rig.receive(1, {response}), 0);
  EXPECT_EQ(rig.verdict(), "classify.response=276 response.returned=276");
  EXPECT_EQ(rig.counters().lcore[0].pending.get(), 0U);
  EXPECT_EQ(rig.counters().lcore[0].waiting.get(), 2 * kFlights);
  EXPECT_EQ(rig.lcore().flights.pending.in_use(), kFlights);  // their questions are still needed
  std::multiset<uint16_t> rcodes;
  Bytes servfail;
  for (unsigned turn = 0; turn < 20; ++turn)
    for (const Sent& sent : rig.sweep()) {
      const Bytes payload = read(sent.bytes).value().payload;
      rcodes.insert(get16(payload, 2) & 0xf);
      if ((get16(payload, 2) & 0xf) == 2) servfail = payload;
    }
  EXPECT_EQ(rig.verdict(), "waiter.answered=512 waiter.answered_servfail=40");
  EXPECT_EQ(rcodes.count(0), 512U);
  EXPECT_EQ(rcodes.count(2), 40U);
  DnsQuery last = studio_query(kFlights - 1);
  last.opt = Opt{.udp_size = 1232, .dnssec_ok = false, .extended_error = 0};
  EXPECT_EQ(to_hex(servfail), to_hex(own_answer(last, 2)));
  EXPECT_EQ(rig.lcore().flights.pending.in_use(), 0U);
  // All places are free again.
  const Frame left = forward(from_port(1000));
  EXPECT_TRUE(rig.receive(0, {write(from_port(1001))}).empty());
  only(rig.receive(1, {write(answer_to_query(left))}), 0);
  EXPECT_EQ(get16(only(rig.sweep(), 0).payload, 2) & 0xf, 0);
}

// A flight that thousands have joined lets those behind it have their turn: its clients do not hold the answers of the others up.
TEST_F(ManyFlights, ManyClientsOfOneFlight) {
  const auto join = [&](unsigned flight, unsigned port, const std::string& client) {
    EXPECT_TRUE(rig.receive(0, {write(from_port(port, studio_query(flight), client.c_str()))}).empty());
  };
  std::vector<Bytes> responses;
  for (unsigned flight = 0; flight < 3; ++flight)
    responses.push_back(write(answer_to_query(forward(from_port(1000, studio_query(flight))))));
  for (unsigned i = 0; i < 500; ++i) join(0, 2000 + i, "192.168.11." + std::to_string(1 + i / 4));
  for (unsigned flight = 1; flight < 3; ++flight)
    for (unsigned i = 0; i < 6; ++i) join(flight, 2000 + i, "192.168.12.1");
  for (const Bytes& response : responses) only(rig.receive(1, {response}), 0);
  rig.sweep();  // a turn tells 32
  EXPECT_EQ(rig.lcore().flights.deliveries.size(), 1U);
  EXPECT_EQ(rig.lcore().flights.waiters.in_use(), 500U - 20);
  while (rig.lcore().flights.waiters.in_use() != 0) rig.sweep();
}

// The mbuf pool is empty: clients wait for frames, and only whose own patience is over is lost.
TEST_F(OverloadTest, NoFreshFrames) {
  const Frame left = forward(from_port(1000));
  EXPECT_TRUE(rig.receive(0, {write(from_port(1001))}).empty());
  rig.pass(100);
  EXPECT_TRUE(rig.receive(0, {write(from_port(1002))}).empty());
  only(rig.receive(1, {write(answer_to_query(left))}), 0);
  rig.verdict();
  std::vector<rte_mbuf*> held = take_all_frames();
  EXPECT_TRUE(rig.sweep().empty());
  rig.pass(1699);
  EXPECT_TRUE(rig.sweep().empty());
  EXPECT_EQ(rig.verdict(), "");
  EXPECT_EQ(rig.counters().lcore[0].waiting.get(), 2U);
  rig.pass(2);
  EXPECT_TRUE(rig.sweep().empty());
  EXPECT_EQ(rig.verdict(), "waiter.lost");
  for (rte_mbuf* frame : held) rig.pool.give_back(frame);
  EXPECT_EQ(only(rig.sweep(), 0).destination_port, 1002);
  EXPECT_EQ(rig.verdict(), "waiter.answered");
}

// A frame too small for the answer takes the question with TC; one too small for that, nothing.
TEST_F(OverloadTest, FreshFramesTooSmall) {
  struct Case {
    uint16_t buffer;
    const char* verdict;
    uint16_t flags;
  };
  constexpr size_t kAnswer = 300;
  const size_t question = write(studio_query()).size();
  for (const Case& c : {Case{static_cast<uint16_t>(128 + kAnswer + dns::kOptSize), "waiter.answered", 0x8180},
                        Case{static_cast<uint16_t>(128 + question + dns::kAnswerTail), "waiter.answered", 0x8380},
                        Case{static_cast<uint16_t>(128 + question), "waiter.lost", 0}, Case{100, "waiter.lost", 0}}) {
    SCOPED_TRACE(c.buffer);
    const Frame left = forward(from_port(1000));
    EXPECT_TRUE(rig.receive(0, {write(from_port(1001))}).empty());
    Frame response = answer_to_query(left);
    response.payload = large_answer(left.payload, kAnswer);
    put16(response.payload, 2, 0x8180);
    only(rig.receive(1, {write(response)}), 0);
    rig.verdict();
    rig.lcore().frames.fresh.push(rig.pool.take({}, 0, c.buffer));
    path::deliver(rig.lcore());
    const auto sent = rig.receive(1, std::vector<Bytes>{});
    EXPECT_EQ(rig.verdict(), c.verdict);
    if (c.flags == 0) continue;
    EXPECT_EQ(get16(only(sent, 0).payload, 2), c.flags);
  }
}

// The batch of a port is full: counted where frames are lost.
TEST_F(OverloadTest, EgressBatchFull) {
  const Frame left = forward(from_port(1000));
  EXPECT_TRUE(rig.receive(0, {write(from_port(1001))}).empty());
  only(rig.receive(1, {write(answer_to_query(left))}), 0);
  rig.verdict();
  state::FrameBatch& egress = rig.lcore().frames.egress[0];
  while (egress.size() < state::FrameBatch::kCapacity) egress.push(rig.pool.take(write(from_port(1))));
  EXPECT_EQ(rig.sweep().size(), state::FrameBatch::kCapacity);
  EXPECT_EQ(rig.verdict(), "transmit.full waiter.answered");
}

}  // namespace
}  // namespace penstock::test

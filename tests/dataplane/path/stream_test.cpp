// tests/dataplane/path/stream_test.cpp - the stream port: queries over TCP, their way to endpoints, and what UDP cut short.
// Long because each case goes both ways, and they share a world of connections and cards.
#include "dataplane/state/lanes/stream_peer.h"
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

constexpr unsigned kStream = 2;  // behind the rig's two cards
const char* const kFirst = "10.16.1.10";
const char* const kOther = "10.16.2.10";
constexpr uint16_t kTc = 0x0200;

const Mac kConnection = state::StreamPeer{state::PeerKind::connection, 77, 3}.mac();
const Mac kDatagram = state::StreamPeer{state::PeerKind::datagram, 1, 0}.mac();

std::string rules_with(const std::string& more) {
  std::string rules = kRigRules;
  const std::string pool = "endpoints: [10.16.1.10, 10.16.2.10]";
  rules.replace(rules.find(pool), pool.size(), pool + more);
  return rules;
}

class StreamTest : public PathTest {
 protected:
  static RigOptions with_cache() {
    RigOptions options;
    options.cache_size = 1 << 20;
    return options;
  }
  StreamTest() : PathTest(with_cache()) { rig.host.ports[kStream].mac = state::kStreamPortMac; }

  Frame over_tcp(const DnsQuery& query = studio_query(), const Mac& peer = kConnection) {
    Frame frame = from_client(write(query));
    frame.source_mac = peer;
    frame.destination_mac = state::kStreamPortMac;
    return frame;
  }
  Frame sent_to_port(unsigned port, Frame frame) const {
    frame.destination_mac = rig.host.ports[port].mac;
    return frame;
  }
  // Frames of the slow lane's are long.
  std::vector<Sent> receive_long(const Frame& frame) {
    rte_mbuf* mbuf = rig.pool.take(write(frame), FramePool::kHeadroom, 65472);
    return rig.receive(kStream, {&mbuf, 1});
  }
  Frame ask_over_tcp(const DnsQuery& query = studio_query(), const char* endpoint = kFirst) {
    rig.prefer(endpoint);
    const Frame left = only(receive_long(over_tcp(query)), kStream);
    EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
    return left;
  }
  Frame ask_over_udp(const DnsQuery& query = studio_query()) {
    rig.prefer(kFirst);
    const Frame left = forward(from_client(write(query)));
    rig.verdict();
    return left;
  }
  static Frame truncated(const Frame& query) {
    Frame response = answer_to_query(query);
    put16(response.payload, 2, get16(response.payload, 2) | kTc);
    return response;
  }
  // With so many TXT records of 200 octets behind the address.
  static Frame long_answer(const Frame& query, unsigned records) {
    Frame response = answer_to_query(query);
    put16(response.payload, 6, static_cast<uint16_t>(1 + records));
    for (unsigned i = 0; i < records; ++i) {
      const Bytes head{0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, 201, 200};
      response.payload.insert(response.payload.end(), head.begin(), head.end());
      response.payload.insert(response.payload.end(), 200, static_cast<uint8_t>('a' + i % 26));
    }
    return response;
  }
  // The slow lane's word that the query did not get through.
  static Frame lost(const Frame& query, bool had_left = false) {
    Frame word = answer_to_query(query);
    word.payload.resize(state::kLostSize);
    word.payload[2] = had_left ? 1 : 0;
    return word;
  }
  static DnsQuery txt_query() {
    DnsQuery query = studio_query();
    query.question.type = 16;
    return query;
  }
};

TEST_F(StreamTest, InOtherLettersOverTcp) {
  const Frame left = ask_over_tcp();
  Frame response = answer_to_query(left);
  Bytes expected = response.payload;
  response.payload.at(12 + 16) ^= 0x20;
  put16(expected, 0, studio_query().id);
  EXPECT_EQ(to_hex(only(receive_long(response), kStream).payload), to_hex(expected));
}

TEST_F(StreamTest, AQueryGoesAndComesOverTcp) {
  const Frame left = ask_over_tcp();
  EXPECT_EQ(left.destination_mac, state::kEndpointMac);
  EXPECT_EQ(config::to_string(left.destination), kFirst);
  EXPECT_EQ(left.destination_port, 53);
  EXPECT_FALSE(left.vlan.has_value());
  const Frame back = only(receive_long(answer_to_query(left)), kStream);
  EXPECT_EQ(rig.verdict(), "classify.response remember.stored response.returned");
  EXPECT_EQ(back.destination_mac, kConnection);
  EXPECT_EQ(config::to_string(back.source), "192.168.10.86");
  EXPECT_EQ(config::to_string(back.destination), "192.168.10.20");
  EXPECT_EQ(back.destination_port, 40000);
  EXPECT_EQ(get16(back.payload, 0), 0x1234);
  // One memory for both.
  only(rig.receive(0, {write(from_client(write(studio_query())))}), 0);
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_cached");
  only(receive_long(over_tcp()), kStream);
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_cached");
}

TEST_F(StreamTest, ALongAnswerComesWhole) {
  for (const unsigned records : {10U, 300U}) {
    DnsQuery query = txt_query();
    query.question.name = "d-" + std::to_string(records) + ".studio.us-east-1.sagemaker.aws";
    const Frame left = ask_over_tcp(query);
    const Frame response = long_answer(left, records);
    const Frame back = only(receive_long(response), kStream);
    Bytes expected = response.payload;
    put16(expected, 0, 0x1234);
    EXPECT_EQ(to_hex(back.payload), to_hex(expected));
    rig.verdict();
  }
}

TEST_F(StreamTest, WhatWasAskedOverTcpIsNotAnsweredOverUdpNorTheOtherWayRound) {
  const Frame tcp = ask_over_tcp();
  EXPECT_TRUE(rig.receive(1, {write(sent_to_port(1, answer_to_query(tcp)))}).empty());
  EXPECT_EQ(rig.verdict(), "classify.response response.wrong_port");
  const Frame udp = ask_over_udp(studio_query(1));
  EXPECT_TRUE(receive_long(sent_to_port(kStream, answer_to_query(udp))).empty());
  EXPECT_EQ(rig.verdict(), "classify.response response.wrong_port");
  only(receive_long(answer_to_query(tcp)), kStream);
  only(rig.receive(1, {write(answer_to_query(udp))}), 0);
}

TEST_F(StreamTest, FlightsOverTcpAreNotJoined) {
  ask_over_udp();
  ask_over_tcp();
  DnsQuery other = studio_query();
  other.id = 0x4321;
  only(receive_long(over_tcp(other)), kStream);
  EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
  EXPECT_TRUE(receive_long(over_tcp(other)).empty()) << "the same once more on the same connection";
  EXPECT_EQ(rig.verdict(), "classify.query query.repeated");
  Frame udp = from_client(write(other));
  EXPECT_TRUE(rig.receive(0, {write(udp)}).empty());
  EXPECT_EQ(rig.verdict(), "classify.query query.joined");
  rig.pass(2000);
  while (rig.lcore().flights.pending.in_use() != 0) rig.sweep();
}

TEST_F(StreamTest, NobodyAnswersOverTcpAndUdpIsNoneTheWorse) {
  const auto& endpoint = rig.counters().lcore[0].endpoints[config::EndpointSlot{0}];
  ask_over_tcp();
  rig.pass(1100);
  const Frame next = only(rig.sweep(), 1);
  EXPECT_EQ(config::to_string(next.destination), kOther) << "over UDP as well";
  rig.pass(800);
  const Frame servfail = only(rig.sweep(), kStream);
  EXPECT_EQ(servfail.destination_mac, kConnection);
  EXPECT_EQ(get16(servfail.payload, 2) & 0xf, 2);
  EXPECT_EQ(rig.verdict(), "retry.sent sweep.expired") << "and no failure is remembered";
  EXPECT_EQ(endpoint.queries.get() + endpoint.timeouts.get(), 0U);
  EXPECT_EQ(endpoint.stream_queries.get(), 1U);
  EXPECT_EQ(endpoint.stream_timeouts.get(), 1U);
  EXPECT_FALSE(rig.lcore().endpoints.silence.owes_much(config::EndpointSlot{0}));
  EXPECT_EQ(rig.lcore().endpoints.round_trips.patience_inbound(config::EndpointSlot{0}), 200'000'000U)
      << "as if it had never been asked";
  only(receive_long(answer_to_query(ask_over_tcp(studio_query(2)))), kStream);
  EXPECT_EQ(rig.lcore().endpoints.round_trips.patience_inbound(config::EndpointSlot{0}), 200'000'000U);
}

TEST_F(StreamTest, AnEndpointThatRefusesIsLeftForTheNextAtOnceAndTheLastOneEndsIt) {
  const auto& endpoint = rig.counters().lcore[0].endpoints[config::EndpointSlot{0}];
  const Frame first = ask_over_tcp();
  const Frame next = only(receive_long(lost(first)), kStream);
  EXPECT_EQ(rig.verdict(), "classify.response response.lost_over_tcp");
  EXPECT_EQ(config::to_string(next.destination), kOther);
  EXPECT_EQ(to_hex(next.payload), to_hex(first.payload));
  EXPECT_EQ(rig.outstanding(kFirst), 0U);
  EXPECT_EQ(endpoint.stream_timeouts.get(), 1U);
  EXPECT_TRUE(receive_long(answer_to_query(first)).empty()) << "it had none to send by";
  EXPECT_EQ(rig.verdict(), "classify.response response.unknown_id");
  const Frame last = only(receive_long(lost(next)), 1);
  EXPECT_EQ(rig.verdict(), "classify.response response.lost_over_tcp") << "over UDP";
  EXPECT_EQ(to_hex(last.payload), to_hex(first.payload));
  const Frame back = only(rig.receive(1, {write(answer_to_query(last))}), kStream);
  EXPECT_EQ(back.destination_mac, kConnection);
  EXPECT_EQ(get16(back.payload, 2) & 0xf, 0);
  EXPECT_EQ(rig.lcore().flights.pending.in_use(), 0U);
}

TEST_F(StreamTest, WhatMustGoOverTcpEndsWithTheLastEndpointThatRefuses) {
  const Frame first = ask_over_tcp();
  rig.pass(1100);
  const Frame by_udp = only(rig.sweep(), 1);
  EXPECT_TRUE(receive_long(lost(first, true)).empty());
  const Frame again = only(rig.receive(1, {write(truncated(by_udp))}), kStream);
  EXPECT_EQ(rig.verdict(), "classify.response=2 response.asked_over_tcp response.lost_over_tcp retry.sent");
  const Frame other = only(receive_long(lost(again)), kStream);
  EXPECT_EQ(get16(other.payload, 2) & (kTc | 0xf), 2) << "no TC for who has asked over TCP";
  EXPECT_EQ(rig.lcore().flights.pending.in_use(), 0U);
}

// RFC 7766 section 5 leaves it to us by what we ask.
TEST_F(StreamTest, AnEndpointThatIsSilentOverTcpIsAskedOverUdp) {
  const Frame first = ask_over_tcp();
  rig.pass(1100);
  const Frame next = only(rig.sweep(), 1);
  EXPECT_EQ(to_hex(next.payload), to_hex(first.payload));
  const Frame back = only(rig.receive(1, {write(answer_to_query(next))}), kStream);
  EXPECT_EQ(rig.verdict(), "classify.response remember.stored response.returned retry.sent");
  EXPECT_EQ(back.destination_mac, kConnection);
  EXPECT_EQ(back.source_port, 53);
  EXPECT_EQ(rig.lcore().flights.pending.in_use(), 0U);
}

TEST_F(StreamTest, WhatUdpCutsShortIsTcpsAgain) {
  ask_over_tcp(txt_query());
  rig.pass(1100);
  const Frame by_udp = only(rig.sweep(), 1);
  const Frame again = only(rig.receive(1, {write(truncated(by_udp))}), kStream);
  EXPECT_EQ(rig.verdict(), "classify.response response.asked_over_tcp retry.sent") << "whatever resolve_tc says";
  EXPECT_EQ(config::to_string(again.destination), kOther);
  const Frame response = long_answer(again, 20);
  EXPECT_EQ(only(receive_long(response), kStream).payload.size(), response.payload.size());
}

TEST_F(StreamTest, AnEndpointKnownToBeSilentOverTcpIsAskedOverUdpFirst) {
  for (unsigned i = 0; i < 40; ++i) ask_over_tcp(studio_query(i));
  rig.pass(2000);
  while (rig.lcore().flights.pending.in_use() != 0) rig.sweep();
  rig.verdict();
  ask_over_tcp(studio_query(100));  // one now and then finds out whether it still is
  const auto asked = [&](unsigned name) {
    rig.prefer(kFirst);
    const Frame left = only(receive_long(over_tcp(studio_query(name))), 1);
    EXPECT_EQ(config::to_string(left.destination), kFirst);
    return left;
  };
  const Frame left = asked(101);
  EXPECT_EQ(rig.outstanding(kFirst), 1U);
  EXPECT_EQ(only(rig.receive(1, {write(answer_to_query(left))}), kStream).destination_mac, kConnection);
  rig.pass(5100);
  while (rig.lcore().flights.pending.in_use() != 0) rig.sweep();
  rig.verdict();
  const Frame tried = ask_over_tcp(studio_query(102));
  only(receive_long(answer_to_query(tried)), kStream);
  rig.verdict();
  ask_over_tcp(studio_query(103));
  rig.pass(2000);
  while (rig.lcore().flights.pending.in_use() != 0) rig.sweep();
}

TEST_F(StreamTest, WhoeverWasAskedBesideItIsWaitedFor) {
  const Frame first = ask_over_tcp();
  rig.pass(1100);
  const Frame second = only(rig.sweep(), 1);
  EXPECT_TRUE(receive_long(lost(first, true)).empty());
  only(rig.receive(1, {write(answer_to_query(second))}), kStream);
}

TEST_F(StreamTest, OnlyTheSlowLaneMaySayThatAQueryIsLostAndOnlyOfWhatIsUnderWay) {
  const Frame left = ask_over_tcp();
  EXPECT_TRUE(rig.receive(1, {write(sent_to_port(1, lost(left)))}).empty());
  EXPECT_EQ(rig.verdict(), "classify.response response.malformed");
  Frame other = lost(left);
  ++other.destination_port;
  EXPECT_TRUE(receive_long(other).empty());
  EXPECT_EQ(rig.verdict(), "classify.response response.unknown_id");
  other = lost(left);
  ++other.payload[1];
  EXPECT_TRUE(receive_long(other).empty());
  EXPECT_EQ(rig.verdict(), "classify.response response.unknown_id");
  only(receive_long(answer_to_query(left)), kStream);
  EXPECT_TRUE(receive_long(lost(left)).empty()) << "answered already";
}

// A server that resets under load must not get all that others reset; one that takes no connections costs them nothing.
TEST_F(StreamTest, OnlyWhatHadLeftIsARetry) {
  for (const bool had_left : {false, true}) {
    unsigned next = 0;
    for (unsigned i = 0; i < 2000; ++i) {
      DnsQuery query = studio_query();
      query.question.name = (had_left ? "left-" : "never-") + std::to_string(i) + ".studio.us-east-1.sagemaker.aws";
      const Frame left = ask_over_tcp(query);
      const Frame other = only(receive_long(lost(left, had_left)), kStream);
      rig.verdict();
      if (other.destination_mac == kConnection) continue;  // SERVFAIL
      ++next;
      only(receive_long(answer_to_query(other)), kStream);
      rig.verdict();
    }
    if (had_left)
      EXPECT_LT(next, 2000U);
    else
      EXPECT_EQ(next, 2000U);
  }
}

TEST_F(StreamTest, WhatIsNotAnsweredEndsTheConnection) {
  Frame response = over_tcp();
  put16(response.payload, 2, 0x8000);
  const Frame end = only(receive_long(response), kStream);
  EXPECT_EQ(rig.verdict(), "classify.query query.ignored_response");
  EXPECT_EQ(end.destination_mac, kConnection);
  EXPECT_TRUE(end.payload.empty());
  Frame udp = from_client(response.payload);
  EXPECT_TRUE(rig.receive(0, {write(udp)}).empty());
}

TEST_F(StreamTest, TransfersAreRefused) {
  for (const uint16_t type : {uint16_t{251}, uint16_t{252}}) {
    DnsQuery query = studio_query();
    query.question.type = type;
    const Frame back = only(receive_long(over_tcp(query)), kStream);
    EXPECT_EQ(rig.verdict(), "classify.query query.refused_transfer");
    EXPECT_EQ(get16(back.payload, 2) & 0xf, 5);
    only(rig.receive(0, {write(from_client(write(query)))}), 0);
    EXPECT_EQ(rig.verdict(), "classify.query query.refused_transfer");
  }
}

// What the kernel put together: UDP to the client, TCP to the endpoint.
TEST_F(StreamTest, AClientOverUdpKeepsItsSize) {
  const Frame left = only(receive_long(over_tcp(txt_query(), kDatagram)), kStream);
  const Frame back = only(receive_long(long_answer(left, 10)), kStream);
  EXPECT_EQ(back.destination_mac, kDatagram);
  rig.verdict();
  const Frame again = only(receive_long(over_tcp(txt_query(), kDatagram)), kStream);
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_cached");
  EXPECT_EQ(get16(again.payload, 2) & kTc, kTc) << "512 octets are all that it takes";
}

class ResolveTcTest : public StreamTest {
 protected:
  ResolveTcTest() { rig.load(rules_with(", resolve_tc: true")); }
  Frame cut_short(const Frame& query) {
    const Frame again = only(rig.receive(1, {write(truncated(query))}), kStream);
    EXPECT_EQ(rig.verdict(), "classify.response response.asked_over_tcp");
    return again;
  }
};

TEST_F(StreamTest, ATruncatedAnswerIsPassedOn) {
  const Frame back = only(rig.receive(1, {write(truncated(ask_over_udp()))}), 0);
  EXPECT_EQ(get16(back.payload, 2) & kTc, kTc);
}

TEST_F(ResolveTcTest, ATruncatedAnswerIsAskedAgainOverTcp) {
  const Frame left = ask_over_udp();
  const Frame again = cut_short(left);
  EXPECT_EQ(again.destination_mac, state::kEndpointMac);
  EXPECT_EQ(config::to_string(again.destination), kFirst);
  EXPECT_EQ(to_hex(again.payload), to_hex(left.payload));
  EXPECT_EQ(rig.outstanding(kFirst), 1U);
  EXPECT_TRUE(rig.receive(1, {write(truncated(left))}).empty()) << "doubled, it counts no more";
  EXPECT_EQ(rig.verdict(), "classify.response response.wrong_port");
  const Frame back = only(receive_long(answer_to_query(again)), 0);
  EXPECT_EQ(rig.verdict(), "classify.response remember.stored response.returned");
  EXPECT_EQ(back.destination_mac, mac(0xc1));
  EXPECT_EQ(get16(back.payload, 2) & kTc, 0);
  EXPECT_EQ(rig.outstanding(kFirst), 0U);
}

class BudgetTest : public PathTest {
 protected:
  static RigOptions options() {
    RigOptions options;
    options.rules = kRigRules;
    const std::string pool = "endpoints: [10.16.1.10, 10.16.2.10]";
    options.rules.replace(options.rules.find(pool), pool.size(),
                          "endpoints: [{address: 10.16.1.10, budget: 100}], resolve_tc: true");
    options.budgets = true;
    return options;
  }
  BudgetTest() : PathTest(options()) {}
};

TEST_F(BudgetTest, AskingAgainIsOneQueryMoreForTheEndpoint) {
  const auto& endpoint = rig.counters().lcore[0].endpoints[config::EndpointSlot{0}];
  unsigned passed_on = 0;
  for (unsigned i = 0; i < 200 && passed_on == 0; ++i) {
    const auto left = rig.receive(0, {write(from_client(write(studio_query(i))))});
    ASSERT_EQ(left.size(), 1U);
    if (left[0].port != 1) break;  // SERVFAIL: there is none left for the first query either
    Frame response = answer_to_query(read(left[0].bytes).value());
    put16(response.payload, 2, get16(response.payload, 2) | kTc);
    const auto sent = rig.receive(1, {write(response)});
    ASSERT_EQ(sent.size(), 1U);
    if (sent[0].port == 0) ++passed_on;
  }
  EXPECT_GT(endpoint.over_budget.get(), 0U);
  EXPECT_LE(endpoint.queries.get() + endpoint.stream_queries.get(), 12U);
  rig.pass(2000);
  while (rig.lcore().flights.pending.in_use() != 0) rig.sweep();
}

TEST_F(ResolveTcTest, AnAnswerTooLongForTheClientIsCutButRemembered) {
  const Frame again = cut_short(ask_over_udp(txt_query()));
  const Frame response = long_answer(again, 12);
  const Frame back = only(receive_long(response), 0);
  EXPECT_EQ(rig.verdict(), "classify.response remember.stored response.returned");
  EXPECT_EQ(get16(back.payload, 2) & kTc, kTc);
  EXPECT_EQ(get16(back.payload, 6), 0);
  const Frame whole = only(receive_long(over_tcp(txt_query())), kStream);
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_cached");
  EXPECT_EQ(whole.payload.size(), response.payload.size());
}

TEST_F(ResolveTcTest, AnEndpointWithoutTcpLeavesTheClientWhatUdpCouldSay) {
  cut_short(ask_over_udp());
  rig.pass(1100);
  const Frame other = only(rig.sweep(), kStream);
  EXPECT_EQ(config::to_string(other.destination), kOther);
  rig.pass(800);
  const Frame back = only(rig.sweep(), 0);
  EXPECT_EQ(get16(back.payload, 2) & (kTc | 0xf), kTc);
}

TEST_F(ResolveTcTest, EndpointsThatRefuseLeaveTheClientsAtOnceWhatUdpCouldSay) {
  const DnsQuery query = studio_query();
  const Frame other = only(receive_long(lost(cut_short(ask_over_udp(query)))), kStream);
  EXPECT_EQ(config::to_string(other.destination), kOther);
  Frame joins = from_client(write(query));
  joins.source_port = 41000;
  EXPECT_TRUE(rig.receive(0, {write(joins)}).empty());
  const Frame first = only(receive_long(lost(other)), 0);
  const Frame second = only(rig.sweep(), 0);
  EXPECT_EQ(second.destination_port, 41000);
  for (const Frame& told : {first, second}) {
    EXPECT_EQ(get16(told.payload, 2) & (kTc | 0xf), kTc);
    EXPECT_EQ(get16(told.payload, 0), query.id);
  }
}

TEST_F(StreamTest, AFragmentIsAskedAgainOverTcpWhateverThePoolSays) {
  const Frame left = ask_over_udp(txt_query());
  Frame response = long_answer(left, 6);
  response.fragment = 0x2000;
  response.payload.resize(600);  // what is behind it comes later
  const Frame again = only(rig.receive(1, {write(response)}), kStream);
  EXPECT_EQ(rig.verdict(), "classify.fragment response.asked_over_tcp");
  EXPECT_EQ(to_hex(again.payload), to_hex(left.payload));
  only(receive_long(answer_to_query(again)), 0);
}

// RFC 8200 section 4.5: the header behind that of IPv6, 8 octets.
Bytes first_fragment_v6(const Frame& frame, uint16_t offset_and_more) {
  Bytes bytes = write(frame);
  const size_t at = 14 + 40;
  const Bytes header{17, 0, static_cast<uint8_t>(offset_and_more >> 8), static_cast<uint8_t>(offset_and_more), 1, 2,
                     3,  4};
  bytes.insert(bytes.begin() + at, header.begin(), header.end());
  bytes[14 + 6] = 44;
  put16(bytes, 14 + 4, static_cast<uint16_t>(get16(bytes, 14 + 4) + 8));
  return bytes;
}

TEST_F(StreamTest, AFragmentOverIPv6IsAskedAgainToo) {
  DnsQuery query = studio_query();
  query.question.name = "a.six.example";
  const Frame left = forward(from_client(write(query)));
  rig.verdict();
  const Frame response = answer_to_query(left);
  EXPECT_TRUE(rig.receive(1, {first_fragment_v6(response, 0x0009)}).empty()) << "a later one";
  EXPECT_EQ(rig.verdict(), "classify.stranger door.left_to_kernel");
  const Frame again = only(rig.receive(1, {first_fragment_v6(response, 0x0001)}), kStream);
  EXPECT_EQ(rig.verdict(), "classify.fragment response.asked_over_tcp");
  EXPECT_EQ(config::to_string(again.destination), "fd16::10");
  only(receive_long(answer_to_query(again)), 0);
}

TEST_F(StreamTest, AForgedFragmentAsksNothing) {
  const Frame left = ask_over_udp();
  Frame forged = answer_to_query(left);
  forged.fragment = 0x2000;
  put16(forged.payload, 0, get16(forged.payload, 0) ^ 1);
  EXPECT_TRUE(rig.receive(1, {write(forged)}).empty());
  EXPECT_EQ(rig.verdict(), "classify.fragment response.unknown_id");
  forged = answer_to_query(left);
  forged.fragment = 0x2000;
  forged.payload[20] ^= 1;
  EXPECT_TRUE(rig.receive(1, {write(forged)}).empty());
  EXPECT_EQ(rig.verdict(), "classify.fragment response.wrong_question");
  only(rig.receive(1, {write(answer_to_query(left))}), 0);
}

// As the worker has them: over the slow lane's ring.
TEST_F(StreamTest, TheRingsBringQueriesAndTakeUsedFramesBack) {
  rig.prefer(kFirst);
  state::FrameRing& ring = rig.rings->ring(rig.rings->slow_thread(), 0);
  rte_mbuf* query = rig.pool.take(write(over_tcp()));
  query->port = kStream;
  ring.push(state::received(query));
  ring.push(state::used(rig.pool.take({})));
  const Frame left = only(rig.take_handed_off(), kStream);
  EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
  rte_mbuf* response = rig.pool.take(write(answer_to_query(left)));
  response->port = kStream;
  ring.push(state::received(response));
  only(rig.take_handed_off(), kStream);
  EXPECT_EQ(rig.counters().lcore[0].received.get(), 2U);
}

}  // namespace
}  // namespace penstock::test

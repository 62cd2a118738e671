// tests/dataplane/path/response/response_test.cpp - what RFC 5452 asks of a response: one that does not fit is dropped, counted and
// leaves the query open for the right one.
#include <functional>

#include "config/contract/event_ring.h"
#include "dataplane/dns/answer.h"
#include "dataplane/state/lanes/stream_peer.h"
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

struct ResponseCase {
  const char* description;
  std::function<void(Frame&)> change;
  const char* verdict;
};

size_t type_at() {
  return 12 + wire_name(studio_query().question.name).size();
}
void set_flags(Frame& response, uint16_t clear, uint16_t set) {
  put16(response.payload, 2, static_cast<uint16_t>((get16(response.payload, 2) & ~clear) | set));
}

const ResponseCase kMismatches[] = {
    {.description = "another id",
     .change = [](Frame& f) { put16(f.payload, 0, get16(f.payload, 0) ^ 1); },
     .verdict = "response.unknown_id"},
    // The table has 1024 slots: this id shares the slot.
    {.description = "an id that differs above the slot's index",
     .change = [](Frame& f) { put16(f.payload, 0, get16(f.payload, 0) ^ 0x8000); },
     .verdict = "response.unknown_id"},
    {.description = "from a sibling endpoint",
     .change = [](Frame& f) { f.source = address("10.16.1.10"); },
     .verdict = "response.wrong_endpoint"},
    {.description = "from an unknown address",
     .change = [](Frame& f) { f.source = address("10.16.2.11"); },
     .verdict = "response.wrong_endpoint"},
    {.description = "from an address of the other family",
     .change =
         [](Frame& f) {
           f.source = address("fd16::10");
           f.destination = address("fd00::86");
         },
     .verdict = "response.wrong_endpoint"},
    {.description = "from ::, with the endpoint's first four octets",
     .change =
         [](Frame& f) {
           f.source = address("a10:20a::");
           f.destination = address("c0a8:a56::");
         },
     .verdict = "response.wrong_endpoint"},
    {.description = "to another address of ours",
     .change = [](Frame& f) { f.destination = address("192.168.10.87"); },
     .verdict = "response.wrong_endpoint"},
    {.description = "to another of our ports",
     .change =
         [](Frame& f) {
           f.destination_port = f.destination_port == PathRig::kFirstSourcePort ? PathRig::kFirstSourcePort + 1
                                                                                : PathRig::kFirstSourcePort;
         },
     .verdict = "response.wrong_port"},
    {.description = "another name of the same length",
     .change = [](Frame& f) { f.payload.at(13) ^= 1; },
     .verdict = "response.wrong_question"},
    {.description = "another type",
     .change = [](Frame& f) { put16(f.payload, type_at(), 28); },
     .verdict = "response.wrong_question"},
    {.description = "another class",
     .change = [](Frame& f) { put16(f.payload, type_at() + 2, 3); },
     .verdict = "response.wrong_question"},
    {.description = "QDCOUNT 2",
     .change = [](Frame& f) { put16(f.payload, 4, 2); },
     .verdict = "response.wrong_question"},
    {.description = "cut short within the question",
     .change = [](Frame& f) { f.payload.resize(type_at() + 3); },
     .verdict = "response.wrong_question"},
    {.description = "only a header",
     .change = [](Frame& f) { f.payload.resize(12); },
     .verdict = "response.wrong_question"},
    {.description = "shorter than a header",
     .change = [](Frame& f) { f.payload.resize(11); },
     .verdict = "response.malformed"},
    {.description = "empty", .change = [](Frame& f) { f.payload.clear(); }, .verdict = "response.malformed"},
    {.description = "a query, not a response",
     .change = [](Frame& f) { set_flags(f, 0x8000, 0); },
     .verdict = "response.malformed"},
    {.description = "opcode NOTIFY",
     .change = [](Frame& f) { set_flags(f, 0, 4 << 11); },
     .verdict = "response.malformed"},
    {.description = "opcode UPDATE",
     .change = [](Frame& f) { set_flags(f, 0, 5 << 11); },
     .verdict = "response.malformed"},
};

class ResponseTest : public PathTest {
 protected:
  Frame ask(const char* endpoint = "10.16.2.10") {
    rig.prefer(endpoint);
    const Frame left = forward(from_client(write(studio_query())));
    EXPECT_EQ(config::to_string(left.destination), endpoint);
    rig.verdict();
    return left;
  }
};

TEST_F(ResponseTest, MismatchesAreDroppedAndTheRightOneIsStillReturned) {
  for (const ResponseCase& c : kMismatches) {
    SCOPED_TRACE(c.description);
    const Frame left = ask();
    Frame response = answer_to_query(left);
    c.change(response);
    EXPECT_TRUE(rig.receive(1, {write(response)}).empty());
    EXPECT_EQ(rig.verdict(), std::string("classify.response ") + c.verdict);
    EXPECT_EQ(rig.lcore().flights.pending.in_use(), 1U);
    only(rig.receive(1, {write(answer_to_query(left))}), 0);
    EXPECT_EQ(rig.verdict(), "classify.response response.returned");
    EXPECT_EQ(rig.lcore().flights.pending.in_use(), 0U);
  }
}

// No answer, but nobody else could know id, port and address: the endpoint has failed, and the next one is asked at once. Its word is
// neither passed on nor remembered.
TEST_F(ResponseTest, WhatIsNoAnswerIsTheEndpointsFailure) {
  const std::pair<const char*, std::function<void(Frame&)>> cases[] = {
      {"only a header",
       [](Frame& f) {
         f.payload.resize(12);
         for (const size_t count : {4, 6, 8, 10}) put16(f.payload, count, 0);
       }},
      {"no question", [](Frame& f) { put16(f.payload, 4, 0); }},
      {"two OPTs",
       [](Frame& f) {
         for (int i = 0; i < 2; ++i) {
           const Bytes opt = opt_record({});
           f.payload.insert(f.payload.end(), opt.begin(), opt.end());
         }
         put16(f.payload, 10, 2);
       }},
      {"signed, as nobody asked",
       [](Frame& f) {
         for (const uint8_t octet : {0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 2, 7, 7}) f.payload.push_back(octet);
         put16(f.payload, 10, static_cast<uint16_t>(get16(f.payload, 10) + 1));
       }},
  };
  for (const auto& [what, change] : cases) {
    for (const uint16_t rcode : {0, 2, 3, 4, 5}) {
      SCOPED_TRACE(std::string(what) + ", rcode " + std::to_string(rcode));
      const Frame left = ask();
      Frame response = answer_to_query(left, rcode);
      change(response);
      Frame asked = left;
      if (rcode == 4 && get16(response.payload, 4) == 0) {  // NOTIMP: it may be about our OPT
        asked = only(rig.receive(1, {write(response)}), 1);
        EXPECT_EQ(rig.verdict(), "classify.response response.asked_without_edns");
        response = answer_to_query(asked, rcode);
        change(response);
      }
      const Frame next = only(rig.receive(1, {write(response)}), 1);
      EXPECT_EQ(rig.verdict(), "classify.response response.unusable");
      EXPECT_EQ(config::to_string(next.destination), "10.16.1.10");
      EXPECT_TRUE(rig.receive(1, {write(answer_to_query(asked))}).empty()) << "it had its say";
      rig.verdict();
      response = answer_to_query(next, 2);
      change(response);
      const Frame back = only(rig.receive(1, {write(response)}), 0);
      EXPECT_EQ(rig.verdict(), "classify.response response.unusable sweep.expired");
      EXPECT_EQ(to_hex(back.payload), to_hex(own_answer(studio_query(), 2)));
      EXPECT_EQ(rig.lcore().flights.pending.in_use(), 0U);
      EXPECT_EQ(rig.outstanding("10.16.1.10"), 1'000'000U);
      EXPECT_EQ(rig.outstanding("10.16.2.10"), 0U);
    }
  }
}

TEST_F(ResponseTest, ASecondEndpointThatStillOwesAnAnswerIsWaitedFor) {
  const Frame left = ask();
  rig.pass(600);
  const Frame next = only(rig.sweep(), 1);
  rig.verdict();
  Frame response = answer_to_query(left, 2);
  response.payload.resize(12);
  for (const size_t count : {4, 6, 8, 10}) put16(response.payload, count, 0);
  EXPECT_TRUE(rig.receive(1, {write(response)}).empty());
  EXPECT_EQ(rig.verdict(), "classify.response response.unusable");
  EXPECT_EQ(get16(only(rig.receive(1, {write(answer_to_query(next))}), 0).payload, 2), 0x8180);
}

// An endpoint that has nothing else to say is set aside as if it said nothing.
TEST_F(ResponseTest, SuchAnEndpointIsSetAside) {
  for (unsigned i = 0; i < state::Silence::kOwed; ++i) {
    rig.prefer("10.16.2.10");
    const Frame left = forward(from_client(write(studio_query(i))));
    EXPECT_EQ(config::to_string(left.destination), "10.16.2.10");
    rig.pass(10);
    Frame response = answer_to_query(left, 5);
    put16(response.payload, 4, 0);
    const Frame next = only(rig.receive(1, {write(response)}), 1);
    only(rig.receive(1, {write(answer_to_query(next))}), 0);
  }
  EXPECT_TRUE(rig.lcore().endpoints.silence.owes_much(config::EndpointSlot{1}));
  EXPECT_FALSE(rig.lcore().endpoints.silence.owes_much(config::EndpointSlot{0}));
}

// RFC 4343 section 3: it is the same name.
TEST_F(ResponseTest, TheQuestionInOtherLettersComesBackInTheClients) {
  const Frame left = ask();
  Frame response = answer_to_query(left);
  Bytes expected = response.payload;
  response.payload.at(12 + 16) ^= 0x20;
  put16(expected, 0, 0x1234);
  EXPECT_EQ(to_hex(only(rig.receive(1, {write(response)}), 0).payload), to_hex(expected));
  EXPECT_EQ(rig.verdict(), "classify.response response.returned");
}

TEST_F(ResponseTest, DoubledInOneBurstAndLate) {
  const Frame left = ask();
  const Bytes response = write(answer_to_query(left));
  EXPECT_EQ(rig.receive(1, {response, response, response}).size(), 1U);
  EXPECT_EQ(rig.verdict(), "classify.response=3 response.returned response.unknown_id=2");
  EXPECT_TRUE(rig.receive(1, {response}).empty());
  EXPECT_EQ(rig.verdict(), "classify.response response.unknown_id");
}

// But for those that are ours: RA, and RD and CD as the client asked.
TEST_F(ResponseTest, FlagsAndRcodesAreTheEndpoints) {
  for (unsigned rcode = 0; rcode < 16; ++rcode) {
    for (const uint16_t flags : {0x0000, 0x0400, 0x0200, 0x0020, 0x0670}) {  // AA, TC, AD, and all with CD and Z
      Frame left = ask();
      Frame response = answer_to_query(left, static_cast<uint16_t>(rcode));
      set_flags(response, 0, flags);
      if (rcode == 1 || rcode == 4) {  // it may be about our OPT: it is asked once more without
        left = only(rig.receive(1, {write(response)}), 1);
        response = answer_to_query(left, static_cast<uint16_t>(rcode));
        set_flags(response, 0, flags);
      }
      const Frame back = only(rig.receive(1, {write(response)}), 0);
      Bytes expected = response.payload;
      put16(expected, 0, 0x1234);
      // AD is for who asked for it (RFC 6840 section 5.8).
      put16(expected, 2, dns::answer_flags(studio_query().flags, get16(expected, 2)) & ~0x20);
      EXPECT_EQ(to_hex(back.payload), to_hex(expected));
      EXPECT_EQ(get16(back.payload, 2) & 0x01d0, 0x0180);  // RD, RA, no Z, no CD
    }
    EXPECT_EQ(rig.counters().lcore[0].rcodes[rcode].get(), 5U);
  }
}

TEST_F(ResponseTest, NoRoomForTheClientsHeadersLeavesTheQueryOpen) {
  Frame asked = from_client(write(studio_query()), "fd00::20", "fd00::86");
  asked.vlan = 5;
  const Frame left = forward(asked);
  rig.verdict();
  const Bytes response = write(answer_to_query(left));
  for (const uint16_t headroom : {0, 23, 24}) {  // 20 octets of IPv6 and 4 of the tag more
    rte_mbuf* frame = rig.pool.take(response, headroom, static_cast<uint16_t>(headroom + response.size()));
    const auto sent = rig.receive(1, {&frame, 1});
    EXPECT_EQ(sent.size(), headroom < 24 ? 0U : 1U);
    EXPECT_EQ(rig.verdict(),
              headroom < 24 ? "classify.response response.no_room" : "classify.response response.returned");
  }
}

// Somebody who has hit the id three times is near (what has all but the letters: edns_test).
TEST_F(ResponseTest, TheThirdThatFitsButInPartEndsUdp) {
  const std::function<void(Frame&)> changes[] = {
      [](Frame& f) { f.destination_port = static_cast<uint16_t>(f.destination_port ^ 1); },
      [](Frame& f) { f.payload.at(13) ^= 1; },
  };
  const uint8_t stream = rig.host.stream_port();
  rig.host.ports[stream].mac = state::kStreamPortMac;
  for (const auto& change : changes) {
    const Frame left = ask();
    rig.pass(600);
    const Frame other = only(rig.sweep(), 1);
    rig.verdict();
    Frame forged = answer_to_query(left);
    change(forged);
    EXPECT_TRUE(rig.receive(1, {write(forged), write(forged)}).empty());
    EXPECT_EQ(rig.verdict().find("retry"), std::string::npos);
    const auto sent = rig.receive(1, {write(forged)});
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].port, stream);
    EXPECT_NE(rig.verdict().find("retry.over_tcp"), std::string::npos);
    // What comes over UDP counts no more, be it right.
    for (const Frame& query : {left, other}) EXPECT_TRUE(rig.receive(1, {write(answer_to_query(query))}).empty());
    const Frame asked = read(sent[0].bytes).value_or(Frame{});
    EXPECT_EQ(get16(only(rig.receive(stream, {write(answer_to_query(asked))}), 0).payload, 2), 0x8180);
    EXPECT_EQ(rig.lcore().flights.pending.in_use(), 0U);
    rig.verdict();
  }
  const config::EventRing& events = rig.counters().lcore[0].events;
  ASSERT_GE(events.count(), 1U);
  EXPECT_EQ(events.get(0)->kind, config::EventKind::forged);
  EXPECT_EQ(config::to_string(config::IpAddress{events.get(0)->address, events.get(0)->family}), "10.16.2.10");
}

TEST_F(ResponseTest, MoreThanCanBeLateBringAnEndpointUnderSuspicion) {
  rig.host.ports[rig.host.stream_port()].mac = state::kStreamPortMac;
  const Frame left = ask();
  only(rig.receive(1, {write(answer_to_query(left))}), 0);
  const Bytes late = write(answer_to_query(left));
  const auto& endpoint = rig.counters().lcore[0].endpoints[config::EndpointSlot{1}];
  const config::EventRing& events = rig.counters().lcore[0].events;
  const auto flood = [&](unsigned frames) {
    for (unsigned i = 0; i < frames; i += 20) rig.receive(1, std::vector<Bytes>(20, late));
  };
  flood(3 * state::OddResponses::kFew);
  EXPECT_EQ(events.count(), 0U) << "an endpoint that stood still says all that it owes";
  rig.pass(1100);
  flood(state::OddResponses::kFew);
  EXPECT_EQ(endpoint.odd_responses.get(), 4 * state::OddResponses::kFew);
  EXPECT_EQ(events.count(), 0U);
  flood(40);
  ASSERT_EQ(events.count(), 1U);
  EXPECT_EQ(events.get(0)->kind, config::EventKind::forged);
  EXPECT_EQ(events.get(0)->name_length, 0);
  flood(200);
  EXPECT_EQ(events.count(), 1U) << "once, not for each";
  // Under suspicion the first that fits in part is one too many.
  rig.pass(100);
  const Frame next = ask();
  Frame forged = answer_to_query(next);
  forged.payload.at(13) ^= 1;
  const auto sent = rig.receive(1, {write(forged)});
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].port, rig.host.stream_port());
  const Frame asked = read(sent[0].bytes).value_or(Frame{});
  only(rig.receive(rig.host.stream_port(), {write(answer_to_query(asked))}), 0);
  // It ends.
  rig.pass(state::OddResponses::kAlarm / 1'000'000 + 1);
  const Frame last = ask();
  forged = answer_to_query(last);
  forged.payload.at(13) ^= 1;
  EXPECT_TRUE(rig.receive(1, {write(forged)}).empty());
  only(rig.receive(1, {write(answer_to_query(last))}), 0);
}

// An endpoint's slot may have the number of a rule.
TEST_F(ResponseTest, AReportOfAnEndpointHoldsBackNoneOfARule) {
  rig.host.ports[rig.host.stream_port()].mac = state::kStreamPortMac;
  const Frame left = ask("10.16.1.10");
  only(rig.receive(1, {write(answer_to_query(left))}), 0);
  const Bytes late = write(answer_to_query(left));
  const config::EventRing& events = rig.counters().lcore[0].events;
  rig.receive(1, {late});
  rig.pass(1100);
  for (unsigned i = 0; i < state::OddResponses::kFew + 40; i += 20) rig.receive(1, std::vector<Bytes>(20, late));
  ASSERT_EQ(events.count(), 1U);
  EXPECT_EQ(events.get(0)->endpoint_slot, config::EndpointSlot{0});

  rig.pass(100);
  Frame forged = answer_to_query(ask("10.16.1.10"));
  forged.payload.at(13) ^= 1;
  EXPECT_EQ(rig.receive(1, {write(forged)}).size(), 1U) << "asked over TCP";
  ASSERT_EQ(events.count(), 2U);
  EXPECT_EQ(events.get(1)->rule, 0U);
  EXPECT_GT(events.get(1)->name_length, 0);
}

TEST_F(ResponseTest, LatencyGoesIntoItsBucket) {
  const uint64_t microseconds[] = {0, 1, 2, 3, 1023, 1024, 1'700'000, 5'000'000};
  const size_t buckets[] = {0, 1, 2, 2, 10, 11, 21, 22};
  for (size_t i = 0; i < std::size(buckets); ++i) {
    const Frame left = ask();
    const auto& endpoint = rig.counters().lcore[0].endpoints[config::EndpointSlot{1}];
    const uint64_t before = endpoint.latency[buckets[i]].get();
    rig.now += microseconds[i] * 1000;
    only(rig.receive(1, {write(answer_to_query(left))}), 0);
    EXPECT_EQ(endpoint.latency[buckets[i]].get(), before + 1) << microseconds[i];
    EXPECT_EQ(endpoint.queries.get(), i + 1);
    EXPECT_EQ(endpoint.responses.get(), i + 1);
  }
}

// A client's answer goes where its query came from, whatever changed meanwhile.
TEST_F(ResponseTest, RulesAndHopsMayChangeInFlight) {
  const Frame left = ask();
  rig.load(R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86]
clients: {allow: [10.0.0.0/8]}
pools: {other: {kind: recursive, endpoints: [10.99.0.1]}}
default: {pool: other}
)");
  const Frame back = only(rig.receive(1, {write(answer_to_query(left))}), 0);
  EXPECT_EQ(to_string(back), "0200000000a0>0200000000c1 192.168.10.86.53 > 192.168.10.20.40000");
}

}  // namespace
}  // namespace penstock::test

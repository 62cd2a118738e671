// tests/fuzz/live/live_path_fuzz.cpp - both ends of a live path: clients ask, endpoints are seen being asked and answer, time passes, rules
// change, as the input says; an oracle of its own judges all that leaves (README.md).
#include <cstdio>
#include <cstdlib>

#include "dataplane/state/lanes/stream_peer.h"
#include "tests/fuzz/live/oracle.h"
#include "tests/fuzz/live/script.h"

using namespace penstock;
using namespace penstock::fuzz;

namespace {

[[noreturn]] void fail(const std::string& wrong) {
  std::fprintf(stderr, "live path: %s\n", wrong.c_str());
  std::abort();
}

// With LIVE_PATH_TRACE in the environment each message is told, in order.
void trace(const char* what, unsigned port, const test::Frame& frame) {
  static const bool wanted = std::getenv("LIVE_PATH_TRACE") != nullptr;
  if (!wanted) return;
  std::fprintf(stderr, "%s %u %s %s\n", what, port, to_string(frame).c_str(), test::to_hex(frame.payload).c_str());
}

class LivePath {
 public:
  explicit LivePath(std::span<const uint8_t> octets) : input_(octets) {}

  void play() {
    for (unsigned steps = 0; !input_.empty() && steps < 200; ++steps) step();
    flush();
    end();
  }

 private:
  static constexpr uint16_t kMilliseconds[] = {1, 5, 20, 60, 250, 600, 1000, 2000, 6000, 31000};

  void step() {
    const uint8_t what = input_.octet();
    if ((what & 0x0f) < 5) return ask((what & 0x80) != 0, what >> 6 & 1);
    flush();
    switch (what & 0x0f) {
      case 5:
      case 6:
      case 7:
      case 8:
      case 9:
        return answer(what >> 7 & 1);
      case 10:
        return pass(input_.one_of(kMilliseconds));
      case 11:
        return reload(what >> 4);
      case 12:
        return move_endpoint(what >> 4);
      case 13:
        return lose((what & 0x10) != 0);
      case 14:
        return forge(what >> 4);
      default:
        return sweep();
    }
  }

  // A burst is as many queries as the input holds back.
  void ask(bool hold, unsigned lcore) {
    const LiveQuestion question = write_query(input_, ++questions_);
    if (question.port != held_port_ || lcore != held_lcore_ || held_.size() == 32) flush();
    held_port_ = question.port;
    held_lcore_ = lcore;
    trace("asked", question.port, question.frame);
    oracle_.asked(question.client, question.port, question.frame);
    held_.push_back(frame_of(question.frame, question.port));
    if (!hold) flush();
  }

  void answer(unsigned lcore) {
    if (oracle_.sends().empty()) return;
    const LiveSend& send = choose_send();
    test::Frame frame = turned(send);
    frame.payload = write_answer(input_, send);
    if (send.port == 1 && frame.payload.size() > 1400) frame.payload.resize(1400);
    give(send.port, frame, lcore);
  }

  // What is not quite an answer to what was sent.
  void forge(unsigned how) {
    if (oracle_.sends().empty()) return;
    const LiveSend& send = choose_send();
    test::Frame frame = turned(send);
    frame.payload = write_answer(input_, send);
    if (frame.payload.size() < 2 || frame.payload.size() > 1400) return;
    unsigned port = send.port;
    switch (how % 6) {
      case 0:
        test::put16(frame.payload, 0, static_cast<uint16_t>(test::get16(frame.payload, 0) ^ input_.word()));
        break;
      case 1:
        frame.destination_port = static_cast<uint16_t>(frame.destination_port ^ input_.octet());
        break;
      case 2:
        frame.source = test::address(live_endpoints()[input_.octet() % live_endpoints().size()].address);
        break;
      case 3:
        port = input_.octet() % 3;
        break;
      case 4:  // the first fragment
        if (!frame.source.is_v4() || port != 1) return;
        frame.fragment = 0x2000;
        break;
      default:
        frame.source_port = 5353;
    }
    if (frame.source.family != frame.destination.family) return;
    give(port, frame, how & 1);
  }

  void lose(bool had_left) {
    if (oracle_.sends().empty()) return;
    const LiveSend& send = choose_send();
    if (send.port != kStreamPort) return;
    test::Frame word = turned(send);
    word.payload = {send.frame.payload[0], send.frame.payload[1], static_cast<uint8_t>(had_left ? 1 : 0)};
    give(kStreamPort, word, 0);
  }

  void pass(uint64_t milliseconds) {
    rig_.pass(milliseconds);
    sweep();
  }

  void reload(unsigned which) {
    // Who joined what was answered already hears of it before: README.md.
    for (unsigned turns = 0; turns < 4; ++turns) sweep();
    const auto number = which % static_cast<unsigned>(live_rules().size());
    load(rig_, live_rules()[number]);
    oracle_.loaded(number);
  }

  void move_endpoint(unsigned how) {
    const LiveEndpoint& endpoint = live_endpoints()[input_.octet() % live_endpoints().size()];
    config::EndpointState state = rig_.endpoint(endpoint.address);
    if ((how & 1) != 0) state.health = state.health == config::Health::up ? config::Health::down : config::Health::up;
    if ((how & 2) != 0) state.reachable ^= 1;
    if ((how & 4) != 0) state.drained ^= 1;
    rig_.set_endpoint(endpoint.address, state);
  }

  void sweep() {
    for (const unsigned lcore : {0U, 1U}) judge(rig_.sweep(lcore));
    hand_over();
  }

  void hand_over() {
    for (unsigned round = 0; round < 2; ++round)
      for (const unsigned lcore : {0U, 1U}) judge(rig_.take_handed_off(lcore));
  }

  const LiveSend& choose_send() {
    // The newest first: what an input does is what it did when something older is taken out of it.
    auto& sends = oracle_.sends();
    return sends[sends.size() - 1 - input_.octet() % sends.size()];
  }
  static test::Frame turned(const LiveSend& send) {
    test::Frame frame = send.frame;
    std::swap(frame.source_mac, frame.destination_mac);
    std::swap(frame.source, frame.destination);
    std::swap(frame.source_port, frame.destination_port);
    return frame;
  }

  rte_mbuf* frame_of(const test::Frame& frame, unsigned port) {
    const test::Bytes bytes = write(frame);
    // A card's frame ends where its buffer does as often as not; the slow lane's have room.
    const size_t room =
        port == kStreamPort ? std::max<size_t>(bytes.size(), 6000) : std::max<size_t>(bytes.size(), 2048);
    return rig_.pool.take(bytes, test::FramePool::kHeadroom, static_cast<uint16_t>(test::FramePool::kHeadroom + room));
  }

  void give(unsigned port, const test::Frame& frame, unsigned lcore) {
    trace("given", port, frame);
    rte_mbuf* mbuf = frame_of(frame, port);
    judge(rig_.receive(port, {&mbuf, 1}, lcore));
    hand_over();
  }

  void flush() {
    if (held_.empty()) return;
    judge(rig_.receive(held_port_, held_, held_lcore_));
    held_.clear();
    hand_over();
  }

  void judge(const std::vector<test::Sent>& all) {
    for (const test::Sent& sent : all) {
      trace("left", sent.port, test::read(sent.bytes).value_or(test::Frame{}));
      if (const std::string wrong = oracle_.judge(sent); !wrong.empty()) fail(wrong);
    }
  }

  void end() {
    for (unsigned turns = 0; turns < 200 && is_busy(); ++turns) pass(100);
    for (const unsigned lcore : {0U, 1U}) {
      state::Lcore& own = rig_.lcore(lcore);
      if (own.flights.pending.in_use() != 0) fail("slots are taken when nothing is under way");
      if (own.flights.waiters.in_use() != 0) fail("clients wait for nothing");
      if (own.flights.chases.in_use() != 0) fail("chases are taken when nothing is under way");
      for (const uint32_t owed : own.endpoints.outstanding)
        if (owed != 0) fail("an endpoint owes an answer that nobody waits for");
    }
    if (const std::string wrong = rig_.imbalance(); !wrong.empty()) fail(wrong);
    if (const std::string wrong = oracle_.judge_end(); !wrong.empty()) fail(wrong + "; counted " + rig_.verdict());
    rig_.verdict();
  }
  bool is_busy() { return rig_.lcore(0).flights.pending.in_use() + rig_.lcore(1).flights.pending.in_use() != 0; }

  LiveInput input_;
  LiveOracle oracle_;
  test::PathRig& rig_ = live_rig();
  std::vector<rte_mbuf*> held_;
  unsigned held_port_ = 0;
  unsigned held_lcore_ = 0;
  unsigned questions_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  LivePath({data, size}).play();
  return 0;
}

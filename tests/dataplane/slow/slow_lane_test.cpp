// tests/dataplane/slow/slow_lane_test.cpp - the slow lane's thread on the loopback: real connections on one side, an lcore of the test's on
// the other side of the rings.
// Long because an EAL starts once a process, and each case needs the whole thread.
#include "dataplane/slow/slow_lane.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <rte_mbuf.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <thread>

#include "dataplane/net/eal.h"
#include "dataplane/net/pools/stream_pool.h"

namespace penstock::slow {
namespace {

using Octets = std::vector<uint8_t>;
using std::chrono::milliseconds;

constexpr unsigned kFirstSourcePort = 20000;

class EalEnvironment : public testing::Environment {
 public:
  void SetUp() override {
    const auto eal = net::start_eal({.program = "slow-lane-test",
                                     .polling_lcores = 1,
                                     .cpus = {},
                                     .memory_bytes = 64 << 20,
                                     .pci = {},
                                     .extra = {"--no-telemetry"}});
    ASSERT_TRUE(eal.has_value()) << eal.error();
  }
};
const auto* const kEal = testing::AddGlobalTestEnvironment(new EalEnvironment);

Octets message(uint16_t id, size_t length = 40) {
  Octets octets(length, 7);
  octets[0] = static_cast<uint8_t>(id >> 8);
  octets[1] = static_cast<uint8_t>(id);
  return octets;
}

// A connection that blocks, for a second at most.
class Stream {
 public:
  explicit Stream(int descriptor) : descriptor_(descriptor) {
    const timeval limit{1, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  static Stream to(uint16_t port) {
    const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(port);
    EXPECT_EQ(connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0) << strerror(errno);
    return Stream(descriptor);
  }
  static sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  Stream(Stream&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ~Stream() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  int descriptor() const { return descriptor_; }
  void send(const Octets& octets) {
    EXPECT_EQ(::send(descriptor_, octets.data(), octets.size(), MSG_NOSIGNAL), ssize_t(octets.size()));
  }
  void send_if_open(const Octets& octets) { ::send(descriptor_, octets.data(), octets.size(), MSG_NOSIGNAL); }
  // Ends it at once, as a host does that has gone.
  void reset() {
    const linger at_once{1, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(std::exchange(descriptor_, -1));
  }
  void ask(const Octets& query) {
    Octets framed{static_cast<uint8_t>(query.size() >> 8), static_cast<uint8_t>(query.size())};
    framed.insert(framed.end(), query.begin(), query.end());
    send(framed);
  }
  // Empty: closed, or nothing within a second.
  Octets receive() {
    Octets length = exactly(2);
    return length.empty() ? length : exactly(size_t{length[0]} << 8 | length[1]);
  }
  bool is_closed(milliseconds within) {
    pollfd wait{descriptor_, POLLIN, 0};
    uint8_t octet = 0;
    return poll(&wait, 1, static_cast<int>(within.count())) == 1 && recv(descriptor_, &octet, 1, 0) <= 0;
  }

 private:
  Octets exactly(size_t count) {
    Octets octets(count);
    return recv(descriptor_, octets.data(), count, MSG_WAITALL) == ssize_t(count) ? octets : Octets{};
  }
  int descriptor_;
};

// The endpoint: takes connections on a port of the loopback that was free.
class Server {
 public:
  Server() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = Stream::loopback(0);
    bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    listen(listener_, 128);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  ~Server() { stop(); }
  void stop() {
    if (listener_ >= 0) close(std::exchange(listener_, -1));
  }
  int descriptor() const { return listener_; }
  Stream accept() {
    pollfd wait{listener_, POLLIN, 0};
    EXPECT_EQ(poll(&wait, 1, 1000), 1) << "nobody connects";
    return Stream(::accept(listener_, nullptr, nullptr));
  }
  uint16_t port = 0;

 private:
  int listener_;
};

class SlowLaneTest : public testing::Test {
 protected:
  static constexpr uint8_t kStream = 1;

  SlowLaneTest() : frames(net::StreamPool::create().value()) {
    host.port_count = kStream;
    host.add_listen(config::parse_address("127.0.0.1").value());
    host.deal_source_ports(kFirstSourcePort, 100, 1);
    limits.connections = 8;
    limits.per_client = 4;
    limits.idle = milliseconds(400);
  }
  ~SlowLaneTest() override {
    lane.reset();
    uintptr_t item = 0;
    while (rings->ring(rings->slow_thread(), 0).pop(&item, 1) == 1) rte_pktmbuf_free(state::frame_of(item));
    EXPECT_EQ(rte_mempool_in_use_count(frames.get()), 0U) << "frames lost";
  }

  void start() {
    // A port that was free a moment ago.
    port = Server().port;
    UpstreamLimits upstream;
    upstream.port = server.port;
    upstream.refused = milliseconds(500);
    lane = std::make_unique<SlowLane>(SlowLaneOptions{.rings = *rings,
                                                      .lcores = 1,
                                                      .frames = *frames.get(),
                                                      .host = host,
                                                      .counters = counters,
                                                      .clients = limits,
                                                      .upstream = upstream,
                                                      .cpus = {},
                                                      .port = port});
    EXPECT_TRUE(lane->listen(host.listen(0)).empty());
    lane->start();
  }

  // The lcore's side: the next frame from the slow lane; null after a second.
  rte_mbuf* take() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    uintptr_t item = 0;
    while (rings->ring(rings->slow_thread(), 0).pop(&item, 1) == 0) {
      if (std::chrono::steady_clock::now() > end) return nullptr;
      std::this_thread::sleep_for(milliseconds(1));
    }
    EXPECT_FALSE(state::is_egress(item) || state::is_used(item));
    return state::frame_of(item);
  }
  static uint16_t id_of(rte_mbuf* frame) {
    Outgoing outgoing;
    EXPECT_TRUE(frame != nullptr && read_frame(*frame, outgoing));
    return frame == nullptr ? 0 : dns::id_of(outgoing.message.data());
  }
  // Sends the frame with `octets` in it to where it came from.
  void answer(rte_mbuf* frame, const Octets& octets) {
    Outgoing query;
    ASSERT_TRUE(frame != nullptr && read_frame(*frame, query));
    std::array<uint8_t, 6> peer;
    std::memcpy(peer.data(), static_cast<uint8_t*>(frame->buf_addr) + frame->data_off + 6, 6);
    push(frame, octets, peer,
         {.source = query.between.destination,
          .destination = query.between.source,
          .source_port = 53,
          .destination_port = query.between.source_port,
          .family = 4});
  }
  // A query to the endpoint, as path/flight/send writes it.
  void ask_endpoint(uint16_t id, uint16_t source_port, const state::PeerMac& to = state::kEndpointMac) {
    rte_mbuf* frame = rte_pktmbuf_alloc(frames.get());
    ASSERT_NE(frame, nullptr);
    const auto self = config::parse_address("127.0.0.1").value().bytes;
    push(frame, message(id), to,
         {.source = self, .destination = self, .source_port = source_port, .destination_port = 53, .family = 4});
  }
  void push(rte_mbuf* frame, const Octets& octets, const state::PeerMac& to, const Endpoints& between) {
    ASSERT_TRUE(write_frame(*frame, octets, {}, between));
    std::memcpy(static_cast<uint8_t*>(frame->buf_addr) + frame->data_off, to.data(), 6);
    ASSERT_TRUE(rings->ring(0, rings->slow_thread()).push(state::for_egress(frame)));
  }

  // The next frame says that the query did not get through.
  void expect_lost(uint16_t id, uint16_t source_port, bool had_left) {
    rte_mbuf* word = take();
    Outgoing read;
    ASSERT_TRUE(word != nullptr && read_frame(*word, read));
    EXPECT_EQ(Octets(read.message.begin(), read.message.end()),
              (Octets{static_cast<uint8_t>(id >> 8), static_cast<uint8_t>(id), uint8_t{had_left}}));
    EXPECT_EQ(read.between.destination_port, source_port);
    EXPECT_EQ(read.between.source_port, 53);
    rte_pktmbuf_free(word);
  }

  net::StreamPool frames;
  std::unique_ptr<state::Rings> rings = std::make_unique<state::Rings>(1);
  tables::LocalHost host;
  config::SlowCounters counters{};
  ClientLimits limits;
  Server server;
  uint16_t port = 0;
  std::unique_ptr<SlowLane> lane;
};

TEST_F(SlowLaneTest, AnswersGoBackInAnyOrderToTheConnectionThatAsked) {
  start();
  Stream one = Stream::to(port);
  Stream other = Stream::to(port);
  one.ask(message(1));
  rte_mbuf* first = take();
  other.ask(message(2));
  rte_mbuf* second = take();
  one.ask(message(3, 65000));
  rte_mbuf* third = take();
  ASSERT_EQ(id_of(first), 1);
  ASSERT_EQ(id_of(third), 3);
  answer(third, message(3, 300));
  answer(second, message(2));
  answer(first, message(1));
  EXPECT_EQ(one.receive(), message(3, 300));
  EXPECT_EQ(one.receive(), message(1));
  EXPECT_EQ(other.receive(), message(2));
}

TEST_F(SlowLaneTest, AnEmptyAnswerEndsTheConnectionAndLaterOnesAreGone) {
  start();
  Stream stream = Stream::to(port);
  stream.ask(message(1));
  rte_mbuf* first = take();
  stream.ask(message(2));
  rte_mbuf* second = take();
  answer(first, {});
  EXPECT_TRUE(stream.is_closed(milliseconds(1000)));
  Stream next = Stream::to(port);  // in the same place
  next.ask(message(3));
  rte_mbuf* third = take();
  answer(second, message(2));
  answer(third, message(3));
  EXPECT_EQ(next.receive(), message(3));
  EXPECT_EQ(counters[config::SlowCounter::gone].get(), 1U);
  EXPECT_EQ(counters[config::SlowCounter::dropped].get(), 1U);
}

TEST_F(SlowLaneTest, AConnectionHasSoManyQueriesUnderWayAndNoMore) {
  limits.in_flight = 3;
  start();
  Stream stream = Stream::to(port);
  for (uint16_t id = 0; id < 10; ++id) stream.ask(message(id));
  std::vector<rte_mbuf*> under_way;
  for (int i = 0; i < 3; ++i) under_way.push_back(take());
  std::this_thread::sleep_for(milliseconds(30));
  uintptr_t item = 0;
  ASSERT_EQ(rings->ring(rings->slow_thread(), 0).pop(&item, 1), 0U);
  for (uint16_t id = 0; id < 10; ++id) {
    rte_mbuf* oldest = under_way.front();
    under_way.erase(under_way.begin());
    answer(oldest, message(id));
    EXPECT_EQ(stream.receive(), message(id));
    if (id < 7) under_way.push_back(take());
  }
}

TEST_F(SlowLaneTest, WhoHearsNothingButRefusedIsNotReadForAWhile) {
  start();
  const auto of_rcode = [](uint16_t id, uint8_t rcode) {
    Octets octets = message(id);
    octets[3] = rcode;
    return octets;
  };
  Stream stream = Stream::to(port);
  const auto exchange = [&](uint16_t id, uint8_t rcode) {
    stream.ask(message(id));
    answer(take(), of_rcode(id, rcode));
    EXPECT_EQ(stream.receive(), of_rcode(id, rcode));
  };
  // An answer between them: it has something to ask that we answer.
  for (uint16_t id = 0; id < 14; ++id) exchange(id, id == 6 ? 0 : 5);
  EXPECT_EQ(counters[config::SlowCounter::paused].get(), 0U);
  const auto begin = std::chrono::steady_clock::now();
  exchange(14, 5);
  EXPECT_EQ(counters[config::SlowCounter::paused].get(), 1U);
  for (uint16_t id = 15; id < 18; ++id) stream.ask(message(id));
  for (uint16_t id = 15; id < 18; ++id) {
    answer(take(), of_rcode(id, 0));
    EXPECT_EQ(stream.receive(), of_rcode(id, 0)) << "what was asked meanwhile is answered then";
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(100));
}

TEST_F(SlowLaneTest, IdleConnectionsEndAndThoseThatWaitDoNot) {
  start();
  Stream idle = Stream::to(port);
  Stream waits = Stream::to(port);
  waits.ask(message(1));
  rte_mbuf* query = take();
  EXPECT_TRUE(idle.is_closed(milliseconds(1000)));
  EXPECT_FALSE(waits.is_closed(milliseconds(0)));
  answer(query, message(1));
  EXPECT_EQ(waits.receive(), message(1));
  EXPECT_TRUE(waits.is_closed(milliseconds(1000)));
  EXPECT_EQ(counters[config::SlowCounter::idle_closed].get(), 2U);
}

TEST_F(SlowLaneTest, WhoSendsAnOctetNowAndThenIsIdle) {
  start();
  Stream stream = Stream::to(port);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (counters[config::SlowCounter::idle_closed].get() == 0 && std::chrono::steady_clock::now() < end) {
    stream.send_if_open(Octets{0});  // two of them would be a length of 0
    if (stream.is_closed(milliseconds(150))) break;
    stream.send_if_open(Octets{200});
    for (int i = 0; i < 10 && !stream.is_closed(milliseconds(100)); ++i) stream.send_if_open(Octets{7});
  }
  EXPECT_EQ(counters[config::SlowCounter::idle_closed].get(), 1U)
      << "octets that are no message keep no connection open";
}

TEST_F(SlowLaneTest, WhatIsUnderWayForOneWhoHasGoneIsForgotten) {
  start();
  std::vector<rte_mbuf*> under_way;
  {
    Stream stream = Stream::to(port);
    for (uint16_t id = 0; id < 100; ++id) stream.ask(message(id));
    for (int i = 0; i < 100; ++i) under_way.push_back(take());
    EXPECT_EQ(counters[config::SlowGauge::in_flight].get(), 100U);
    stream.reset();
  }
  for (int i = 0; i < 1000 && counters[config::SlowGauge::connections].get() != 0; ++i)
    std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(counters[config::SlowGauge::connections].get(), 0U);
  EXPECT_EQ(counters[config::SlowGauge::in_flight].get(), 0U);
  for (rte_mbuf* query : under_way) answer(query, message(1));
  for (int i = 0; i < 1000 && counters[config::SlowCounter::gone].get() != 100; ++i)
    std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(counters[config::SlowCounter::gone].get(), 100U);
}

TEST_F(SlowLaneTest, QueriesToAnEndpointShareAConnectionAndKeepTheirPorts) {
  start();
  ask_endpoint(7, kFirstSourcePort);
  ask_endpoint(7, kFirstSourcePort + 1);  // of another lcore, it may be
  ask_endpoint(8, kFirstSourcePort + 2);
  Stream endpoint = server.accept();
  std::vector<Octets> asked;
  for (int i = 0; i < 3; ++i) asked.push_back(endpoint.receive());
  EXPECT_NE(dns::id_of(asked[0].data()), dns::id_of(asked[1].data())) << "two of one id under way";
  for (int i = 2; i >= 0; --i) endpoint.ask(asked[static_cast<size_t>(i)]);
  for (const auto& [id, to] : {std::pair{8, 2U}, {7, 1U}, {7, 0U}}) {
    rte_mbuf* response = take();
    Outgoing read;
    ASSERT_TRUE(response != nullptr && read_frame(*response, read));
    EXPECT_EQ(dns::id_of(read.message.data()), id);
    EXPECT_EQ(read.between.destination_port, kFirstSourcePort + to);
    EXPECT_EQ(read.between.source_port, 53);
    rte_pktmbuf_free(response);
  }
}

TEST_F(SlowLaneTest, WhatWasUnderWayIsSentOnceMoreWhenTheConnectionEnds) {
  start();
  ask_endpoint(7, kFirstSourcePort);
  {
    Stream endpoint = server.accept();
    EXPECT_EQ(endpoint.receive(), message(7));
  }
  {
    Stream again = server.accept();
    EXPECT_EQ(again.receive(), message(7));
  }
  expect_lost(7, kFirstSourcePort, true);  // twice is enough
  ask_endpoint(9, kFirstSourcePort);
  Stream third = server.accept();
  const Octets query = third.receive();
  EXPECT_EQ(query, message(9));
  third.ask(query);
  rte_mbuf* response = take();
  EXPECT_EQ(id_of(response), 9);
  if (response != nullptr) rte_pktmbuf_free(response);
  EXPECT_EQ(counters[config::SlowCounter::upstream_resent].get(), 1U);
  EXPECT_EQ(counters[config::SlowCounter::upstream_lost].get(), 1U);
}

TEST_F(SlowLaneTest, AnEndpointThatRefusesIsToldToTheLcoreAtOnceAndNotTriedAgainAtOnce) {
  server.stop();
  start();
  const auto begin = std::chrono::steady_clock::now();
  ask_endpoint(7, kFirstSourcePort + 3);
  expect_lost(7, kFirstSourcePort + 3, false);
  ask_endpoint(8, kFirstSourcePort);
  expect_lost(8, kFirstSourcePort, false);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(900)) << "not by a time-out";
  EXPECT_EQ(counters[config::SlowCounter::upstream_failed].get(), 1U);
  EXPECT_EQ(counters[config::SlowCounter::upstream_lost].get(), 2U);
}

// What servers do that take one message a read, or answer but the first of a connection.
class ConnectionUseTest : public SlowLaneTest {
 protected:
  void expect_response(uint16_t id) {
    rte_mbuf* response = take();
    EXPECT_EQ(id_of(response), id);
    if (response != nullptr) rte_pktmbuf_free(response);
  }
  void expect_all(std::vector<uint16_t> wanted) {
    std::vector<uint16_t> ids;
    for (size_t i = 0; i < wanted.size(); ++i) {
      rte_mbuf* response = take();
      ids.push_back(id_of(response));
      if (response != nullptr) rte_pktmbuf_free(response);
    }
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(ids, wanted);
  }
  void expect_nothing(milliseconds within) {
    std::this_thread::sleep_for(within);
    uintptr_t item = 0;
    EXPECT_EQ(rings->ring(rings->slow_thread(), 0).pop(&item, 1), 0U);
  }
  config::StreamUse use() const { return static_cast<config::StreamUse>(counters.stream_use[kSlot].get()); }
  bool comes_to(config::StreamUse wanted) const {
    for (int i = 0; i < 200 && use() != wanted; ++i) std::this_thread::sleep_for(milliseconds(10));
    return use() == wanted;
  }
  void ask(uint16_t id, config::Pipelining pipelining = config::Pipelining::automatic) {
    ask_endpoint(id, kFirstSourcePort, state::endpoint_mac(kSlot, static_cast<uint8_t>(pipelining)));
  }
  static void echo(Stream& stream) {
    const Octets query = stream.receive();
    EXPECT_FALSE(query.empty());
    if (!query.empty()) stream.ask(query);
  }
  static constexpr config::EndpointSlot kSlot{5};
};

// An endpoint that is asked for the first time has no slot yet: that is not slot 0.
TEST_F(ConnectionUseTest, ANewOneSaysNothingOfAnother) {
  config::Counter& another = counters.stream_use[config::EndpointSlot{0}];
  another.set(static_cast<uint64_t>(config::StreamUse::once));
  start();
  ask(1);
  Stream stream = server.accept();
  echo(stream);
  expect_response(1);
  EXPECT_EQ(another.get(), static_cast<uint64_t>(config::StreamUse::once));
}

TEST_F(ConnectionUseTest, WhatASharedConnectionDoesNotAnswerIsAskedOnOneOfItsOwnAndThatIsRemembered) {
  start();
  for (uint16_t id = 1; id <= 3; ++id) ask(id);
  Stream shared = server.accept();
  echo(shared);
  expect_response(1);
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Stream> own;
  for (int i = 0; i < 2; ++i) own.push_back(server.accept());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(900)) << "while the client still waits";
  std::vector<uint16_t> asked;
  for (Stream& stream : own) {
    const Octets query = stream.receive();
    ASSERT_FALSE(query.empty());
    asked.push_back(dns::id_of(query.data()));
    stream.ask(query);
    expect_response(asked.back());
  }
  std::sort(asked.begin(), asked.end());
  EXPECT_EQ(asked, (std::vector<uint16_t>{2, 3}));
  EXPECT_EQ(counters[config::SlowCounter::upstream_alone].get(), 2U);
  EXPECT_TRUE(own[0].is_closed(milliseconds(500))) << "it was for that one";
  ASSERT_TRUE(comes_to(config::StreamUse::in_turn));
  for (uint16_t id = 11; id <= 12; ++id) ask(id);
  Stream one = server.accept();
  Stream other = server.accept();
  echo(one);
  echo(other);
  expect_all({11, 12});
  ask(13);  // one of the two again
  pollfd ready[2]{{one.descriptor(), POLLIN, 0}, {other.descriptor(), POLLIN, 0}};
  ASSERT_EQ(poll(ready, 2, 1000), 1);
  echo(ready[0].revents != 0 ? one : other);
  expect_response(13);
}

TEST_F(ConnectionUseTest, WhereOnlyTheFirstOfAConnectionIsAnsweredEachHasItsOwn) {
  start();
  uint16_t id = 0;
  for (int i = 0; i < 2; ++i) {
    ask(++id);
    Stream first = server.accept();
    echo(first);
    expect_response(id);
    ask(++id);
    EXPECT_FALSE(first.receive().empty()) << "the same connection, which is silent now";
    Stream own = server.accept();
    echo(own);
    expect_response(id);
    expect_nothing(milliseconds(700));
  }
  ASSERT_TRUE(comes_to(config::StreamUse::once));
  for (int i = 0; i < 3; ++i) {
    ask(++id);
    Stream own = server.accept();
    echo(own);
    expect_response(id);
    EXPECT_TRUE(own.is_closed(milliseconds(500)));
  }
}

TEST_F(ConnectionUseTest, AServerThatTakesItsTimeIsNotBlamed) {
  start();
  for (uint16_t id = 1; id <= 3; ++id) ask(id);
  Stream shared = server.accept();
  std::vector<Octets> queries;
  for (int i = 0; i < 3; ++i) queries.push_back(shared.receive());
  std::vector<Stream> own;
  for (int i = 0; i < 3; ++i) own.push_back(server.accept());
  // Both, as a resolver does that has waited for another one.
  for (const Octets& query : queries) shared.ask(query);
  for (Stream& stream : own) echo(stream);
  expect_all({1, 2, 3});
  expect_nothing(milliseconds(800));
  EXPECT_EQ(use(), config::StreamUse::shared);
}

TEST_F(ConnectionUseTest, OnAndOffAreTakenAtTheirWord) {
  start();
  for (uint16_t id = 1; id <= 3; ++id) ask(id, config::Pipelining::off);
  std::vector<Stream> streams;
  for (int i = 0; i < 3; ++i) {
    streams.push_back(server.accept());
    echo(streams.back());
  }
  expect_all({1, 2, 3});
  for (uint16_t id = 1; id <= 3; ++id) ask(id, config::Pipelining::on);
  Stream shared = server.accept();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(shared.receive().empty());
  expect_nothing(milliseconds(700));
  EXPECT_EQ(counters[config::SlowCounter::upstream_alone].get(), 0U);
}

TEST_F(ConnectionUseTest, MoreThanHaveAConnectionOfTheirOwnWaitForOne) {
  start();
  constexpr uint16_t kQueries = 100;
  for (uint16_t id = 1; id <= kQueries; ++id) ask(id, config::Pipelining::off);
  std::vector<Stream> streams;
  std::vector<pollfd> ready;
  unsigned answered = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (answered < kQueries && std::chrono::steady_clock::now() < end) {
    ready = {{server.descriptor(), POLLIN, 0}};
    for (const Stream& stream : streams) ready.push_back({stream.descriptor(), POLLIN, 0});
    poll(ready.data(), ready.size(), 20);
    for (size_t i = 1; i < ready.size(); ++i)
      if (ready[i].revents != 0) {
        const Octets query = streams[i - 1].receive();
        if (!query.empty()) streams[i - 1].ask(query);
      }
    if (ready[0].revents != 0) streams.push_back(server.accept());
    uintptr_t item = 0;
    while (rings->ring(rings->slow_thread(), 0).pop(&item, 1) == 1) {
      rte_pktmbuf_free(state::frame_of(item));
      ++answered;
    }
  }
  EXPECT_EQ(answered, kQueries);
  EXPECT_EQ(counters[config::SlowCounter::upstream_responses].get(), kQueries);
  EXPECT_LE(streams.size(), 32U);
}

}  // namespace
}  // namespace penstock::slow

// tests/dataplane/worker_test.cpp - whole turns of two polling lcores between two wires of net_ring: no privileges, no card.
//
// Lcore 0 owns the office's port, lcore 1 the endpoints': every query leaves over the ring to lcore 1, every response comes
// in there and is handed to its owner.
#include "dataplane/worker.h"

#include <gtest/gtest.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <chrono>
#include <map>
#include <optional>
#include <thread>

#include "dataplane/net/eal.h"
#include "dataplane/net/pools/mbuf_pool.h"
#include "dataplane/shared_pages.h"
#include "tests/dataplane/images.h"
#include "tests/support/path_rig.h"

namespace penstock::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kMbufs = 4095;
const std::string kRules = std::string(kRigRules) + "dataplane: {query_timeout: 3s}\n";

// A port whose wire is two rings: what the test puts in is received, what is sent the test takes out.
class Wire {
 public:
  Wire(const std::string& name, rte_mempool* pool)
      : in_(rte_ring_create((name + "-in").c_str(), 1024, 0, 0)),
        out_(rte_ring_create((name + "-out").c_str(), 1024, 0, 0)),
        pool_(pool) {
    const int id = rte_eth_from_rings(name.c_str(), &in_, 1, &out_, 1, 0);
    if (id < 0) throw std::runtime_error("net_ring");
    ethdev_ = static_cast<uint16_t>(id);
    const rte_eth_conf configuration{};
    if (rte_eth_dev_configure(ethdev_, 1, 1, &configuration) != 0 ||
        rte_eth_rx_queue_setup(ethdev_, 0, 256, 0, nullptr, pool) != 0 ||
        rte_eth_tx_queue_setup(ethdev_, 0, 256, 0, nullptr) != 0 || rte_eth_dev_start(ethdev_) != 0)
      throw std::runtime_error("net_ring: no queue");
  }
  uint16_t ethdev() const { return ethdev_; }

  void put(const Bytes& bytes) {
    rte_mbuf* frame = rte_pktmbuf_alloc(pool_);
    ASSERT_NE(frame, nullptr);
    std::copy(bytes.begin(), bytes.end(),
              reinterpret_cast<uint8_t*>(rte_pktmbuf_append(frame, static_cast<uint16_t>(bytes.size()))));
    ASSERT_EQ(rte_ring_enqueue(in_, frame), 0);
  }
  // The next frame sent, if there is one now.
  std::optional<Bytes> take() {
    void* object = nullptr;
    if (rte_ring_dequeue(out_, &object) != 0) return std::nullopt;
    ++taken_;
    auto* frame = static_cast<rte_mbuf*>(object);
    const auto* start = rte_pktmbuf_mtod(frame, const uint8_t*);
    Bytes bytes(start, start + frame->data_len);
    rte_pktmbuf_free(frame);
    return bytes;
  }
  uint64_t taken() const { return taken_; }

 private:
  rte_ring* in_;
  rte_ring* out_;
  rte_mempool* pool_;
  uint16_t ethdev_ = 0;
  uint64_t taken_ = 0;
};

int run_worker(void* worker) {
  static_cast<Worker*>(worker)->run();
  return 0;
}

// The limit only ends a test that failed.
template <typename Condition>
bool wait_until(Condition condition) {
  const auto limit = Clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (Clock::now() > limit) return false;
    std::this_thread::yield();
  }
  return true;
}

Frame query_frame(const std::string& name, uint16_t id) {
  return {.source_mac = mac(0xc1),
          .destination_mac = mac(0xa0),
          .vlan = {},
          .source = address("192.168.10.20"),
          .destination = address("192.168.10.86"),
          .source_port = 40000,
          .destination_port = 53,
          .payload = write(DnsQuery{.id = id, .flags = 0x0100, .question = {.name = name}, .opt = {}})};
}

Frame response_frame(const Frame& query) {
  Frame response = query;
  std::swap(response.source_mac, response.destination_mac);
  std::swap(response.source, response.destination);
  std::swap(response.source_port, response.destination_port);
  response.payload = answer_to(query.payload);
  return response;
}

void publish(Publisher& publisher, const std::string& rules, uint64_t generation) {
  const control::Compiled compiled = compile_text(rules, generation);
  const FileDescriptor memfd = memfd_of(compiled.image);
  publisher.publish(LoadedRules::from_memfd(memfd.fd, compiled.image.size()).value());
}

// The steps are in order: each goes on from the counters that the one before has left.
class TwoLcores {
 public:
  explicit TwoLcores(rte_mempool& pool);

  void launch(const std::vector<unsigned>& lcores);
  void answer_nothing_before_rules();
  void answer_every_query_while_rules_change();
  void answer_themselves_by_the_rules_in_force();
  void tell_of_silence();
  // Strangers are dropped and counted; then nothing is missing: no count, and no frame but those kept for answers.
  void settle(const rte_mempool& pool);

 private:
  void connect();
  void reach_endpoints();
  // As an endpoint does: every query is answered, also one that came again because a busy machine kept us.
  void answer_at_endpoint();
  // What the client hears.
  Frame hear(bool endpoint_lives = true);

  Wire office_, vpc_;
  tables::LocalHost host_;
  std::unique_ptr<SharedPages> pages_ = SharedPages::create(2, 768).value();
  config::CounterPage& counters_ = pages_->counters();
  config::LcoreCounters& first_ = counters_.lcore[0];
  Publisher publisher_{2, counters_};
  state::Rings rings_{2};
  std::unique_ptr<state::RateBudgets> budgets_ = std::make_unique<state::RateBudgets>();
  state::AnswerCache answers_{0};
  std::unique_ptr<state::PoolReturns> returns_ = std::make_unique<state::PoolReturns>();
  std::unique_ptr<state::EdnsMemory> no_edns_ = std::make_unique<state::EdnsMemory>();
  std::unique_ptr<state::RateLimits> limits_ = std::make_unique<state::RateLimits>(0x5eed);
  std::unique_ptr<state::CookieKeys> cookies_ = std::make_unique<state::CookieKeys>(dns::CookieSecret{1}, 0, 0);
  Plant plant_;
  std::vector<std::unique_ptr<Worker>> workers_;
  uint64_t responses_ = 0;
};

TwoLcores::TwoLcores(rte_mempool& pool)
    : office_("office", &pool),
      vpc_("vpc", &pool),
      plant_{.rules = publisher_,
             .endpoints = pages_->endpoints(),
             .counters = counters_,
             .rings = rings_,
             .pool = pool,
             .shared = {*budgets_, answers_, *returns_, *no_edns_, *limits_, *cookies_, 0x5eed},
             .idle = config::Idle::adaptive} {
  host_.port_count = 2;
  host_.ports[0].mac = mac(0xa0);
  host_.ports[1].mac = mac(0xa1);
  host_.add_listen(address("192.168.10.86"));
  host_.deal_source_ports(20000, 200, 2);
  plant_.host = &host_;
  connect();
  reach_endpoints();
}

void TwoLcores::launch(const std::vector<unsigned>& lcores) {
  for (unsigned i = 0; i < 2; ++i) ASSERT_EQ(rte_eal_remote_launch(run_worker, workers_[i].get(), lcores[i]), 0);
}

void TwoLcores::connect() {
  for (uint8_t i = 0; i < 2; ++i) {
    std::array<uint8_t, 44> seed{};
    seed[0] = i;
    const state::SourcePortBlock block{static_cast<uint16_t>(20000 + i * 100), 100};
    workers_.push_back(std::make_unique<Worker>(plant_, i, 1024, block, seed));
  }
  const net::Queue queues[] = {{office_.ethdev(), 0, 0}, {vpc_.ethdev(), 0, 1}};
  for (unsigned port = 0; port < 2; ++port) {
    workers_[port]->own(queues[port]);
    for (unsigned lcore = 0; lcore < 2; ++lcore)
      workers_[lcore]->leave_by(static_cast<uint8_t>(port),
                                {.own = lcore == port, .queue = queues[port], .owner = port});
  }
}

void TwoLcores::reach_endpoints() {
  // As compile_text() deals slots: in the order of the rules' endpoints.
  const std::pair<const char*, const char*> endpoints[] = {{"10.16.1.10", "192.168.10.86"},
                                                           {"10.16.2.10", "192.168.10.86"}};
  config::write_slots(pages_->endpoints(), [&](auto& slots) {
    for (unsigned i = 0; i < 2; ++i) {
      config::EndpointState state;
      state.address = address(endpoints[i].first).bytes;
      state.family = 4;
      state.source = address(endpoints[i].second).bytes;
      state.mac = mac(0xe1);
      state.port = 1;
      state.reachable = 1;
      slots[config::EndpointSlot{static_cast<uint16_t>(i)}].store(state);
    }
  });
}

void TwoLcores::answer_at_endpoint() {
  const auto sent = vpc_.take();
  if (!sent) return;
  const auto left = read(*sent);
  ASSERT_TRUE(left.has_value()) << left.error();
  EXPECT_EQ(host_.owner(left->source_port), 0);
  EXPECT_EQ(left->source_mac, mac(0xa1));
  vpc_.put(write(response_frame(*left)));
  ++responses_;
}

Frame TwoLcores::hear(bool endpoint_lives) {
  std::optional<Bytes> heard;
  wait_until([&] {
    if (endpoint_lives) answer_at_endpoint();
    heard = office_.take();
    return heard.has_value();
  });
  auto frame = read(heard.value_or(Bytes{}));
  EXPECT_TRUE(frame.has_value()) << frame.error();
  return frame.value_or(Frame{});
}

void TwoLcores::answer_nothing_before_rules() {
  office_.put(write(query_frame("d-1.studio.us-east-1.sagemaker.aws", 1)));
  ASSERT_TRUE(wait_until([&] { return first_.query[config::QueryOutcome::ignored_no_rules].get() == 1; }));
  EXPECT_FALSE(office_.take().has_value());
  EXPECT_FALSE(vpc_.take().has_value());
}

void TwoLcores::answer_every_query_while_rules_change() {
  publish(publisher_, kRules, 1);
  EXPECT_EQ(counters_.generation.get(), 1U);
  for (uint16_t id = 1; id <= 200 && !testing::Test::HasFailure(); ++id) {
    if (id == 100) publish(publisher_, kRules, 2);  // under way
    const Frame asked = query_frame("d-1.Studio.us-east-1.sagemaker.aws", id);
    office_.put(write(asked));
    const Frame back = hear();
    EXPECT_EQ(to_hex(back.payload), to_hex(answer_to(asked.payload)));
    EXPECT_EQ(to_string(back), "0200000000a0>0200000000c1 192.168.10.86.53 > 192.168.10.20.40000");
  }
  EXPECT_EQ(first_.query[config::QueryOutcome::forwarded].get(), 200U);
  EXPECT_EQ(first_.response[config::ResponseOutcome::returned].get(), 200U);
  EXPECT_GE(counters_.lcore[1].handoff[config::HandoffOutcome::handed_off].get(), 200U);
  EXPECT_GE(first_.transmit[config::TransmitOutcome::handed_off].get(), 200U);
}

void TwoLcores::answer_themselves_by_the_rules_in_force() {
  // Our own answer leaves by the port that it came in on; new rules are seen by the very next query.
  office_.put(write(query_frame("x.blocked.example", 7)));
  EXPECT_EQ(get16(hear().payload, 2), 0x8183);
  std::string moved = kRules;
  moved.replace(moved.find("{zone: blocked.example, answer: nxdomain}"), 41,
                "{zone: blocked.example, answer: refused}");
  publish(publisher_, moved, 3);
  office_.put(write(query_frame("x.blocked.example", 8)));
  EXPECT_EQ(get16(hear().payload, 2), 0x8185);
}

void TwoLcores::tell_of_silence() {
  // Nobody answers: whatever is tried meanwhile, the client hears SERVFAIL.
  office_.put(write(query_frame("d-2.studio.us-east-1.sagemaker.aws", 9)));
  const Frame failure = hear(false);
  EXPECT_EQ(get16(failure.payload, 0), 9);
  EXPECT_EQ(get16(failure.payload, 2), 0x8182);
}

void TwoLcores::settle(const rte_mempool& pool) {
  Frame stranger = query_frame("a", 1);
  stranger.protocol = 1;
  office_.put(write(stranger));
  EXPECT_TRUE(wait_until([&] { return first_.door[config::DoorOutcome::left_to_kernel].get() == 1; }));
  // Quiet: every response was judged, every frame sent was taken.
  EXPECT_TRUE(wait_until([&] {
    vpc_.take();
    uint64_t judged = 0;
    uint64_t sent = 0;
    for (const unsigned i : {0U, 1U}) {
      judged += counters_.lcore[i].response.sum();
      sent += counters_.lcore[i].transmit[config::TransmitOutcome::sent].get();
    }
    return judged == responses_ && sent == office_.taken() + vpc_.taken();
  }));
  plant_.stop.store(true);
  rte_eal_mp_wait_lcore();
  for (const auto& worker : workers_) worker->join();
  EXPECT_EQ(config::accounting_residual(counters_), 0);
  EXPECT_EQ(rte_mempool_in_use_count(&pool), 2 * state::kFresh);
}

TEST(Worker, TurnsOfTwoLcores) {
  const auto eal = net::start_eal({.program = "worker-test",
                                   .polling_lcores = 2,
                                   .cpus = {},
                                   .memory_bytes = net::memory_for(kMbufs),
                                   .pci = {},
                                   .extra = {"--no-telemetry"}});
  ASSERT_TRUE(eal.has_value()) << eal.error();
  auto pool = net::create_mbuf_pool({.mbufs = kMbufs, .page_bound = false, .share_cpus = eal->lcores_share_cpus});
  ASSERT_TRUE(pool.has_value()) << pool.error();
  TwoLcores lcores(**pool);
  ASSERT_NO_FATAL_FAILURE(lcores.launch(eal->polling_lcores));
  ASSERT_NO_FATAL_FAILURE(lcores.answer_nothing_before_rules());
  ASSERT_NO_FATAL_FAILURE(lcores.answer_every_query_while_rules_change());
  lcores.answer_themselves_by_the_rules_in_force();
  lcores.tell_of_silence();
  lcores.settle(**pool);
}

}  // namespace
}  // namespace penstock::test

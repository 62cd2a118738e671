// tests/control/metrics/metrics_server_test.cpp - a scrape of a counter page filled by hand: names, sums, histogram, promtool's opinion.
// Long because one page is filled, and all that it says is expected.
#include "control/metrics/metrics_server.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <new>
#include <regex>
#include <set>
#include <sstream>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include "control/metrics/collect.h"

namespace penstock::control {
namespace {

using namespace std::chrono_literals;
using config::CounterPage;
using config::LcoreCounters;

constexpr size_t kLcores = 2;

std::shared_ptr<CounterPage> make_page() {
  const size_t size = config::counter_page_size(kLcores);
  void* room = ::operator new (size, std::align_val_t{64});
  std::memset(room, 0, size);
  auto* page = static_cast<CounterPage*>(room);
  page->magic = config::kCounterPageMagic;
  page->page_size = size;
  page->lcores = kLcores;
  page->pending_capacity = 32768;
  page->waiting_capacity = 4096;
  page->ports_used = 1;
  page->started_at = 1700000000;
  return {page, [](CounterPage* one) { ::operator delete (one, std::align_val_t{64}); }};
}

std::shared_ptr<StatusView> make_view(std::shared_ptr<const CounterPage> page) {
  auto model = std::make_shared<config::Model>();
  model->rules.resize(4);
  auto view = std::make_shared<StatusView>();
  view->model = std::move(model);
  view->generation = 8;
  view->built_at = std::chrono::system_clock::now() - 5s;
  view->zones = 12;
  view->reloads.succeeded = 3;
  view->reloads.failed = 1;
  view->heartbeat_age = 250ms;
  view->started_at = std::chrono::system_clock::now() - 60s;
  EndpointView up;
  up.health.id = {"studio \"east\"", *config::parse_address("10.16.1.10")};
  up.slot = config::EndpointSlot{7};
  up.health.state = config::Health::up;
  up.health.condition = Condition::slow;
  up.state.reachable = 1;
  up.budget = 10000;
  up.health.udp = {.sent = 100, .answered = 98, .failed = 2, .round_trip = 1500us};
  up.health.tcp = {.sent = 25, .answered = 24, .failed = 1, .round_trip = 3000us};
  EndpointView down;
  down.health.id = {"corporate", *config::parse_address("fd00::53")};
  down.health.state = config::Health::down;
  down.health.condition = Condition::down;
  down.state.drained = 1;
  view->endpoints = {up, down};
  view->ports_of_an_lcore = 8192;
  view->event_counts[0] = 3;
  view->use.cpu_ns = 1250000000;
  view->rule_answers = {{"zones[0]", "corp.example", {1, 2, 4, 0, 0, 0}}};
  view->rule_answers_missed = 9;
  if (!page) return view;
  view->page = std::move(page);
  view->hello.emplace();
  view->hello->ports = 1;
  std::strcpy(view->hello->port[0].name.data(), "corp");
  return view;
}

std::string get(uint16_t port, const std::string& address = "127.0.0.1") {
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  socket.connect({asio::ip::make_address(address), port});
  asio::write(socket, asio::buffer(std::string("GET /metrics HTTP/1.0\r\n\r\n")));
  std::string text;
  std::error_code end;
  asio::read(socket, asio::dynamic_buffer(text), end);
  EXPECT_EQ(text.rfind("HTTP/1.1 200", 0), 0U) << text.substr(0, 200);
  const size_t body = text.find("\r\n\r\n");
  return body == std::string::npos ? std::string() : text.substr(body + 4);
}

// "name{labels}" -> value
std::map<std::string, double> samples_of(const std::string& text) {
  std::map<std::string, double> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    const size_t space = line.rfind(' ');
    const bool is_new = samples.emplace(line.substr(0, space), std::strtod(line.c_str() + space, nullptr)).second;
    EXPECT_TRUE(is_new) << "twice: " << line;
  }
  return samples;
}

double sum_of(const std::map<std::string, double>& samples, const std::string& name) {
  double sum = 0;
  for (const auto& [key, value] : samples) {
    if (key.rfind(name + "{", 0) == 0) sum += value;
  }
  return sum;
}

class MetricsServerTest : public testing::Test {
 protected:
  std::map<std::string, double> scrape() { return samples_of(get(static_cast<uint16_t>(server_.port()))); }

  std::shared_ptr<CounterPage> page_ = make_page();
  std::shared_ptr<const StatusView> view_ = make_view(page_);
  MetricsServer server_{"127.0.0.1:0", *MetricsAccess::open({}), [this] { return view_; }};
};

void fill_lcores(config::CounterPage& page) {
  for (size_t i = 0; i < kLcores; ++i) {
    config::LcoreCounters& lcore = page.lcore[i];
    lcore.received.set(110);
    lcore.classify[config::ClassifyOutcome::query].set(60);
    lcore.classify[config::ClassifyOutcome::response].set(40);
    lcore.classify[config::ClassifyOutcome::stranger].set(10);
    lcore.door[config::DoorOutcome::left_to_kernel].set(10);
    lcore.query[config::QueryOutcome::forwarded].set(50);
    lcore.query[config::QueryOutcome::refused_client].set(10);
    lcore.response[config::ResponseOutcome::returned].set(39);
    lcore.response[config::ResponseOutcome::wrong_question].set(1);
    lcore.sweep[config::SweepOutcome::expired].set(4);
    lcore.pending.set(7);
    lcore.transmit[config::TransmitOutcome::sent].set(100);
    lcore.rcodes[3].set(5 + i);
    lcore.busy_cycles.set(300);
    lcore.idle_cycles.set(100);
    lcore.generation.set(7);
  }
}

void fill_the_rest(config::CounterPage& page) {
  for (size_t i = 0; i < kLcores; ++i) {
    page.lcore[i].guard[config::GuardOutcome::blocked].set(i);
    page.lcore[i].endpoints[config::EndpointSlot{7}].over_budget.set(6);
    page.lcore[i].endpoints[config::EndpointSlot{7}].without_edns.set(1);
    page.lcore[i].endpoints[config::EndpointSlot{7}].servfails.set(4);
  }
  page.ports[0].receive_missed.set(11);
  page.cache_entries.set(21);
  page.cache_used.set(22);
  page.cache_size.set(23);
  page.cache_evicted.set(24);
  page.cache_flushed.set(25);
  page.policed_clients.set(27);
  page.policed_dropped.set(28);
  page.lcore[0].remember[config::RememberOutcome::renewed].set(26);
  page.lcore[1].shares.set(5);
  page.share_capacity = 8192;
  page.ring_used.set(12);
  page.ring_capacity = 1024;
  page.mbufs_used.set(900);
  page.mbuf_capacity = 4000;
  page.endpoint_rate[config::EndpointSlot{7}].set(6000);
  page.generation.set(7);
  page.published_at.set(static_cast<uint64_t>(std::time(nullptr)) - 3);
  page.swap_ns.set(1500000);
  page.images_refused.set(2);
  std::strcpy(page.version.data(), "9.8.7 (0123456789ab)");
  page.process_cpu_ns.set(2500000000);
  page.process_resident.set(1 << 20);
  page.process_files.set(31);
  page.process_most_files.set(65536);
  page.slow[config::SlowCounter::accepted].set(5);
  page.slow[config::SlowCounter::idle_closed].set(3);
  page.slow[config::SlowCounter::transfers_over].set(2);
  page.slow[config::SlowGauge::buffered].set(4096);
}

const std::map<std::string, double> kSums = {
    {"penstock_received_frames_total", 220},
    {"penstock_frames_total{class=\"query\"}", 120},
    {"penstock_frames_total{class=\"bad_udp_checksum\"}", 0},
    {"penstock_queries_total{outcome=\"forwarded\"}", 100},
    {"penstock_queries_total{outcome=\"refused_client\"}", 20},
    {"penstock_responses_total{outcome=\"returned\"}", 78},
    {"penstock_responses_total{outcome=\"wrong_question\"}", 2},
    {"penstock_swept_queries_total{outcome=\"expired\"}", 8},
    {"penstock_transmitted_frames_total{outcome=\"sent\"}", 200},
    {"penstock_returned_responses_total{rcode=\"NXDOMAIN\"}", 11},
    {"penstock_pending_queries{lcore=\"1\"}", 7},
    {"penstock_cache_entries", 21},
    {"penstock_cache_used_bytes", 22},
    {"penstock_cache_size_bytes", 23},
    {"penstock_cache_evictions_total", 24},
    {"penstock_cache_flushed_entries_total", 25},
    {"penstock_policed_clients", 27},
    {"penstock_policed_queries_total", 28},
    {"penstock_remembered_answers_total{outcome=\"renewed\"}", 26},
    {"penstock_waiting_clients_limit{lcore=\"0\"}", 4096},
    {"penstock_table_entries{lcore=\"1\",table=\"shares\"}", 5},
    {"penstock_table_entries_limit{lcore=\"1\",table=\"shares\"}", 8192},
    {"penstock_ring_frames", 12},
    {"penstock_ring_frames_limit", 1024},
    {"penstock_mbufs_used", 900},
    {"penstock_mbufs_limit", 4000},
    {"penstock_guarded_responses_total{outcome=\"blocked\"}", 1},
    {"penstock_port_lost_frames_total{port=\"corp\",reason=\"receive_missed\"}", 11},
    {"penstock_events_total{kind=\"leak\"}", 3},
    {"penstock_endpoint_budget_queries_per_second{pool=\"studio \\\"east\\\"\",address=\"10.16.1.10\"}", 10000},
    {"penstock_endpoint_queries_per_second{pool=\"studio \\\"east\\\"\",address=\"10.16.1.10\"}", 6000},
    {"penstock_endpoint_budget_used_ratio{pool=\"studio \\\"east\\\"\",address=\"10.16.1.10\"}", 0.6},
    {"penstock_endpoint_over_budget_queries_total{pool=\"studio \\\"east\\\"\",address=\"10.16.1.10\"}", 12},
    {"penstock_endpoint_without_edns{pool=\"studio \\\"east\\\"\",address=\"10.16.1.10\"}", 1},
    {"penstock_endpoint_servfails_total{pool=\"studio \\\"east\\\"\",address=\"10.16.1.10\"}", 8},
    {"penstock_pending_queries_limit{lcore=\"0\"}", 32768},
    {"penstock_lcore_busy_ratio{lcore=\"0\"}", 0.75},
    {"penstock_lcore_cycles_total{lcore=\"1\",state=\"idle\"}", 100},
    {"penstock_ruleset_generation{process=\"control\"}", 8},
    {"penstock_ruleset_generation{process=\"dataplane\"}", 7},
    {"penstock_ruleset_swap_duration_seconds", 0.0015},
    {"penstock_images_total{result=\"refused\"}", 2},
    {"penstock_reloads_total{result=\"failed\"}", 1},
    {"penstock_control_heartbeat_age_seconds", 0.25},
    {"penstock_accounting_residual", 0},
    {"penstock_build_info{process=\"dataplane\",version=\"9.8.7\",commit=\"0123456789ab\"}", 1},
    {"penstock_process_start_time_seconds{process=\"dataplane\"}", 1700000000},
    {"penstock_process_cpu_seconds_total{process=\"dataplane\"}", 2.5},
    {"penstock_process_cpu_seconds_total{process=\"control\"}", 1.25},
    {"penstock_process_resident_memory_bytes{process=\"dataplane\"}", 1048576},
    {"penstock_process_open_fds{process=\"dataplane\"}", 31},
    {"penstock_process_max_fds{process=\"dataplane\"}", 65536},
    {"penstock_tcp_accepted_connections_total", 5},
    {"penstock_tcp_closed_connections_total{reason=\"idle_closed\"}", 3},
    {"penstock_tcp_buffered_bytes", 4096},
    {"penstock_zone_transfers_ended_total{result=\"over\"}", 2},
    {"penstock_rule_answers_total{rule=\"zones[0]\",zone=\"corp.example\",rcode=\"NXDOMAIN\"}", 4},
    {"penstock_rule_answers_missed_total", 9},
    {"penstock_dataplane_up", 1},
    {"penstock_endpoint_up{pool=\"studio \\\"east\\\"\",address=\"10.16.1.10\"}", 1},
    {"penstock_endpoint_up{pool=\"corporate\",address=\"fd00::53\"}", 0},
    {"penstock_endpoint_state{pool=\"corporate\",address=\"fd00::53\",state=\"down\"}", 1},
    {"penstock_endpoint_state{pool=\"corporate\",address=\"fd00::53\",state=\"up\"}", 0},
    {"penstock_endpoint_state{pool=\"studio \\\"east\\\"\",address=\"10.16.1.10\",state=\"slow\"}", 1},
    {"penstock_endpoint_drained{pool=\"corporate\",address=\"fd00::53\"}", 1},
    {"penstock_endpoint_reachable{pool=\"corporate\",address=\"fd00::53\"}", 0},
    {"penstock_endpoint_probes_total{pool=\"studio \\\"east\\\"\",address=\"10.16.1.10\",protocol=\"udp\"}", 100},
    {"penstock_endpoint_probe_round_trip_seconds{pool=\"studio "
     "\\\"east\\\"\",address=\"10.16.1.10\",protocol=\"tcp\"}",
     0.003},
};

TEST_F(MetricsServerTest, SumsTheLcores) {
  fill_lcores(*page_);
  fill_the_rest(*page_);
  const auto samples = scrape();
  for (const auto& [name, value] : kSums) {
    const auto at = samples.find(name);
    ASSERT_NE(at, samples.end()) << name;
    EXPECT_DOUBLE_EQ(at->second, value) << name;
  }
  EXPECT_FALSE(samples.contains("penstock_endpoint_budget_used_ratio{pool=\"corporate\",address=\"fd00::53\"}"));
  // The identity of the counter page, as the monitoring team would check it.
  EXPECT_EQ(sum_of(samples, "penstock_frames_total"), samples.at("penstock_received_frames_total"));
  EXPECT_EQ(sum_of(samples, "penstock_queries_total"), samples.at("penstock_frames_total{class=\"query\"}"));
  page_->lcore[0].received.add(3);
  EXPECT_EQ(scrape().at("penstock_accounting_residual"), 3);
}

TEST_F(MetricsServerTest, TheHistogramIsCumulativeAndInSeconds) {
  config::EndpointCounters& one = page_->lcore[0].endpoints[config::EndpointSlot{7}];
  config::EndpointCounters& other = page_->lcore[1].endpoints[config::EndpointSlot{7}];
  one.latency[0].set(1);    // below 1 us
  one.latency[10].set(20);  // below 1.024 ms
  other.latency[10].set(5);
  other.latency[22].set(3);  // the rest
  one.latency_ns.set(1500000000);
  other.latency_ns.set(500000000);
  one.queries.set(30);
  other.queries.set(10);
  other.timeouts.set(4);
  const auto samples = scrape();
  const std::string labels = "{pool=\"studio \\\"east\\\"\",address=\"10.16.1.10\"";
  const std::string name = "penstock_endpoint_latency_seconds";
  std::map<double, double> buckets;
  for (const auto& [key, value] : samples) {
    const size_t le = key.find(",le=\"");
    if (key.rfind(name + "_bucket" + labels, 0) != 0 || le == std::string::npos) continue;
    buckets[std::strtod(key.c_str() + le + 5, nullptr)] = value;
  }
  ASSERT_EQ(buckets.size(), config::kLatencyBuckets - 7) << "those below 128 us are one";
  double bound = 128e-6;
  double before = 0;
  for (const auto& [le, value] : buckets) {
    if (!std::isinf(le)) {
      EXPECT_DOUBLE_EQ(le, bound);
    }
    EXPECT_GE(value, before);
    before = value;
    bound *= 2;
  }
  EXPECT_EQ(buckets.begin()->second, 1);
  EXPECT_EQ(buckets.lower_bound(0.000511)->second, 1);
  EXPECT_EQ(buckets.lower_bound(0.001023)->second, 26);
  EXPECT_TRUE(std::isinf(buckets.rbegin()->first));
  EXPECT_EQ(buckets.rbegin()->second, 29);
  EXPECT_EQ(samples.at(name + "_count" + labels + "}"), 29);
  EXPECT_EQ(samples.at(name + "_sum" + labels + "}"), 2);
  EXPECT_EQ(samples.at("penstock_endpoint_queries_total" + labels + "}"), 40);
  EXPECT_EQ(samples.at("penstock_endpoint_timeouts_total" + labels + "}"), 4);
  // An endpoint without a slot has no traffic of its own.
  EXPECT_FALSE(samples.contains("penstock_endpoint_queries_total{pool=\"corporate\",address=\"fd00::53\"}"));
}

TEST_F(MetricsServerTest, ClientsThatJoined) {
  page_->lcore[1].query[config::QueryOutcome::joined].set(11);
  page_->lcore[1].waiter[config::WaiterOutcome::answered].set(2);
  page_->lcore[1].waiting.set(9);
  page_->lcore[1].classify[config::ClassifyOutcome::query].set(11);
  page_->lcore[1].received.set(11);
  const auto samples = scrape();
  EXPECT_EQ(samples.at("penstock_joined_queries_total{outcome=\"answered\"}"), 2);
  EXPECT_EQ(samples.at("penstock_waiting_clients{lcore=\"1\"}"), 9);
  EXPECT_EQ(samples.at("penstock_accounting_residual"), 0);
}

// What is asked on our own account has an end too, and what clients get from memory has no part in it.
TEST_F(MetricsServerTest, RefreshesAndAnswersFromMemoryCloseTheSums) {
  using namespace config;
  LcoreCounters& lcore = page_->lcore[0];
  lcore.received.set(30 + 9);
  lcore.classify[ClassifyOutcome::query].set(30);
  lcore.classify[ClassifyOutcome::response].set(9);
  lcore.query[QueryOutcome::answered_cached].set(12);
  lcore.query[QueryOutcome::answered_stale].set(6);
  lcore.query[QueryOutcome::answered_failure].set(1);
  lcore.query[QueryOutcome::refused_snoop].set(1);
  lcore.query[QueryOutcome::forwarded].set(10);
  lcore.refresh[RefreshOutcome::sent].set(4);
  lcore.refresh[RefreshOutcome::no_endpoint].set(2);
  lcore.response[ResponseOutcome::returned].set(5);
  lcore.response[ResponseOutcome::replaced_stale].set(2);
  lcore.response[ResponseOutcome::refreshed].set(2);
  lcore.sweep[SweepOutcome::expired_stale].set(3);
  lcore.sweep[SweepOutcome::expired_refresh].set(1);
  lcore.pending.set(1);
  const auto samples = scrape();
  EXPECT_EQ(samples.at("penstock_accounting_residual"), 0);
  EXPECT_EQ(samples.at("penstock_queries_total{outcome=\"answered_stale\"}"), 6);
  EXPECT_EQ(samples.at("penstock_refreshes_total{outcome=\"no_endpoint\"}"), 2);
  lcore.refresh[RefreshOutcome::sent].add(1);
  EXPECT_EQ(scrape().at("penstock_accounting_residual"), 1);
}

TEST_F(MetricsServerTest, EntropyIsThatOfTheFullestLcore) {
  EXPECT_NEAR(scrape().at("penstock_query_entropy"), 13 + 16, 0.001);
  // Two thirds of what it takes are half of its slots.
  page_->lcore[1].pending.set(32768 / 3 * 2);
  EXPECT_NEAR(scrape().at("penstock_query_entropy"), 13 + 15, 0.001);
}

TEST_F(MetricsServerTest, PromtoolFindsNothing) {
  if (std::system("command -v promtool >/dev/null") != 0)
    GTEST_SKIP() << "promtool is in the Debian package prometheus";
  char path[] = "/tmp/penstock-metrics-XXXXXX";
  const int fd = mkstemp(path);
  ASSERT_GE(fd, 0);
  close(fd);
  std::ofstream(path) << get(static_cast<uint16_t>(server_.port()));
  const std::string command = std::string("promtool check metrics < ") + path + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string said;
  for (int c = 0; (c = fgetc(pipe)) != EOF;) said.push_back(static_cast<char>(c));
  EXPECT_EQ(pclose(pipe), 0) << said;
  EXPECT_EQ(said, "");
  std::remove(path);
}

// Alerts and dashboard may only speak of what a scrape has.
TEST_F(MetricsServerTest, AlertsAndDashboardNameMetricsThatExist) {
  const std::string text = get(static_cast<uint16_t>(server_.port()));
  for (const char* path : {"../../../deploy/prometheus/penstock.rules.yml", "../../../deploy/grafana/penstock.json"}) {
    std::ostringstream content;
    content << std::ifstream(path).rdbuf();
    const std::string rules = content.str();
    ASSERT_FALSE(rules.empty()) << path;
    static const std::regex expression(R"(penstock_[a-z_]+(?=[\[{ )]))");
    size_t found = 0;
    for (std::sregex_iterator at(rules.begin(), rules.end(), expression), end; at != end; ++at, ++found) {
      std::string line = "\n";
      line += at->str();
      EXPECT_NE(text.find(line), std::string::npos) << path << " " << at->str();
    }
    EXPECT_GT(found, 10U) << path;
  }
}

TEST_F(MetricsServerTest, LabelsAreBounded) {
  const std::set<std::string> allowed = {"version", "process", "class",  "outcome", "rcode",       "lcore",
                                         "state",   "table",   "result", "pool",    "address",     "protocol",
                                         "le",      "port",    "reason", "kind",    "answered_by", "transport",
                                         "type",    "rule",    "zone",   "commit",  "resource"};
  BusyShare share;
  for (const auto& family : collect(*view_, share, std::chrono::system_clock::now())) {
    for (const auto& metric : family.metric) {
      for (const auto& label : metric.label)
        EXPECT_TRUE(allowed.contains(label.name)) << family.name << " " << label.name;
    }
  }
}

TEST_F(MetricsServerTest, WithoutADataplaneAndBeforeAnything) {
  view_ = make_view(nullptr);
  const auto samples = scrape();
  EXPECT_EQ(samples.at("penstock_dataplane_up"), 0);
  EXPECT_FALSE(samples.contains("penstock_accounting_residual"));
  EXPECT_EQ(samples.at("penstock_ruleset_generation{process=\"control\"}"), 8);
  view_ = nullptr;
  EXPECT_FALSE(scrape().contains("penstock_dataplane_up"));
}

TEST(MetricsListen, TakesAddressesAndRefusesTheRest) {
  const auto none = [] { return std::shared_ptr<const StatusView>(); };
  {
    const MetricsServer server("[::1]:0", *MetricsAccess::open({}),
                               [] { return std::shared_ptr<const StatusView>(make_view(nullptr)); });
    EXPECT_NE(get(static_cast<uint16_t>(server.port()), "::1").find("penstock_dataplane_up"), std::string::npos);
    const std::string taken = "[::1]:" + std::to_string(server.port());
    EXPECT_THROW(MetricsServer(taken, *MetricsAccess::open({}), none), std::runtime_error);
  }
  for (const char* listen : {"", "9153", "127.0.0.1", "localhost:9153", "::1:9153", "[127.0.0.1]:9153",
                             "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:9153s", "192.0.2.1:9153"}) {
    EXPECT_THROW(MetricsServer(listen, *MetricsAccess::open({}), none), std::runtime_error) << listen;
  }
}

TEST(BusyShare, CountsFromOneScrapeToTheNext) {
  BusyShare share;
  auto now = std::chrono::steady_clock::time_point() + 1h;
  EXPECT_DOUBLE_EQ(share.of(0, 100, 300, now), 0.25);
  EXPECT_DOUBLE_EQ(share.of(0, 200, 300, now + 1ms), 0.25) << "too soon for a new share";
  EXPECT_DOUBLE_EQ(share.of(0, 400, 400, now + 2s), 0.75);
  EXPECT_DOUBLE_EQ(share.of(0, 10, 10, now + 4s), 0.5) << "a dataplane that started anew";
}

}  // namespace
}  // namespace penstock::control

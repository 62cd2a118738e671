// tests/control/admin/fake_operations.h - a control process of two pools that does as the test says.
#pragma once

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "config/contract/name.h"
#include "control/admin/operations.h"

namespace penstock::control {

class FakeOperations : public Operations {
 public:
  FakeOperations() {
    auto made = std::make_shared<config::Model>();
    made->files = {"/etc/penstock/penstock.yaml", "/etc/penstock/partners.txt"};
    made->pools.resize(2);
    made->pools[0].name = "studio";
    made->pools[0].kind = config::PoolKind::route53_inbound;
    made->pools[0].is_private = true;
    made->pools[1].name = "corporate";
    config::Rule studio{config::Action::forward, 0,      true, true, {*config::parse_prefix("10.16.0.0/16")},
                        "studio[0] studio",      {0, 12}};
    config::Rule partners{config::Action::forward, 1, false, true, {}, "partners.txt", {0, 15}};
    config::Rule ads{config::Action::nxdomain, 0, false, true, {}, "zones[1]", {0, 16}};
    config::Rule fallback{config::Action::forward, 1, false, true, {}, "default", {0, 20}};
    config::Rule lab;
    lab.action = config::Action::records;
    lab.origin = "zones[4]";
    lab.where = {0, 30};
    lab.records = {{"www 300 A 10.0.0.1", {0, 31}}, {"*.wild CNAME www", {0, 32}}};
    config::Rule moved;
    moved.action = config::Action::addresses;
    moved.addresses = {*config::parse_address("10.0.0.9")};
    config::Rule built_in = moved;
    built_in.origin = "built in";
    made->rules = {studio, partners, ads, fallback, lab, moved, built_in};
    made->default_rule = 3;
    made->zones.add(*config::parse_name("studio.us-east-1.sagemaker.aws"), config::Scope::zone, 0, {0, 12});
    made->zones.add(*config::parse_name("partner.example"), config::Scope::zone, 1, {1, 3});
    made->zones.add(*config::parse_name("lab.example"), config::Scope::zone, 4, {0, 30});
    model = made;
    add("studio", "10.16.1.10", config::Health::up);
    add("studio", "10.16.2.10", config::Health::up);
    add("corporate", "192.168.10.2", config::Health::up);
  }

  StatusView view() override {
    StatusView state;
    state.config_file = "/etc/penstock/penstock.yaml";
    state.started_at = std::chrono::system_clock::now();
    state.model = model;
    state.generation = 7;
    state.acknowledged = acknowledged;
    state.built_at = state.started_at;
    state.zones = 2;
    state.slots_used = 3;
    state.ports_of_an_lcore = 4096;
    state.events = {{state.started_at, config::EventKind::leak, "leak: somewhere", 4}};
    state.event_counts[0] = 5;
    state.dataplane_socket = "/run/penstock/dataplane.sock";
    state.endpoints = endpoints;
    if (page) {
      state.page = page;
      state.recent = recent;
      config::Hello hello;
      hello.ports = 1;
      hello.pid = 4711;
      std::strcpy(hello.port[0].name.data(), "corp");
      state.hello = hello;
      state.heartbeat_age = std::chrono::milliseconds(12);
    }
    return state;
  }
  void reload(const ReloadRequest& asked_for, std::function<void(const ReloadResult&)> done) override {
    request = asked_for;
    done(reload_result);
  }
  void look_at_file(bool accept_removals, bool undo_rollback, std::function<void(const Preview&)> done) override {
    Preview found;
    found.file = "/etc/penstock/penstock.yaml";
    found.changes = RuleChanges{};
    found.accept_removals = accept_removals;
    if (!undo_rollback) found.held_back = held_back;
    done(found);
  }
  void source_of(uint64_t generation, std::function<void(const tl::expected<RuleSource, std::string>&)> done) override {
    if (generation > 7) return done(tl::make_unexpected(std::string("it is not known")));
    done(RuleSource{generation == 0 ? 7 : generation, {{"/etc/penstock/penstock.yaml", "zones: []"}}, {}});
  }
  History history() override { return past; }
  void roll_back(uint64_t generation, const ReloadRequest& asked_for,
                 std::function<void(const ReloadResult&)> done) override {
    request = asked_for;
    rolled_back_to = generation;
    done(reload_result);
  }
  void lookup(const config::WireName& name, const config::IpAddress& of_client,
              std::function<void(tl::expected<config::Found, std::string>)> done) override {
    asked = name;
    client = of_client;
    done(found);
  }
  void flush(config::FlushScope scope, const config::WireName& name,
             std::function<void(tl::expected<config::Flushed, std::string>)> done) override {
    flushes.emplace_back(scope, name);
    done(flushed);
  }
  void browse(const config::Browse& request,
              std::function<void(tl::expected<BrowsedPages, std::string>)> done) override {
    browses.push_back(request);
    done(request.page < pages.size() ? pages[request.page] : BrowsedPages{});
  }
  void compose(const config::Compose& request,
               std::function<void(tl::expected<config::Composed, std::string>)> done) override {
    composes.push_back(request);
    done(composed);
  }
  void judge(const config::Judge& request, const std::vector<uint8_t>& answer,
             std::function<void(tl::expected<config::Judged, std::string>)> done) override {
    judges.emplace_back(request, answer);
    done(judged);
  }
  void exchange(const ProbeTarget& target, bool tcp, Probe::Done done) override {
    exchanges.emplace_back(target, tcp);
    done(answers(target, tcp));
  }
  void capture(const config::CaptureRequest& request,
               std::function<void(tl::expected<config::SharedDescriptor, std::string>)> done) override {
    captured = request;
    done(stream);
  }
  size_t drain(const config::IpAddress& address, bool drained) override {
    size_t count = 0;
    for (EndpointView& endpoint : endpoints) {
      if (endpoint.health.id.address != address) continue;
      endpoint.state.drained = drained ? 1 : 0;
      ++count;
    }
    return count;
  }

  void change(const std::function<void(config::Model&)>& how) {
    auto made = std::make_shared<config::Model>(*model);
    how(*made);
    model = made;
  }
  EndpointView& endpoint(size_t i) { return endpoints[i]; }
  // The zone that matched, in text; "" is the default.
  void find(uint32_t rule, const std::string& zone, bool is_apex) {
    config::Found answer;
    answer.rule = config::RuleIndex{rule};
    answer.generation = 7;
    answer.is_apex = is_apex ? 1 : 0;
    if (!zone.empty()) answer.matched_length = static_cast<uint8_t>(config::parse_name(zone)->size());
    found = answer;
  }

  std::shared_ptr<const config::Model> model;
  std::vector<EndpointView> endpoints;
  std::shared_ptr<config::CounterPage> page;
  uint64_t acknowledged = 7;
  ReloadResult reload_result{true, "generation 8 published", {}, 8};
  config::IpAddress client;
  tl::expected<config::Found, std::string> found = tl::make_unexpected(std::string("nothing set"));
  tl::expected<config::Flushed, std::string> flushed = config::Flushed{.entries = 3};
  std::vector<std::pair<config::FlushScope, config::WireName>> flushes;
  // By page; the last one says that it is.
  std::vector<BrowsedPages> pages;
  tl::expected<config::Composed, std::string> composed = tl::make_unexpected(std::string("nothing set"));
  tl::expected<config::Judged, std::string> judged = config::Judged{};
  std::function<ProbeResult(const ProbeTarget&, bool)> answers;
  std::vector<config::Browse> browses;
  std::vector<config::Compose> composes;
  std::vector<std::pair<config::Judge, std::vector<uint8_t>>> judges;
  std::vector<std::pair<ProbeTarget, bool>> exchanges;
  config::CaptureRequest captured;
  tl::expected<config::SharedDescriptor, std::string> stream =
      tl::make_unexpected(std::string("another capture is running"));
  MemoryShare recent;
  ReloadRequest request;  // of the last reload or rollback
  std::string held_back;
  History past;
  uint64_t rolled_back_to = 0;
  config::WireName asked;

 private:
  void add(const std::string& pool, const std::string& address, config::Health health) {
    EndpointView endpoint;
    endpoint.health.id = {pool, *config::parse_address(address)};
    endpoint.health.state = health;
    endpoint.health.condition = Condition::up;
    endpoint.health.reason = "answers";
    endpoint.health.since = std::chrono::system_clock::now();
    endpoint.slot = config::EndpointSlot{static_cast<uint16_t>(endpoints.size())};
    endpoint.state.address = endpoint.health.id.address.bytes;
    endpoint.state.family = 4;
    endpoint.state.health = health;
    endpoint.state.reachable = 1;
    endpoint.state.mac = {2, 0, 0, 0, 0, 0x1f};
    endpoint.state.source = config::parse_address("192.168.10.86")->bytes;
    endpoints.push_back(endpoint);
  }
};

// A counter page of one lcore in ordinary memory.
inline std::shared_ptr<config::CounterPage> new_counter_page() {
  const size_t size = config::counter_page_size(1);
  void* memory = ::operator new (size, std::align_val_t{64});
  std::memset(memory, 0, size);
  auto* page = static_cast<config::CounterPage*>(memory);
  page->magic = config::kCounterPageMagic;
  page->page_size = size;
  page->lcores = 1;
  page->pending_capacity = 1024;
  return {page, [](config::CounterPage* old) { ::operator delete (old, std::align_val_t{64}); }};
}

}  // namespace penstock::control

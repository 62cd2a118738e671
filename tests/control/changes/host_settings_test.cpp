// tests/control/changes/host_settings_test.cpp - which changes of a file a reload cannot bring into force, and who must be restarted.
#include "control/changes/host_settings.h"

#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>

namespace penstock::control {
namespace {

using config::Model;

TEST(HostSettings, NamesTheSettingAndTheProgram) {
  const struct {
    const char* need;  // empty: a reload will do
    std::function<void(Model&)> change;
  } cases[] = {
      {"", [](Model&) {}},
      {"ports changed: restart penstock-dataplane", [](Model& m) { m.ports.emplace_back(); }},
      {"listen changed: restart penstock-dataplane",
       [](Model& m) { m.listen.push_back(*config::parse_address("10.0.0.1")); }},
      {"lcores changed: restart penstock-dataplane", [](Model& m) { m.lcores = 2; }},
      {"idle changed: restart penstock-dataplane", [](Model& m) { m.idle = config::Idle::busy; }},
      {"dataplane.eal changed: restart penstock-dataplane", [](Model& m) { m.dataplane.eal = {"-v"}; }},
      {"dataplane.state_dir changed: restart penstock-dataplane", [](Model& m) { m.dataplane.state_dir = "/d"; }},
      {"dataplane.pending changed: restart penstock-dataplane", [](Model& m) { m.dataplane.pending = 64; }},
      {"dataplane.cache_size changed: restart penstock-dataplane", [](Model& m) { m.dataplane.cache_size = 0; }},
      {"dataplane.identity changed: restart penstock-dataplane", [](Model& m) { m.dataplane.identity = ""; }},
      {"dataplane.identity changed: restart penstock-dataplane", [](Model& m) { m.dataplane.identity = "none"; }},
      {"dataplane.version changed: restart penstock-dataplane", [](Model& m) { m.dataplane.version = "1"; }},
      {"dataplane.source_ports changed: restart penstock-dataplane",
       [](Model& m) {
         m.dataplane.source_ports = config::SourcePorts{2000, 100};
       }},
      {"dataplane.port_budget changed: restart penstock-dataplane", [](Model& m) { m.dataplane.port_budget = 9000; }},
      {"dataplane.nodes changed: restart penstock-dataplane", [](Model& m) { m.dataplane.nodes = 2; }},
      {"dataplane.tcp changed: restart penstock-dataplane", [](Model& m) { m.dataplane.tcp.connections = 9; }},
      {"dataplane.tcp changed: restart penstock-dataplane",
       [](Model& m) { m.dataplane.tcp.connections_per_client = 9; }},
      {"dataplane.tcp changed: restart penstock-dataplane",
       [](Model& m) { m.dataplane.tcp.idle_timeout = std::chrono::milliseconds(900); }},
      {"dataplane.socket changed: restart both programs", [](Model& m) { m.dataplane.socket = "/s"; }},
      {"control.socket changed: restart penstock-control", [](Model& m) { m.control.socket = "/c"; }},
      {"control.watch changed: restart penstock-control", [](Model& m) { m.control.watch = true; }},
      {"metrics.listen changed: restart penstock-control", [](Model& m) { m.metrics_listen.reset(); }},
      // What an image says.
      {"", [](Model& m) { m.dataplane.query_timeout = std::chrono::milliseconds(900); }},
      {"", [](Model& m) { m.clients.allow_snoop.push_back(*config::parse_prefix("10.0.0.0/8")); }},
      {"", [](Model& m) { m.pools.emplace_back().cache.enabled = false; }},
  };
  for (const auto& one : cases) {
    Model changed;
    one.change(changed);
    const std::vector<std::string> needs = restarts_between(host_settings(Model{}), host_settings(changed));
    EXPECT_EQ(needs, *one.need == '\0' ? std::vector<std::string>{} : std::vector<std::string>{one.need});
    EXPECT_EQ(needs, restarts_between(host_settings(changed), host_settings(Model{}))) << "both ways";
  }
}

TEST(HostSettings, EachSettingOfAPortNeedsOne) {
  Model was;
  was.ports.emplace_back().device = "eth0";
  for (const auto& change : std::initializer_list<std::function<void(config::Port&)>>{
           [](config::Port& p) { p.name = "office"; }, [](config::Port& p) { p.device = "eth1"; },
           [](config::Port& p) {
             p.vlans = {0, 42};
           },
           [](config::Port& p) { p.strict_reverse_path = true; },
           [](config::Port& p) {
             p.gateways = {{2, 0, 0, 0, 0, 1}};
           }}) {
    Model now = was;
    change(now.ports[0]);
    EXPECT_EQ(restarts_between(host_settings(was), host_settings(now)),
              std::vector<std::string>{"ports changed: restart penstock-dataplane"});
  }
}

TEST(HostSettings, WhatOneProgramHasReadNeedsNoRestartOfTheOther) {
  Model file;
  file.lcores = 2;
  file.control.watch = true;
  file.dataplane.socket = "/s";
  const auto now = host_settings(file), before = host_settings(Model{});
  EXPECT_EQ(restarts_for({now, now}, now), std::vector<std::string>{});
  EXPECT_EQ(restarts_for({now, before}, now),
            (std::vector<std::string>{"control.watch changed: restart penstock-control"}));
  EXPECT_EQ(restarts_for({before, now}, now).size(), 3U);
  EXPECT_EQ(restarts_for({before, before}, now),
            (std::vector<std::string>{"lcores changed: restart penstock-dataplane",
                                      "dataplane.socket changed: restart both programs",
                                      "control.watch changed: restart penstock-control"}))
      << "none twice";
}

}  // namespace
}  // namespace penstock::control

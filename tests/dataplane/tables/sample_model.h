// tests/dataplane/tables/sample_model.h - small models and question names for tests, written in text.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "config/model.h"
#include "control/rules/compile.h"
#include "dataplane/dns/name.h"

namespace penstock::test {

inline config::WireName wire(std::string_view text) {
  auto name = config::parse_name(text);
  if (!name) throw std::invalid_argument(std::string(text) + ": " + name.error());
  return *name;
}

inline dns::FoldedName folded(std::string_view wire_name) {
  dns::FoldedName name;
  if (!dns::parse_name({reinterpret_cast<const uint8_t*>(wire_name.data()), wire_name.size()}, name))
    throw std::invalid_argument("malformed wire name");
  return name;
}

inline void add_zone(config::Model& model, std::string_view wire_name, config::Scope scope, uint32_t rule,
                     config::Where where = {}) {
  model.zones.entries.push_back(
      {static_cast<uint32_t>(model.zones.bytes.size()), rule, where, static_cast<uint8_t>(wire_name.size()), scope});
  model.zones.bytes += wire_name;
}

// Two pools (0: private, two endpoints; 1: one endpoint), `rules` rules that alternate between them, no zones, no default.
inline config::Model sample_model(unsigned rules = 2) {
  config::Model model;
  model.files = {"penstock.yaml"};
  model.pools.resize(2);
  model.pools[0] = {.name = "studio",
                    .kind = config::PoolKind::route53_inbound,
                    .is_private = true,
                    .endpoints = {{*config::parse_address("10.16.1.10"), 10000, 1, {}},
                                  {*config::parse_address("fd00::10"), 10000, 2, {}}},
                    .cache = {},
                    .health = {},
                    .source = {},
                    .where = {}};
  model.pools[1] = {.name = "corporate",
                    .kind = config::PoolKind::recursive,
                    .is_private = false,
                    .endpoints = {{*config::parse_address("192.168.10.2"), 0, 1, {}}},
                    .cache = {},
                    .health = {},
                    .source = {},
                    .where = {}};
  for (unsigned i = 0; i < rules; ++i) {
    config::Rule& rule = model.rules.emplace_back();
    rule.pool = i % 2;
    rule.is_private = rule.pool == 0;
    rule.origin = "zones[" + std::to_string(i) + "]";
  }
  model.clients.allow = {*config::parse_prefix("10.0.0.0/8"), *config::parse_prefix("fd00::/8")};
  model.clients.deny = {*config::parse_prefix("10.9.0.0/16")};
  return model;
}

// Slots in the order of the endpoints.
inline control::SlotOf slots_in_order() {
  return [next = uint16_t{0}](const config::Pool&, const config::Endpoint&) mutable {
    return config::EndpointSlot{next++};
  };
}

}  // namespace penstock::test

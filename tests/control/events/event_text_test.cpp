// tests/control/events/event_text_test.cpp - what the engineer on call reads.
#include "control/events/event_text.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace penstock::control {
namespace {

using config::Event;
using config::EventKind;

config::Model model() {
  config::Model made;
  made.files = {"/etc/penstock/penstock.yaml"};
  made.pools.resize(2);
  made.pools[0].name = "vpc";
  made.pools[1].name = "corporate";
  config::Rule zone;
  zone.is_private = true;
  zone.origin = "zones[2]";
  zone.where = {0, 31};
  config::Rule studio = zone;
  studio.origin = "studio[0] api";
  studio.where = {0, 12};
  config::Rule fallback;
  fallback.pool = 1;
  fallback.origin = "default";
  made.rules = {zone, studio, fallback};
  return made;
}

Event event(EventKind kind, uint32_t rule, const char* address, bool blocked) {
  Event made;
  made.kind = kind;
  made.rule = rule;
  made.blocked = blocked ? 1 : 0;
  made.type = 1;
  const auto name = *config::parse_name("api.ml.example");
  made.name_length = static_cast<uint8_t>(name.size());
  std::copy(name.begin(), name.end(), made.name.begin());
  if (address != nullptr) {
    const auto parsed = *config::parse_address(address);
    made.family = parsed.family;
    made.address = parsed.bytes;
  }
  return made;
}

const struct {
  const char* description;
  Event event;
  const char* endpoint;
  std::vector<const char*> parts;
} kEvents[] = {
    {.description = "a leak that was stopped",
     .event = event(EventKind::leak, 0, "54.84.43.17", true),
     .endpoint = "10.16.1.10",
     .parts = {"leak: the answer to api.ml.example A from endpoint 10.16.1.10 of pool vpc has 54.84.43.17",
               "the client got SERVFAIL",
               "zones[2].expect (/etc/penstock/penstock.yaml:31): add 54.84.43.0/24 if it is yours"}},
    {.description = "on_leak: alarm, IPv6, studio",
     .event = event(EventKind::leak, 1, "2600:1f18:1:2:3::9", false),
     .endpoint = "10.16.1.10",
     .parts = {"2600:1f18:1:2:3::9", "went to the client", "studio[0].expect (/etc/penstock/penstock.yaml:12): add",
               "2600:1f18:1:2::/64"}},
    {.description = "IPv6 of which nothing is said",
     .event = event(EventKind::withheld, 1, "2600:1f18:1:2:3::9", true),
     .endpoint = "10.16.1.10",
     .parts = {"withheld: the answer to api.ml.example A from endpoint 10.16.1.10 of pool vpc has 2600:1f18:1:2:3::9",
               "the client got no such address",
               "studio[0].expect (/etc/penstock/penstock.yaml:12): add 2600:1f18:1:2::/64"}},
    {.description = "a chain that ends nowhere",
     .event = event(EventKind::leak, 0, nullptr, true),
     .endpoint = "10.16.1.10",
     .parts = {"a CNAME chain out of the private zones, without an address", "the client got SERVFAIL"}},
    {.description = "a slot that is gone",
     .event = event(EventKind::leak, 0, "1.2.3.4", true),
     .endpoint = "",
     .parts = {"from an endpoint of pool vpc"}},
    {.description = "unreadable",
     .event = event(EventKind::unreadable, 0, nullptr, true),
     .endpoint = "10.16.1.10",
     .parts = {"unreadable:", "cannot be read"}},
    {.description = "another door",
     .event = event(EventKind::chain_into_private, 0, nullptr, true),
     .endpoint = "192.168.10.2",
     .parts = {"from 192.168.10.2 leads into zones[2] (/etc/penstock/penstock.yaml:31)", "it was cut there",
               "itself asked for the private name", "forward these names to Penstock"}},
    {.description = "a query back to its sender",
     .event = event(EventKind::loop, 2, "192.168.10.2", true),
     .endpoint = "192.168.10.2",
     .parts = {"loop: api.ml.example A came from 192.168.10.2, an endpoint of pool corporate", "answered REFUSED"}},
    {.description = "and another endpoint is there",
     .event = event(EventKind::loop, 2, "192.168.10.2", false),
     .endpoint = "192.168.10.2",
     .parts = {"another endpoint of the pool was asked"}},
    {.description = "our probe",
     .event = event(EventKind::loop_probe, 1, "192.168.10.3", true),
     .endpoint = "",
     .parts = {"a probe sent to pool corporate came back to us from 192.168.10.3", "remove its forwarder"}},
    {.description = "forged, near a query",
     .event = event(EventKind::forged, 0, "10.16.1.10", true),
     .endpoint = "10.16.1.10",
     .parts = {"from the address of endpoint 10.16.1.10 matches the query for api.ml.example A only in part",
               "over TCP", "randomise_case: off"}},
    {.description = "numbers of other rules",
     .event = event(EventKind::leak, 99, "1.2.3.4", true),
     .endpoint = "10.16.1.10",
     .parts = {"leak:"}},
};

TEST(EventText, NamesTheThingAndWhatWouldEndIt) {
  const config::Model of = model();
  for (const auto& one : kEvents) {
    const std::string text = event_text(one.event, of, one.endpoint);
    for (const char* part : one.parts)
      EXPECT_NE(text.find(part), std::string::npos) << one.description << ": " << part << " in\n" << text;
    EXPECT_EQ(text.find('\n'), std::string::npos);
  }
}

TEST(EventText, ANameCannotBreakTheLine) {
  Event made = event(EventKind::leak, 0, "1.2.3.4", true);
  made.name[1] = '\n';
  EXPECT_EQ(event_text(made, model(), "").find('\n'), std::string::npos);
}

}  // namespace
}  // namespace penstock::control

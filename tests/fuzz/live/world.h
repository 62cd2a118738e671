// tests/fuzz/live/world.h - the world that live_path_fuzz plays in: rule sets, clients, endpoints and names; the same for the
// player, who sends and answers, and for the oracle, who judges.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"
#include "tests/support/path_rig.h"

namespace penstock::fuzz {

// An endpoint answers with addresses whose octets but the last are its tag, or with kPublicTag's, as anybody may. So whoever sees an
// address in an answer knows which endpoint has given it, whatever two octets were changed on the way.
struct LiveEndpoint {
  const char* address;
  uint8_t tag;
  uint8_t echoes_case;  // config::kCase...
};
constexpr uint8_t kPublicTag = 0xcc;

std::span<const LiveEndpoint> live_endpoints();

struct LiveClient {
  const char* address;
  const char* group;  // "": of none
  const char* listen;
  bool may_ask;
  uint16_t vlan = 0;
};
std::span<const LiveClient> live_clients();

std::span<const std::string_view> live_names();  // dotted

// A rule set as control reads and compiles it, once a process.
struct LiveRules {
  config::Model model;
  control::ImageBytes image;
  bool answers_all = false;  // no limit lets a query be dropped
};
std::span<const LiveRules> live_rules();

// Puts it in force, as of another generation than any before.
void load(test::PathRig& rig, const LiveRules& rules);

// Two lcores, the first rule set in force, all endpoints up; nothing is left of what was before but the time. One for a process:
// to make one anew for every input took longer than to play it.
test::PathRig& live_rig();

constexpr unsigned kStreamPort = 2;  // behind the rig's two cards

}  // namespace penstock::fuzz

// tests/control/admin/commands_test.cpp - what each request answers, as JSON and in words. Long because each answer is compared whole.
#include "control/admin/commands.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/admin/render.h"
#include "tests/control/admin/fake_operations.h"

namespace penstock::control {
namespace {

using nlohmann::json;

struct CommandsTest : testing::Test {
  json run(const std::string& line) {
    json answer;
    int replies = 0;
    commands.run(line, [&](const json& given) {
      answer = given;
      ++replies;
    });
    EXPECT_EQ(replies, 1) << line;
    return answer;
  }
  json run(const json& request) { return run(request.dump()); }
  json explain(const std::string& name) { return run({{"command", "explain"}, {"name", name}, {"type", "A"}}); }

  FakeOperations control;
  Commands commands{control};
};

TEST_F(CommandsTest, BadRequestsAreAnsweredWithAReason) {
  struct Case {
    const char* description;
    std::string request;
    const char* reason;
  };
  const Case cases[] = {
      {.description = "nothing", .request = "", .reason = "one JSON object"},
      {.description = "no JSON", .request = "status", .reason = "one JSON object"},
      {.description = "cut short", .request = R"({"command": "sta)", .reason = "one JSON object"},
      {.description = "an array", .request = "[]", .reason = "one JSON object"},
      {.description = "a number", .request = "7", .reason = "one JSON object"},
      {.description = "bytes that are no UTF-8", .request = "{\"command\": \"\xff\"}", .reason = "one JSON object"},
      {.description = "no command", .request = "{}", .reason = "unknown command ''"},
      {.description = "an unknown command",
       .request = R"({"command": "format"})",
       .reason = "unknown command 'format'"},
      {.description = "a command that is no string",
       .request = R"({"command": {"a": 1}})",
       .reason = "unknown command ''"},
      {.description = "drain without an address",
       .request = R"({"command": "drain"})",
       .reason = "not an IPv4 or IPv6 address"},
      {.description = "drain of a name",
       .request = R"({"command": "drain", "address": "ns1"})",
       .reason = "'ns1' is not an IPv4"},
      {.description = "drain of a number",
       .request = R"({"command": "undrain", "address": 7})",
       .reason = "not an IPv4"},
      {.description = "drain of a stranger",
       .request = R"({"command": "drain", "address": "10.9.9.9"})",
       .reason = "no pool has the endpoint 10.9.9.9"},
      {.description = "explain without a name", .request = R"({"command": "explain"})", .reason = "not a domain name"},
      {.description = "explain of no type",
       .request = R"({"command": "explain", "name": "a.b", "type": "BOGUS"})",
       .reason = "'BOGUS' is not a record type"},
      {.description = "explain of no name",
       .request = R"({"command": "explain", "name": "a..b"})",
       .reason = "'a..b' is not a domain name: it has an empty label"},
      {.description = "flush of what",
       .request = R"({"command": "flush"})",
       .reason = "give NAME for one name, --zone NAME"},
      {.description = "flush of an unknown scope",
       .request = R"({"command": "flush", "scope": "pool", "name": "a.b"})",
       .reason = "nothing to flush"},
      {.description = "flush of no name",
       .request = R"({"command": "flush", "scope": "name", "name": "a..b"})",
       .reason = "'a..b' is not a domain name: it has an empty label"},
      {.description = "flush of a zone without a name",
       .request = R"({"command": "flush", "scope": "zone"})",
       .reason = "'' is not a domain name"},
  };
  for (const Case& c : cases) {
    const json answer = run(c.request);
    EXPECT_EQ(answer["ok"], false) << c.description;
    EXPECT_NE(answer["error"].get<std::string>().find(c.reason), std::string::npos) << c.description << ": " << answer;
  }
  EXPECT_TRUE(control.flushes.empty());
}

TEST_F(CommandsTest, StatusWithoutADataplane) {
  control.acknowledged = 0;
  const json status = run({{"command", "status"}});
  EXPECT_EQ(status["ok"], true);
  EXPECT_EQ(status["rules"]["generation"], 7);
  EXPECT_EQ(status["rules"]["published"], false);
  EXPECT_EQ(status["dataplane"], (json{{"connected", false}, {"socket", "/run/penstock/dataplane.sock"}}));
  EXPECT_FALSE(status["control"].contains("heartbeat_age_ms"));
  const std::string words = render_status(status);
  EXPECT_NE(words.find("NOT published"), std::string::npos) << words;
  EXPECT_NE(words.find("is penstock-dataplane running?"), std::string::npos) << words;
}

TEST_F(CommandsTest, StatusAddsUpTheLcores) {
  control.page = new_counter_page();
  config::LcoreCounters& lcore = control.page->lcore[0];
  lcore.received.set(5);
  lcore.classify[config::ClassifyOutcome::query].set(3);
  lcore.classify[config::ClassifyOutcome::stranger].set(1);
  lcore.query[config::QueryOutcome::forwarded].set(3);
  lcore.pending.set(2);
  lcore.busy_cycles.set(1);
  lcore.idle_cycles.set(3);
  control.endpoint(1).health.condition = Condition::down;
  control.endpoint(1).state.drained = 1;
  control.endpoint(2).state.reachable = 0;
  const json status = run({{"command", "status"}});
  const json& dataplane = status["dataplane"];
  EXPECT_EQ(dataplane["connected"], true);
  EXPECT_EQ(dataplane["received"], 5);
  EXPECT_EQ(dataplane["outcomes"]["query"]["forwarded"], 3);
  EXPECT_EQ(dataplane["outcomes"]["sweep"]["expired"], 0);
  EXPECT_EQ(dataplane["outcomes"].size(), 12U);
  EXPECT_EQ(dataplane["pending"], 2);
  EXPECT_EQ(dataplane["pending_capacity"], 1024);
  EXPECT_EQ(dataplane["lcores"][0]["busy_share"], 0.25);
  EXPECT_EQ(dataplane["residual"], config::accounting_residual(*control.page));
  EXPECT_NE(dataplane["residual"], 0) << "a frame and a pending query are missing on purpose";
  EXPECT_EQ(status["endpoints"], (json{{"up", 2},
                                       {"slow", 0},
                                       {"tcp-broken", 0},
                                       {"throttled", 0},
                                       {"looping", 0},
                                       {"down", 1},
                                       {"unknown", 0},
                                       {"drained", 1},
                                       {"unreachable", 1}}));
  const std::string words = render_status(status);
  for (const char* part : {"query 3, stranger 1", "2 up, 1 down, 1 drained, 1 unreachable", "25 %", "2 of 1024"})
    EXPECT_NE(words.find(part), std::string::npos) << part << " in\n" << words;
}

TEST_F(CommandsTest, StatusSaysFirstHowThingsAre) {
  control.page = new_counter_page();
  const auto state = [&] {
    const json status = run({{"command", "status"}});
    const std::string words = render_status(status);
    return words.substr(0, words.find('\n'));
  };
  for (size_t i = 0; i < 3; ++i) {
    control.endpoint(i).health.condition = Condition::up;
    control.endpoint(i).state.health = config::Health::up;
    control.endpoint(i).state.drained = 0;
    control.endpoint(i).state.reachable = 1;
  }
  EXPECT_EQ(state(), "green");
  control.endpoint(0).state.drained = 1;
  EXPECT_EQ(state(), "green") << "it is so on purpose";
  control.endpoint(1).health.condition = Condition::down;
  EXPECT_EQ(state(), "degraded: pool studio has no endpoint up; 1 of 3 endpoints impaired, see penstockctl endpoints");
  control.endpoint(0).state.drained = 0;
  EXPECT_EQ(state(), "degraded: 1 of 3 endpoints impaired, see penstockctl endpoints");
  control.endpoint(0).state.reachable = 0;
  control.endpoint(2).health.condition = Condition::down;
  EXPECT_EQ(state(), "down: no endpoint is up in any pool");
}

TEST_F(CommandsTest, StatusTellsLimitsEventsAndLosses) {
  control.page = new_counter_page();
  control.page->waiting_capacity = 512;
  control.page->ports_used = 1;
  control.page->lcore[0].waiting.set(3);
  control.page->share_capacity = 8192;
  control.page->lcore[0].shares.set(17);
  control.page->ring_capacity = 1024;
  control.page->ring_used.set(31);
  control.page->mbuf_capacity = 40960;
  control.page->mbufs_used.set(8200);
  control.page->lcore[0].guard[config::GuardOutcome::blocked].set(4);
  json status = run({{"command", "status"}});
  EXPECT_EQ(render_status(status).find("LOST"), std::string::npos);
  control.page->ports[0].receive_missed.set(8);
  status = run({{"command", "status"}});
  EXPECT_EQ(status["events"]["counts"]["leak"], 5);
  EXPECT_EQ(status["dataplane"]["entropy"]["bits"], 28.0);
  const std::string words = render_status(status);
  for (const char* part :
       {"waiting clients of lcore 0 3 of 512", "clients noted of the fullest lcore 17 of 8192",
        "frames in the fullest ring 31 of 1024", "mbufs 8200 of 40960", "chains under way", "answers kept",
        "endpoint slots 3 of 1024", "blocked 4", "corp LOST frames: receive_missed 8", "28.0 bits (port 12.0, id 16.0)",
        "leak: somewhere (and 4 more like it)"})
    EXPECT_NE(words.find(part), std::string::npos) << part << " in\n" << words;
}

// Where names are asked in random case, and where not, and why.
TEST_F(CommandsTest, StatusTellsWhereLettersAreDrawn) {
  control.page = new_counter_page();
  EXPECT_EQ(render_status(run({{"command", "status"}})).find("letter"), std::string::npos);
  control.change([](config::Model& model) { model.pools[0].randomise_case = model.pools[1].randomise_case = true; });
  control.endpoint(0).state.echoes_case = config::kCaseRepeated;
  control.endpoint(1).state.echoes_case = config::kCaseChanged;
  control.endpoint(1).health.case_reason = "changes the case of names";
  const json status = run({{"command", "status"}});
  EXPECT_EQ(status["dataplane"]["entropy"]["case"][0]["as_typed"].size(), 1U);
  EXPECT_NE(render_status(status).find(
                "; pool studio 1 more per letter of the name, not 10.16.2.10 (changes the case of names); "
                "pool corporate 1 more per letter of the name, not 192.168.10.2 (the probe name "
                "has no letters, see health.name)\n"),
            std::string::npos)
      << render_status(status);
}

TEST_F(CommandsTest, EndpointsShowNextHopAndCounters) {
  control.page = new_counter_page();
  control.page->lcore[0].endpoints[config::EndpointSlot{1}].queries.set(9);
  control.page->lcore[0].endpoints[config::EndpointSlot{1}].timeouts.set(2);
  control.page->endpoint_rate[config::EndpointSlot{1}].set(2500);
  control.endpoint(1).budget = 10000;
  control.endpoint(0).state.reachable = 0;
  const json answer = run({{"command", "endpoints"}});
  ASSERT_EQ(answer["endpoints"].size(), 3U);
  const json& second = answer["endpoints"][1];
  EXPECT_EQ(second["address"], "10.16.2.10");
  EXPECT_EQ(second["queries"], 9);
  EXPECT_EQ(second["timeouts"], 2);
  EXPECT_NE(render_endpoints(answer).find("2500/s, 25 % of 10000"), std::string::npos);
  EXPECT_EQ(second["next_hop"], (json{{"mac", "02:00:00:00:00:1f"}, {"port", "corp"}, {"source", "192.168.10.86"}}));
  EXPECT_EQ(answer["endpoints"][0]["next_hop"], nullptr);
  EXPECT_EQ(answer["endpoints"][0]["role"], "unreachable");
  EXPECT_NE(render_endpoints(answer).find("02:00:00:00:00:1f on corp from 192.168.10.86"), std::string::npos);
}

TEST_F(CommandsTest, ExplainKnowsTypesByNameAndNumber) {
  control.find(0, "studio.us-east-1.sagemaker.aws", true);
  for (const char* type : {"A", "aaaa", "HTTPS", "ANY", "TYPE65", "TYPE65280"})
    EXPECT_EQ(run({{"command", "explain"}, {"name", "studio.us-east-1.sagemaker.aws"}, {"type", type}})["ok"], true)
        << type;
}

TEST_F(CommandsTest, EndpointsShowTheirState) {
  const struct {
    const char* description;
    Condition condition;
    config::Health slot;
    const char* state;
  } cases[] = {
      {.description = "known", .condition = Condition::throttled, .slot = config::Health::up, .state = "throttled"},
      {.description = "slow", .condition = Condition::slow, .slot = config::Health::up, .state = "slow"},
      {.description = "not known yet, what the control before wrote",
       .condition = Condition::unknown,
       .slot = config::Health::down,
       .state = "down"},
      {.description = "not known at all",
       .condition = Condition::unknown,
       .slot = config::Health::unknown,
       .state = "unknown"},
  };
  for (const auto& one : cases) {
    control.endpoint(0).health.condition = one.condition;
    control.endpoint(0).state.health = one.slot;
    const json answer = run({{"command", "endpoints"}});
    EXPECT_EQ(answer["endpoints"][0]["state"], one.state) << one.description;
    EXPECT_NE(render_endpoints(answer).find(one.state), std::string::npos) << one.description;
  }
}

TEST_F(CommandsTest, SaysWhyThereIsNoNextHop) {
  control.endpoint(0).state.reachable = 0;
  control.endpoint(0).no_next_hop = "no route";
  EXPECT_NE(render_endpoints(run({{"command", "endpoints"}})).find("no next hop: no route"), std::string::npos);
}

TEST_F(CommandsTest, DrainSaysWhenNoOtherIsLeft) {
  json answer = run({{"command", "drain"}, {"address", "10.16.1.10"}});
  EXPECT_EQ(answer["ok"], true);
  EXPECT_TRUE(answer["warnings"].empty());
  EXPECT_EQ(answer["endpoints"][0]["role"], "drained");
  answer = run({{"command", "drain"}, {"address", "10.16.2.10"}});
  ASSERT_EQ(answer["warnings"].size(), 1U);
  EXPECT_EQ(answer["warnings"][0], "pool studio has no other endpoint up");
  answer = run({{"command", "undrain"}, {"address", "10.16.1.10"}});
  EXPECT_EQ(answer["endpoints"][0]["role"], "in turn");
}

TEST_F(CommandsTest, ReloadPassesOnWhatWasAsked) {
  EXPECT_EQ(run({{"command", "reload"}})["ok"], true);
  EXPECT_FALSE(control.request.accept_removals);
  run({{"command", "reload"}, {"accept_removals", true}});
  EXPECT_TRUE(control.request.accept_removals);
  run(json{{"command", "reload"}, {"accept_removals", "yes"}});
  EXPECT_FALSE(control.request.accept_removals) << "only true is true";
  control.reload_result = {false, "it has errors", {"penstock.yaml:3: error"}, 7};
  const json failed = run({{"command", "reload"}});
  EXPECT_EQ(failed, (json{{"ok", false},
                          {"generation", 7},
                          {"details", {"penstock.yaml:3: error"}},
                          {"restart_needed", json::array()},
                          {"error", "it has errors"}}));
}

struct WhyCase {
  const char* description;
  const char* name;
  uint32_t rule;
  const char* zone;
  bool is_apex;
  std::vector<const char*> words;
};
const WhyCase kWhy[] = {
    {.description = "below a private zone",
     .name = "D-1.studio.us-east-1.sagemaker.aws",
     .rule = 0,
     .zone = "studio.us-east-1.sagemaker.aws",
     .is_apex = false,
     .words = {"d-1.studio.us-east-1.sagemaker.aws A", "studio[0] studio (/etc/penstock/penstock.yaml:12)",
               "below studio.us-east-1.sagemaker.aws", "studio (route53-inbound)", "yes: never sent to another pool",
               "10.16.0.0/16", "used in turn"}},
    {.description = "the apex",
     .name = "studio.us-east-1.sagemaker.aws",
     .rule = 0,
     .zone = "studio.us-east-1.sagemaker.aws",
     .is_apex = true,
     .words = {"the name itself is in a rule"}},
    {.description = "out of a zone file: its line, not the YAML's",
     .name = "a.partner.example",
     .rule = 1,
     .zone = "partner.example",
     .is_apex = false,
     .words = {"partners.txt (/etc/penstock/partners.txt:3)", "corporate (recursive)", "private  no"}},
    {.description = "the default",
     .name = "www.example.com",
     .rule = 3,
     .zone = "",
     .is_apex = false,
     .words = {"the default", "default (/etc/penstock/penstock.yaml:20)"}},
    {.description = "answered here",
     .name = "ads.example",
     .rule = 2,
     .zone = "ads.example",
     .is_apex = true,
     .words = {"answered NXDOMAIN at once"}},
    {.description = "local records",
     .name = "WWW.lab.example",
     .rule = 4,
     .zone = "lab.example",
     .is_apex = false,
     .words = {"from local records", "zones[4] (/etc/penstock/penstock.yaml:30)", "records of this name",
               "www.lab.example. 300 IN A 10.0.0.1"}},
    {.description = "a wildcard's records",
     .name = "x.y.wild.lab.example",
     .rule = 4,
     .zone = "lab.example",
     .is_apex = false,
     .words = {"records of *.wild.lab.example", "x.y.wild.lab.example. 60 IN CNAME www.lab.example."}},
    {.description = "no record at a name",
     .name = "wild.lab.example",
     .rule = 4,
     .zone = "lab.example",
     .is_apex = false,
     .words = {"no record at this name: NODATA"}},
    {.description = "no such name",
     .name = "no.lab.example",
     .rule = 4,
     .zone = "lab.example",
     .is_apex = false,
     .words = {"no such name: NXDOMAIN"}},
    {.description = "addresses",
     .name = "www.moved.example",
     .rule = 5,
     .zone = "moved.example",
     .is_apex = false,
     .words = {"with the addresses of the configuration", "10.0.0.9"}},
    {.description = "built in: no line",
     .name = "localhost",
     .rule = 6,
     .zone = "localhost",
     .is_apex = true,
     .words = {"built in, generation 7"}},
    {.description = "no rule at all",
     .name = "www.example.com",
     .rule = config::kNoRule.value(),
     .zone = "",
     .is_apex = false,
     .words = {"no default", "REFUSED"}},
};

TEST_F(CommandsTest, ExplainSaysWhy) {
  for (const WhyCase& c : kWhy) {
    control.find(c.rule, c.zone, c.is_apex);
    const json answer = explain(c.name);
    ASSERT_EQ(answer["ok"], true) << c.description << answer;
    const std::string words = render_explain(answer);
    for (const char* part : c.words)
      EXPECT_NE(words.find(part), std::string::npos) << c.description << ": " << part << " in\n" << words;
  }
  EXPECT_EQ(control.asked, *config::parse_name("www.example.com"));
}

// Who asks, and what it is to him, in words. What the table says of each client: dataplane/control_link_test.cpp.
struct ClientCase {
  const char* description;
  const char* client;
  config::Found found;
  std::vector<const char*> words;
  std::vector<const char*> not_words;
};
config::Found found_for(uint32_t rule, const char* zone, bool is_left_out, bool depends, uint16_t group, bool may_ask) {
  config::Found of;
  of.rule = config::RuleIndex{rule};
  of.generation = 7;
  of.matched_length = *zone == 0 ? 0 : static_cast<uint8_t>(config::parse_name(zone)->size());
  of.is_left_out = is_left_out ? 1 : 0;
  of.depends_on_client = depends ? 1 : 0;
  of.group = group;
  of.may_ask = may_ask ? 1 : 0;
  return of;
}

const ClientCase kForClients[] = {
    {.description = "of a group",
     .client = "10.1.2.3",
     .found = found_for(1, "partner.example", false, true, 1, true),
     .words = {"client   10.1.2.3, of group ml\n", "for      ml, lab\n", "below partner.example",
               "corporate (recursive)"},
     .not_words = {"--client", "REFUSED"}},
    {.description = "over IPv6",
     .client = "FD00:0::1",
     .found = found_for(1, "partner.example", false, true, 2, true),
     .words = {"client   fd00::1, of group lab\n", "corporate (recursive)"},
     .not_words = {"--client"}},
    {.description = "of none, passed on to the default",
     .client = "10.7.0.1",
     .found = found_for(3, "", false, true, 0, true),
     .words = {"client   10.7.0.1, without group\n", "the default", "corporate (recursive)"},
     .not_words = {"for  ", "partner.example,"}},
    {.description = "left out: no pool is told, nor whether it is private",
     .client = "fd00::2",
     .found = found_for(0, "partner.example", true, true, 0, true),
     .words = {"client   fd00::2, without group\n", "for      lab\n",
               "it is    answered REFUSED: the zone is not for this client\n"},
     .not_words = {"pool", "private", "10.16.1.10"}},
    {.description = "it may not ask",
     .client = "203.0.113.1",
     .found = found_for(3, "", false, false, 0, false),
     .words = {"client   203.0.113.1, without group\n",
               "it is    answered REFUSED: client not allowed, see clients.allow and clients.deny\n"},
     .not_words = {"forwarded", "corporate", "192.168.10.2"}},
    {.description = "nobody is named, and it depends on that",
     .client = "",
     .found = found_for(3, "", false, true, 0, false),
     .words = {"client   one without group; the rule depends on the client, see --client ADDRESS\n"},
     .not_words = {"not allowed"}},
    {.description = "nobody is named, and nothing depends on it",
     .client = "",
     .found = found_for(3, "", false, false, 0, false),
     .words = {},
     .not_words = {"client"}},
};

TEST_F(CommandsTest, ExplainForAClient) {
  control.change([](config::Model& model) {
    model.clients.groups.resize(2);
    model.clients.groups[0].name = "ml";
    model.clients.groups[1].name = "lab";
    model.rules[1].clients = {0, 1};
    model.rules[1].otherwise = config::Otherwise::next;
    model.rules[0].clients = {1};
  });
  for (const ClientCase& c : kForClients) {
    SCOPED_TRACE(c.description);
    control.found = c.found;
    const json answer =
        run({{"command", "explain"}, {"name", "a.partner.example"}, {"type", "A"}, {"client", c.client}});
    ASSERT_EQ(answer["ok"], true) << answer;
    const std::string words = render_explain(answer);
    for (const char* part : c.words) EXPECT_NE(words.find(part), std::string::npos) << part << " in\n" << words;
    for (const char* part : c.not_words) EXPECT_EQ(words.find(part), std::string::npos) << part << " in\n" << words;
    EXPECT_EQ(control.client, *c.client == 0 ? config::IpAddress{} : *config::parse_address(c.client));
  }
  EXPECT_EQ(run({{"command", "explain"}, {"name", "a.example"}, {"client", "10.0.0.0/8"}})["error"],
            "'10.0.0.0/8' is not the IP address of a client");
}

// As dataplane/path/choose/choose_endpoint.cpp chooses.
struct UsedCase {
  const char* description;
  config::EndpointState a, b;
  bool a_used, b_used, control_silent;
};
config::EndpointState slot(config::Health health, bool drained, bool reachable) {
  config::EndpointState state;
  state.family = 4;
  state.health = health;
  state.drained = drained ? 1 : 0;
  state.reachable = reachable ? 1 : 0;
  return state;
}

const config::EndpointState kGood = slot(config::Health::up, false, true);
const UsedCase kUsed[] = {
    {.description = "both up", .a = kGood, .b = kGood, .a_used = true, .b_used = true, .control_silent = false},
    {.description = "unknown is as good as up",
     .a = slot(config::Health::unknown, false, true),
     .b = kGood,
     .a_used = true,
     .b_used = true,
     .control_silent = false},
    {.description = "one down",
     .a = slot(config::Health::down, false, true),
     .b = kGood,
     .a_used = false,
     .b_used = true,
     .control_silent = false},
    {.description = "one drained",
     .a = kGood,
     .b = slot(config::Health::up, true, true),
     .a_used = true,
     .b_used = false,
     .control_silent = false},
    {.description = "one unreachable",
     .a = kGood,
     .b = slot(config::Health::up, false, false),
     .a_used = true,
     .b_used = false,
     .control_silent = false},
    {.description = "both down",
     .a = slot(config::Health::down, false, true),
     .b = slot(config::Health::down, false, true),
     .a_used = true,
     .b_used = true,
     .control_silent = false},
    {.description = "down before drained",
     .a = slot(config::Health::down, false, true),
     .b = slot(config::Health::up, true, true),
     .a_used = true,
     .b_used = false,
     .control_silent = false},
    {.description = "drained, and the other unreachable",
     .a = slot(config::Health::up, true, true),
     .b = slot(config::Health::up, false, false),
     .a_used = true,
     .b_used = false,
     .control_silent = false},
    {.description = "both unreachable",
     .a = slot(config::Health::up, false, false),
     .b = slot(config::Health::up, false, false),
     .a_used = false,
     .b_used = false,
     .control_silent = false},
    {.description = "control silent: down counts for nothing",
     .a = slot(config::Health::down, false, true),
     .b = kGood,
     .a_used = true,
     .b_used = true,
     .control_silent = true},
};

TEST_F(CommandsTest, ExplainSaysWhichEndpointIsUsed) {
  control.page = new_counter_page();
  control.find(0, "studio.us-east-1.sagemaker.aws", true);
  for (const UsedCase& c : kUsed) {
    control.endpoint(0).state = c.a;
    control.endpoint(1).state = c.b;
    control.page->control_silent.set(c.control_silent ? 1 : 0);
    const json answer = explain("studio.us-east-1.sagemaker.aws");
    ASSERT_EQ(answer["endpoints"].size(), 2U);
    EXPECT_EQ(answer["endpoints"][0]["used"], c.a_used) << c.description;
    EXPECT_EQ(answer["endpoints"][1]["used"], c.b_used) << c.description;
    EXPECT_EQ(render_explain(answer).find("no endpoint is reachable") != std::string::npos, !c.a_used && !c.b_used)
        << c.description << "\n"
        << render_explain(answer);
  }
}

TEST_F(CommandsTest, ExplainOnlyTrustsTheRulesInForce) {
  control.found = tl::make_unexpected(std::string("there is no dataplane yet"));
  EXPECT_EQ(explain("a.example"), (json{{"ok", false}, {"error", "there is no dataplane yet"}}));
  control.found = config::Found{};
  EXPECT_NE(explain("a.example")["error"].get<std::string>().find("no rules yet"), std::string::npos);
  control.find(0, "", false);
  control.found->generation = 6;
  EXPECT_NE(explain("a.example")["error"].get<std::string>().find("uses generation 6"), std::string::npos);
}

TEST(Render, Age) {
  EXPECT_EQ(render_age(0), "0 s");
  EXPECT_EQ(render_age(119), "119 s");
  EXPECT_EQ(render_age(120), "2 min");
  EXPECT_EQ(render_age(12000), "3 h 20 min");
  EXPECT_EQ(render_age(360000), "4 d 4 h");
}

TEST(Render, TableAlignsAndTrims) {
  EXPECT_EQ(render_table({{"a", "bbb", "c"}, {"aaaa", "b", ""}}, " "), " a     bbb  c\n aaaa  b\n");
}

// Every command of the table: who may only look is told which group is needed, and nothing happens.
TEST_F(CommandsTest, WhoMayLookChangesNothing) {
  const Peer alice{1000, 42, {1000}, "alice"};
  control.change([](config::Model& model) { model.control.change = {"dns-admins"}; });
  const auto asked_by = [&](const json& request, Rights rights) {
    json answer;
    commands.run(request.dump(), alice, rights, [&](const json& given) { answer = given; });
    return answer;
  };
  for (const json& request :
       {json{{"command", "reload"}}, json{{"command", "rollback"}},
        json{{"command", "drain"}, {"address", "10.16.1.10"}}, json{{"command", "undrain"}, {"address", "10.16.1.10"}},
        json{{"command", "flush"}, {"scope", "all"}}}) {
    const json denied = asked_by(request, {true, false});
    EXPECT_EQ(denied["ok"], false) << request;
    EXPECT_NE(denied["error"].get<std::string>().find("needs group dns-admins (control.change)"), std::string::npos);
    EXPECT_EQ(asked_by(request, kAllRights)["ok"], true) << request;
  }
  for (const char* look : {"status", "endpoints", "health", "history", "preview", "source"}) {
    EXPECT_EQ(asked_by({{"command", look}}, {true, false})["ok"], true) << look;
    EXPECT_EQ(asked_by({{"command", look}}, {})["ok"], false) << look;
  }
}

TEST_F(CommandsTest, DeniedChangesAreNotMade) {
  const Peer alice{1000, 42, {1000}, "alice"};
  commands.run(R"({"command": "flush", "scope": "all"})", alice, {true, false}, [](const json&) {});
  commands.run(R"({"command": "rollback", "generation": 3})", alice, {true, false}, [](const json&) {});
  commands.run(R"({"command": "drain", "address": "10.16.1.10"})", alice, {true, false}, [](const json&) {});
  EXPECT_TRUE(control.flushes.empty());
  EXPECT_EQ(control.rolled_back_to, 0U);
  EXPECT_EQ(control.endpoint(0).state.drained, 0);
}

TEST_F(CommandsTest, ReloadAndRollbackSayWhoWantsThem) {
  const Peer alice{1000, 42, {1000}, "alice"};
  commands.run(R"({"command": "rollback", "generation": 3, "accept_removals": true})", alice, kAllRights,
               [](const json&) {});
  EXPECT_EQ(to_string(control.request.origin), "rollback by alice (uid 1000, pid 42)");
  EXPECT_TRUE(control.request.accept_removals);
  EXPECT_EQ(control.rolled_back_to, 3U);
  commands.run(R"({"command": "reload", "undo_rollback": true})", alice, kAllRights, [](const json&) {});
  EXPECT_EQ(to_string(control.request.origin), "reload by alice (uid 1000, pid 42)");
  EXPECT_TRUE(control.request.undo_rollback);
  EXPECT_FALSE(control.request.accept_removals);
}

TEST_F(CommandsTest, ReloadSaysWhatWaitsForARestart) {
  EXPECT_EQ(run({{"command", "reload"}})["restart_needed"], json::array());
  control.reload_result.restarts = {"lcores changed: restart penstock-dataplane"};
  EXPECT_EQ(run({{"command", "reload"}})["restart_needed"].size(), 1U);
}

TEST_F(CommandsTest, PreviewAndSource) {
  EXPECT_EQ(run({{"command", "preview"}})["verdict"], "nothing");
  control.held_back = "it was left by a rollback";
  EXPECT_EQ(run({{"command", "preview"}})["verdict"], "refused");
  EXPECT_EQ(run({{"command", "preview"}, {"undo_rollback", true}})["verdict"], "nothing");
  EXPECT_EQ(run({{"command", "source"}})["generation"], 7);
  EXPECT_EQ(run({{"command", "source"}, {"generation", 3}})["files"][0]["content"], "zones: []");
  EXPECT_EQ(run({{"command", "source"}, {"generation", 9}})["error"], "it is not known");
}

}  // namespace
}  // namespace penstock::control

// tests/dataplane/path/recall_fixture.h - a rig that remembers: questions, an endpoint's answers, and what comes from memory.
#pragma once

#include <string>
#include <vector>

#include "tests/dataplane/path/path_test.h"
#include "tests/support/messages.h"

namespace penstock::test {

inline const char* const kRecallRules = R"(
ports:
  - {name: corp, device: "vdev:net_null0"}
  - {name: vpc, device: "vdev:net_null1"}
listen: [192.168.10.86, "fd00::86"]
clients: {allow: [192.168.0.0/16, "fd00::/8"], allow_snoop: [192.168.66.0/24]}
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10]}
  office: {kind: recursive, endpoints: ["fd16::10"]}
zones:
  - {zone: studio.us-east-1.sagemaker.aws, pool: vpc, expect: [10.16.0.0/16]}
  - {zone: uncached.example, pool: vpc, cache: off}
default: {pool: office}
)";

constexpr uint64_t kMinute = 60'000;  // ms
inline const TestResponse kServfail{.flags = 0x8182, .answer = {}, .authority = {}, .additional = {}};

class RecallTest : public PathTest {
 protected:
  explicit RecallTest(const RigOptions& options = {.rules = kRecallRules, .cache_size = 1 << 20}) : PathTest(options) {}

  DnsQuery named(std::string name, uint16_t type = 1) {
    return {.id = ++id_, .flags = 0x0100, .question = {.name = std::move(name), .type = type}, .opt = {}};
  }
  DnsQuery studio(unsigned number = 0) {
    return named("d-" + std::to_string(number) + ".studio.us-east-1.sagemaker.aws");
  }
  std::vector<Sent> ask(const DnsQuery& query, const char* client = "192.168.10.20") {
    return rig.receive(0, {write(from_client(write(query), client))});
  }
  // It leaves to an endpoint.
  Frame forwarded(const DnsQuery& query) {
    const Frame left = only(ask(query), 1);
    EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
    return left;
  }
  std::vector<Sent> respond(const Frame& query, const TestResponse& response, std::optional<Opt> opt = {}) {
    Frame frame = answer_to_query(query);
    frame.payload = write(response, query.payload, opt);
    return rig.receive(1, {write(frame)});
  }
  // An endpoint answers the question, so that it is remembered.
  void teach(const DnsQuery& query, const TestResponse& response,
             const char* verdict = "remember.stored response.returned") {
    respond(forwarded(query), response, query.opt);
    EXPECT_EQ(rig.verdict(), "classify.response " + std::string(verdict));
  }
  // The client gets `response` with these TTLs, from memory.
  void expect_from_memory(const DnsQuery& query, TestResponse response, uint32_t ttl,
                          const char* outcome = "answered_cached", std::optional<uint16_t> error = {}) {
    const Frame back = only(ask(query), 0);
    EXPECT_EQ(rig.verdict(), std::string("classify.query query.") + outcome);
    for (auto* section : {&response.answer, &response.authority, &response.additional})
      for (TestRecord& record : *section) record.ttl = ttl;
    std::optional<Opt> opt = query.opt;
    if (opt) opt = Opt{.udp_size = 1232, .dnssec_ok = opt->dnssec_ok, .extended_error = error};
    EXPECT_EQ(to_hex(back.payload), to_hex(write(response, write(query), opt)));
  }
  void pool_is(config::Health health, bool errs = false) {
    for (const char* endpoint : {"10.16.1.10", "10.16.2.10"}) {
      config::EndpointState state = rig.endpoint(endpoint);
      state.health = health;
      state.errs = errs ? 1 : 0;
      rig.set_endpoint(endpoint, state);
    }
  }
  // Nobody answers: what the client has got when its patience is over.
  Frame give_up() {
    for (int retries = 0; retries < 4; ++retries) {
      rig.pass(600);
      for (const Sent& sent : rig.sweep())
        if (sent.port == 0) return read(sent.bytes).value();
    }
    return {};
  }

  uint16_t id_ = 0x100;
};

}  // namespace penstock::test

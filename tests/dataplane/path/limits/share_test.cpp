// tests/dataplane/path/limits/share_test.cpp - two queries share a flight if and only if rules, name, type, class and flags are the
// same: random pairs over random rule sets, judged by what was asked and not by the key.
#include <map>
#include <random>
#include <tuple>

#include "dataplane/dns/message.h"
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

// What was asked, as a test sees it.
struct Asked {
  std::string name;  // in lower case
  uint16_t type = 1;
  uint16_t query_class = 1;
  bool rd = true, cd = false, ad = false, opt = false, dnssec_ok = false;
  // An OPT and AD change only the form of the answer.
  bool operator<(const Asked& other) const {
    return std::tie(name, type, query_class, rd, cd, dnssec_ok) <
           std::tie(other.name, other.type, other.query_class, other.rd, other.cd, other.dnssec_ok);
  }
};

class ShareTest : public PathTest {
 protected:
  ShareTest() : PathTest({.rules = {}, .lcores = 1, .pending_slots = 4096, .frames = 128}) {}

  unsigned draw(unsigned below) { return static_cast<unsigned>(random() % below); }

  // Zones that lie within each other, over three pools.
  std::string random_rules() {
    std::string rules = R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86, "fd00::86"]
clients: {allow: [192.168.0.0/16, "fd00::/8"], allow_snoop: [192.168.0.0/16, "fd00::/8"]}
pools:
  one: {kind: recursive, endpoints: [10.16.1.10]}
  two: {kind: recursive, endpoints: [10.16.2.10]}
  six: {kind: route53-inbound, endpoints: ["fd16::10"]}
zones:
)";
    static const char* const kZones[] = {"zone: a.example", "zone: b.a.example", "zone: \"*.c.b.a.example\"",
                                         "name: c.b.a.example", "zone: d.example"};
    static const char* const kWhat[] = {"pool: one", "pool: two", "pool: six", "pool: one", "pool: two"};
    for (const char* zone : kZones)
      if (draw(4) != 0) rules += std::string("  - {") + zone + ", " + kWhat[draw(5)] + "}\n";
    rules += "  - {zone: e.example, pool: one}\n";
    return rules + std::string("default: {pool: ") + (draw(2) == 0 ? "one" : "two") + "}\n";
  }

  Asked random_question() {
    static const char* const kNames[] = {"a.example",     "x.a.example",     "b.a.example", "x.b.a.example",
                                         "c.b.a.example", "x.c.b.a.example", "d.example",   "x.d.example",
                                         "xa.example",    "e.example",       "ax.example",  "aa.example"};
    Asked asked;
    asked.name = kNames[draw(12)];
    return vary(asked, draw(3));
  }
  Asked vary(Asked asked, unsigned changes) {
    for (; changes != 0; --changes) switch (draw(8)) {
        case 0:
          asked.type = static_cast<uint16_t>(1 + draw(2) * 27);
          break;
        case 1:
          asked.query_class = static_cast<uint16_t>(1 + draw(2) * 254);
          break;
        case 2:
          asked.rd = !asked.rd;
          break;
        case 3:
          asked.cd = !asked.cd;
          break;
        case 4:
          asked.ad = !asked.ad;
          break;
        case 5:
          asked.opt = !asked.opt;
          asked.dnssec_ok = asked.dnssec_ok && asked.opt;
          break;
        case 6:
          asked.opt = true;
          asked.dnssec_ok = !asked.dnssec_ok;
          break;
        case 7:
          asked.name[0] = asked.name[0] == 'x' ? 'y' : 'x';
          break;
      }
    return asked;
  }

  // From a client of its own, in a spelling of its own.
  Bytes frame_of(const Asked& asked) {
    DnsQuery query{.id = static_cast<uint16_t>(random()),
                   .flags = 0,
                   .question = {asked.name, asked.type, asked.query_class},
                   .opt = {}};
    for (char& letter : query.question.name)
      if (draw(2) == 0) letter = static_cast<char>(std::toupper(letter));
    query.flags = static_cast<uint16_t>((asked.rd ? 0x0100 : 0) | (asked.cd ? 0x0010 : 0) | (asked.ad ? 0x0020 : 0));
    if (asked.opt)
      query.opt =
          Opt{.udp_size = static_cast<uint16_t>(512 + draw(4000)), .dnssec_ok = asked.dnssec_ok, .extended_error = {}};
    Frame frame = from_client(write(query));
    frame.source_port = ++port;
    return write(frame);
  }

  std::mt19937 random{20261123};
  uint16_t port = 1024;
};

TEST_F(ShareTest, RandomPairs) {
  unsigned pairs = 0;
  unsigned shared = 0;
  for (unsigned set = 0; set < 200 && !HasFailure(); ++set) {
    const std::string rules = random_rules();
    rig.load(rules);
    std::map<Asked, Frame> open;  // by what was asked: the query that left for it
    for (unsigned i = 0; i < 60 && !HasFailure(); ++i) {
      // Halfway the rules come anew: whatever they say, nothing joins what was asked before.
      if (i == 30) {
        rig.load(draw(2) == 0 ? rules : random_rules());
        open.clear();
      }
      Asked asked = random_question();
      if (!open.empty() && draw(3) != 0) asked = vary(std::next(open.begin(), draw(open.size()))->first, draw(2));
      rig.lcore().endpoints.outstanding.fill(0);
      const auto sent = rig.receive(0, {frame_of(asked)});
      const std::string verdict = rig.verdict();
      ++pairs;
      if (open.contains(asked)) {
        ++shared;
        ASSERT_EQ(verdict, "classify.query query.joined") << asked.name;
        continue;
      }
      ASSERT_EQ(verdict, "classify.query query.forwarded") << asked.name;
      open.emplace(asked, read(sent.at(0).bytes).value());
    }
    rig.pass(2000);
    for (unsigned turn = 0; turn < 8; ++turn) rig.sweep();
    rig.pass(2000);
    for (unsigned turn = 0; turn < 8; ++turn) rig.sweep();
    ASSERT_EQ(rig.lcore().flights.pending.in_use(), 0U);
    ASSERT_EQ(rig.lcore().flights.waiters.in_use(), 0U);
    rig.verdict();
  }
  EXPECT_EQ(pairs, 12'000U);
  EXPECT_GT(shared, 2'000U);
  EXPECT_LT(shared, 10'000U);
}

// The comparison is exact: all that could be taken for each other has one hash here.
TEST_F(ShareTest, NothingIsEqualByItsHash) {
  std::map<Asked, unsigned> flights;
  const auto handle = [&](const Asked& asked) {
    const Bytes bytes = frame_of(asked);
    rte_mbuf* frame = rig.pool.take(bytes);
    path::QueryWork work;
    work.packet = {};
    work.packet.frame = frame;
    const Frame decoded = read(bytes).value();
    work.packet.dns = static_cast<uint8_t*>(frame->buf_addr) + frame->data_off + bytes.size() - decoded.payload.size();
    work.packet.dns_length = static_cast<uint16_t>(decoded.payload.size());
    work.packet.source = decoded.source.bytes;
    work.packet.source_port = decoded.source_port;
    work.packet.family = 4;
    rig.lcore().endpoints.outstanding.fill(0);
    rig.lcore().now = rig.now;
    path::prepare_query(rig.lcore(), work);
    work.flight_hash = 7;
    const auto outcome = path::handle_query(rig.lcore(), work);
    for (state::FrameBatch* batch : {&rig.lcore().frames.egress[1], &rig.lcore().frames.discarded}) {
      for (rte_mbuf* gone : batch->frames()) rig.pool.give_back(gone);
      batch->clear();
    }
    rig.lcore().counters.received.add(1);
    rig.lcore().counters.classify[config::ClassifyOutcome::query].add(1);
    rig.lcore().counters.query[outcome].add(1);
    rig.lcore().counters.pending.set(rig.lcore().flights.pending.in_flight());
    rig.lcore().counters.waiting.set(rig.lcore().flights.waiters.in_use());
    return outcome;
  };
  for (unsigned i = 0; i < 500; ++i) {
    Asked asked = vary(Asked{.name = "x.studio.us-east-1.sagemaker.aws"}, draw(8));
    const bool known = flights[asked]++ != 0;
    ASSERT_EQ(handle(asked), known ? config::QueryOutcome::joined : config::QueryOutcome::forwarded);
  }
  EXPECT_GT(flights.size(), 30U);
}

}  // namespace
}  // namespace penstock::test

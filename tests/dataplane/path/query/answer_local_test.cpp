// tests/dataplane/path/query/answer_local_test.cpp - local records on the wire; ldns reads what comes back.
#include <algorithm>
#include <memory>
#include <set>

#include "tests/dataplane/path/path_test.h"

// Behind all others: it makes macros of true and false.
#include <ldns/ldns.h>

namespace penstock::test {
namespace {

constexpr const char* kRules = R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: lab, device: "vdev:net_null1"}]
listen: [192.168.10.86, "fd00::86"]
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10]}
  vpc6: {kind: route53-inbound, endpoints: ["fd16::10"]}
  none: {kind: route53-inbound, endpoints: [10.99.0.1]}
zones:
  - zone: lab.example
    ttl: 300
    records:
      - "@ 3600 SOA ns.lab.example. admin.lab.example. 7 1 2 3 120"
      - "@ NS ns"
      - "ns A 10.0.0.53"
      - "www A 10.0.0.1"
      - "www 60 AAAA fd00::1"
      - 'www TXT "Case Kept"'
      - "Alias CNAME Www"
      - "far CNAME alias"
      - "away CNAME www.elsewhere.example."
      - "into CNAME over.ads.example."
      - "other CNAME host.second.example."
      - "dead CNAME nothing"
      - "half CNAME ent.deep"
      - "loop1 CNAME loop2"
      - "loop2 CNAME loop1"
      - "a.b.ent.deep A 10.0.0.2"
      - "*.wild A 10.0.0.3"
      - "*.wild MX 10 mail"
      - "below.wild TXT x"
      - "*.alias-wild CNAME www"
      - "x.*.star A 10.0.0.4"
      - "new TYPE65280 \\# 3 010203"
      - "set A 10.1.0.1"
      - "set A 10.1.0.2"
      - "set A 10.1.0.3"
      - "set A 10.1.0.3"
  - {zone: second.example, records: ["host A 10.2.0.1"]}
  - {name: one.lab.example, records: ["@ A 10.3.0.1"]}
  - {name: alias.only.example, records: ["@ CNAME www.lab.example."]}
  - {zone: over.ads.example, answer: [10.9.9.9, 10.9.9.8, "fd00::9"], ttl: 10}
  - {zone: six.example, answer: "fd00::6"}
  - {zone: gone.lab.example, pool: none}
default: {answer: nxdomain}
)";

struct Free {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
using Packet = std::unique_ptr<ldns_pkt, Free>;

Packet packet_of(const Frame& frame) {
  ldns_pkt* packet = nullptr;
  EXPECT_EQ(ldns_wire2pkt(&packet, frame.payload.data(), frame.payload.size()), LDNS_STATUS_OK);
  return Packet(packet);
}

// The records of a section, a line each, sorted.
std::vector<std::string> lines(ldns_rr_list* section) {
  std::vector<std::string> all;
  for (size_t i = 0; i < ldns_rr_list_rr_count(section); ++i) {
    char* text = ldns_rr2str(ldns_rr_list_rr(section, i));
    std::string line(text);
    free(text);
    std::replace(line.begin(), line.end(), '\t', ' ');
    all.push_back(line.substr(0, line.find('\n')));
  }
  std::sort(all.begin(), all.end());
  return all;
}

struct Case {
  const char* description;
  const char* name;
  uint16_t type;
  unsigned rcode;
  std::vector<std::string> answer;
  const char* soa_of;  // nullptr: the authority section is empty
};

constexpr uint16_t kA = 1, kNs = 2, kCname = 5, kSoa = 6, kMx = 15, kTxt = 16, kAaaa = 28, kAny = 255;
constexpr const char* kLabSoa = "lab.example. 120 IN SOA ns.lab.example. admin.lab.example. 7 1 2 3 120";
constexpr const char* kSecondSoa = "second.example. 60 IN SOA localhost. nobody.invalid. 1 3600 1200 604800 60";

const Case kCases[] = {
    {"an address", "www.lab.example", kA, 0, {"www.lab.example. 300 IN A 10.0.0.1"}, nullptr},
    {"its own TTL", "www.lab.example", kAaaa, 0, {"www.lab.example. 60 IN AAAA fd00::1"}, nullptr},
    {"as spelled in the question", "WwW.Lab.example", kA, 0, {"WwW.Lab.example. 300 IN A 10.0.0.1"}, nullptr},
    {"text", "www.lab.example", kTxt, 0, {"www.lab.example. 300 IN TXT \"Case Kept\""}, nullptr},
    {"no such type", "www.lab.example", kMx, 0, {}, kLabSoa},
    {"no such name", "no.lab.example", kA, 3, {}, kLabSoa},
    {"no such name, deep", "a.b.c.d.e.f.g.h.no.lab.example", kA, 3, {}, kLabSoa},
    {"the apex has no address", "lab.example", kA, 0, {}, kLabSoa},
    {"the SOA with its own TTL",
     "lab.example",
     kSoa,
     0,
     {"lab.example. 3600 IN SOA ns.lab.example. admin.lab.example. 7 1 2 3 120"},
     nullptr},
    {"the NS", "lab.example", kNs, 0, {"lab.example. 300 IN NS ns.lab.example."}, nullptr},
    {"an alias",
     "alias.lab.example",
     kA,
     0,
     {"Www.lab.example. 300 IN A 10.0.0.1", "alias.lab.example. 300 IN CNAME Www.lab.example."},
     nullptr},
    {"the alias itself", "alias.lab.example", kCname, 0, {"alias.lab.example. 300 IN CNAME Www.lab.example."}, nullptr},
    {"two aliases",
     "far.lab.example",
     kAaaa,
     0,
     {"Www.lab.example. 60 IN AAAA fd00::1", "alias.lab.example. 300 IN CNAME Www.lab.example.",
      "far.lab.example. 300 IN CNAME alias.lab.example."},
     nullptr},
    {"an alias without the type",
     "alias.lab.example",
     kMx,
     0,
     {"alias.lab.example. 300 IN CNAME Www.lab.example."},
     kLabSoa},
    {"an alias to nothing",
     "dead.lab.example",
     kA,
     3,
     {"dead.lab.example. 300 IN CNAME nothing.lab.example."},
     kLabSoa},
    {"an alias to an empty non-terminal",
     "half.lab.example",
     kA,
     0,
     {"half.lab.example. 300 IN CNAME ent.deep.lab.example."},
     kLabSoa},
    {"an alias that leaves what is ours",
     "away.lab.example",
     kA,
     0,
     {"away.lab.example. 300 IN CNAME www.elsewhere.example."},
     nullptr},
    {"an alias into another local zone",
     "other.lab.example",
     kA,
     0,
     {"host.second.example. 60 IN A 10.2.0.1", "other.lab.example. 300 IN CNAME host.second.example."},
     nullptr},
    {"an alias to addresses of a rule",
     "into.lab.example",
     kAaaa,
     0,
     {"into.lab.example. 300 IN CNAME over.ads.example.", "over.ads.example. 10 IN AAAA fd00::9"},
     nullptr},
    {"aliases in a circle",
     "loop1.lab.example",
     kA,
     0,
     {"loop1.lab.example. 300 IN CNAME loop2.lab.example.", "loop2.lab.example. 300 IN CNAME loop1.lab.example."},
     nullptr},
    {"an empty non-terminal", "ent.deep.lab.example", kA, 0, {}, kLabSoa},
    {"below an empty non-terminal", "x.ent.deep.lab.example", kA, 3, {}, kLabSoa},
    {"a wildcard", "a.wild.lab.example", kA, 0, {"a.wild.lab.example. 300 IN A 10.0.0.3"}, nullptr},
    {"a wildcard, several labels",
     "a.b.c.wild.lab.example",
     kA,
     0,
     {"a.b.c.wild.lab.example. 300 IN A 10.0.0.3"},
     nullptr},
    {"a wildcard without the type", "a.wild.lab.example", kAaaa, 0, {}, kLabSoa},
    {"the wildcard's own name", "*.wild.lab.example", kA, 0, {"*.wild.lab.example. 300 IN A 10.0.0.3"}, nullptr},
    {"the wildcard's parent", "wild.lab.example", kA, 0, {}, kLabSoa},
    {"a name beside the wildcard", "below.wild.lab.example", kA, 0, {}, kLabSoa},
    {"below a name beside the wildcard (RFC 4592)", "x.below.wild.lab.example", kA, 3, {}, kLabSoa},
    {"a wildcard alias",
     "any.alias-wild.lab.example",
     kA,
     0,
     {"any.alias-wild.lab.example. 300 IN CNAME www.lab.example.", "www.lab.example. 300 IN A 10.0.0.1"},
     nullptr},
    {"a wildcard that has only names below it", "y.star.lab.example", kA, 0, {}, kLabSoa},
    {"below the wildcard's own name",
     "x.*.star.lab.example",
     kA,
     0,
     {"x.*.star.lab.example. 300 IN A 10.0.0.4"},
     nullptr},
    {"below the wildcard's own name, not there", "z.*.star.lab.example", kA, 3, {}, kLabSoa},
    {"a type of no name", "new.lab.example", 65280, 0, {"new.lab.example. 300 IN TYPE65280 \\# 3 010203"}, nullptr},
    {"a set, no record twice",
     "set.lab.example",
     kA,
     0,
     {"set.lab.example. 300 IN A 10.1.0.1", "set.lab.example. 300 IN A 10.1.0.2", "set.lab.example. 300 IN A 10.1.0.3"},
     nullptr},
    {"ANY is one set (RFC 8482)", "www.lab.example", kAny, 0, {"www.lab.example. 300 IN A 10.0.0.1"}, nullptr},
    {"ANY of an empty non-terminal", "ent.deep.lab.example", kAny, 0, {}, kLabSoa},
    {"a SOA that nobody wrote", "no.second.example", kA, 3, {}, kSecondSoa},
    {"that SOA itself", "second.example", kSoa, 0, {kSecondSoa}, nullptr},
    {"a name alone", "one.lab.example", kA, 0, {"one.lab.example. 60 IN A 10.3.0.1"}, nullptr},
    {"below a name alone the zone decides", "x.one.lab.example", kA, 3, {}, kLabSoa},
    {"a name alone that is an alias",
     "alias.only.example",
     kA,
     0,
     {"alias.only.example. 60 IN CNAME www.lab.example.", "www.lab.example. 300 IN A 10.0.0.1"},
     nullptr},
    {"addresses for a zone",
     "over.ads.example",
     kA,
     0,
     {"over.ads.example. 10 IN A 10.9.9.8", "over.ads.example. 10 IN A 10.9.9.9"},
     nullptr},
    {"addresses below it", "a.b.over.ads.example", kAaaa, 0, {"a.b.over.ads.example. 10 IN AAAA fd00::9"}, nullptr},
    {"another type of them",
     "over.ads.example",
     kMx,
     0,
     {},
     "over.ads.example. 10 IN SOA localhost. nobody.invalid. 1 3600 1200 604800 10"},
    {"no IPv4 address",
     "six.example",
     kA,
     0,
     {},
     "six.example. 60 IN SOA localhost. nobody.invalid. 1 3600 1200 604800 60"},
    {"built in: localhost", "localhost", kA, 0, {"localhost. 604800 IN A 127.0.0.1"}, nullptr},
    {"built in: below localhost", "x.Localhost", kAaaa, 0, {"x.Localhost. 604800 IN AAAA ::1"}, nullptr},
    {"built in: the reverse of 127.0.0.1",
     "1.0.0.127.in-addr.arpa",
     12,
     0,
     {"1.0.0.127.in-addr.arpa. 604800 IN PTR localhost."},
     nullptr},
    {"built in: the rest of 127/8",
     "2.0.0.127.in-addr.arpa",
     12,
     3,
     {},
     "127.in-addr.arpa. 604800 IN SOA localhost. nobody.invalid. 1 3600 1200 604800 604800"},
};

class AnswerLocalTest : public PathTest {
 protected:
  AnswerLocalTest() : PathTest({.rules = kRules}) {}
  Frame ask(const DnsQuery& query) { return only(rig.receive(0, {write(from_client(write(query)))}), 0); }
};

TEST_F(AnswerLocalTest, Records) {
  for (const Case& c : kCases) {
    for (const bool with_opt : {false, true}) {
      SCOPED_TRACE(std::string(c.description) + (with_opt ? " with OPT" : ""));
      DnsQuery query{.id = 0xbeef,
                     .flags = static_cast<uint16_t>(with_opt ? 0x0110 : 0x0000),
                     .question = {.name = c.name, .type = c.type},
                     .opt = {}};
      if (with_opt) query.opt = Opt{.udp_size = 1232, .dnssec_ok = true, .extended_error = {}};
      const Frame frame = ask(query);
      const std::string outcome = rig.verdict();
      EXPECT_TRUE(outcome == "classify.query query.answered_local" ||
                  outcome == "classify.query query.answered_address")
          << outcome;
      const Packet packet = packet_of(frame);
      ASSERT_TRUE(packet);
      EXPECT_EQ(get16(frame.payload, 0), 0xbeef);
      // QR, AA, RA; RD and CD as asked.
      EXPECT_EQ(get16(frame.payload, 2), (0x8480 | query.flags) + c.rcode);
      EXPECT_EQ(to_hex({frame.payload.data() + 12, wire_name(c.name).size()}), to_hex(wire_name(c.name)));
      EXPECT_EQ(ldns_pkt_edns(packet.get()), with_opt);
      auto answer = c.answer;
      std::sort(answer.begin(), answer.end());
      EXPECT_EQ(lines(ldns_pkt_answer(packet.get())), answer);
      EXPECT_EQ(lines(ldns_pkt_authority(packet.get())),
                c.soa_of == nullptr ? std::vector<std::string>{} : std::vector<std::string>{c.soa_of});
    }
  }
}

TEST_F(AnswerLocalTest, NamesOfOtherRulesAreNotTheZones) {
  EXPECT_FALSE(
      rig.receive(0, {write(from_client(write(DnsQuery{.question = {.name = "x.gone.lab.example"}, .opt = {}})))})
          .empty());
  EXPECT_EQ(rig.verdict(), "classify.query query.servfail_no_next_hop");
}

TEST_F(AnswerLocalTest, TheDefaultsSoaIsTheRoots) {
  const Packet packet = packet_of(ask({.question = {.name = "www.example.org"}, .opt = {}}));
  EXPECT_EQ(lines(ldns_pkt_authority(packet.get())),
            std::vector<std::string>{". 60 IN SOA localhost. nobody.invalid. 1 3600 1200 604800 60"});
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_nxdomain");
}

TEST_F(AnswerLocalTest, AddressesTakeTurns) {
  std::set<std::string> firsts;
  for (int i = 0; i < 64; ++i) {
    const Packet packet = packet_of(ask({.question = {.name = "set.lab.example"}, .opt = {}}));
    char* text = ldns_rr2str(ldns_rr_list_rr(ldns_pkt_answer(packet.get()), 0));
    firsts.insert(text);
    free(text);
  }
  EXPECT_EQ(firsts.size(), 3U);
}

TEST_F(AnswerLocalTest, OtherClassesAndTransfersAreRefused) {
  struct {
    uint16_t type, query_class;
    const char* outcome;
  } const cases[] = {{1, 3, "query.refused_class"},
                     {252, 1, "query.refused_local"},
                     {251, 1, "query.refused_local"},
                     {1, 255, "query.answered_local"}};
  for (const auto& c : cases) {
    const Frame frame =
        ask({.question = {.name = "www.lab.example", .type = c.type, .query_class = c.query_class}, .opt = {}});
    EXPECT_EQ(rig.verdict(), std::string("classify.query ") + c.outcome);
    EXPECT_EQ(get16(frame.payload, 2) & 0xf,
              std::string_view(c.outcome).find("refused") != std::string_view::npos ? 5 : 0);
  }
}

// As many records as fit, then TC and none.
TEST_F(AnswerLocalTest, TooLargeForTheClient) {
  std::string rules =
      "ports: [{name: corp, device: \"vdev:net_null0\"}]\nlisten: [192.168.10.86]\nzones:\n  - zone: big.example\n    "
      "records:\n";
  for (int i = 0; i < 100; ++i) {
    rules += "      - \"big A 10.0.0." + std::to_string(i) + "\"\n";
    if (i < 29) rules += "      - \"fittings A 10.0.0." + std::to_string(i) + "\"\n";
  }
  rules += "pools:\n  office: {kind: recursive, endpoints: [192.168.10.2]}\n";
  rig.load(rules);
  struct {
    const char* name;
    uint16_t udp_size;  // 0: no OPT
    bool truncated;
  } const cases[] = {{"fittings.big.example", 0, false}, {"big.big.example", 0, true},
                     {"big.big.example", 1232, true},    {"fittings.big.example", 512, true},
                     {"big.big.example", 4096, true},    {"fittings.big.example", 1232, false}};
  for (const auto& c : cases) {
    DnsQuery query{.question = {.name = c.name}, .opt = {}};
    if (c.udp_size != 0) query.opt = Opt{.udp_size = c.udp_size, .dnssec_ok = false, .extended_error = {}};
    const Frame frame = ask(query);
    SCOPED_TRACE(std::string(c.name) + " " + std::to_string(c.udp_size));
    EXPECT_EQ((get16(frame.payload, 2) & 0x0200) != 0, c.truncated);
    EXPECT_EQ(get16(frame.payload, 6), c.truncated ? 0 : 29);
    EXPECT_LE(frame.payload.size(), c.udp_size == 0 ? 512U : c.udp_size);
  }
  rig.verdict();
}

}  // namespace
}  // namespace penstock::test

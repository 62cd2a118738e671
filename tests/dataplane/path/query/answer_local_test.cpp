// tests/dataplane/path/query/answer_local_test.cpp - local records on the wire; ldns reads what comes back.
// Long because most of it is one table of questions.
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
    {.description = "an address",
     .name = "www.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {"www.lab.example. 300 IN A 10.0.0.1"},
     .soa_of = nullptr},
    {.description = "its own TTL",
     .name = "www.lab.example",
     .type = kAaaa,
     .rcode = 0,
     .answer = {"www.lab.example. 60 IN AAAA fd00::1"},
     .soa_of = nullptr},
    {.description = "as spelled in the question",
     .name = "WwW.Lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {"WwW.Lab.example. 300 IN A 10.0.0.1"},
     .soa_of = nullptr},
    {.description = "text",
     .name = "www.lab.example",
     .type = kTxt,
     .rcode = 0,
     .answer = {"www.lab.example. 300 IN TXT \"Case Kept\""},
     .soa_of = nullptr},
    {.description = "no such type",
     .name = "www.lab.example",
     .type = kMx,
     .rcode = 0,
     .answer = {},
     .soa_of = kLabSoa},
    {.description = "no such name", .name = "no.lab.example", .type = kA, .rcode = 3, .answer = {}, .soa_of = kLabSoa},
    {.description = "no such name, deep",
     .name = "a.b.c.d.e.f.g.h.no.lab.example",
     .type = kA,
     .rcode = 3,
     .answer = {},
     .soa_of = kLabSoa},
    {.description = "the apex has no address",
     .name = "lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {},
     .soa_of = kLabSoa},
    {.description = "the SOA with its own TTL",
     .name = "lab.example",
     .type = kSoa,
     .rcode = 0,
     .answer = {"lab.example. 3600 IN SOA ns.lab.example. admin.lab.example. 7 1 2 3 120"},
     .soa_of = nullptr},
    {.description = "the NS",
     .name = "lab.example",
     .type = kNs,
     .rcode = 0,
     .answer = {"lab.example. 300 IN NS ns.lab.example."},
     .soa_of = nullptr},
    {.description = "an alias",
     .name = "alias.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {"Www.lab.example. 300 IN A 10.0.0.1", "alias.lab.example. 300 IN CNAME Www.lab.example."},
     .soa_of = nullptr},
    {.description = "the alias itself",
     .name = "alias.lab.example",
     .type = kCname,
     .rcode = 0,
     .answer = {"alias.lab.example. 300 IN CNAME Www.lab.example."},
     .soa_of = nullptr},
    {.description = "two aliases",
     .name = "far.lab.example",
     .type = kAaaa,
     .rcode = 0,
     .answer = {"Www.lab.example. 60 IN AAAA fd00::1", "alias.lab.example. 300 IN CNAME Www.lab.example.",
                "far.lab.example. 300 IN CNAME alias.lab.example."},
     .soa_of = nullptr},
    {.description = "an alias without the type",
     .name = "alias.lab.example",
     .type = kMx,
     .rcode = 0,
     .answer = {"alias.lab.example. 300 IN CNAME Www.lab.example."},
     .soa_of = kLabSoa},
    {.description = "an alias to nothing",
     .name = "dead.lab.example",
     .type = kA,
     .rcode = 3,
     .answer = {"dead.lab.example. 300 IN CNAME nothing.lab.example."},
     .soa_of = kLabSoa},
    {.description = "an alias to an empty non-terminal",
     .name = "half.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {"half.lab.example. 300 IN CNAME ent.deep.lab.example."},
     .soa_of = kLabSoa},
    {.description = "an alias that leaves what is ours",
     .name = "away.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {"away.lab.example. 300 IN CNAME www.elsewhere.example."},
     .soa_of = nullptr},
    {.description = "an alias into another local zone",
     .name = "other.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {"host.second.example. 60 IN A 10.2.0.1", "other.lab.example. 300 IN CNAME host.second.example."},
     .soa_of = nullptr},
    {.description = "an alias to addresses of a rule",
     .name = "into.lab.example",
     .type = kAaaa,
     .rcode = 0,
     .answer = {"into.lab.example. 300 IN CNAME over.ads.example.", "over.ads.example. 10 IN AAAA fd00::9"},
     .soa_of = nullptr},
    {.description = "aliases in a circle",
     .name = "loop1.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {"loop1.lab.example. 300 IN CNAME loop2.lab.example.",
                "loop2.lab.example. 300 IN CNAME loop1.lab.example."},
     .soa_of = nullptr},
    {.description = "an empty non-terminal",
     .name = "ent.deep.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {},
     .soa_of = kLabSoa},
    {.description = "below an empty non-terminal",
     .name = "x.ent.deep.lab.example",
     .type = kA,
     .rcode = 3,
     .answer = {},
     .soa_of = kLabSoa},
    {.description = "a wildcard",
     .name = "a.wild.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {"a.wild.lab.example. 300 IN A 10.0.0.3"},
     .soa_of = nullptr},
    {.description = "a wildcard, several labels",
     .name = "a.b.c.wild.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {"a.b.c.wild.lab.example. 300 IN A 10.0.0.3"},
     .soa_of = nullptr},
    {.description = "a wildcard without the type",
     .name = "a.wild.lab.example",
     .type = kAaaa,
     .rcode = 0,
     .answer = {},
     .soa_of = kLabSoa},
    {.description = "the wildcard's own name",
     .name = "*.wild.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {"*.wild.lab.example. 300 IN A 10.0.0.3"},
     .soa_of = nullptr},
    {.description = "the wildcard's parent",
     .name = "wild.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {},
     .soa_of = kLabSoa},
    {.description = "a name beside the wildcard",
     .name = "below.wild.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {},
     .soa_of = kLabSoa},
    {.description = "below a name beside the wildcard (RFC 4592)",
     .name = "x.below.wild.lab.example",
     .type = kA,
     .rcode = 3,
     .answer = {},
     .soa_of = kLabSoa},
    {.description = "a wildcard alias",
     .name = "any.alias-wild.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {"any.alias-wild.lab.example. 300 IN CNAME www.lab.example.", "www.lab.example. 300 IN A 10.0.0.1"},
     .soa_of = nullptr},
    {.description = "a wildcard that has only names below it",
     .name = "y.star.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {},
     .soa_of = kLabSoa},
    {.description = "below the wildcard's own name",
     .name = "x.*.star.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {"x.*.star.lab.example. 300 IN A 10.0.0.4"},
     .soa_of = nullptr},
    {.description = "below the wildcard's own name, not there",
     .name = "z.*.star.lab.example",
     .type = kA,
     .rcode = 3,
     .answer = {},
     .soa_of = kLabSoa},
    {.description = "a type of no name",
     .name = "new.lab.example",
     .type = 65280,
     .rcode = 0,
     .answer = {"new.lab.example. 300 IN TYPE65280 \\# 3 010203"},
     .soa_of = nullptr},
    {.description = "a set, no record twice",
     .name = "set.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {"set.lab.example. 300 IN A 10.1.0.1", "set.lab.example. 300 IN A 10.1.0.2",
                "set.lab.example. 300 IN A 10.1.0.3"},
     .soa_of = nullptr},
    {.description = "ANY is one set (RFC 8482)",
     .name = "www.lab.example",
     .type = kAny,
     .rcode = 0,
     .answer = {"www.lab.example. 300 IN A 10.0.0.1"},
     .soa_of = nullptr},
    {.description = "ANY of an empty non-terminal",
     .name = "ent.deep.lab.example",
     .type = kAny,
     .rcode = 0,
     .answer = {},
     .soa_of = kLabSoa},
    {.description = "a SOA that nobody wrote",
     .name = "no.second.example",
     .type = kA,
     .rcode = 3,
     .answer = {},
     .soa_of = kSecondSoa},
    {.description = "that SOA itself",
     .name = "second.example",
     .type = kSoa,
     .rcode = 0,
     .answer = {kSecondSoa},
     .soa_of = nullptr},
    {.description = "a name alone",
     .name = "one.lab.example",
     .type = kA,
     .rcode = 0,
     .answer = {"one.lab.example. 60 IN A 10.3.0.1"},
     .soa_of = nullptr},
    {.description = "below a name alone the zone decides",
     .name = "x.one.lab.example",
     .type = kA,
     .rcode = 3,
     .answer = {},
     .soa_of = kLabSoa},
    {.description = "a name alone that is an alias",
     .name = "alias.only.example",
     .type = kA,
     .rcode = 0,
     .answer = {"alias.only.example. 60 IN CNAME www.lab.example.", "www.lab.example. 300 IN A 10.0.0.1"},
     .soa_of = nullptr},
    {.description = "addresses for a zone",
     .name = "over.ads.example",
     .type = kA,
     .rcode = 0,
     .answer = {"over.ads.example. 10 IN A 10.9.9.8", "over.ads.example. 10 IN A 10.9.9.9"},
     .soa_of = nullptr},
    {.description = "addresses below it",
     .name = "a.b.over.ads.example",
     .type = kAaaa,
     .rcode = 0,
     .answer = {"a.b.over.ads.example. 10 IN AAAA fd00::9"},
     .soa_of = nullptr},
    {.description = "another type of them",
     .name = "over.ads.example",
     .type = kMx,
     .rcode = 0,
     .answer = {},
     .soa_of = "over.ads.example. 10 IN SOA localhost. nobody.invalid. 1 3600 1200 604800 10"},
    {.description = "no IPv4 address",
     .name = "six.example",
     .type = kA,
     .rcode = 0,
     .answer = {},
     .soa_of = "six.example. 60 IN SOA localhost. nobody.invalid. 1 3600 1200 604800 60"},
    {.description = "built in: localhost",
     .name = "localhost",
     .type = kA,
     .rcode = 0,
     .answer = {"localhost. 604800 IN A 127.0.0.1"},
     .soa_of = nullptr},
    {.description = "built in: below localhost",
     .name = "x.Localhost",
     .type = kAaaa,
     .rcode = 0,
     .answer = {"x.Localhost. 604800 IN AAAA ::1"},
     .soa_of = nullptr},
    {.description = "built in: the reverse of 127.0.0.1",
     .name = "1.0.0.127.in-addr.arpa",
     .type = 12,
     .rcode = 0,
     .answer = {"1.0.0.127.in-addr.arpa. 604800 IN PTR localhost."},
     .soa_of = nullptr},
    {.description = "built in: the rest of 127/8",
     .name = "2.0.0.127.in-addr.arpa",
     .type = 12,
     .rcode = 3,
     .answer = {},
     .soa_of = "127.in-addr.arpa. 604800 IN SOA localhost. nobody.invalid. 1 3600 1200 604800 604800"},
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

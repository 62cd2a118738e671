// tests/dataplane/path/guard/guard_test.cpp - what is a leak and what is none; who gets what, which counter and which event say so.
//
// Long because it is one table, its cases and the few rules that they are judged by.
#include <algorithm>
#include <map>
#include <optional>

#include "config/contract/event_ring.h"
#include "dataplane/inquiry/judge.h"
#include "dataplane/path/guard/chain.h"
#include "tests/dataplane/path/answer_text.h"
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

const std::string kHead = R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86]
clients: {allow: [192.168.0.0/16]}
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}
  office: {kind: recursive, endpoints: [10.16.2.10]}
default: {pool: office}
)";
const std::string kRules = kHead + R"(
zones:
  - {zone: vpc.example, pool: vpc, expect: [10.16.0.0/16, "fd16::/16"]}
  - {zone: alarm.example, pool: vpc, expect: 10.16.0.0/16, on_leak: alarm, cname: alarm}
  - {zone: any.example, pool: vpc, cname: pass}
  - {zone: other.example, pool: vpc}
  - {zone: v4.example, pool: vpc, expect: 10.16.0.0/16}
  - {zone: v6.example, pool: vpc, expect: "fd16::/16"}
  - {zone: nat.example, pool: vpc, expect: ["64:ff9b::/96"]}
)";

constexpr uint16_t kA = 1, kNs = 2, kCname = 5, kSoa = 6, kTxt = 16, kAaaa = 28, kDname = 39, kRrsig = 46, kSvcb = 64,
                   kHttps = 65, kAny = 255;

const Bytes kIn = ip("10.16.3.4");
const Bytes kOut = ip("203.0.113.9");
const Bytes kIn6 = ip("fd16::1");
const Bytes kOut6 = ip("2001:db8::9");

struct GuardCase {
  const char* description;
  const char* asked;
  uint16_t type;
  uint16_t rcode;
  std::vector<Rr> records;
  const char* verdict;    // of the guard, and of the response
  const char* told = "";  // kind, rule's origin, address
};

constexpr const char* kPassed = "guard.passed response.returned";
constexpr const char* kBlocked = "guard.blocked response.blocked";
constexpr const char* kWithheld = "guard.withheld response.blocked";
constexpr const char* kCutBeside = "guard.withheld response.returned";
constexpr const char* kAlarmed = "guard.alarmed response.returned";
constexpr const char* kUnreadable = "guard.unreadable response.blocked";
constexpr const char* kCut = "guard.chain_cut response.chased";
constexpr const char* kOthers = "response.returned";
constexpr const char* kUnfollowed = "guard.chain_unreadable response.blocked";

// From www.org over so many CNAMEs to `end`, which has a public address.
std::vector<Rr> chain_of(unsigned links, const std::string& end, bool backwards = false) {
  std::vector<Rr> records;
  for (unsigned i = 0; i < links; ++i)
    records.push_back({i == 0 ? "www.org" : "l" + std::to_string(i) + ".org", kCname,
                       name(i + 1 == links ? end : "l" + std::to_string(i + 1) + ".org")});
  if (backwards) std::reverse(records.begin(), records.end());
  records.push_back({end, kA, kOut});
  return records;
}

const GuardCase kCases[] = {
    // Addresses.
    {.description = "inside",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kA, kIn}},
     .verdict = kPassed},
    {.description = "outside",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kA, kOut}},
     .verdict = kBlocked,
     .told = "leak zones[0] 203.0.113.9"},
    {.description = "the apex, in capitals",
     .asked = "VPC.Example",
     .type = kA,
     .rcode = 0,
     .records = {{"vpc.example", kA, kOut}},
     .verdict = kBlocked,
     .told = "leak zones[0] 203.0.113.9"},
    {.description = "the second of three is outside",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kA, kIn}, {"a.vpc.example", kA, kOut}, {"a.vpc.example", kA, kIn}},
     .verdict = kBlocked,
     .told = "leak zones[0] 203.0.113.9"},
    {.description = "just below",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kA, ip("10.15.255.255")}},
     .verdict = kBlocked,
     .told = "leak zones[0] 10.15.255.255"},
    {.description = "the first",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kA, ip("10.16.0.0")}},
     .verdict = kPassed},
    {.description = "the last",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kA, ip("10.16.255.255")}},
     .verdict = kPassed},
    {.description = "just above",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kA, ip("10.17.0.0")}},
     .verdict = kBlocked,
     .told = "leak zones[0] 10.17.0.0"},
    {.description = "IPv6 inside",
     .asked = "a.vpc.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.vpc.example", kAaaa, kIn6}},
     .verdict = kPassed},
    {.description = "IPv6 outside",
     .asked = "a.vpc.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.vpc.example", kAaaa, kOut6}},
     .verdict = kBlocked,
     .told = "leak zones[0] 2001:db8::9"},
    {.description = "IPv6 just above",
     .asked = "a.vpc.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.vpc.example", kAaaa, ip("fd17::")}},
     .verdict = kBlocked,
     .told = "leak zones[0] fd17::"},
    {.description = "IPv6 where only IPv4 is expected",
     .asked = "a.alarm.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.alarm.example", kAaaa, kIn6}},
     .verdict = kAlarmed,
     .told = "leak zones[1] fd16::1"},
    {.description = "in additional",
     .asked = "a.vpc.example",
     .type = kTxt,
     .rcode = 0,
     .records = {{"a.vpc.example", kTxt, {1, 'x'}}, {"b.vpc.example", kA, kOut, 60, 2}},
     .verdict = kBlocked,
     .told = "leak zones[0] 203.0.113.9"},
    {.description = "inside in additional",
     .asked = "a.vpc.example",
     .type = kTxt,
     .rcode = 0,
     .records = {{"a.vpc.example", kTxt, {1, 'x'}}, {"b.vpc.example", kA, kIn, 60, 2}},
     .verdict = kPassed},
    {.description = "nothing expected",
     .asked = "a.other.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.other.example", kA, kOut}},
     .verdict = kPassed},
    {.description = "alarm",
     .asked = "a.alarm.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.alarm.example", kA, kOut}},
     .verdict = kAlarmed,
     .told = "leak zones[1] 203.0.113.9"},
    {.description = "HTTPS, hint inside",
     .asked = "a.vpc.example",
     .type = kHttps,
     .rcode = 0,
     .records = {{"a.vpc.example", kHttps, service(4, kIn)}},
     .verdict = kPassed},
    {.description = "HTTPS, hint outside",
     .asked = "a.vpc.example",
     .type = kHttps,
     .rcode = 0,
     .records = {{"a.vpc.example", kHttps, service(4, kOut)}},
     .verdict = kBlocked,
     .told = "leak zones[0] 203.0.113.9"},
    {.description = "HTTPS, the second hint outside",
     .asked = "a.vpc.example",
     .type = kHttps,
     .rcode = 0,
     .records = {{"a.vpc.example", kHttps, service(4, joined({kIn, kOut}))}},
     .verdict = kBlocked,
     .told = "leak zones[0] 203.0.113.9"},
    {.description = "SVCB, IPv6 hint outside behind another key",
     .asked = "a.vpc.example",
     .type = kSvcb,
     .rcode = 0,
     .records = {{"a.vpc.example", kSvcb, joined({service(1, {2, 'h', '2'}), {0, 6, 0, 16}, kOut6})}},
     .verdict = kBlocked,
     .told = "leak zones[0] 2001:db8::9"},
    {.description = "HTTPS without hints",
     .asked = "a.vpc.example",
     .type = kHttps,
     .rcode = 0,
     .records = {{"a.vpc.example", kHttps, {0, 1, 0}}},
     .verdict = kPassed},

    // What is never a leak.
    {.description = "NODATA",
     .asked = "a.vpc.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"vpc.example", kSoa, soa(), 60, 1}},
     .verdict = kPassed},
    {.description = "NODATA, with the address of its server",
     .asked = "a.vpc.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"vpc.example", kSoa, soa(), 60, 1}, {"ns.vpc.example", kA, kOut, 60, 2}},
     .verdict = kPassed},
    {.description = "NODATA at the end of a chain",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kCname, name("x.org")}, {"org", kSoa, soa(), 60, 1}},
     .verdict = kPassed},
    {.description = "NXDOMAIN",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 3,
     .records = {{"vpc.example", kSoa, soa(), 60, 1}},
     .verdict = kPassed},
    {.description = "NXDOMAIN, with the address of its server",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 3,
     .records = {{"ns.vpc.example", kA, kOut, 60, 2}},
     .verdict = kPassed},
    {.description = "NODATA at the end of a signed chain, with the address of its server",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kCname, name("x.org")},
                 {"a.vpc.example", kRrsig, Bytes(30, 1)},
                 {"org", kSoa, soa(), 60, 1},
                 {"ns.org", kA, kOut, 60, 2}},
     .verdict = kPassed},
    {.description = "NXDOMAIN without SOA",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 3,
     .records = {},
     .verdict = kPassed},
    {.description = "NXDOMAIN at the end of a chain",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 3,
     .records = {{"a.vpc.example", kCname, name("x.org")}},
     .verdict = kPassed},
    {.description = "SERVFAIL", .asked = "a.vpc.example", .type = kA, .rcode = 2, .records = {}, .verdict = kPassed},
    {.description = "empty", .asked = "a.vpc.example", .type = kA, .rcode = 0, .records = {}, .verdict = kPassed},
    {.description = "a referral",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"vpc.example", kNs, name("ns.vpc.example"), 60, 1}},
     .verdict = kPassed},
    {.description = "an address outside under NXDOMAIN",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 3,
     .records = {{"a.vpc.example", kA, kOut}},
     .verdict = kBlocked,
     .told = "leak zones[0] 203.0.113.9"},
    {.description = "an address outside beside a SOA",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kA, kOut}, {"vpc.example", kSoa, soa(), 60, 1}},
     .verdict = kBlocked,
     .told = "leak zones[0] 203.0.113.9"},

    // Chains that begin with a private name.
    {.description = "through a foreign name to an address inside",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kCname, name("vpce-1.vpce.amazonaws.com")}, {"vpce-1.vpce.amazonaws.com", kA, kIn}},
     .verdict = kPassed},
    {.description = "to an address outside",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kCname, name("x.org")}, {"x.org", kA, kOut}},
     .verdict = kBlocked,
     .told = "leak zones[0] 203.0.113.9"},
    {.description = "ends outside without an address",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kCname, name("x.org")}},
     .verdict = kBlocked,
     .told = "leak zones[0] -"},
    {.description = "the same, signed",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kCname, name("x.org")}, {"a.vpc.example", kRrsig, Bytes(30, 1)}},
     .verdict = kBlocked,
     .told = "leak zones[0] -"},
    {.description = "ends outside, an address of another name",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kCname, name("x.org")}, {"y.org", kA, kIn}},
     .verdict = kBlocked,
     .told = "leak zones[0] -"},
    {.description = "ends outside, alarm",
     .asked = "a.alarm.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.alarm.example", kCname, name("x.org")}},
     .verdict = kAlarmed,
     .told = "leak zones[1] -"},
    {.description = "ends outside, nothing expected",
     .asked = "a.other.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.other.example", kCname, name("x.org")}},
     .verdict = kBlocked,
     .told = "leak zones[3] -"},
    {.description = "ends in a private zone",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kCname, name("b.Other.example")}},
     .verdict = kPassed},
    {.description = "over three links, in any order",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"z.org", kA, kIn},
                 {"y.org", kCname, name("z.org")},
                 {"A.vpc.example", kCname, name("X.org")},
                 {"x.ORG", kCname, name("y.org")}},
     .verdict = kPassed},
    {.description = "over two links, out",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kCname, name("b.vpc.example")}, {"b.vpc.example", kCname, name("x.org")}},
     .verdict = kBlocked,
     .told = "leak zones[0] -"},
    {.description = "the data asked for at a foreign end",
     .asked = "a.vpc.example",
     .type = kTxt,
     .rcode = 0,
     .records = {{"a.vpc.example", kCname, name("x.org")}, {"x.org", kTxt, {1, 'x'}}},
     .verdict = kPassed},
    {.description = "the CNAME itself is asked for",
     .asked = "a.vpc.example",
     .type = kCname,
     .rcode = 0,
     .records = {{"a.vpc.example", kCname, name("x.org")}},
     .verdict = kPassed},
    {.description = "ANY",
     .asked = "a.vpc.example",
     .type = kAny,
     .rcode = 0,
     .records = {{"a.vpc.example", kCname, name("x.org")}},
     .verdict = kPassed},
    {.description = "a CNAME of another name",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"b.vpc.example", kCname, name("x.org")}},
     .verdict = kPassed},
    {.description = "DNAME without its CNAME",
     .asked = "a.b.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"b.vpc.example", kDname, name("x.org")}},
     .verdict = kBlocked,
     .told = "leak zones[0] -"},
    {.description = "DNAME without its CNAME, to an address inside",
     .asked = "a.b.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"b.vpc.example", kDname, name("x.org")}, {"a.x.org", kA, kIn}},
     .verdict = kPassed},
    {.description = "DNAME of the name itself, which leads only what is below",
     .asked = "b.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"b.vpc.example", kDname, name("x.org")}},
     .verdict = kPassed},
    {.description = "DNAME with its CNAME",
     .asked = "a.b.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"b.vpc.example", kDname, name("x.org")},
                 {"a.b.vpc.example", kCname, name("a.x.org")},
                 {"a.x.org", kA, kIn}},
     .verdict = kPassed},
    {.description = "a loop",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kCname, name("b.vpc.example")}, {"b.vpc.example", kCname, name("a.vpc.example")}},
     .verdict = kUnreadable,
     .told = "unreadable zones[0] -"},

    // A family of which nothing is expected: there is no such address, clients hear.
    {.description = "IPv6, none expected",
     .asked = "a.v4.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.v4.example", kAaaa, kOut6}},
     .verdict = kWithheld,
     .told = "withheld zones[4] 2001:db8::9"},
    {.description = "IPv6 of all lengths of a set",
     .asked = "a.v4.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.v4.example", kAaaa, kIn6}, {"a.v4.example", kAaaa, kOut6}},
     .verdict = kWithheld,
     .told = "withheld zones[4] fd16::1"},
    {.description = "IPv4, none expected",
     .asked = "a.v6.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.v6.example", kA, kIn}},
     .verdict = kWithheld,
     .told = "withheld zones[5] 10.16.3.4"},
    {.description = "IPv4 inside beside it",
     .asked = "a.v4.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.v4.example", kA, kIn}},
     .verdict = kPassed},
    {.description = "behind a chain through a foreign name",
     .asked = "a.v4.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.v4.example", kCname, name("x.org")}, {"x.org", kAaaa, kOut6}},
     .verdict = kWithheld,
     .told = "withheld zones[4] 2001:db8::9"},
    {.description = "with its signature",
     .asked = "a.v4.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.v4.example", kAaaa, kOut6}, {"a.v4.example", kRrsig, Bytes(30)}},
     .verdict = kWithheld,
     .told = "withheld zones[4] 2001:db8::9"},
    {.description = "both families asked for at once",
     .asked = "a.v4.example",
     .type = kAny,
     .rcode = 0,
     .records = {{"a.v4.example", kA, kIn}, {"a.v4.example", kAaaa, kOut6}},
     .verdict = kBlocked,
     .told = "leak zones[4] 2001:db8::9"},
    {.description = "the other family in the answer section",
     .asked = "a.v4.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.v4.example", kA, kIn}, {"a.v4.example", kAaaa, kOut6}},
     .verdict = kBlocked,
     .told = "leak zones[4] 2001:db8::9"},
    {.description = "both families outside",
     .asked = "a.v4.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.v4.example", kAaaa, kOut6}, {"a.v4.example", kA, kOut}},
     .verdict = kBlocked,
     .told = "leak zones[4] 203.0.113.9"},
    {.description = "HTTPS, a hint of IPv6",
     .asked = "a.v4.example",
     .type = kHttps,
     .rcode = 0,
     .records = {{"a.v4.example", kHttps, service(6, kOut6)}},
     .verdict = kWithheld,
     .told = "withheld zones[4] 2001:db8::9"},
    {.description = "HTTPS, hints of both",
     .asked = "a.v4.example",
     .type = kHttps,
     .rcode = 0,
     .records = {{"a.v4.example", kHttps, joined({service(4, kIn), {0, 6, 0, 16}, kOut6})}},
     .verdict = kWithheld,
     .told = "withheld zones[4] 2001:db8::9"},
    {.description = "HTTPS, IPv6 and then IPv4 outside",
     .asked = "a.v4.example",
     .type = kHttps,
     .rcode = 0,
     .records = {{"a.v4.example", kHttps, joined({service(6, kOut6), {0, 4, 0, 4}, kOut})}},
     .verdict = kBlocked,
     .told = "leak zones[4] 203.0.113.9"},
    {.description = "HTTPS, IPv6 and then a hint of five octets",
     .asked = "a.v4.example",
     .type = kHttps,
     .rcode = 0,
     .records = {{"a.v4.example", kHttps, joined({service(6, kOut6), {0, 4, 0, 5}, {10, 16, 0, 1, 2}})}},
     .verdict = kUnreadable,
     .told = "unreadable zones[4] -"},
    {.description = "IPv6 in additional",
     .asked = "a.v4.example",
     .type = kTxt,
     .rcode = 0,
     .records = {{"a.v4.example", kTxt, {1, 'x'}}, {"b.v4.example", kAaaa, kOut6, 60, 2}},
     .verdict = kCutBeside,
     .told = "withheld zones[4] 2001:db8::9"},
    {.description = "IPv6 in additional of A",
     .asked = "a.v4.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.v4.example", kA, kIn},
                 {"v4.example", kNs, name("ns.v4.example"), 60, 1},
                 {"ns.v4.example", kAaaa, kOut6, 60, 2}},
     .verdict = kCutBeside,
     .told = "withheld zones[4] 2001:db8::9"},
    {.description = "IPv4 and IPv6 in additional",
     .asked = "a.v4.example",
     .type = kTxt,
     .rcode = 0,
     .records = {{"a.v4.example", kTxt, {1, 'x'}},
                 {"b.v4.example", kAaaa, kOut6, 60, 2},
                 {"b.v4.example", kA, kOut, 60, 2}},
     .verdict = kBlocked,
     .told = "leak zones[4] 203.0.113.9"},
    {.description = "in additional, behind a chain that leads out",
     .asked = "a.v4.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.v4.example", kCname, name("x.org")}, {"b.v4.example", kAaaa, kOut6, 60, 2}},
     .verdict = kBlocked,
     .told = "leak zones[4] -"},
    {.description = "alarm, IPv6",
     .asked = "a.alarm.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.alarm.example", kAaaa, kOut6}},
     .verdict = kAlarmed,
     .told = "leak zones[1] 2001:db8::9"},
    // DNS64 (RFC 6147): judged by the IPv4 address inside.
    {.description = "DNS64 of an address inside",
     .asked = "a.v4.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.v4.example", kAaaa, ip("64:ff9b::a10:304")}},
     .verdict = kPassed},
    {.description = "DNS64 of an address outside",
     .asked = "a.v4.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.v4.example", kAaaa, ip("64:ff9b::cb00:7109")}},
     .verdict = kBlocked,
     .told = "leak zones[4] 64:ff9b::cb00:7109"},
    {.description = "DNS64 where both are expected",
     .asked = "a.vpc.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.vpc.example", kAaaa, ip("64:ff9b::a10:304")}},
     .verdict = kPassed},
    {.description = "DNS64 where only IPv6 is expected",
     .asked = "a.v6.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.v6.example", kAaaa, ip("64:ff9b::a10:304")}},
     .verdict = kWithheld,
     .told = "withheld zones[5] 64:ff9b::a10:304"},
    {.description = "its prefix is expected",
     .asked = "a.nat.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.nat.example", kAaaa, ip("64:ff9b::cb00:7109")}},
     .verdict = kPassed},
    {.description = "one octet beside the prefix",
     .asked = "a.v4.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.v4.example", kAaaa, ip("64:ff9b:0:0:0:1:a10:304")}},
     .verdict = kWithheld,
     .told = "withheld zones[4] 64:ff9b::1:a10:304"},

    // What cannot be read.
    {.description = "an address of three octets",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kA, {10, 16, 0}}},
     .verdict = kUnreadable,
     .told = "unreadable zones[0] -"},
    {.description = "the same, nothing expected",
     .asked = "a.other.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.other.example", kA, {10, 16, 0}}},
     .verdict = kUnreadable,
     .told = "unreadable zones[3] -"},
    {.description = "the same, alarm",
     .asked = "a.alarm.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.alarm.example", kA, {10, 16, 0}}},
     .verdict = kUnreadable,
     .told = "unreadable zones[1] -"},
    {.description = "IPv6 of four octets",
     .asked = "a.vpc.example",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"a.vpc.example", kAaaa, kIn}},
     .verdict = kUnreadable,
     .told = "unreadable zones[0] -"},
    {.description = "a hint of five octets",
     .asked = "a.vpc.example",
     .type = kHttps,
     .rcode = 0,
     .records = {{"a.vpc.example", kHttps, service(4, {10, 16, 0, 1, 2})}},
     .verdict = kUnreadable,
     .told = "unreadable zones[0] -"},
    {.description = "an empty hint",
     .asked = "a.vpc.example",
     .type = kHttps,
     .rcode = 0,
     .records = {{"a.vpc.example", kHttps, service(6, {})}},
     .verdict = kUnreadable,
     .told = "unreadable zones[0] -"},
    {.description = "HTTPS with a compressed target",
     .asked = "a.vpc.example",
     .type = kHttps,
     .rcode = 0,
     .records = {{"a.vpc.example", kHttps, {0, 1, 0xc0, 12}}},
     .verdict = kUnreadable,
     .told = "unreadable zones[0] -"},
    {.description = "HTTPS with half a parameter",
     .asked = "a.vpc.example",
     .type = kHttps,
     .rcode = 0,
     .records = {{"a.vpc.example", kHttps, {0, 1, 0, 0, 4, 0}}},
     .verdict = kUnreadable,
     .told = "unreadable zones[0] -"},
    {.description = "HTTPS with a parameter that is too long",
     .asked = "a.vpc.example",
     .type = kHttps,
     .rcode = 0,
     .records = {{"a.vpc.example", kHttps, {0, 1, 0, 0, 4, 0, 8, 10, 16, 0, 1}}},
     .verdict = kUnreadable,
     .told = "unreadable zones[0] -"},
    {.description = "a CNAME without a name",
     .asked = "a.vpc.example",
     .type = kA,
     .rcode = 0,
     .records = {{"a.vpc.example", kCname, {0xc0}}},
     .verdict = kUnreadable,
     .told = "unreadable zones[0] -"},

    // Names that are not private.
    {.description = "anything",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = {{"www.org", kA, kOut}},
     .verdict = kOthers},
    {.description = "garbage",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = {{"www.org", kA, {1}}},
     .verdict = kOthers},
    {.description = "a chain elsewhere",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = {{"www.org", kCname, name("x.org")}, {"x.org", kA, kOut}},
     .verdict = kOthers},
    {.description = "a chain into a private zone",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = {{"www.org", kCname, name("a.vpc.Example")}, {"a.vpc.example", kA, kOut}},
     .verdict = kCut,
     .told = "chain_into_private zones[0] -"},
    {.description = "into its apex",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = {{"www.org", kCname, name("vpc.example")}},
     .verdict = kCut,
     .told = "chain_into_private zones[0] -"},
    {.description = "its address is inside",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = {{"www.org", kCname, name("a.vpc.example")}, {"a.vpc.example", kA, kIn}},
     .verdict = kCut,
     .told = "chain_into_private zones[0] -"},
    {.description = "at the third link",
     .asked = "www.org",
     .type = kAaaa,
     .rcode = 0,
     .records = {{"www.org", kCname, name("x.org")},
                 {"x.org", kCname, name("y.org")},
                 {"y.org", kCname, name("a.vpc.example")}},
     .verdict = kCut,
     .told = "chain_into_private zones[0] -"},
    {.description = "and NXDOMAIN",
     .asked = "www.org",
     .type = kA,
     .rcode = 3,
     .records = {{"www.org", kCname, name("a.vpc.example")}},
     .verdict = kCut,
     .told = "chain_into_private zones[0] -"},
    {.description = "by DNAME",
     .asked = "a.old.org",
     .type = kA,
     .rcode = 0,
     .records = {{"old.org", kDname, name("vpc.example")}},
     .verdict = kCut,
     .told = "chain_into_private zones[0] -"},
    {.description = "alarm",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = {{"www.org", kCname, name("a.alarm.example")}, {"a.alarm.example", kA, kOut}},
     .verdict = "guard.chain_alarmed response.returned",
     .told = "chain_into_private zones[1] -"},
    {.description = "pass",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = {{"www.org", kCname, name("a.any.example")}, {"a.any.example", kA, kOut}},
     .verdict = kOthers},
    {.description = "by one that passes into one that does not",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = {{"www.org", kCname, name("a.any.example")}, {"a.any.example", kCname, name("a.vpc.example")}},
     .verdict = kCut,
     .told = "chain_into_private zones[0] -"},
    {.description = "the CNAME itself is asked for",
     .asked = "www.org",
     .type = kCname,
     .rcode = 0,
     .records = {{"www.org", kCname, name("a.vpc.example")}},
     .verdict = kOthers},
    {.description = "ANY",
     .asked = "www.org",
     .type = kAny,
     .rcode = 0,
     .records = {{"www.org", kCname, name("a.vpc.example")}},
     .verdict = kOthers},
    {.description = "a CNAME of another name into a private zone",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = {{"www2.org", kCname, name("a.vpc.example")}, {"www.org", kA, kOut}},
     .verdict = kOthers},
    // However long it is.
    {.description = "16 links",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = chain_of(16, "a.vpc.example"),
     .verdict = kCut,
     .told = "chain_into_private zones[0] -"},
    {.description = "17 links",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = chain_of(17, "a.vpc.example"),
     .verdict = kCut,
     .told = "chain_into_private zones[0] -"},
    {.description = "30 links, backwards",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = chain_of(30, "a.vpc.example", true),
     .verdict = kCut,
     .told = "chain_into_private zones[0] -"},
    {.description = "more than are completed",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = chain_of(40, "a.vpc.example"),
     .verdict = "guard.chain_cut response.blocked",
     .told = "chain_into_private zones[0] -"},
    {.description = "40 links elsewhere",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = chain_of(40, "x.org"),
     .verdict = kOthers},
    {.description = "in a circle",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = {{"www.org", kCname, name("x.org")}, {"x.org", kCname, name("www.org")}},
     .verdict = kOthers},
    // Clients may read what we cannot.
    {.description = "a pointer forward",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = {{"www.org", kCname, {0xc0, 46}}, {"a.vpc.example", kA, kOut}},
     .verdict = kUnfollowed,
     .told = "unreadable default -"},
    {.description = "a pointer forward at the second link",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = {{"www.org", kCname, name("x.org")}, {"x.org", kCname, {0xc0, 72}}, {"a.vpc.example", kA, kOut}},
     .verdict = kUnfollowed,
     .told = "unreadable default -"},
    {.description = "DNAMEs without end",
     .asked = "a.old.org",
     .type = kA,
     .rcode = 0,
     .records = {{"old.org", kDname, name("b.old.org")}},
     .verdict = kUnfollowed,
     .told = "unreadable default -"},
    {.description = "a private name in additional",
     .asked = "www.org",
     .type = kA,
     .rcode = 0,
     .records = {{"www.org", kA, kOut}, {"www.org", kCname, name("a.vpc.example"), 60, 2}},
     .verdict = kOthers},
};

class GuardTest : public PathTest {
 protected:
  GuardTest() : PathTest({.rules = kRules}) {}

  // The counts of the guard and of responses since the last call.
  std::string guard_and_response() {
    std::string text;
    const uint64_t passed = rig.counters().lcore[0].guard[config::GuardOutcome::passed].get();
    if (passed != passed_) text = "guard.passed";
    passed_ = passed;
    for (std::string rest = rig.verdict(); !rest.empty();) {
      const std::string word = rest.substr(0, rest.find(' '));
      rest = rest.size() == word.size() ? "" : rest.substr(word.size() + 1);
      if (word.starts_with("guard.") || word.starts_with("response.")) text += (text.empty() ? "" : " ") + word;
    }
    return text;
  }
  std::optional<config::Event> event() {
    const config::EventRing& ring = rig.counters().lcore[0].events;
    if (ring.count() == seen_) return std::nullopt;
    EXPECT_EQ(ring.count(), seen_ + 1);
    seen_ = ring.count();
    return ring.get(seen_ - 1);
  }
  std::string told() {
    const auto put = event();
    if (!put) return "";
    static const std::map<config::EventKind, const char*> kKinds = {
        {config::EventKind::leak, "leak"},
        {config::EventKind::unreadable, "unreadable"},
        {config::EventKind::chain_into_private, "chain_into_private"},
        {config::EventKind::withheld, "withheld"}};
    std::string text = kKinds.at(put->kind);
    text += " " + rig.model().rules.at(put->rule).origin + " ";
    if (put->family == 0) return text + "-";
    config::IpAddress address;
    address.family = put->family;
    address.bytes = put->address;
    return text + config::to_string(address);
  }

  uint64_t seen_ = 0;
  uint64_t passed_ = 0;
};

// The words of the counter that the guard's decision has, by what control is told of the same message (penstockctl explain --send).
std::string told_to_control(const PathRig& rig, const GuardCase& c, const Bytes& message) {
  const std::string wire = config::parse_name(c.asked).value();
  config::Judge request;
  request.name_length = static_cast<uint8_t>(wire.size());
  wire.copy(request.name.data(), wire.size());
  request.record_type = c.type;
  request.client = address("192.168.10.20").bytes;
  request.family = 4;
  const config::Judged judged = inquiry::judge(request, message, rig.ruleset.get());
  switch (judged.finding) {
    case config::GuardFinding::leak:
    case config::GuardFinding::leak_by_chain:
      return judged.alarm != 0 ? "guard.alarmed" : "guard.blocked";
    case config::GuardFinding::withheld:
    case config::GuardFinding::partly_withheld:
      return "guard.withheld";
    case config::GuardFinding::unreadable:
      return "guard.unreadable";
    case config::GuardFinding::chain_unreadable:
      return "guard.chain_unreadable";
    case config::GuardFinding::chain_hidden:
    case config::GuardFinding::chain_followed:
      return "guard.chain_cut";
    case config::GuardFinding::chain_alarmed:
      return "guard.chain_alarmed";
    case config::GuardFinding::passed:
      break;
    case config::GuardFinding::not_forwarded:
    case config::GuardFinding::other_question:
      return "nothing";
  }
  return judged.rule != config::kNoRule ? "guard.passed" : "";
}

// One verdict: nobody is told another than the clients got.
TEST_F(GuardTest, ControlIsToldTheSame) {
  for (const GuardCase& c : kCases) {
    SCOPED_TRACE(std::string(c.description) + ", " + c.asked);
    const DnsQuery query{.question = {.name = c.asked, .type = c.type}, .opt = Opt{}};
    const std::string verdict = c.verdict;
    const std::string of_guard = verdict.starts_with("guard.") ? verdict.substr(0, verdict.find(' ')) : "";
    EXPECT_EQ(told_to_control(rig, c, answer(write(query), c.rcode, c.records)), of_guard);
  }
}

TEST_F(GuardTest, Table) {
  for (const GuardCase& c : kCases) {
    SCOPED_TRACE(std::string(c.description) + ", " + c.asked);
    rig.pass(2);
    const DnsQuery query{.question = {.name = c.asked, .type = c.type}, .opt = Opt{}};
    const Frame left = forward(from_client(write(query)));
    rig.verdict();
    Frame response = answer_to_query(left);
    response.payload = answer(left.payload, c.rcode, c.records);
    const bool goes_on = std::string_view(c.verdict) == kCut;
    const Frame back = only(rig.receive(1, {write(response)}), goes_on ? 1 : 0);
    const std::string verdict = guard_and_response();
    EXPECT_EQ(verdict, c.verdict);
    EXPECT_EQ(told(), c.told);
    if (goes_on) {  // what becomes of it is chase_test's
      EXPECT_EQ(config::to_string(back.destination), "10.16.1.10");
      rig.pass(3000);
      rig.sweep();
      rig.verdict();
      continue;
    }
    if (verdict == kCutBeside) {  // the answer section, and why there is no more
      std::vector<Rr> kept;
      for (const Rr& record : c.records)
        if (record.section == 0) kept.push_back(record);
      response.payload = answer(left.payload, c.rcode, kept);
      put16(response.payload, 0, query.id);
      Bytes expected = to_client(response.payload, query.opt);
      put16(expected, expected.size() - 2, 6);  // the OPT's data: an Extended DNS Error
      EXPECT_EQ(to_hex(back.payload), to_hex(joined({expected, {0, 15, 0, 2, 0, 17}})));
      continue;
    }
    if (verdict.find("response.blocked") == std::string::npos) {
      put16(response.payload, 0, query.id);
      EXPECT_EQ(to_hex(back.payload), to_hex(to_client(response.payload, query.opt)));
      continue;
    }
    DnsQuery servfail = query;
    servfail.opt = Opt{.extended_error = verdict == kUnreadable || verdict == kUnfollowed ? 24 : 17};
    EXPECT_EQ(to_hex(back.payload), to_hex(own_answer(servfail, verdict == kWithheld ? 0 : 2)));
  }
}

// The cases are cut at every octet: nothing outside is read, and what cannot be read whole is not passed on.
TEST_F(GuardTest, CutShort) {
  for (const GuardCase& c : kCases) {
    if (std::string_view(c.asked).find("vpc.") == std::string_view::npos || c.records.empty()) continue;
    SCOPED_TRACE(c.description);
    const DnsQuery query{.question = {.name = c.asked, .type = c.type}, .opt = {}};
    const size_t whole = answer(write(query), c.rcode, c.records).size();
    for (size_t length = answer(write(query), c.rcode, {}).size(); length < whole; ++length) {
      const Frame left = forward(from_client(write(query)));
      Frame response = answer_to_query(left);
      response.payload = answer(left.payload, c.rcode, c.records);
      response.payload.resize(length);
      const Bytes bytes = write(response);
      rte_mbuf* frame = rig.pool.take(bytes, 128, static_cast<uint16_t>(128 + bytes.size()));
      const Frame back = only(rig.receive(1, {&frame, 1}), 0);
      EXPECT_EQ(get16(back.payload, 2) & 0xf, 2);
    }
  }
}

// Whatever is left of a chain, the address at its end does not pass.
TEST_F(GuardTest, AChainCutShort) {
  const DnsQuery query{.question = {.name = "www.org"}, .opt = {}};
  const std::vector<Rr> records = chain_of(3, "a.vpc.example");
  const size_t no_link = answer(write(query), 0, {records[0]}).size();
  const size_t whole = answer(write(query), 0, records).size();
  for (size_t length = answer(write(query), 0, {}).size(); length <= whole; ++length) {
    SCOPED_TRACE(length);
    const Frame left = forward(from_client(write(query)));
    Frame response = answer_to_query(left);
    response.payload = answer(left.payload, 0, records);
    response.payload.resize(length);
    const auto sent = rig.receive(1, {write(response)});
    ASSERT_EQ(sent.size(), 1U);
    if (sent[0].port == 1) {  // led into the zone, and is asked there
      rig.pass(3000);
      rig.sweep();
    } else if (length >= no_link) {
      EXPECT_EQ(get16(only(sent, 0).payload, 2) & 0xf, 2);
    }
  }
}

// The client asks again over TCP: it needs no SERVFAIL, and gets nothing of what cannot be read.
TEST_F(GuardTest, ATruncatedChainThatCannotBeReadIsCutDown) {
  const DnsQuery query{.question = {.name = "www.org"}, .opt = Opt{}};
  const Frame left = forward(from_client(write(query)));
  rig.verdict();
  Frame response = answer_to_query(left);
  response.payload = answer(left.payload, 0, {{"www.org", kCname, {0xc0, 46}}, {"a.vpc.example", kA, kOut}});
  put16(response.payload, 2, 0x8380);
  const Frame back = only(rig.receive(1, {write(response)}), 0);
  EXPECT_EQ(rig.verdict(), "classify.response response.returned");
  Bytes expected = own_answer(query, 0);
  put16(expected, 2, 0x8380);
  EXPECT_EQ(to_hex(back.payload), to_hex(expected));
}

// What a message of 64 KiB can make the chain look at has an end: in order it is followed, in disorder it is given up.
TEST_F(GuardTest, ChainsAsLongAsAMessage) {
  constexpr unsigned kLinks = 1500;
  Bytes query = write(DnsQuery{.question = {.name = "www.org"}, .opt = {}});
  const auto walk = [&](const std::vector<Rr>& records) {
    const Bytes message = answer(query, 0, records);
    EXPECT_LT(message.size(), 65536U);
    path::Chain chain(message, static_cast<unsigned>(query.size()) - 12);
    path::Chain::Step step = chain.next();
    while (step == path::Chain::Step::link) step = chain.next();
    return std::pair(step, chain.links());
  };
  EXPECT_EQ(walk(chain_of(kLinks, "x.org")), std::pair(path::Chain::Step::end, kLinks));
  EXPECT_EQ(walk(chain_of(kLinks, "x.org", true)).first, path::Chain::Step::unreadable);
  EXPECT_EQ(walk(chain_of(kLinks, "www.org")).first, path::Chain::Step::loop);
  EXPECT_EQ(walk(chain_of(kLinks, "l1400.org")).first, path::Chain::Step::loop);
}

TEST_F(GuardTest, EventNamesWhatWasAskedAndWhoAnswered) {
  const DnsQuery query{.question = {.name = "D-1.Vpc.example"}, .opt = {}};
  const Frame left = forward(from_client(write(query)));
  Frame response = answer_to_query(left);
  response.payload = answer(left.payload, 0, {{"d-1.vpc.example", kA, kOut}});
  rig.receive(1, {write(response)});
  const auto told = event();
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(to_hex({told->name.data(), told->name_length}), to_hex(wire_name("d-1.vpc.example")));
  EXPECT_EQ(told->type, 1);
  EXPECT_EQ(told->blocked, 1);
  EXPECT_EQ(told->endpoint_slot, config::EndpointSlot{0});
  EXPECT_EQ(told->generation, rig.ruleset->header().generation);
}

TEST_F(GuardTest, OneEventAMillisecond) {
  const auto leak = [&] {
    const Frame left = forward(from_client(write(DnsQuery{.question = {.name = "a.vpc.example"}, .opt = {}})));
    Frame response = answer_to_query(left);
    response.payload = answer(left.payload, 0, {{"a.vpc.example", kA, kOut}});
    rig.receive(1, {write(response)});
  };
  for (int i = 0; i < 5; ++i) leak();
  EXPECT_EQ(rig.counters().lcore[0].events.count(), 1U);
  rig.now += 999'999;
  leak();
  EXPECT_EQ(rig.counters().lcore[0].events.count(), 1U);
  rig.now += 1;
  leak();
  EXPECT_EQ(rig.counters().lcore[0].events.count(), 2U);
  EXPECT_EQ(rig.counters().lcore[0].guard[config::GuardOutcome::blocked].get(), 7U);
}

// The rules in force when the answer comes decide, not those of the question's time.
TEST_F(GuardTest, RulesThatCameMeanwhile) {
  struct Case {
    const char* description;
    const char* asked;
    std::string zones;
    Bytes address;
    const char* verdict;
  };
  const Case cases[] = {
      {.description = "expects more",
       .asked = "a.vpc.example",
       .zones = "zones: [{zone: vpc.example, pool: vpc, expect: [10.0.0.0/8, 203.0.113.0/24]}]",
       .address = kOut,
       .verdict = kPassed},
      {.description = "expects less",
       .asked = "a.vpc.example",
       .zones = "zones: [{zone: vpc.example, pool: vpc, expect: 10.16.99.0/24}]",
       .address = kIn,
       .verdict = kBlocked},
      {.description = "is not private any more",
       .asked = "a.vpc.example",
       .zones = "zones: [{zone: x.example, pool: vpc, expect: 10.0.0.0/8}]",
       .address = kOut,
       .verdict = kOthers},
      {.description = "has become private",
       .asked = "www.org",
       .zones = "zones: [{zone: org, pool: vpc, expect: 10.0.0.0/8}]",
       .address = kOut,
       .verdict = kBlocked},
      {.description = "no private zone at all",
       .asked = "a.vpc.example",
       .zones = "zones: []",
       .address = kOut,
       .verdict = kOthers},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.description);
    rig.load(kRules);
    const Frame left = forward(from_client(write(DnsQuery{.question = {.name = c.asked}, .opt = {}})));
    rig.load(kHead + c.zones);
    rig.verdict();
    Frame response = answer_to_query(left);
    response.payload = answer(left.payload, 0, {{c.asked, kA, c.address}});
    only(rig.receive(1, {write(response)}), 0);
    EXPECT_EQ(guard_and_response(), c.verdict);
  }
}

// So they do for those who joined and are still to be told: the first one was told by the rules before.
TEST_F(GuardTest, RulesThatCameBeforeThoseWhoJoinedWereTold) {
  const std::pair<const char*, uint16_t> cases[] = {
      {"zones: [{zone: org, pool: vpc, expect: 10.0.0.0/8}]", 2},
      {"zones: [{zone: vpc.example, pool: vpc, expect: 10.99.0.0/16}]", 2},
      {"", 0},
      {"  - {zone: other.org, pool: office}\n", 0},
  };
  for (const auto& [zones, rcode] : cases) {
    SCOPED_TRACE(zones);
    rig.load(kRules);
    const Frame left = forward(from_client(write(DnsQuery{.question = {.name = "www.org"}, .opt = {}})));
    Frame response = answer_to_query(left);
    response.payload = answer(left.payload, 0, {{"www.org", kA, kOut}});
    const Frame joined = from_client(write(DnsQuery{.question = {.name = "wWw.org"}, .opt = {}}), "192.168.10.22");
    EXPECT_TRUE(rig.receive(0, {write(joined)}).empty());
    EXPECT_EQ(get16(only(rig.receive(1, {write(response)}), 0).payload, 2), 0x8180);
    rig.load(rcode == 2 ? kHead + zones : kRules + zones);
    const Frame last = only(rig.sweep(), 0);
    EXPECT_EQ(config::to_string(last.destination), "192.168.10.22");
    EXPECT_EQ(get16(last.payload, 2), 0x8180 | rcode);
    EXPECT_EQ(to_hex(Bytes(last.payload.begin() + 12, last.payload.begin() + 21)), to_hex(wire_name("wWw.org")));
  }
}

// The SERVFAIL of ours may be longer than the response, by its OPT.
TEST_F(GuardTest, ABufferWithoutRoomForTheOptGetsAnAnswerWithoutIt) {
  const DnsQuery query{.question = {.name = "a.vpc.example"}, .opt = Opt{}};
  const Frame left = forward(from_client(write(query)));
  Frame response = answer_to_query(left);
  response.payload = answer(left.payload, 0, {{"", 1, {1}}});
  const Bytes bytes = write(response);
  rte_mbuf* frame = rig.pool.take(bytes, 128, static_cast<uint16_t>(128 + bytes.size()));
  const Frame back = only(rig.receive(1, {&frame, 1}), 0);
  DnsQuery servfail = query;
  servfail.opt.reset();
  EXPECT_EQ(to_hex(back.payload), to_hex(own_answer(servfail, 2)));
}

// Studio's zones expect private networks where the user names none.
TEST_F(GuardTest, StudioExpectsPrivateNetworks) {
  rig.load(kHead + "studio: [{region: us-east-1, pool: vpc, domains: all}]\n");
  const std::pair<const char*, const char*> cases[] = {
      {"10.0.0.1", kPassed},       {"172.16.0.1", kPassed},       {"172.32.0.1", kBlocked}, {"192.168.255.1", kPassed},
      {"100.64.0.1", kPassed},     {"100.128.0.1", kBlocked},     {"11.0.0.0", kBlocked},   {"203.0.113.9", kBlocked},
      {"fd00:1::1", kPassed},      {"2600:1f18::1", kWithheld},  // Amazon's own, of a dual-stack endpoint
      {"64:ff9b::a10:1", kPassed}, {"64:ff9b::3640:1", kBlocked},
  };
  for (const auto& [text, verdict] : cases) {
    SCOPED_TRACE(text);
    const Bytes octets = ip(text);
    const uint16_t type = octets.size() == 4 ? kA : kAaaa;
    const Frame left = forward(from_client(
        write(DnsQuery{.question = {.name = "d-1.studio.us-east-1.sagemaker.aws", .type = type}, .opt = {}})));
    rig.verdict();
    Frame response = answer_to_query(left);
    response.payload = answer(left.payload, 0, {{"d-1.studio.us-east-1.sagemaker.aws", type, octets}});
    only(rig.receive(1, {write(response)}), 0);
    EXPECT_EQ(guard_and_response(), verdict);
  }
}

// What the user writes is all that is expected, of either family.
TEST_F(GuardTest, StudioExpectsWhatIsWritten) {
  rig.load(kHead + "studio: [{region: us-east-1, pool: vpc, expect: [10.16.0.0/16, \"fc00::/7\"]}]\n");
  const DnsQuery query{.question = {.name = "d-1.studio.us-east-1.sagemaker.aws", .type = kAaaa}, .opt = {}};
  const Frame left = forward(from_client(write(query)));
  rig.verdict();
  Frame response = answer_to_query(left);
  response.payload = answer(left.payload, 0, {{"d-1.studio.us-east-1.sagemaker.aws", kAaaa, ip("2600:1f18::1")}});
  only(rig.receive(1, {write(response)}), 0);
  EXPECT_EQ(guard_and_response(), kBlocked);
}

}  // namespace
}  // namespace penstock::test

// tests/dataplane/path/answer/unwritten_test.cpp - no octet leaves that was not written: what is put together, in memory of two colours.
//
// Every test of the path fails when four octets of paint leave in a row (PathRig::imbalance()). Here whole stories are told twice,
// and what left must be the same to the octet.
#include <functional>

#include "tests/dataplane/path/answer_text.h"
#include "tests/dataplane/path/path_test.h"
#include "tests/support/messages.h"

namespace penstock::test {
namespace {

const std::string kRules = R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86]
clients: {allow: [192.168.0.0/16], groups: {lab: {prefixes: [192.168.77.0/24], rate_per_client: 1}}, over_rate: truncate}
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10], pass_options: [65001]}
  office: {kind: recursive, endpoints: [10.16.2.10], pass_options: [65001]}
zones:
  - {zone: vpc.example, pool: vpc, expect: 10.16.0.0/16}
  - {zone: denied.example, answer: nxdomain}
  - {zone: here.example, records: ["@ 60 A 10.0.0.1", "www 60 CNAME @", "out 60 CNAME www.org.", "in 60 CNAME a.vpc.example."]}
default: {pool: office}
)";

constexpr uint16_t kA = 1, kCname = 5, kTxt = 16;

// An OPT with one option of so many octets.
Bytes opt_with(uint16_t code, size_t octets) {
  Bytes opt{0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  put16(opt, 9, static_cast<uint16_t>(octets + 4));
  put16(opt, 11, code);
  put16(opt, 13, static_cast<uint16_t>(octets));
  opt.insert(opt.end(), octets, 'x');
  return opt;
}

Bytes with_opt(Bytes message, const Bytes& opt) {
  message.insert(message.end(), opt.begin(), opt.end());
  put16(message, 10, static_cast<uint16_t>(get16(message, 10) + 1));
  return message;
}

struct Teller {
  PathRig& rig;
  std::vector<std::string> left;  // all that left, in order

  std::vector<Sent> note(std::vector<Sent> sent) {
    for (const Sent& one : sent) left.push_back(std::to_string(one.port) + " " + to_hex(one.bytes));
    return sent;
  }
  std::vector<Sent> ask(const DnsQuery& query, const char* client = "192.168.10.20") {
    Frame frame;
    frame.source_mac = mac(0xc1);
    frame.destination_mac = mac(0xa0);
    frame.source = address(client);
    frame.destination = address("192.168.10.86");
    frame.source_port = 40000;
    frame.destination_port = 53;
    frame.payload = write(query);
    return note(rig.receive(0, {write(frame)}));
  }
  // To the query that left last; what leaves then.
  std::vector<Sent> respond(const std::vector<Sent>& query, const std::function<Bytes(const Bytes&)>& make) {
    if (query.empty() || query[0].port != 1) return {};
    Frame frame = read(query[0].bytes).value_or(Frame{});
    std::swap(frame.source_mac, frame.destination_mac);
    std::swap(frame.source, frame.destination);
    std::swap(frame.source_port, frame.destination_port);
    frame.payload = make(frame.payload);
    return note(rig.receive(1, {write(frame)}));
  }
  void wait(unsigned milliseconds) {
    for (unsigned ms = 0; ms < milliseconds; ms += 50) {
      rig.pass(50);
      note(rig.sweep());
    }
  }
};

using Story = std::function<void(Teller&)>;

void tell_twice(const std::string& what, const Story& story) {
  SCOPED_TRACE(what);
  std::vector<std::string> left[2];
  for (const Paint colour : {Paint::ochre, Paint::cobalt}) {
    PathRig rig({.rules = kRules, .cache_size = 1 << 20, .colour = colour});
    Teller teller{rig, {}};
    story(teller);
    EXPECT_EQ(rig.imbalance(), "");
    left[static_cast<size_t>(colour)] = teller.left;
  }
  EXPECT_FALSE(left[0].empty());
  EXPECT_EQ(left[0], left[1]);
}

DnsQuery question(const std::string& name, std::optional<Opt> opt, uint16_t type = kA) {
  return {.question = {.name = name, .type = type}, .opt = opt};
}

// As long as a name may be that ends so.
std::string long_name(const std::string& end) {
  std::string name;
  for (const size_t length : {63U, 63U, 63U}) name += std::string(length, 'l') + ".";
  return name + std::string(253 - name.size() - end.size() - 1, 'm') + "." + end;
}

// The private endpoint says so much of its answer that the client's 512 octets have room for nothing else.
TEST(Unwritten, AChainWhoseEndHasOptionsOfAnyLength) {
  for (const std::string& name : {std::string("w.org"), long_name("org")})
    for (const uint16_t code : {uint16_t{15}, uint16_t{65001}})
      for (const size_t octets : {0U, 1U, 100U, 200U, 215U, 225U, 240U, 300U, 440U, 460U, 471U, 480U, 494U, 500U})
        tell_twice(std::to_string(octets) + " octets of option " + std::to_string(code) + ", " + name, [&](Teller& t) {
          const auto asked = t.ask(question(name, Opt{.udp_size = 512}));
          t.ask(question(name, Opt{.udp_size = 512}), "192.168.10.21");
          t.ask(question(name, std::nullopt), "192.168.10.22");
          const auto chased = t.respond(asked, [&](const Bytes& query) {
            return answer(query, 0, {{name, kCname, wire_name("a.vpc.example")}});
          });
          EXPECT_EQ(chased.size(), 1U);
          const auto back = t.respond(chased, [&](const Bytes& query) {
            return with_opt(answer(query, 0, {{"a.vpc.example", kA, ip("10.16.3.4")}}), opt_with(code, octets));
          });
          ASSERT_EQ(back.size(), 1U);
          const Bytes message = read(back[0].bytes).value_or(Frame{}).payload;
          EXPECT_EQ(get16(message, 4), 1U) << "the question is there";
          EXPECT_EQ(
              to_hex(Bytes(message.begin() + 12, message.begin() + 12 + static_cast<std::ptrdiff_t>(name.size() + 2))),
              to_hex(wire_name(name)));
          EXPECT_LE(message.size(), 512U);
          t.wait(100);
        });
}

Bytes plain(const Bytes& query) {
  return answer_to(query);
}

Bytes large(const Bytes& query) {
  return large_answer(query, 1200);
}

const std::pair<const char*, Story> kStories[] = {
    {"forwarded, remembered, cut for one client, and given from memory",
     [](Teller& t) {
       const auto asked = t.ask(question("a.org", Opt{}));
       t.ask(question("a.org", std::nullopt), "192.168.10.21");
       t.respond(asked, large);
       t.wait(100);
       t.ask(question("a.org", std::nullopt), "192.168.10.22");
       t.ask(question("a.org", Opt{.dnssec_ok = true}), "192.168.10.23");
     }},
    {"joined",
     [](Teller& t) {
       const auto asked = t.ask(question("a.org", Opt{}));
       t.ask(question("A.org", Opt{.udp_size = 512}), "192.168.10.21");
       t.ask(question("a.ORG", Opt{}), "192.168.10.22");
       t.respond(asked, large);
       t.wait(100);
     }},
    {"SERVFAIL after silence, to those who joined too",
     [](Teller& t) {
       t.ask(question("a.org", Opt{}));
       t.ask(question("A.org", Opt{}), "192.168.10.21");
       t.ask(question("a.vpc.example", std::nullopt));
       t.wait(2500);
       t.ask(question("a.org", Opt{}));
     }},
    {"stale",
     [](Teller& t) {
       t.respond(t.ask(question("s.vpc.example", Opt{})), plain);
       t.wait(61'000);
       t.ask(question("s.vpc.example", Opt{}));
       t.wait(2500);
     }},
    {"the endpoint's error with and without an OPT",
     [](Teller& t) {
       for (const uint16_t rcode : {1, 2, 4, 5, 9}) {
         const auto fails = [&](const Bytes& query) { return answer_to(query, rcode); };
         const auto again = t.respond(t.ask(question("e" + std::to_string(rcode) + ".org", Opt{})), fails);
         t.respond(again, fails);
       }
       t.wait(2500);
     }},
    {"a leak, and garbage",
     [](Teller& t) {
       t.respond(t.ask(question("a.vpc.example", Opt{})), [](const Bytes& query) {
         return answer(query, 0, {{"a.vpc.example", kA, ip("203.0.113.9")}});
       });
       t.respond(t.ask(question(long_name("vpc.example"), std::nullopt)), [](const Bytes& query) {
         return answer(query, 0, {{"a.vpc.example", kA, {1}}});
       });
     }},
    {"a chain into local records, and out of them",
     [](Teller& t) {
       t.respond(t.ask(question("in.here.example", Opt{.udp_size = 512})), [](const Bytes& query) {
         return with_opt(answer(query, 0, {{"a.vpc.example", kA, ip("10.16.3.4")}}), opt_with(15, 480));
       });
       t.respond(t.ask(question("out.here.example", Opt{})), plain);
       t.ask(question("www.here.example", std::nullopt));
       t.ask(question("none.here.example", Opt{}));
       t.ask(question("a.denied.example", Opt{}));
       t.ask(question(long_name("denied.example"), std::nullopt));
     }},
    {"options that pass",
     [](Teller& t) {
       t.respond(t.ask(question("a.org", Opt{})), [](const Bytes& query) {
         return with_opt(answer(query, 0, {{"a.org", kTxt, Bytes(400, 1)}}), opt_with(65001, 300));
       });
     }},
    {"over its rate",
     [](Teller& t) {
       for (int i = 0; i < 5; ++i) t.ask(question("here.example", Opt{}), "192.168.77.1");
     }},
    {"a client who may not ask, an opcode, no question, a version",
     [](Teller& t) {
       t.ask(question("a.org", Opt{}), "203.0.113.1");
       DnsQuery notify = question("a.org", Opt{});
       notify.flags = 4 << 11;
       t.ask(notify);
     }},
};

TEST(Unwritten, EveryKindOfAnswer) {
  for (const auto& [what, story] : kStories) tell_twice(what, story);
}

// The canary itself.
TEST(Unwritten, PaintIsSeen) {
  for (const Paint colour : {Paint::ochre, Paint::cobalt}) {
    Bytes bytes(16, 0);
    EXPECT_FALSE(has_paint(bytes));
    paint(std::span(bytes).subspan(5, 4), colour);
    EXPECT_TRUE(has_paint(bytes));
    bytes[6] ^= 1;
    EXPECT_FALSE(has_paint(bytes));
  }
}

}  // namespace
}  // namespace penstock::test

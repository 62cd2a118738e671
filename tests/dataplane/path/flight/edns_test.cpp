// tests/dataplane/path/flight/edns_test.cpp - an OPT ends at each hop: what of it goes on, how large an answer may be, who is asked
// without one, and letters in random case (RFC 6891, 7828, 7871, 8914, draft-vixie-dnsext-dns0x20).
// Long because each rule is shown towards endpoints, towards clients and from memory, and they share their messages.
#include <set>

#include "dataplane/state/lanes/stream_peer.h"
#include "tests/dataplane/path/path_test.h"
#include "tests/support/messages.h"

namespace penstock::test {
namespace {

const std::string kHead = R"(
ports:
  - {name: corp, device: "vdev:net_null0"}
  - {name: vpc, device: "vdev:net_null1"}
listen: [192.168.10.86, "fd00::86"]
clients:
  allow: [192.168.0.0/16, "fd00::/8"]
  groups: {small: {prefixes: [192.168.20.0/24], udp_size: 600}}
zones: [{zone: vpc.example, pool: vpc}]
pools:
  vpc: {kind: recursive, endpoints: [10.16.1.10, 10.16.2.10])";

std::string rules(const char* of_pool = "") {
  return kHead + of_pool + "}\n";
}

DnsQuery question(std::optional<Opt> opt = {}, const char* name = "www.Vpc.example") {
  return {.question = {.name = name}, .opt = opt};
}

// The query with these octets of options in its OPT.
Bytes with_options(const Bytes& options, DnsQuery query = question(Opt{})) {
  Bytes bytes = write(query);
  put16(bytes, bytes.size() - 2, static_cast<uint16_t>(options.size()));
  bytes.insert(bytes.end(), options.begin(), options.end());
  return bytes;
}

Bytes option(uint16_t code, const Bytes& data) {
  Bytes bytes(4);
  put16(bytes, 0, code);
  put16(bytes, 2, static_cast<uint16_t>(data.size()));
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

const Bytes kCookie = option(10, {1, 2, 3, 4, 5, 6, 7, 8});
const Bytes kKeepalive = option(11, {});
const Bytes kSubnet = option(8, {0, 1, 24, 0, 203, 0, 113});
const Bytes kSubnetZero = option(8, {0, 1, 0, 0});
const Bytes kLocal = option(65001, {7, 7});
const Bytes kAskNsid = option(3, {});
const Bytes kNsid = option(3, {'n', 's', '1'});
const Bytes kError = option(15, {0, 22, 'g', 'o', 'n', 'e'});

class EdnsTest : public PathTest {
 protected:
  EdnsTest() : PathTest({.rules = rules(), .cache_size = 1 << 20}) {}

  // In force, with nothing remembered.
  void start(const char* of_pool = "") {
    rig.answers->flush(config::FlushScope::all, {});
    rig.load(rules(of_pool));
  }
  Frame respond(const Frame& left, Bytes message) {
    Frame response = answer_to_query(left);
    response.payload = std::move(message);
    return response;
  }
  // The answer of the endpoint to `left`, as the client gets it.
  Frame back(const Frame& left, Bytes message) {
    return only(rig.receive(1, {write(respond(left, std::move(message)))}), 0);
  }
  // An answer with one address and an OPT with these options.
  static Bytes answer_with(const Frame& left, const Bytes& options, uint8_t extended_rcode = 0) {
    Bytes message =
        write(TestResponse{.answer = {{}}, .authority = {}, .additional = {}}, left.payload, Opt{.udp_size = 4096});
    message[message.size() - 6] = extended_rcode;
    put16(message, message.size() - 2, static_cast<uint16_t>(options.size()));
    message.insert(message.end(), options.begin(), options.end());
    return message;
  }
};

// Options of the last record, which is an OPT of `size`.
std::string options_of(const Bytes& message, size_t question_end, uint16_t size = 1232) {
  Bytes head = opt_record({.udp_size = size});
  const Bytes end(message.begin() + static_cast<std::ptrdiff_t>(question_end), message.end());
  if (end.size() < 11 || !std::equal(head.begin(), head.end() - 2, end.begin())) return "no OPT: " + to_hex(end);
  return to_hex({end.data() + 11, end.size() - 11});
}

struct TowardsEndpoint {
  const char* what;
  const char* pool;
  Bytes sent;      // by the client
  Bytes received;  // by the endpoint
  bool alone;      // nobody shares its answer
};
const Bytes kOurSubnet = option(8, {0, 1, 24, 0, 192, 168, 10});
const TowardsEndpoint kTowardsEndpoints[] = {
    {.what = "nothing is there", .pool = "", .sent = {}, .received = {}, .alone = false},
    {.what = "unknown ones are dropped",
     .pool = "",
     .sent = joined({kLocal, option(12, {0, 0}), option(14, {})}),
     .received = {},
     .alone = false},
    {.what = "RFC 7873: a cookie is the client's and ours",
     .pool = "",
     .sent = kCookie,
     .received = {},
     .alone = false},
    {.what = "RFC 7871: the subnet is stripped", .pool = "", .sent = kSubnet, .received = {}, .alone = false},
    {.what = "RFC 5001: who asks for the server's name asks us",
     .pool = "",
     .sent = joined({kCookie, kAskNsid, option(3, {1})}),
     .received = {},
     .alone = false},
    {.what = "what the pool lets pass",
     .pool = ", pass_options: [65001, 65002]",
     .sent = joined({kCookie, kLocal, kSubnet}),
     .received = kLocal,
     .alone = true},
    {.what = "which is not there", .pool = ", pass_options: [65001]", .sent = kCookie, .received = {}, .alone = false},
    {.what = "the client's subnet",
     .pool = ", ecs: pass",
     .sent = joined({kLocal, kSubnet}),
     .received = kSubnet,
     .alone = true},
    {.what = "no subnet", .pool = ", ecs: pass", .sent = {}, .received = {}, .alone = false},
    {.what = "ours instead of the client's",
     .pool = ", ecs: add",
     .sent = kSubnet,
     .received = kOurSubnet,
     .alone = true},
    {.what = "ours for a client that says nothing",
     .pool = ", ecs: add",
     .sent = {},
     .received = kOurSubnet,
     .alone = true},
    {.what = "RFC 7871 7.1.2: /0 is a wish", .pool = ", ecs: add", .sent = kSubnetZero, .received = {}, .alone = true},
};

TEST_F(EdnsTest, OptionsTowardsEndpoints) {
  for (const TowardsEndpoint& c : kTowardsEndpoints) {
    SCOPED_TRACE(c.what);
    start(c.pool);
    const Bytes asked = with_options(c.sent);
    const Frame left = forward(from_client(asked));
    const size_t question_end = write(question()).size();
    EXPECT_EQ(options_of(left.payload, question_end), to_hex(c.received));
    // Another client asks the same meanwhile.
    Frame other = from_client(asked, "192.168.10.21");
    EXPECT_EQ(rig.receive(0, {write(other)}).size(), c.alone ? 1U : 0U);
    rig.verdict();
    back(left, answer_to(left.payload));
    rig.sweep();
    EXPECT_EQ(rig.verdict().find("remember.stored") == std::string::npos, c.alone);
    rig.pass(3000);
    rig.sweep();
    // And once more, later.
    const auto sent = rig.receive(0, {write(from_client(asked))});
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].port, c.alone ? 1U : 0U);
    rig.pass(3000);
    rig.sweep();
    rig.verdict();
  }
  // IPv6: /56.
  start(", ecs: add");
  const Frame left = forward(from_client(write(question()), "fd00:1:2:3344:5::1", "fd00::86"));
  EXPECT_EQ(options_of(left.payload, write(question()).size()),
            to_hex(option(8, {0, 2, 56, 0, 0xfd, 0, 0, 1, 0, 2, 0x33})));
}

// What goes on may change the answer, so nobody else gets it.
TEST_F(EdnsTest, WhateverOptionGoesOnIsForOneClient) {
  std::vector<uint16_t> codes = {20'292, 26'946, 65'001, 65'535};
  for (uint16_t code = 0; code <= 32; ++code) codes.push_back(code);
  unsigned gone_on = 0;
  for (const uint16_t code : codes) {
    SCOPED_TRACE(code);
    start(", ecs: pass, pass_options: [4, 5, 16, 65001]");
    const Bytes asked = with_options(code == 8 ? kSubnet : option(code, {1, 2, 3, 4, 5, 6, 7, 8}));
    const Frame left = forward(from_client(asked));
    const bool goes_on = !options_of(left.payload, write(question()).size()).empty();
    gone_on += goes_on ? 1 : 0;
    EXPECT_EQ(rig.receive(0, {write(from_client(asked, "192.168.10.21"))}).size(), goes_on ? 1U : 0U);
    rig.verdict();
    back(left, answer_to(left.payload));
    rig.sweep();
    EXPECT_EQ(rig.verdict().find("remember.stored") == std::string::npos, goes_on);
  }
  EXPECT_EQ(gone_on, 5U);
}

struct TowardsClient {
  const char* what;
  const char* pool;
  std::optional<Opt> asked;
  Bytes sent;      // by the endpoint
  Bytes received;  // by the client
};
const TowardsClient kTowardsClients[] = {
    {.what = "none", .pool = "", .asked = Opt{}, .sent = {}, .received = {}},
    {.what = "RFC 8914: what the endpoint says of its answer",
     .pool = "",
     .asked = Opt{},
     .sent = kError,
     .received = kError},
    {.what = "RFC 5001: but not its name",
     .pool = "",
     .asked = Opt{},
     .sent = joined({kNsid, kCookie, kError}),
     .received = kError},
    {.what = "all others are dropped",
     .pool = "",
     .asked = Opt{},
     .sent = joined({kCookie, kSubnet, kLocal, option(11, {0, 9})}),
     .received = {}},
    {.what = "what the pool lets pass",
     .pool = ", pass_options: [65001]",
     .asked = Opt{},
     .sent = joined({kSubnet, kLocal}),
     .received = kLocal},
    {.what = "the subnet's scope",
     .pool = ", ecs: pass",
     .asked = Opt{},
     .sent = joined({kSubnet, kLocal}),
     .received = kSubnet},
    {.what = "to a client without an OPT nothing",
     .pool = "",
     .asked = {},
     .sent = joined({kNsid, kError}),
     .received = {}},
};

TEST_F(EdnsTest, OptionsTowardsClients) {
  for (const TowardsClient& c : kTowardsClients) {
    SCOPED_TRACE(c.what);
    start(c.pool);
    const Frame left = forward(from_client(write(question(c.asked))));
    Bytes expected = to_client(answer_to(left.payload), c.asked);
    if (c.asked) {
      put16(expected, expected.size() - 2, static_cast<uint16_t>(c.received.size()));
      expected.insert(expected.end(), c.received.begin(), c.received.end());
    }
    put16(expected, 0, 0x1234);
    EXPECT_EQ(to_hex(back(left, answer_with(left, c.sent)).payload), to_hex(expected));
    // From memory, with what was kept of it: the code of the error.
    const bool has_error =
        c.asked && c.sent.size() >= kError.size() && to_hex(c.sent).find(to_hex(kError)) != std::string::npos;
    const Frame again = only(rig.receive(0, {write(from_client(write(question(c.asked))))}), 0);
    Bytes kept = to_client(answer_to(left.payload), c.asked);
    if (has_error) {
      put16(kept, kept.size() - 2, 6);
      const Bytes code = option(15, {0, 22});
      kept.insert(kept.end(), code.begin(), code.end());
    }
    put16(kept, 0, 0x1234);
    EXPECT_EQ(to_hex(again.payload), to_hex(kept));
  }
}

TEST_F(EdnsTest, AnOptInTheMiddleOfAnAnswer) {
  for (const bool with_opt : {false, true}) {
    const DnsQuery query =
        question(with_opt ? std::optional<Opt>(Opt{}) : std::nullopt, with_opt ? "a.vpc.example" : "b.vpc.example");
    const Frame left = forward(from_client(write(query)));
    const TestRecord opt{.type = 41, .ttl = 0, .data = {}, .owner = {0}};
    const TestRecord glue{.data = {10, 0, 0, 1}, .owner = {1, 'x', 0xc0, 12}};
    const Bytes middle = write(TestResponse{.answer = {{}}, .authority = {}, .additional = {opt, glue}}, left.payload);
    Bytes expected =
        to_client(write(TestResponse{.answer = {{}}, .authority = {}, .additional = {glue}}, left.payload), query.opt);
    put16(expected, 0, 0x1234);
    EXPECT_EQ(to_hex(back(left, middle).payload), to_hex(expected));
    EXPECT_NE(rig.verdict().find("remember.stored"), std::string::npos);
  }
}

// The endpoint has failed, and the next one is asked at once.
TEST_F(EdnsTest, AnswersWithAWrongOptAreNone) {
  const Bytes asked = to_endpoint(write(question(Opt{})));
  const TestRecord opt{.type = 41, .ttl = 0, .data = {}, .owner = {0}};
  const TestRecord named{.type = 41, .ttl = 0, .data = {}, .owner = {1, 'x', 0}};
  const TestRecord pointing{.data = {10, 0, 0, 1}, .owner = {0xc0, static_cast<uint8_t>(write(question()).size())}};
  const TestResponse wrong[] = {{.answer = {}, .authority = {}, .additional = {opt, opt}},
                                {.answer = {opt}, .authority = {}, .additional = {}},
                                {.answer = {}, .authority = {}, .additional = {named}},
                                {.answer = {}, .authority = {}, .additional = {opt, pointing}}};
  for (const TestResponse& response : wrong) {
    rig.pass(100'000);  // nothing is remembered any more
    const Frame left = forward(from_client(write(question(Opt{}))));
    rig.verdict();
    const Frame next = only(rig.receive(1, {write(respond(left, write(response, left.payload)))}), 1);
    EXPECT_EQ(rig.verdict(), "classify.response response.unusable");
    EXPECT_NE(config::to_string(next.destination), config::to_string(left.destination));
    EXPECT_EQ(to_hex(Bytes(next.payload.begin() + 2, next.payload.end())),
              to_hex(Bytes(asked.begin() + 2, asked.end())));
    back(next, answer_to(next.payload));
  }
}

TEST_F(EdnsTest, ExtendedRcodes) {
  for (const bool with_opt : {false, true}) {
    const Frame left = forward(from_client(write(question(with_opt ? std::optional<Opt>(Opt{}) : std::nullopt))));
    const Frame got = back(left, answer_with(left, {}, 2));  // 32 and above: nobody's yet
    if (with_opt) {
      EXPECT_EQ(got.payload[got.payload.size() - 6], 2);
      EXPECT_EQ(got.payload[3] & 15, 0);
    } else {
      EXPECT_EQ(got.payload[3] & 15, 2);  // SERVFAIL: there is no place for it
    }
  }
}

TEST_F(EdnsTest, UnknownVersions) {
  for (const int version : {1, 2, 255}) {
    DnsQuery query = question(Opt{.udp_size = 1232, .dnssec_ok = true, .extended_error = {}});
    Bytes asked = write(query);
    asked[asked.size() - 5] = static_cast<uint8_t>(version);
    Bytes expected = own_answer(query, 0);
    expected[expected.size() - 6] = 1;
    EXPECT_EQ(to_hex(only(rig.receive(0, {write(from_client(asked))}), 0).payload), to_hex(expected));
    EXPECT_EQ(rig.verdict(), "classify.query query.badvers");
  }
}

struct SizeCase {
  const char* what;
  const char* pool;
  const char* client;
  std::optional<uint16_t> said;
  uint16_t mtu;
  unsigned most;
};
const SizeCase kSizes[] = {
    {.what = "RFC 1035: no OPT", .pool = "", .client = "192.168.10.20", .said = {}, .mtu = 1500, .most = 512},
    {.what = "RFC 6891 6.2.3: less than 512 is 512",
     .pool = "",
     .client = "192.168.10.20",
     .said = 100,
     .mtu = 1500,
     .most = 512},
    {.what = "what the client says", .pool = "", .client = "192.168.10.20", .said = 700, .mtu = 1500, .most = 700},
    {.what = "the pool's, by default", .pool = "", .client = "192.168.10.20", .said = 4096, .mtu = 1500, .most = 1232},
    {.what = "the pool's",
     .pool = ", udp_size: 1400",
     .client = "192.168.10.20",
     .said = 4096,
     .mtu = 1500,
     .most = 1400},
    {.what = "the pool's, smaller",
     .pool = ", udp_size: 900",
     .client = "192.168.10.20",
     .said = 4096,
     .mtu = 1500,
     .most = 900},
    {.what = "the group's", .pool = "", .client = "192.168.20.20", .said = 4096, .mtu = 1500, .most = 600},
    {.what = "the MTU, IPv4",
     .pool = ", udp_size: 4096",
     .client = "192.168.10.20",
     .said = 4096,
     .mtu = 1500,
     .most = 1472},
    {.what = "the MTU, IPv6",
     .pool = ", udp_size: 4096",
     .client = "fd00::20",
     .said = 4096,
     .mtu = 1500,
     .most = 1452},
    {.what = "a small MTU", .pool = "", .client = "192.168.10.20", .said = 4096, .mtu = 1000, .most = 972},
};

TEST_F(EdnsTest, HowLargeAnAnswerMayBe) {
  for (const SizeCase& c : kSizes) {
    for (const unsigned more : {0, 1}) {
      SCOPED_TRACE(c.what);
      rig.host.ports[0].mtu = c.mtu;
      start(c.pool);
      const std::optional<Opt> opt = c.said ? std::optional<Opt>(Opt{.udp_size = *c.said}) : std::nullopt;
      const bool v6 = std::string_view(c.client).find(':') != std::string_view::npos;
      DnsQuery query = question(opt, more != 0 ? "over.vpc.example" : "fits.vpc.example");
      const Frame asked = from_client(write(query), c.client, v6 ? "fd00::86" : "192.168.10.86");
      const Frame left = forward(asked);
      query.id = 77;
      Frame second = asked;
      second.payload = write(query);
      EXPECT_TRUE(rig.receive(0, {write(second)}).empty());  // joins
      const Bytes answer = large_answer(left.payload, c.most + more - (opt ? 11 : 0));
      const Frame first = back(left, answer);
      const Frame copy = only(rig.sweep(), 0);
      const Frame cached = only(rig.receive(0, {write(asked)}), 0);
      EXPECT_NE(rig.verdict().find("query.answered_cached"), std::string::npos);
      for (const Frame& got : {first, copy, cached}) {
        const size_t question_end = write(question({}, "fits.vpc.example")).size();
        EXPECT_EQ(got.payload.size(), more != 0 ? question_end + (opt ? 11 : 0) : c.most);
        EXPECT_EQ((got.payload[2] & 2) != 0, more != 0);
        EXPECT_EQ(get16(got.payload, 10), opt ? 1 : 0);
      }
      rig.host.ports[0].mtu = 1500;
      rig.verdict();
    }
  }
}

// The one who asks first takes less than the one who joins: each gets what it takes.
TEST_F(EdnsTest, EachClientsOwnSize) {
  const Frame left = forward(from_client(write(question(Opt{.udp_size = 512}))));
  rig.receive(0, {write(from_client(write(question(Opt{.udp_size = 1232})), "192.168.10.21"))});
  rig.receive(0, {write(from_client(write(question(Opt{.udp_size = 4096})), "192.168.20.21"))});
  const Bytes answer = large_answer(left.payload, 1000);
  EXPECT_EQ(back(left, answer).payload[2] & 2, 2);
  const auto copies = rig.sweep();
  ASSERT_EQ(copies.size(), 2U);
  Bytes whole = to_client(answer, Opt{});
  put16(whole, 0, 0x1234);
  EXPECT_EQ(to_hex(only({copies[0]}, 0).payload), to_hex(whole));
  EXPECT_EQ(only({copies[1]}, 0).payload[2] & 2, 2);
}

TEST_F(EdnsTest, AnEndpointThatKnowsNoOptIsAskedWithout) {
  struct Case {
    const char* what;
    uint16_t rcode;
    bool badvers;
    bool header_only;
  };
  for (const Case& c :
       {Case{"FORMERR", 1, false, false}, Case{"FORMERR, a header", 1, false, true}, Case{"NOTIMP", 4, false, false},
        Case{"NOTIMP, a header", 4, false, true}, Case{"BADVERS", 0, true, false}}) {
    SCOPED_TRACE(c.what);
    start();
    rig.pass(1'000'000);
    rig.prefer("10.16.1.10");
    const Frame left = forward(from_client(write(question(Opt{.dnssec_ok = true}))));
    EXPECT_EQ(config::to_string(left.destination), "10.16.1.10");
    Bytes refusal = answer_to(left.payload, c.rcode);
    if (c.badvers) refusal = answer_with(left, {}, 1);
    if (c.header_only) {
      refusal.resize(12);
      put16(refusal, 4, 0);
    }
    rig.verdict();
    const Frame again = only(rig.receive(1, {write(respond(left, refusal))}), 1);
    EXPECT_EQ(rig.verdict(), "classify.response response.asked_without_edns");
    EXPECT_EQ(config::to_string(again.destination), "10.16.1.10");
    Bytes expected = to_endpoint(left.payload);
    expected.resize(expected.size() - 11);
    put16(expected, 10, 0);
    EXPECT_EQ(to_hex(again.payload), to_hex(expected));
    EXPECT_EQ(rig.outstanding("10.16.1.10"), 1U);
    // The first one's answer again: it was taken.
    EXPECT_TRUE(rig.receive(1, {write(respond(left, refusal))}).empty());
    Bytes answer = to_client(answer_to(again.payload), Opt{.dnssec_ok = true});
    put16(answer, 0, 0x1234);
    EXPECT_EQ(to_hex(back(again, answer_to(again.payload)).payload), to_hex(answer));
    // From now on nobody asks it with one, for a minute; the other one is asked as ever.
    EXPECT_EQ(
        rig.counters().lcore[0].endpoints[rig.lcore().endpoints.hops[config::EndpointIndex{0}].slot].without_edns.get(),
        1U);
    rig.prefer("10.16.1.10");
    const Frame next = forward(from_client(write(question(Opt{}, "next.vpc.example"))));
    EXPECT_EQ(get16(next.payload, 10), 0);
    back(next, answer_to(next.payload));
    rig.prefer("10.16.2.10");
    const Frame other = forward(from_client(write(question(Opt{}, "other.vpc.example"))));
    EXPECT_EQ(get16(other.payload, 10), 1);
    back(other, answer_to(other.payload));
    rig.pass(60 * 1000);
    rig.prefer("10.16.1.10");
    const Frame later = forward(from_client(write(question(Opt{}, "later.vpc.example"))));
    EXPECT_EQ(get16(later.payload, 10), 1);
    back(later, answer_to(later.payload));
  }
}

// One that has answered with an OPT knows it, whatever it says of a name: nobody loses DNSSEC by it.
TEST_F(EdnsTest, AnEndpointThatKnowsEdnsIsAskedWithIt) {
  const auto ask_one = [&](const char* name) {
    rig.pass(1000);
    rig.prefer("10.16.1.10");
    return forward(from_client(write(question(Opt{.dnssec_ok = true}, name))));
  };
  const Frame first = ask_one("one.vpc.example");
  back(first, answer_with(first, {}));
  for (int i = 0; i < 5; ++i) {
    const Frame left = ask_one("bad.vpc.example");
    EXPECT_EQ(get16(left.payload, 10), 1);
    const Frame again = only(rig.receive(1, {write(respond(left, answer_to(left.payload, 1)))}), 1);
    EXPECT_EQ(get16(again.payload, 10), 0);
    back(again, answer_to(again.payload, 3));
    const Frame next = ask_one(("next" + std::to_string(i) + ".vpc.example").c_str());
    EXPECT_EQ(get16(next.payload, 10), 1);
    EXPECT_EQ(
        rig.counters().lcore[0].endpoints[rig.lcore().endpoints.hops[config::EndpointIndex{0}].slot].without_edns.get(),
        0U);
    back(next, answer_to(next.payload));
  }
}

// It is not the OPT: the client gets the error, and nothing is remembered of it.
TEST_F(EdnsTest, AnErrorWithoutAnOptIsAnAnswer) {
  rig.prefer("10.16.1.10");
  const Frame left = forward(from_client(write(question(Opt{}))));
  const Frame again = only(rig.receive(1, {write(respond(left, answer_to(left.payload, 1)))}), 1);
  const Frame got = back(again, answer_to(again.payload, 1));
  EXPECT_EQ(got.payload[3] & 15, 1);
  rig.prefer("10.16.1.10");
  const Frame next = forward(from_client(write(question(Opt{}, "next.vpc.example"))));
  EXPECT_EQ(get16(next.payload, 10), 1);
}

// An error about an option that a client chose says nothing about the endpoint.
TEST_F(EdnsTest, AnErrorAboutAnOptionIsNotRemembered) {
  start(", pass_options: [65001]");
  rig.prefer("10.16.1.10");
  const Frame left = forward(from_client(with_options(kLocal)));
  const Frame again = only(rig.receive(1, {write(respond(left, answer_to(left.payload, 1)))}), 1);
  back(again, answer_to(again.payload));
  rig.prefer("10.16.1.10");
  EXPECT_EQ(get16(forward(from_client(write(question(Opt{}, "next.vpc.example")))).payload, 10), 1);
}

class RandomCase : public EdnsTest {
 protected:
  void echo(bool echoes) { echo_is(echoes ? config::kCaseRepeated : config::kCaseUnknown); }
  void echo_is(uint8_t echoes) {
    for (const char* endpoint : {"10.16.1.10", "10.16.2.10"}) {
      auto state = rig.endpoint(endpoint);
      state.echoes_case = echoes;
      rig.set_endpoint(endpoint, state);
    }
  }
};

std::string name_of(const Bytes& message) {
  return to_hex({message.data() + 12, 17});
}

TEST_F(RandomCase, LettersAreDrawnAndComeBackAsTheClientsOwn) {
  start(", randomise_case: on");
  echo(true);
  const Bytes typed = write(question());
  std::set<std::string> spellings;
  for (unsigned i = 0; i < 100; ++i) {
    start(", randomise_case: on");  // nothing is remembered
    const Frame left = forward(from_client(typed));
    spellings.insert(name_of(left.payload));
    Bytes folded = left.payload;
    for (size_t at = 12; at < 12 + 17; ++at) folded[at] |= folded[at] >= 'A' && folded[at] <= 'Z' ? 0x20 : 0;
    EXPECT_EQ(name_of(folded), name_of(write(question({}, "www.vpc.example"))));
    Bytes expected = answer_to(typed);
    EXPECT_EQ(to_hex(back(left, answer_to(left.payload)).payload), to_hex(expected));
    rig.pass(100'000);
    rig.verdict();
  }
  EXPECT_GT(spellings.size(), 90U);  // of 2^13
}

TEST_F(RandomCase, OwnersThatAreWrittenOutAreTheClientsOwnAsWell) {
  const Bytes typed = write(question(Opt{}, "wWw.vpc.example"));
  const auto answer = [](const Bytes& asked) {
    TestResponse response;
    response.answer = {{.owner = {asked.begin() + 12, asked.begin() + 12 + 17}},
                       {.data = {10, 16, 110, 190}, .owner = {asked.begin() + 12, asked.begin() + 12 + 17}},
                       {.owner = wire_name("Other.Example")}};
    return write(response, asked, Opt{});
  };
  for (const uint8_t echoes : {config::kCaseRepeated, config::kCaseChanged, config::kCaseUnknown}) {
    start(", randomise_case: on");
    echo_is(echoes);
    const Frame left = forward(from_client(typed));
    Bytes asked = left.payload;
    if (echoes != config::kCaseRepeated)
      for (size_t at = 12; at < 12 + 17; ++at) asked[at] |= asked[at] >= 'A' && asked[at] <= 'Z' ? 0x20 : 0;
    const Bytes got = back(left, answer(asked)).payload;
    EXPECT_EQ(to_hex(got), to_hex(answer(typed)));
  }
}

TEST_F(RandomCase, OnlyWhileTheEndpointKeepsThem) {
  const Bytes typed = write(question());
  for (const bool on : {false, true})
    for (const bool echoes : {false, true}) {
      start(on ? ", randomise_case: on" : "");
      echo(echoes);
      bool same = true;
      for (unsigned i = 0; i < 8; ++i) {
        const Frame left = forward(from_client(typed));
        same = same && name_of(left.payload) == name_of(typed);
        rig.pass(100'000);
        back(left, answer_to(left.payload));
        start(on ? ", randomise_case: on" : "");
      }
      EXPECT_EQ(same, !(on && echoes));
    }
}

// What answers in small letters, whatever it is asked.
Bytes in_small_letters(Bytes message) {
  for (size_t at = 12; at < 12 + 17; ++at) message[at] |= message[at] >= 'A' && message[at] <= 'Z' ? 0x20 : 0;
  return message;
}

// RFC 4343: whose letters were not drawn is answered in any. Only what we drew must come back.
TEST_F(RandomCase, WhereNoneAreDrawnAnAnswerCountsInAnyLetters) {
  const Bytes typed = write(question({}, "WwW.vPc.eXample"));
  const Bytes joined = write(question({}, "wWw.VPC.example"));
  const Bytes later = write(question({}, "www.vpc.EXAMPLE"));
  for (const bool on : {false, true})
    for (const uint8_t echoes : {config::kCaseUnknown, config::kCaseChanged}) {
      start(on ? ", randomise_case: on" : "");
      echo_is(echoes);
      const Frame left = forward(from_client(typed));
      EXPECT_EQ(name_of(left.payload), name_of(typed));
      EXPECT_TRUE(rig.receive(0, {write(from_client(joined, "192.168.10.21"))}).empty());
      rig.verdict();
      const auto sent = rig.receive(1, {write(respond(left, in_small_letters(answer_to(left.payload))))});
      EXPECT_EQ(rig.verdict(), "classify.response remember.stored response.returned");
      EXPECT_EQ(to_hex(only(sent, 0).payload), to_hex(answer_to(typed)));
      EXPECT_EQ(to_hex(only(rig.sweep(), 0).payload), to_hex(answer_to(joined)));
      EXPECT_EQ(to_hex(forward(from_client(later), 0).payload), to_hex(answer_to(later)));
    }
}

// Its probes were right and its answer is not: a forger's, who has guessed all else. It is dropped, and the query goes over TCP, where
// letters are worth nothing.
TEST_F(RandomCase, AfterAnAnswerInOtherLettersItIsAskedOverTcp) {
  start(", randomise_case: on");
  echo(true);
  const Bytes typed = write(question({}, "www.vpc.example"));
  const Frame left = forward(from_client(typed));
  ASSERT_NE(name_of(left.payload), name_of(typed)) << "one time in 8192";
  rig.verdict();
  const uint8_t stream = rig.host.stream_port();
  rig.host.ports[stream].mac = state::kStreamPortMac;
  const Frame again = only(rig.receive(1, {write(respond(left, in_small_letters(answer_to(left.payload))))}), stream);
  EXPECT_EQ(rig.verdict(), "classify.response response.wrong_case retry.over_tcp");
  EXPECT_EQ(name_of(again.payload), name_of(typed));
  EXPECT_TRUE(rig.receive(1, {write(respond(left, answer_to(left.payload)))}).empty()) << "UDP counts no more";
  const Frame got = only(rig.receive(stream, {write(respond(again, answer_to(again.payload)))}), 0);
  EXPECT_EQ(to_hex(got.payload), to_hex(answer_to(typed)));
  // Of the next query they are drawn again.
  unsigned drawn = 0;
  for (const char* name : {"wxa.vpc.example", "wxb.vpc.example", "wxc.vpc.example", "wxd.vpc.example"}) {
    const Bytes next = write(question({}, name));
    drawn += name_of(forward(from_client(next)).payload) != name_of(next) ? 1 : 0;
  }
  EXPECT_GT(drawn, 0U);
}

// Whoever asks the same meanwhile, and later what is remembered, reads his own spelling.
TEST_F(RandomCase, EverybodyReadsHisOwnSpelling) {
  start(", randomise_case: on");
  echo(true);
  const Bytes first = write(question());
  const Bytes second = write(question({}, "WWW.VPC.EXAMPLE"));
  const Bytes third = write(question({}, "www.vpc.example"));
  const Frame left = forward(from_client(first));
  EXPECT_TRUE(rig.receive(0, {write(from_client(second, "192.168.10.21"))}).empty());
  EXPECT_EQ(to_hex(back(left, answer_to(left.payload)).payload), to_hex(answer_to(first)));
  EXPECT_EQ(to_hex(only(rig.sweep(), 0).payload), to_hex(answer_to(second)));
  EXPECT_EQ(to_hex(forward(from_client(third, "192.168.10.22"), 0).payload), to_hex(answer_to(third)));
}

TEST_F(RandomCase, ARetryKeepsTheLetters) {
  start(", randomise_case: on");
  echo(true);
  const Frame left = forward(from_client(write(question())));
  rig.pass(1000);
  const Frame again = only(rig.sweep(), 1);
  EXPECT_EQ(name_of(again.payload), name_of(left.payload));
  EXPECT_EQ(to_hex(back(again, answer_to(again.payload)).payload), to_hex(answer_to(write(question()))));
}

}  // namespace
}  // namespace penstock::test

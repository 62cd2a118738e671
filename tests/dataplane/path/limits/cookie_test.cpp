// tests/dataplane/path/limits/cookie_test.cpp - cookies of clients (RFC 7873): in which answers they stand, whose they are, and what they prove.
#include "dataplane/state/lanes/stream_peer.h"
#include "tests/dataplane/path/path_test.h"
#include "tests/support/messages.h"

namespace penstock::test {
namespace {

constexpr unsigned kStream = 2;  // behind the rig's two cards
constexpr size_t kBoth = 24;     // octets: the client's and ours
constexpr uint64_t kSecondMs = 1000;
const Mac kConnection = state::StreamPeer{state::PeerKind::connection, 77, 3}.mac();
const Bytes kMine = {0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8};
const Bytes kOthers = {0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8};

std::string rules(const std::string& clients = "") {
  return R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86, "fd00::86"]
clients:
  allow: [192.168.0.0/16, "fd00::/8"]
)" + clients +
         R"(
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}
  none: {kind: recursive, endpoints: [10.99.0.1]}
zones:
  - {zone: vpc.example, pool: vpc}
  - {zone: unreachable.example, pool: none}
  - {zone: blocked.example, answer: nxdomain}
  - {zone: refused.example, answer: refused}
  - {zone: here.example, records: ["www A 10.1.0.1"]}
)";
}

Bytes with_cookie(const std::string& name, const Bytes& cookie, uint16_t id = 0x1234) {
  Bytes message = write(DnsQuery{.id = id, .question = {.name = name}, .opt = Opt{}});
  put16(message, message.size() - 2, static_cast<uint16_t>(4 + cookie.size()));
  for (const size_t word : {size_t{10}, cookie.size()}) {
    message.push_back(static_cast<uint8_t>(word >> 8));
    message.push_back(static_cast<uint8_t>(word));
  }
  message.insert(message.end(), cookie.begin(), cookie.end());
  return message;
}

// The only cookie of an answer, which ends with its OPT.
Bytes cookie_of(const Bytes& answer) {
  dns::Opt opt;
  unsigned end = 0;
  size_t question_end = 12;
  if (get16(answer, 4) == 1) {
    while (answer[question_end] != 0) question_end += answer[question_end] + 1U;
    question_end += 5;
  }
  if (dns::find_opt(answer, static_cast<unsigned>(question_end), opt, end) != dns::OptSearch::found ||
      opt.end != answer.size())
    return {};
  Bytes found;
  dns::Options options(answer, opt);
  for (dns::Option option; options.next(option);) {
    if (option.code != dns::kOptionCookie) continue;
    EXPECT_TRUE(found.empty()) << "two cookies";
    found.assign(option.data().begin(), option.data().end());
  }
  return found;
}
Bytes clients_part(const Bytes& cookie) {
  return {cookie.begin(), cookie.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(cookie.size(), 8))};
}
unsigned rcode_of(const Bytes& answer) {
  const Bytes head = opt_record(Opt{});
  const auto at = std::search(answer.begin() + 12, answer.end(), head.begin(), head.begin() + 5);
  const unsigned upper = at + 5 < answer.end() ? at[5] : 0;
  return upper << 4 | (get16(answer, 2) & 0xfU);
}

class CookieTest : public PathTest {
 protected:
  CookieTest() : PathTest({.rules = {}, .cache_size = 1 << 20}) {
    rig.host.ports[kStream].mac = state::kStreamPortMac;
    rig.load(rules());
  }

  Frame query(const std::string& name, const Bytes& cookie, const char* client = "192.168.10.20") {
    const bool is_v6 = std::string_view(client).find(':') != std::string_view::npos;
    return from_client(with_cookie(name, cookie, ++id_), client, is_v6 ? "fd00::86" : "192.168.10.86");
  }
  // What is answered at once.
  Bytes ask(const Frame& query) { return only(rig.receive(0, {write(query)}), 0).payload; }
  Bytes ask(const std::string& name, const Bytes& cookie, const char* client = "192.168.10.20") {
    return ask(query(name, cookie, client));
  }
  Bytes ask_over_tcp(const std::string& name, const Bytes& cookie) {
    Frame frame = query(name, cookie);
    frame.source_mac = kConnection;
    frame.destination_mac = state::kStreamPortMac;
    return only(rig.receive(kStream, {write(frame)}), kStream).payload;
  }
  Bytes learn(const char* client = "192.168.10.20") { return cookie_of(ask("www.here.example", kMine, client)); }
  // Is it told the same cookie again, as one that is good and young?
  bool is_good(const Bytes& cookie, const char* client = "192.168.10.20") {
    return cookie_of(ask("www.here.example", cookie, client)) == cookie;
  }
  uint16_t id_ = 0;
};

TEST_F(CookieTest, EveryAnswerHasTheClientsAndOurs) {
  rig.load(rules("  deny: [192.168.99.0/24]"));
  const auto check = [&](const char* what, const Bytes& answer, unsigned rcode) {
    EXPECT_EQ(cookie_of(answer).size(), kBoth) << what;
    EXPECT_EQ(clients_part(cookie_of(answer)), kMine) << what;
    EXPECT_EQ(rcode_of(answer), rcode) << what;
  };
  check("local", ask("www.here.example", kMine), 0);
  check("a name that is not there", ask("no.here.example", kMine), 3);
  check("a rule's NXDOMAIN", ask("a.blocked.example", kMine), 3);
  check("a rule's REFUSED", ask("a.refused.example", kMine), 5);
  check("no zone", ask("a.elsewhere.example", kMine), 5);
  check("SERVFAIL", ask("a.unreachable.example", kMine), 2);
  check("who may not ask", ask("www.here.example", kMine, "192.168.99.1"), 5);
  check("IPv6", ask("www.here.example", kMine, "fd00::20"), 0);
  check("TCP", ask_over_tcp("www.here.example", kMine), 0);
  const Frame left = forward(query("a.vpc.example", kMine));
  EXPECT_EQ(to_hex(left.payload),
            to_hex(to_endpoint(
                write(DnsQuery{.id = get16(left.payload, 0), .question = {.name = "a.vpc.example"}, .opt = Opt{}}))));
  check("an endpoint's", only(rig.receive(1, {write(answer_to_query(left))}), 0).payload, 0);
  check("from memory", ask("a.vpc.example", kMine), 0);
  forward(query("b.vpc.example", kMine));
  rig.pass(2000);
  check("nobody answered", only(rig.sweep(), 0).payload, 2);
  // TC: the question and the OPT.
  const Frame long_one = forward(query("c.vpc.example", kMine));
  Frame response = answer_to_query(long_one);
  response.payload = large_answer(long_one.payload, 1400);
  const Bytes cut = only(rig.receive(1, {write(response)}), 0).payload;
  EXPECT_NE(get16(cut, 2) & 0x0200, 0);
  check("TC", cut, 0);
  // An answer that fits by less than the cookie.
  const Frame full = forward(query("d.vpc.example", kMine));
  response = answer_to_query(full);
  response.payload = large_answer(full.payload, 1232 - 11 - 20);
  const Bytes without_room = only(rig.receive(1, {write(response)}), 0).payload;
  EXPECT_LE(without_room.size(), 1232U);
  EXPECT_NE(get16(without_room, 2) & 0x0200, 0);
  check("no room for it", without_room, 0);
}

TEST_F(CookieTest, NobodyHearsOfItWhoSentNone) {
  const Bytes answer = ask(from_client(write(DnsQuery{.question = {.name = "www.here.example"}, .opt = Opt{}})));
  EXPECT_EQ(to_hex({answer.data() + answer.size() - 11, 11}), to_hex(opt_record(Opt{})));
}

// Of clients who have the same answer each hears its own, and one that sent none none. One forwarder gave the first one's to all.
TEST_F(CookieTest, JoinedAndRemembered) {
  const Frame left = forward(query("a.vpc.example", kMine));
  EXPECT_TRUE(rig.receive(0, {write(query("a.vpc.example", kOthers, "192.168.10.21"))}).empty());
  EXPECT_TRUE(rig.receive(0, {write(from_client(write(DnsQuery{.question = {.name = "a.vpc.example"}, .opt = Opt{}}),
                                                "192.168.10.22"))})
                  .empty());
  const Bytes first = only(rig.receive(1, {write(answer_to_query(left))}), 0).payload;
  std::map<std::string, Bytes> told;
  for (const Sent& sent : rig.sweep()) {
    const Frame frame = read(sent.bytes).value();
    told[config::to_string(frame.destination)] = frame.payload;
  }
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(clients_part(cookie_of(first)), kMine);
  const Bytes second = cookie_of(told["192.168.10.21"]);
  EXPECT_EQ(clients_part(second), kOthers);
  EXPECT_TRUE(is_good(second, "192.168.10.21"));
  EXPECT_EQ(cookie_of(told["192.168.10.22"]), Bytes{});
  EXPECT_EQ(clients_part(cookie_of(ask("a.vpc.example", kOthers))), kOthers);
}

TEST_F(CookieTest, WhoseItIsAndForHowLong) {
  const Bytes cookie = learn();
  EXPECT_TRUE(is_good(cookie));
  EXPECT_FALSE(is_good(cookie, "192.168.10.21"));
  Bytes another = cookie;
  another[3] ^= 1;
  EXPECT_FALSE(is_good(another));
  another = cookie;
  another[kBoth - 1] ^= 1;
  EXPECT_FALSE(is_good(another));
  // Those who are on its segment and ask in its name hear a cookie that is good for their own MAC.
  Frame foreign = query("www.here.example", cookie);
  foreign.source_mac = mac(0xc9);
  EXPECT_NE(cookie_of(ask(foreign)), cookie);
  foreign = query("www.here.example", kMine);
  foreign.source_mac = mac(0xc9);
  EXPECT_FALSE(is_good(cookie_of(ask(foreign))));
  // What was given over TCP came by the kernel's neighbours.
  EXPECT_TRUE(is_good(cookie_of(ask_over_tcp("www.here.example", kMine))));

  rig.pass(1799 * kSecondMs);
  EXPECT_TRUE(is_good(cookie));
  rig.pass(2 * kSecondMs);
  EXPECT_FALSE(is_good(cookie)) << "it is told a new one";
  EXPECT_TRUE(is_good(learn()));
}

// The secret is drawn anew each day. What was made with the one before is good for its hour.
TEST_F(CookieTest, AnotherSecret) {
  const Bytes cookie = learn();
  rig.pass(kSecondMs);
  rig.cookies->renew({9, 9, 9}, rig.now);
  EXPECT_TRUE(is_good(cookie));
  const Bytes next = learn();
  EXPECT_NE(next, cookie);
  EXPECT_TRUE(is_good(next));
  rig.pass(kSecondMs);
  rig.cookies->renew({7, 7, 7}, rig.now);
  EXPECT_FALSE(is_good(cookie));
  EXPECT_TRUE(is_good(next));
}

// RFC 7873 section 5.2.2, and 4: a server's part of another length is one that is not ours.
TEST_F(CookieTest, Lengths) {
  for (size_t length = 0; length <= 64; ++length) {
    const bool may_be = length == 8 || (length >= 16 && length <= 40);
    const Bytes answer = ask("www.here.example", Bytes(length, 1));
    EXPECT_EQ(get16(answer, 2) & 0xf, may_be ? 0 : 1) << length;
    EXPECT_EQ(cookie_of(answer).size(), may_be ? kBoth : 0) << length;
  }
}

// The first counts (RFC 7873 section 5.2).
TEST_F(CookieTest, TwoOfThem) {
  Bytes message = with_cookie("www.here.example", kMine);
  const Bytes second = {0, 10, 0, 8, 1, 1, 1, 1, 1, 1, 1, 1};
  message.insert(message.end(), second.begin(), second.end());
  put16(message, message.size() - 26, 24);
  EXPECT_EQ(clients_part(cookie_of(ask(from_client(message)))), kMine);
}

// RFC 7873 section 5.4.
TEST_F(CookieTest, WithoutAQuestion) {
  const auto only_cookie = [&](const Bytes& cookie) {
    Bytes message = with_cookie("a", cookie, ++id_);
    message.erase(message.begin() + 12, message.begin() + 12 + 3 + 4);
    put16(message, 4, 0);
    return message;
  };
  const Bytes answer = ask(from_client(only_cookie(kMine)));
  EXPECT_EQ(get16(answer, 2) & 0x800f, 0x8000);
  EXPECT_EQ(to_hex({answer.data() + 4, 8}), "0000000000000001");
  EXPECT_EQ(answer.size(), 12U + 11 + 4 + kBoth);
  const Bytes cookie = cookie_of(answer);
  EXPECT_TRUE(is_good(cookie));
  EXPECT_EQ(rcode_of(ask(from_client(only_cookie(cookie)))), 0U);
  Bytes wrong = cookie;
  wrong[kBoth - 1] ^= 1;
  const Bytes said = ask(from_client(only_cookie(wrong)));
  EXPECT_EQ(rcode_of(said), 23U);
  EXPECT_TRUE(is_good(cookie_of(said)));
  EXPECT_EQ(rig.counters().lcore[0].query[config::QueryOutcome::answered_cookie].get(), 3U);
  // Without one it is no query (RFC 9619 section 4).
  Bytes nothing = write(DnsQuery{.question = {.name = "a"}, .opt = Opt{}});
  nothing.erase(nothing.begin() + 12, nothing.begin() + 12 + 3 + 4);
  put16(nothing, 4, 0);
  EXPECT_EQ(get16(ask(from_client(nothing)), 2) & 0xf, 1);
}

// What a flood in its name takes is not what a client with a cookie has.
TEST_F(CookieTest, AFloodInItsName) {
  for (const char* over_rate : {"truncate", "refuse", "drop"}) {
    SCOPED_TRACE(over_rate);
    rig.pass(10 * kSecondMs);
    rig.load(rules("  rate_per_client: 10\n  over_rate: " + std::string(over_rate)));
    const Bytes cookie = learn();
    const auto flood = [&] {
      for (int i = 0; i < 300; ++i)
        rig.receive(0, {write(from_client(write(DnsQuery{.question = {.name = "www.here.example"}, .opt = {}})))});
      rig.verdict();
    };
    flood();
    // It knows no cookie yet: it hears one, and comes again at once.
    const Bytes told = ask("www.here.example", kMine);
    EXPECT_EQ(rig.verdict(), "classify.query query.limited_bad_cookie");
    EXPECT_EQ(rcode_of(told), 23U);
    EXPECT_LE(told.size(), with_cookie("www.here.example", kMine).size() + 16);
    for (int i = 0; i < 9; ++i) EXPECT_EQ(rcode_of(ask("www.here.example", cookie_of(told))), 0U) << i;
    EXPECT_TRUE(is_good(cookie));
    rig.verdict();
    // It has a rate as well.
    rig.receive(0, {write(query("www.here.example", cookie))});
    EXPECT_EQ(rig.verdict(), over_rate == std::string("drop") ? "classify.query query.limited_dropped"
                                                              : "classify.query query.limited_refused");
  }
}

// On its own segment somebody sends as a client, with a cookie for his MAC.
TEST_F(CookieTest, ANeighbourInItsName) {
  rig.load(rules("  rate_per_client: 10"));
  const Bytes cookie = learn();
  Frame foreign = query("www.here.example", kMine);
  foreign.source_mac = mac(0xc9);
  const Bytes his = cookie_of(ask(foreign));
  for (int i = 0; i < 300; ++i) {
    foreign = query("www.here.example", his);
    if (i % 2 == 0) foreign.source_mac = mac(0xc9);
    rig.receive(0, {write(foreign)});
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rcode_of(ask("www.here.example", cookie)), 0U) << i;
}

// Another node of an anycast address has another secret, and a client behind NAT another address: both are answered all the same.
TEST_F(CookieTest, OneThatIsNotOursIsNoFault) {
  const Bytes foreign = {0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 1, 0, 0, 0,
                         0x5c, 0xf7, 0x9f, 0x11, 1,    2,    3,    4,    5, 6, 7, 8};
  const Bytes answer = ask("www.here.example", foreign);
  EXPECT_EQ(rcode_of(answer), 0U);
  EXPECT_EQ(get16(answer, 6), 1);
  EXPECT_EQ(rcode_of(ask("www.here.example", learn(), "192.168.10.77")), 0U);
}

// Answers of one kind that go to one network are not limited for who has proved where he is.
TEST_F(CookieTest, ResponseRate) {
  rig.load(rules("  response_rate: 5"));
  const Bytes cookie = learn();
  for (int i = 0; i < 300; ++i)
    rig.receive(0, {write(from_client(write(DnsQuery{.question = {.name = "www.here.example"}, .opt = {}})))});
  EXPECT_EQ(rcode_of(ask("www.here.example", cookie)), 0U);
  EXPECT_EQ(rcode_of(ask("www.here.example", kMine)), 23U);
}

}  // namespace
}  // namespace penstock::test

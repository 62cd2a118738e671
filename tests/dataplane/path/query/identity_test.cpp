// tests/dataplane/path/query/identity_test.cpp - who answers: NSID in every answer that has an OPT, and the names of class CH. Nothing of another
// class than IN goes to an endpoint (RFC 4892, RFC 5001).
#include "tests/dataplane/path/path_test.h"
#include "tests/support/messages.h"

namespace penstock::test {
namespace {

const std::string kRules = R"(
ports:
  - {name: corp, device: "vdev:net_null0"}
  - {name: vpc, device: "vdev:net_null1"}
listen: [192.168.10.86, "fd00::86"]
clients: {allow: [192.168.0.0/16, "fd00::/8"]}
zones:
  - {zone: vpc.example, pool: vpc}
  - {zone: local.example, records: ["www A 10.0.0.1"]}
  - {zone: refused.example, answer: refused}
default: {pool: vpc}
pools:
  vpc: {kind: recursive, endpoints: [10.16.1.10, 10.16.2.10])";

constexpr const char* kName = "fwd-1.office.example";
constexpr uint16_t kTxt = 16, kIn = 1, kChaos = 3, kHesiod = 4, kNone = 254, kAny = 255;

Bytes option(uint16_t code, const Bytes& data) {
  Bytes bytes(4);
  put16(bytes, 0, code);
  put16(bytes, 2, static_cast<uint16_t>(data.size()));
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

Bytes octets(std::string_view text) {
  return {text.begin(), text.end()};
}

// The query with these octets of options in its OPT, which is the last record.
Bytes with_options(const DnsQuery& query, const Bytes& options) {
  Bytes bytes = write(query);
  put16(bytes, bytes.size() - 2, static_cast<uint16_t>(options.size()));
  bytes.insert(bytes.end(), options.begin(), options.end());
  return bytes;
}

Bytes asking(const DnsQuery& query) {
  return with_options(query, option(3, {}));
}

DnsQuery question(const char* name, uint16_t type = 1, uint16_t query_class = kIn, std::optional<Opt> opt = Opt{}) {
  return {.question = {.name = name, .type = type, .query_class = query_class}, .opt = opt};
}

class IdentityTest : public PathTest {
 protected:
  IdentityTest() : PathTest({.rules = kRules + "}\n", .cache_size = 1 << 20}) { rig.host.identity.set(kName); }

  Bytes ask(const Bytes& query, const char* client = "192.168.10.20") {
    return only(rig.receive(0, {write(from_client(query, client))}), 0).payload;
  }
  Frame respond(const Frame& left, Bytes message) {
    Frame response = answer_to_query(left);
    response.payload = std::move(message);
    return response;
  }
  // NSIDs in the message, and that its OPT is whole and last.
  static std::vector<std::string> names_in(const Bytes& message) {
    dns::Opt opt;
    unsigned end = 0;
    unsigned begin = 12;
    while (message[begin] != 0) begin += message[begin] + 1U;
    std::vector<std::string> names;
    if (dns::find_opt(message, begin + 5, opt, end) != dns::OptSearch::found) return names;
    EXPECT_EQ(opt.end, message.size()) << to_hex(message);
    dns::Options all(message, opt);
    for (dns::Option one; all.next(one);)
      if (one.code == 3) names.emplace_back(one.data().begin(), one.data().end());
    EXPECT_FALSE(all.malformed()) << to_hex(message);
    return names;
  }
  static const std::vector<std::string> kOurs;
};
const std::vector<std::string> IdentityTest::kOurs = {kName};

struct ChaosCase {
  const char* what;
  const char* name;
  uint16_t type, query_class;
  const char* answer;  // nullptr: REFUSED
};
const ChaosCase kChaosCases[] = {
    {.what = "RFC 4892", .name = "id.server", .type = kTxt, .query_class = kChaos, .answer = kName},
    {.what = "as BIND names it", .name = "hostname.bind", .type = kTxt, .query_class = kChaos, .answer = kName},
    {.what = "as typed", .name = "Id.SERVER", .type = kTxt, .query_class = kChaos, .answer = kName},
    {.what = "the version", .name = "version.bind", .type = kTxt, .query_class = kChaos, .answer = "penstock 1"},
    {.what = "and again", .name = "VERSION.server", .type = kTxt, .query_class = kChaos, .answer = "penstock 1"},
    {.what = "any type", .name = "id.server", .type = kAny, .query_class = kChaos, .answer = kName},
    {.what = "any class", .name = "version.bind", .type = kTxt, .query_class = kAny, .answer = "penstock 1"},
    {.what = "another type", .name = "id.server", .type = 1, .query_class = kChaos, .answer = nullptr},
    {.what = "another type of any class", .name = "id.server", .type = 1, .query_class = kAny, .answer = nullptr},
    {.what = "another class", .name = "id.server", .type = kTxt, .query_class = kHesiod, .answer = nullptr},
    {.what = "a class of updates", .name = "id.server", .type = kTxt, .query_class = kNone, .answer = nullptr},
    {.what = "another name", .name = "authors.bind", .type = kTxt, .query_class = kChaos, .answer = nullptr},
    {.what = "a name below", .name = "x.id.server", .type = kTxt, .query_class = kChaos, .answer = nullptr},
    {.what = "a name above", .name = "server", .type = kTxt, .query_class = kChaos, .answer = nullptr},
    {.what = "the root", .name = "", .type = kTxt, .query_class = kChaos, .answer = nullptr},
    {.what = "a name of ours", .name = "www.local.example", .type = 1, .query_class = kChaos, .answer = nullptr},
    {.what = "a transfer", .name = "version.bind", .type = 252, .query_class = kChaos, .answer = nullptr},
};

TEST_F(IdentityTest, NamesOfClassCh) {
  rig.host.software.set("penstock 1");
  for (const ChaosCase& c : kChaosCases)
    for (const bool recurses : {true, false})
      for (const bool with_opt : {true, false}) {
        SCOPED_TRACE(c.what);
        DnsQuery query = question(c.name, c.type, c.query_class,
                                  with_opt ? std::optional<Opt>(Opt{.dnssec_ok = true}) : std::nullopt);
        if (!recurses) query.flags = 0;
        const Bytes asked = write(query);
        const Bytes got = ask(asked);
        EXPECT_EQ(rig.verdict(), c.answer != nullptr ? "classify.query query.answered_identity"
                                                     : "classify.query query.refused_class");
        if (c.answer == nullptr) {
          EXPECT_EQ(get16(got, 2), 0x8085 | (recurses ? 0x100 : 0));
          continue;
        }
        const Bytes text = octets(c.answer);
        Bytes expected = asked;
        const size_t question_end = asked.size() - (with_opt ? 11 : 0);
        Bytes record = {0xc0,
                        12,
                        0,
                        16,
                        0,
                        3,
                        0,
                        0,
                        0,
                        0,
                        0,
                        static_cast<uint8_t>(text.size() + 1),
                        static_cast<uint8_t>(text.size())};
        record.insert(record.end(), text.begin(), text.end());
        expected.insert(expected.begin() + static_cast<std::ptrdiff_t>(question_end), record.begin(), record.end());
        put16(expected, 2, static_cast<uint16_t>(0x8480 | (recurses ? 0x100 : 0)));
        put16(expected, 6, 1);
        EXPECT_EQ(to_hex(got), to_hex(expected));
      }
}

TEST_F(IdentityTest, WhatIsNotToldIsRefused) {
  for (const char* name : {"version.bind", "version.server", "id.server", "hostname.bind"}) {
    const bool is_version = std::string_view(name).starts_with("version");
    rig.host.identity.set(is_version ? kName : "");
    ask(write(question(name, kTxt, kChaos)));
    EXPECT_EQ(rig.verdict(), "classify.query query.refused_class") << name;
  }
  EXPECT_TRUE(names_in(ask(asking(question("x.refused.example")))).empty());
}

TEST_F(IdentityTest, NothingOfAnotherClassGoesToAnEndpoint) {
  for (unsigned query_class = 0; query_class <= 0xffff; query_class += query_class < 260 ? 1 : 997) {
    for (const char* name : {"www.vpc.example", "www.example"}) {
      const auto sent =
          rig.receive(0, {write(from_client(write(question(name, 1, static_cast<uint16_t>(query_class)))))});
      ASSERT_EQ(sent.size(), 1U);
      EXPECT_EQ(sent[0].port, query_class == kIn || query_class == kAny ? 1U : 0U) << query_class;
      if (sent[0].port == 0) {
        EXPECT_EQ(read(sent[0].bytes)->payload[3] & 15, 5);
      }
    }
  }
  // Signed, too: whoever could answer it says what runs there.
  Bytes signed_query = write(question("version.bind", kTxt, kChaos, {}));
  const Bytes tsig = {0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 0};
  signed_query.insert(signed_query.end(), tsig.begin(), tsig.end());
  put16(signed_query, 10, 1);
  rig.verdict();
  ask(signed_query);
  EXPECT_EQ(rig.verdict(), "classify.query query.refused_class");
  rig.pass(3000);
  for (int i = 0; i < 40; ++i) rig.sweep();
}

TEST_F(IdentityTest, WhoMayNotAskDoesNotHearIt) {
  for (const Bytes& query : {asking(question("id.server", kTxt, kChaos)), asking(question("www.vpc.example"))}) {
    const Bytes got = ask(query, "10.1.2.3");
    EXPECT_EQ(rig.verdict(), "classify.query query.refused_client");
    EXPECT_TRUE(names_in(got).empty());
    EXPECT_EQ(to_hex(got).find(to_hex(octets(kName))), std::string::npos);
  }
}

TEST_F(IdentityTest, RatesHoldForThem) {
  std::string limited = kRules + "}\n";
  limited.insert(limited.find(", \"fd00::/8\"]}") + 13, ", response_rate: 2");
  rig.load(limited);
  std::map<std::string, int> seen;
  for (int i = 0; i < 10; ++i) {
    rig.receive(0, {write(from_client(write(question("id.server", kTxt, kChaos))))});
    ++seen[rig.verdict()];
  }
  EXPECT_GE(seen["classify.query query.limited_truncated"], 6);
  rig.pass(10'000);
  seen.clear();
  for (int i = 0; i < 10; ++i) {
    rig.receive(0, {write(from_client(write(question(("n" + std::to_string(i)).c_str(), kTxt, kChaos))))});
    ++seen[rig.verdict()];
  }
  EXPECT_GE(seen["classify.query query.limited_dropped"], 6);
}

TEST_F(IdentityTest, NsidIsOursInEveryAnswerThatHasAnOpt) {
  const Bytes theirs = option(3, octets("theirs"));
  const DnsQuery query = question("www.vpc.example");
  const Frame left = only(rig.receive(0, {write(from_client(asking(query)))}), 1);
  EXPECT_TRUE(names_in(left.payload).empty()) << "it goes no further";
  EXPECT_EQ(to_hex(left.payload).substr(4), to_hex(to_endpoint(write(query))).substr(4));
  EXPECT_TRUE(rig.receive(0, {write(from_client(asking(query), "192.168.10.21"))}).empty());
  EXPECT_TRUE(rig.receive(0, {write(from_client(write(query), "192.168.10.22"))}).empty());
  EXPECT_TRUE(
      rig.receive(0, {write(from_client(write(question("www.vpc.example", 1, kIn, {})), "192.168.10.23"))}).empty());
  Bytes answer = write(TestResponse{.answer = {{}}, .authority = {}, .additional = {}}, left.payload, Opt{});
  put16(answer, answer.size() - 2, static_cast<uint16_t>(theirs.size()));
  answer.insert(answer.end(), theirs.begin(), theirs.end());
  EXPECT_EQ(names_in(only(rig.receive(1, {write(respond(left, answer))}), 0).payload), kOurs)
      << "the endpoint's answer";
  const auto copies = rig.sweep();
  ASSERT_EQ(copies.size(), 3U);
  EXPECT_EQ(names_in(only({copies[0]}, 0).payload), kOurs) << "who joined";
  EXPECT_TRUE(names_in(only({copies[1]}, 0).payload).empty()) << "who did not ask for it";
  EXPECT_EQ(get16(only({copies[2]}, 0).payload, 10), 0) << "who sent no OPT";
  rig.verdict();
  EXPECT_EQ(names_in(ask(asking(query))), kOurs) << "memory";
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_cached");
  EXPECT_TRUE(names_in(ask(write(query))).empty());
  const struct {
    const char* what;
    DnsQuery query;
    const char* outcome;
  } cases[] = {
      {.what = "local records", .query = question("www.local.example"), .outcome = "answered_local"},
      {.what = "that they have no such name", .query = question("no.local.example"), .outcome = "answered_local"},
      {.what = "an error by rule, with its EDE", .query = question("x.refused.example"), .outcome = "refused_by_rule"},
      {.what = "another class", .query = question("x.example", 1, kHesiod), .outcome = "refused_class"},
      {.what = "its own name", .query = question("id.server", kTxt, kChaos), .outcome = "answered_identity"},
  };
  for (const auto& c : cases) {
    rig.verdict();
    EXPECT_EQ(names_in(ask(asking(c.query))), kOurs) << c.what;
    EXPECT_EQ(rig.verdict(), std::string("classify.query query.") + c.outcome);
    EXPECT_TRUE(names_in(ask(write(c.query))).empty()) << c.what;
  }
  // SERVFAIL when nobody answers, to the first and to who joined.
  rig.receive(0, {write(from_client(asking(question("silent.vpc.example"))))});
  rig.receive(0, {write(from_client(asking(question("silent.vpc.example")), "192.168.10.21"))});
  std::vector<Bytes> told;
  for (int i = 0; i < 20; ++i) {
    rig.pass(200);
    for (const Sent& sent : rig.sweep())
      if (sent.port == 0) told.push_back(read(sent.bytes)->payload);
  }
  ASSERT_EQ(told.size(), 2U);
  for (const Bytes& one : told) {
    EXPECT_EQ(one[3] & 15, 2);
    EXPECT_EQ(names_in(one), kOurs);
  }
}

TEST_F(IdentityTest, WhatAClientMayWrite) {
  const DnsQuery query = question("x.refused.example");
  const Bytes nsid = option(3, {}), cookie = option(10, {1, 2, 3, 4, 5, 6, 7, 8});
  const auto joined = [](std::initializer_list<Bytes> parts) {
    Bytes all;
    for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  };
  const struct {
    const char* what;
    Bytes options;
    const char* outcome;
    size_t names;
  } cases[] = {
      {.what = "RFC 5001 2.2: data in it are ignored",
       .options = option(3, {1, 2, 3}),
       .outcome = "refused_by_rule",
       .names = 1},
      {.what = "twice", .options = joined({nsid, nsid}), .outcome = "refused_by_rule", .names = 1},
      {.what = "behind others",
       .options = joined({cookie, option(65001, {7}), nsid}),
       .outcome = "refused_by_rule",
       .names = 1},
      {.what = "not at all", .options = cookie, .outcome = "refused_by_rule", .names = 0},
      {.what = "cut short", .options = {0, 3, 0}, .outcome = "formerr", .names = 0},
      {.what = "longer than its OPT", .options = {0, 3, 0, 1}, .outcome = "formerr", .names = 0},
  };
  for (const auto& c : cases) {
    const Bytes got = ask(with_options(query, c.options));
    EXPECT_EQ(rig.verdict(), std::string("classify.query query.") + c.outcome) << c.what;
    EXPECT_EQ(got.size() > 12 ? names_in(got).size() : 0, c.names) << c.what;
  }
  // RFC 6891 section 6.1.3: what an option means is the version's to say.
  Bytes other_version = asking(query);
  other_version[write(query).size() - 5] = 1;
  EXPECT_TRUE(names_in(ask(other_version)).empty());
  EXPECT_EQ(rig.verdict(), "classify.query query.badvers");
}

// It counts as part of the answer, as in BIND and Unbound: TC where both do not fit. A name that would never fit stays out.
TEST_F(IdentityTest, NsidAndSize) {
  const struct {
    const char* what;
    size_t name;    // octets
    uint16_t said;  // by the client
    size_t answer;  // octets, its OPT included
    bool truncated;
    bool told;
  } cases[] = {
      {.what = "both fit", .name = 20, .said = 600, .answer = 576, .truncated = false, .told = true},
      {.what = "one octet too much", .name = 20, .said = 600, .answer = 577, .truncated = true, .told = true},
      {.what = "the longest name", .name = 255, .said = 1232, .answer = 973, .truncated = false, .told = true},
      {.what = "the longest name, one octet too much",
       .name = 255,
       .said = 1232,
       .answer = 974,
       .truncated = true,
       .told = true},
      {.what = "a large answer to a small client",
       .name = 255,
       .said = 512,
       .answer = 500,
       .truncated = true,
       .told = true},
      {.what = "the answer alone is too large",
       .name = 20,
       .said = 512,
       .answer = 513,
       .truncated = true,
       .told = true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    rig.answers->flush(config::FlushScope::all, {});
    rig.host.identity.set(std::string(c.name, 'n'));
    const Bytes asked = asking(question("www.vpc.example", kTxt, kIn, Opt{.udp_size = c.said}));
    const Frame left = only(rig.receive(0, {write(from_client(asked))}), 1);
    EXPECT_TRUE(rig.receive(0, {write(from_client(asked, "192.168.10.21"))}).empty());
    const Bytes first =
        only(rig.receive(1, {write(respond(left, large_answer(left.payload, c.answer - 11)))}), 0).payload;
    const Bytes copy = only(rig.sweep(), 0).payload;
    const Bytes kept = ask(asked);
    for (const Bytes& got : {first, copy, kept}) {
      EXPECT_EQ((got[2] & 2) != 0, c.truncated);
      EXPECT_EQ(names_in(got).size(), c.told ? 1U : 0U);
      EXPECT_LE(got.size(), c.said);
      EXPECT_EQ(get16(got, 6) == 0, c.truncated);
    }
  }
  // A question of 259 octets and a name of 255 in 512.
  rig.host.identity.set(std::string(255, 'n'));
  const std::string label(60, 'x');
  const std::string longest = label + "." + label + "." + label + "." + std::string(53, 'y') + ".refused.example";
  const Bytes got = ask(asking(question(longest.c_str(), 1, kIn, Opt{.udp_size = 512})));
  EXPECT_EQ(rig.verdict().find("query.refused_by_rule") == std::string::npos, false);
  EXPECT_TRUE(names_in(got).empty());
  EXPECT_EQ(got[2] & 2, 0);
}

}  // namespace
}  // namespace penstock::test

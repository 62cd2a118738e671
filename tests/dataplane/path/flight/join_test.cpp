// tests/dataplane/path/flight/join_test.cpp - identical questions in flight share one upstream query, and each client gets its own answer.
// Long because each way to end is shown to the one who asked first and to those who joined.
#include <functional>
#include <map>
#include <set>

#include "tests/dataplane/path/path_test.h"
#include "tests/support/messages.h"

namespace penstock::test {
namespace {

class JoinTest : public PathTest {
 protected:
  explicit JoinTest(const RigOptions& options = {}) : PathTest(options) {}

  // Nothing leaves, and the query is counted so.
  void expect_kept(const Frame& query, const char* outcome) {
    EXPECT_TRUE(rig.receive(0, {write(query)}).empty());
    EXPECT_EQ(rig.verdict(), std::string("classify.query query.") + outcome);
  }
  // The first client's query leaves.
  Frame ask(const Frame& query) {
    const Frame left = forward(query);
    EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
    return left;
  }
  Frame ask(const DnsQuery& query = studio_query()) { return ask(from_client(write(query))); }
};

Frame from(const char* client, uint16_t port, Bytes dns) {
  const bool v6 = std::string_view(client).find(':') != std::string_view::npos;
  return {.source_mac = mac(0xc2),
          .destination_mac = mac(0xa0),
          .vlan = {},
          .source = address(client),
          .destination = address(v6 ? "fd00::86" : "192.168.10.86"),
          .source_port = port,
          .destination_port = 53,
          .payload = std::move(dns)};
}

struct Client {
  const char* address;
  uint16_t port;
  uint16_t id;
  const char* name;
  std::optional<uint16_t> vlan;
  const char* answer_left_as;
};
const Client kClients[] = {
    {.address = "192.168.10.21",
     .port = 40001,
     .id = 1,
     .name = "D-sq9djt5lr5pc.studio.us-EAST-1.sagemaker.aws",
     .vlan = {},
     .answer_left_as = "0200000000a0>0200000000c2 192.168.10.86.53 > 192.168.10.21.40001"},
    {.address = "192.168.10.22",
     .port = 40000,
     .id = 0x1234,
     .name = "d-sq9djt5lr5pc.studio.us-east-1.sagemaker.aws",
     .vlan = 100,
     .answer_left_as = "0200000000a0>0200000000c2 vlan 100 192.168.10.86.53 > 192.168.10.22.40000"},
    {.address = "fd00::21",
     .port = 53,
     .id = 0xffff,
     .name = "D-SQ9DJT5LR5PC.STUDIO.US-EAST-1.SAGEMAKER.AWS",
     .vlan = {},
     .answer_left_as = "0200000000a0>0200000000c2 fd00::86.53 > fd00::21.53"},
    {.address = "192.168.10.20",
     .port = 40000,
     .id = 0x1235,
     .name = "d-sq9djt5lr5pc.Studio.us-east-1.sagemaker.aws",
     .vlan = {},
     .answer_left_as = "0200000000a0>0200000000c2 192.168.10.86.53 > 192.168.10.20.40000"},
};

TEST_F(JoinTest, EachClientHearsInItsOwnWords) {
  for (const bool with_opt : {false, true}) {
    DnsQuery query = studio_query();
    if (with_opt) query.opt = Opt{};
    const Frame left = ask(query);
    for (const Client& client : kClients) {
      query.id = client.id;
      query.question.name = client.name;
      Frame asked = from(client.address, client.port, write(query));
      asked.vlan = client.vlan;
      expect_kept(asked, "joined");
    }
    EXPECT_EQ(rig.counters().lcore[0].waiting.get(), std::size(kClients));

    const Frame response = answer_to_query(left);
    const Frame back = only(rig.receive(1, {write(response)}), 0);
    EXPECT_EQ(to_string(back), "0200000000a0>0200000000c1 192.168.10.86.53 > 192.168.10.20.40000");
    EXPECT_EQ(get16(back.payload, 0), 0x1234);
    EXPECT_EQ(rig.counters().lcore[0].pending.get(), 0U);
    EXPECT_EQ(rig.counters().lcore[0].waiting.get(), std::size(kClients));
    const auto copies = rig.sweep();
    EXPECT_EQ(rig.verdict(), "classify.response response.returned waiter.answered=4");
    ASSERT_EQ(copies.size(), std::size(kClients));
    for (size_t i = 0; i < std::size(kClients); ++i) {
      const Frame copy = only({copies[i]}, 0);
      EXPECT_EQ(to_string(copy), kClients[i].answer_left_as);
      // The same answer to the client's own question: apart from id and spelling nothing differs.
      query.id = kClients[i].id;
      query.question.name = kClients[i].name;
      EXPECT_EQ(to_hex(copy.payload), to_hex(to_client(answer_to(write(query)), query.opt)));
    }
    EXPECT_EQ(rig.counters().lcore[0].waiting.get(), 0U);
    EXPECT_EQ(rig.lcore().flights.pending.in_use(), 0U);
    EXPECT_TRUE(rig.sweep().empty());
  }
}

struct Manyfold : JoinTest {
  Manyfold() : JoinTest({.rules = {}, .lcores = 2, .pending_slots = 16384, .frames = 128}) {}
};

TEST_F(Manyfold, TenThousandClientsAreOneQueryOfEachLcore) {
  constexpr unsigned kClients = 10'000;
  std::vector<Frame> left;
  const auto client = [](unsigned i) {
    Frame frame = from("192.168.0.0", static_cast<uint16_t>(1024 + i), {});
    frame.source.bytes[2] = static_cast<uint8_t>(i >> 8);
    frame.source.bytes[3] = static_cast<uint8_t>(i);
    DnsQuery query = studio_query();
    query.id = static_cast<uint16_t>(i);
    frame.payload = write(query);
    return write(frame);
  };
  for (unsigned i = 0; i < kClients; i += 16)
    for (const unsigned lcore : {0U, 1U}) {
      std::vector<Bytes> burst;
      for (unsigned j = i; j < i + 16; ++j) burst.push_back(client(j));
      for (const Sent& sent : rig.receive(0, burst, lcore)) left.push_back(read(sent.bytes).value());
    }
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(rig.verdict(), "classify.query=20000 query.forwarded=2 query.joined=19998");
  EXPECT_EQ(rig.counters().lcore[1].waiting.get(), kClients - 1);
  // All of them ask again: nobody is counted twice.
  for (unsigned i = 0; i < kClients; i += 20) {
    std::vector<Bytes> burst;
    for (unsigned j = i; j < i + 20; ++j) burst.push_back(client(j));
    EXPECT_TRUE(rig.receive(0, burst, 1).empty());
  }
  EXPECT_EQ(rig.verdict(), "classify.query=10000 query.repeated=10000");

  for (const unsigned lcore : {0U, 1U}) {
    only(rig.receive(1, {write(answer_to_query(left[lcore]))}, lcore), 0);
    std::set<std::string> told;
    for (unsigned turn = 0; turn < 400; ++turn) {
      const auto copies = rig.sweep(lcore);
      EXPECT_LE(copies.size(), state::kBurst);
      for (const Sent& sent : copies) told.insert(to_string(read(sent.bytes).value()));
    }
    EXPECT_EQ(told.size(), kClients - 1);
  }
  EXPECT_EQ(rig.verdict(), "classify.response=2 response.returned=2 waiter.answered=19998");
}

// What must not be shared: whatever a response could depend on.
struct AloneCase {
  const char* description;
  std::function<void(DnsQuery&)> change;
};

TEST_F(JoinTest, OtherQuestionsAreOtherFlights) {
  const AloneCase cases[] = {
      {"another name", [](DnsQuery& q) { q.question.name[0] = 'e'; }},
      {"another type", [](DnsQuery& q) { q.question.type = 28; }},
      {"another class", [](DnsQuery& q) { q.question.query_class = 255; }},
      {"RD clear", [](DnsQuery& q) { q.flags = 0; }},
      {"CD", [](DnsQuery& q) { q.flags |= 0x0010; }},
      {"DO", [](DnsQuery& q) { q.opt->dnssec_ok = true; }},
  };
  DnsQuery query = studio_query();
  query.opt = Opt{};
  ask(query);
  for (const AloneCase& c : cases) {
    SCOPED_TRACE(c.description);
    DnsQuery other = query;
    c.change(other);
    const Frame asked = from("192.168.10.21", 40000, write(other));
    ask(asked);
    // Its own kind may join it.
    expect_kept(from("192.168.10.22", 40000, write(other)), "joined");
  }
  // A size is not part of the question.
  query.opt->udp_size = 4096;
  expect_kept(from("192.168.10.21", 40000, write(query)), "joined");
}

// Who asks with an OPT or without, for AD or not, has the same answer, each in the form of what it asked.
TEST_F(JoinTest, EachClientHearsInItsOwnForm) {
  std::vector<DnsQuery> forms;
  for (const bool with_opt : {false, true})
    for (const uint16_t ad : {0, 0x20}) {
      DnsQuery query = studio_query();
      query.flags |= ad;
      if (with_opt) query.opt = Opt{};
      forms.push_back(query);
    }
  const auto in_form = [](const DnsQuery& query, bool with_error) {
    const TestResponse answer{.flags = static_cast<uint16_t>((query.flags & 0x20) != 0 ? 0x81a0 : 0x8180),
                              .answer = {{}},
                              .authority = {},
                              .additional = {}};
    std::optional<Opt> opt = query.opt;
    if (opt && with_error) opt->extended_error = 9;
    return to_hex(write(answer, write(query), opt));
  };
  for (const bool with_error : {false, true})
    for (size_t first = 0; first < forms.size(); ++first) {
      SCOPED_TRACE(testing::Message() << "first " << first << " error " << with_error);
      const Frame left = ask(forms[first]);
      std::vector<std::string> expected;
      for (size_t i = 0; i < forms.size(); ++i) {
        forms[i].id = static_cast<uint16_t>(i);
        const char* client = i == 0 ? "192.168.10.21" : "192.168.10.22";
        expect_kept(from(client, 40000, write(forms[i])), "joined");
        expect_kept(from(client, 40000, write(forms[i])), "repeated");
        expected.push_back(in_form(forms[i], with_error));
        forms[i].id = 0x1234;
      }
      Frame response = answer_to_query(left);
      std::optional<Opt> opt = Opt{};
      if (with_error) opt->extended_error = 9;
      response.payload =
          write(TestResponse{.flags = 0x81a0, .answer = {{}}, .authority = {}, .additional = {}}, left.payload, opt);
      EXPECT_EQ(to_hex(only(rig.receive(1, {write(response)}), 0).payload), in_form(forms[first], with_error));
      std::vector<std::string> got;
      for (const Sent& sent : rig.sweep()) got.push_back(to_hex(read(sent.bytes).value().payload));
      EXPECT_EQ(got, expected);
      rig.verdict();
    }
}

// The same when nobody answers.
TEST_F(JoinTest, EachClientHearsOfAFailureInItsOwnForm) {
  DnsQuery plain = studio_query();
  DnsQuery with_opt = studio_query();
  with_opt.opt = Opt{};
  for (const auto& [first, second] : {std::pair{plain, with_opt}, std::pair{with_opt, plain}}) {
    ask(first);
    DnsQuery other = second;
    other.id = 7;
    expect_kept(from("192.168.10.21", 40000, write(other)), "joined");
    std::vector<std::string> got;
    for (int turns = 0; turns < 5; ++turns) {
      rig.pass(600);
      for (const Sent& sent : rig.sweep())
        if (sent.port == 0) got.push_back(to_hex(read(sent.bytes).value().payload));
    }
    std::vector<std::string> expected;
    for (DnsQuery query : {first, other}) {
      if (query.opt) query.opt->extended_error = 22;
      expected.push_back(to_hex(own_answer(query, 2)));
    }
    EXPECT_EQ(got, expected);
    rig.verdict();
  }
}

// Messages that say more than a question and a plain OPT are nobody else's, whoever asks them first.
TEST_F(JoinTest, UnusualMessagesFlyAlone) {
  const auto append = [](Bytes message, const Bytes& more, size_t count_at) {
    put16(message, count_at, static_cast<uint16_t>(get16(message, count_at) + 1));
    message.insert(message.end(), more.begin(), more.end());
    return message;
  };
  const Bytes record{0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 2, 1, 'x'};  // . TXT "x"
  DnsQuery with_opt = studio_query();
  with_opt.opt = Opt{};
  const Bytes plain = write(studio_query());
  const Bytes edns = write(with_opt);
  Bytes aa = plain;
  put16(aa, 2, 0x0500);
  Bytes z = plain;
  put16(z, 2, 0x0140);
  Bytes rcode = plain;
  put16(rcode, 2, 0x0103);
  const std::pair<const char*, Bytes> cases[] = {
      {"a record as answer", append(plain, record, 6)},
      {"a record as authority", append(plain, record, 8)},
      {"a record beside the OPT", append(edns, record, 10)},
      {"a record instead of the OPT", append(plain, record, 10)},
      {"AA", aa},
      {"Z", z},
      {"an rcode", rcode},
  };
  for (const auto& [description, message] : cases) {
    SCOPED_TRACE(description);
    const Frame first = from("192.168.10.21", 40000, message);
    std::vector<Frame> left;
    left.push_back(ask(first));
    left.push_back(ask(from("192.168.10.22", 40000, message)));
    left.push_back(ask(from("192.168.10.21", 40001, message)));
    left.push_back(ask(from("192.168.10.21", 40000, message.size() == plain.size() ? plain : edns)));
    for (const Frame& query : left) only(rig.receive(1, {write(answer_to_query(query))}), 0);
    rig.verdict();
  }
}

TEST_F(JoinTest, NewRulesDoNotJoinOldFlights) {
  const Frame left = ask();
  rig.load(kRigRules);
  const Frame other = ask(from("192.168.10.21", 40000, write(studio_query())));
  // The first client's repetition neither: the rules may mean another pool by now.
  expect_kept(from_client(write(studio_query())), "joined");
  only(rig.receive(1, {write(answer_to_query(left))}), 0);
  EXPECT_TRUE(rig.sweep().empty());
  only(rig.receive(1, {write(answer_to_query(other))}), 0);
  only(rig.sweep(), 0);
}

TEST_F(JoinTest, AfterTheAnswerAFlightIsNotJoined) {
  const Frame left = ask();
  expect_kept(from("192.168.10.21", 40000, write(studio_query())), "joined");
  only(rig.receive(1, {write(answer_to_query(left))}), 0);
  rig.verdict();
  // One is still to be told, and somebody asks anew.
  const Frame again = ask(from("192.168.10.22", 40000, write(studio_query())));
  EXPECT_NE(get16(again.payload, 0), get16(left.payload, 0));
  // The answer that came is not a second time.
  EXPECT_TRUE(rig.receive(1, {write(answer_to_query(left))}).empty());
  EXPECT_EQ(rig.verdict(), "classify.response response.unknown_id");
  EXPECT_EQ(config::to_string(only(rig.sweep(), 0).destination), "192.168.10.21");
  only(rig.receive(1, {write(answer_to_query(again))}), 0);
}

TEST_F(JoinTest, WhoTakesLessIsToldToAskOverTcp) {
  struct Case {
    const char* description;
    std::optional<Opt> opt;
    size_t answer_length;
    bool cut;
  };
  const auto sized = [](uint16_t size, bool dnssec_ok = false) {
    return Opt{.udp_size = size, .dnssec_ok = dnssec_ok, .extended_error = {}};
  };
  std::string rules = kRigRules;
  rules.replace(rules.find("endpoints: [10.16"), 0, "udp_size: 4096, ");
  rig.load(rules);
  rig.host.ports[0].mtu = 9000;
  for (const Case& c :
       {Case{"without an OPT 512 fit", {}, 512, false}, Case{"513 do not", {}, 513, true},
        Case{"its own size fits", sized(1232), 1232, false}, Case{"one more does not", sized(1232), 1233, true},
        Case{"DO stays", sized(1232, true), 1233, true}, Case{"a size below 512 is 512", sized(100), 512, false},
        Case{"and no more", sized(100), 513, true}, Case{"longer than we keep", sized(4096), 1535, true},
        Case{"all that we keep", sized(4096), 1534, false}}) {
    SCOPED_TRACE(c.description);
    DnsQuery query = studio_query();
    query.opt = c.opt;
    if (query.opt) query.opt->udp_size = 4096;
    const Frame left = ask(query);
    query.opt = c.opt;
    query.id = 7;
    query.question.name = "D-SQ9DJT5LR5PC.studio.us-east-1.sagemaker.aws";
    expect_kept(from("192.168.10.21", 40000, write(query)), "joined");
    Frame response = answer_to_query(left);
    response.payload = large_answer(left.payload, c.answer_length - (c.opt ? 11 : 0));
    put16(response.payload, 2, 0x85b0);  // AA, RA, AD, CD: AA is kept, AD for who wants it; CD is the query's
    const Frame first = only(rig.receive(1, {write(response)}), 0);
    if (c.opt) {
      EXPECT_EQ(first.payload.size(), c.answer_length);
    }
    const Frame copy = only(rig.sweep(), 0);
    EXPECT_EQ(rig.verdict(), "classify.response response.returned waiter.answered");
    if (query.opt) query.opt->udp_size = 4096;
    Bytes expected = own_answer(query, 0);
    put16(expected, 2, c.opt && c.opt->dnssec_ok ? 0x87a0 : 0x8780);
    if (!c.cut) {
      expected = first.payload;
      put16(expected, 0, 7);
      const Bytes name = wire_name(query.question.name);
      std::copy(name.begin(), name.end(), expected.begin() + 12);
    }
    EXPECT_EQ(to_hex(copy.payload), to_hex(expected));
  }
}

TEST_F(JoinTest, WhenNobodyAnswersAllHearServfail) {
  for (const bool with_opt : {false, true}) {
    DnsQuery query = studio_query();
    if (with_opt) query.opt = Opt{};
    ask(query);
    rig.pass(1000);
    query.id = 9;
    query.question.name = "d-sq9djt5lr5pc.studio.US-EAST-1.sagemaker.aws";
    expect_kept(from("192.168.10.21", 40000, write(query)), "joined");
    rig.pass(802);  // of the first client's 1800: the other has waited for less than half of its own
    const auto sent = rig.sweep();
    EXPECT_EQ(rig.verdict(), "sweep.expired waiter.answered_servfail");
    ASSERT_EQ(sent.size(), 2U);
    const Frame copy = only({sent[1]}, 0);
    EXPECT_EQ(to_string(copy), "0200000000a0>0200000000c2 192.168.10.86.53 > 192.168.10.21.40000");
    if (with_opt) query.opt->extended_error = 22;
    EXPECT_EQ(to_hex(copy.payload), to_hex(own_answer(query, 2)));
    EXPECT_EQ(rig.lcore().flights.pending.in_use(), 0U);
  }
}

TEST_F(JoinTest, AnEndpointsServfailIsPassedOn) {
  const Frame left = ask();
  expect_kept(from("192.168.10.21", 40000, write(studio_query())), "joined");
  only(rig.receive(1, {write(answer_to_query(left, 2))}), 0);
  EXPECT_EQ(get16(only(rig.sweep(), 0).payload, 2) & 0xf, 2);
  EXPECT_EQ(rig.verdict(), "classify.response response.returned waiter.answered_servfail");
}

// The sweep ends a flight late in a busy turn; who joined meanwhile is told all the same.
TEST_F(JoinTest, ExpiryOfManyFlightsLosesNobody) {
  for (unsigned i = 0; i < 200; ++i) {
    ask(studio_query(i));
    for (const char* client : {"192.168.10.21", "fd00::22"})
      expect_kept(from(client, 40000, write(studio_query(i))), "joined");
  }
  rig.pass(3000);
  size_t told = 0;
  for (unsigned turn = 0; turn < 60; ++turn) told += rig.sweep().size();
  EXPECT_EQ(told, 600U);
  EXPECT_EQ(rig.verdict(), "sweep.expired=200 waiter.answered_servfail=400");
}

}  // namespace
}  // namespace penstock::test

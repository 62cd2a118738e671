// tests/dataplane/path/answer/answer_test.cpp - queries that Penstock answers itself, or leaves unanswered: byte for byte.
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

constexpr uint16_t kFormerr = 1, kServfail = 2, kNxdomain = 3, kNotimp = 4, kRefused = 5;

class AnswerTest : public PathTest {
 protected:
  explicit AnswerTest(const RigOptions& options = {}) : PathTest(options) {}
  // `sent` is exactly one answer of ours to the client of from_client(), with this message.
  static void expect_answer(const std::vector<Sent>& sent, const Frame& asked, const Bytes& message) {
    const Frame answer = only(sent, 0);
    EXPECT_EQ(answer.source_mac, mac(0xa0));
    EXPECT_EQ(answer.destination_mac, asked.source_mac);
    EXPECT_EQ(answer.vlan, asked.vlan);
    EXPECT_EQ(config::to_string(answer.source), config::to_string(asked.destination));
    EXPECT_EQ(config::to_string(answer.destination), config::to_string(asked.source));
    EXPECT_EQ(answer.source_port, 53);
    EXPECT_EQ(answer.destination_port, asked.source_port);
    EXPECT_EQ(to_hex(answer.payload), to_hex(message));
  }
};

// The SOA that goes with NXDOMAIN and NODATA of a rule, of the zone that begins at offset `owner`: between question and OPT.
Bytes with_soa(const Bytes& answer, size_t question_end, uint16_t owner) {
  Bytes record(12);
  put16(record, 0, static_cast<uint16_t>(0xc000 | owner));
  put16(record, 2, 6);
  put16(record, 4, 1);
  put16(record, 8, 60);
  for (const char* name : {"localhost", "nobody.invalid"}) {
    const Bytes wire = wire_name(name);
    record.insert(record.end(), wire.begin(), wire.end());
  }
  for (const uint32_t value : {1U, 3600U, 1200U, 604'800U, 60U})
    for (int shift = 24; shift >= 0; shift -= 8) record.push_back(static_cast<uint8_t>(value >> shift));
  put16(record, 10, static_cast<uint16_t>(record.size() - 12));
  Bytes all = answer;
  put16(all, 8, 1);
  all.insert(all.begin() + static_cast<std::ptrdiff_t>(question_end), record.begin(), record.end());
  return all;
}

struct RuleCase {
  const char* description;
  const char* name;
  uint16_t rcode;
  uint16_t extended_error;  // INFO-CODE of RFC 8914
  const char* outcome;
  uint16_t zone_at = 0;  // of the message: where the zone's name begins, that its SOA goes with; 0: no SOA
};

const RuleCase kRuleCases[] = {
    {.description = "NXDOMAIN by rule",
     .name = "Ads.Blocked.example",
     .rcode = kNxdomain,
     .extended_error = 15,
     .outcome = "query.answered_nxdomain",
     .zone_at = 16},
    {.description = "NODATA by rule",
     .name = "www.empty.EXAMPLE",
     .rcode = 0,
     .extended_error = 15,
     .outcome = "query.answered_nodata",
     .zone_at = 16},
    {.description = "REFUSED by rule",
     .name = "refused.example",
     .rcode = kRefused,
     .extended_error = 18,
     .outcome = "query.refused_by_rule"},
    {.description = "no rule and no default",
     .name = "www.example.org",
     .rcode = kRefused,
     .extended_error = 20,
     .outcome = "query.refused_no_rule"},
    {.description = "the root, no default",
     .name = "",
     .rcode = kRefused,
     .extended_error = 20,
     .outcome = "query.refused_no_rule"},
    {.description = "no next hop",
     .name = "unreachable.example",
     .rcode = kServfail,
     .extended_error = 23,
     .outcome = "query.servfail_no_next_hop"},
};

TEST_F(AnswerTest, RulesWithAndWithoutOpt) {
  for (const RuleCase& c : kRuleCases) {
    for (const char* client : {"192.168.10.20", "fd00::20"}) {
      for (const uint16_t flags : {0x0100, 0x0000, 0x0110, 0x0530, 0x03ff & 0x0fff}) {
        for (const int opt : {0, 1, 2}) {
          SCOPED_TRACE(std::string(c.description) + " flags " + std::to_string(flags) + " opt " + std::to_string(opt));
          DnsQuery query{.id = 0xbeef,
                         .flags = static_cast<uint16_t>(flags & ~0x7800),
                         .question = {.name = c.name, .type = 28},
                         .opt = {}};
          if (opt != 0) query.opt = Opt{.udp_size = 4096, .dnssec_ok = opt == 2, .extended_error = {}};
          Frame asked = from_client(write(query), client, client[0] == 'f' ? "fd00::86" : "192.168.10.86");
          if (opt == 1) asked.vlan = 77;
          const auto sent = rig.receive(0, {write(asked)});
          EXPECT_EQ(rig.verdict(), std::string("classify.query ") + c.outcome);
          // RD and CD are copied, RA is set, all else is clear; an Extended DNS Error only if there was an OPT.
          DnsQuery answer = query;
          if (opt != 0) answer.opt = Opt{.udp_size = 1232, .dnssec_ok = opt == 2, .extended_error = c.extended_error};
          const Bytes plain = own_answer(answer, c.rcode);
          const size_t question_end = 12 + wire_name(c.name).size() + 4;
          expect_answer(sent, asked, c.zone_at == 0 ? plain : with_soa(plain, question_end, c.zone_at));
        }
      }
    }
  }
}

TEST_F(AnswerTest, ClientsThatMayNotAsk) {
  const Frame v4 = from_client(write(studio_query()), "10.1.1.1");
  const Frame v6 = from_client(write(studio_query()), "2001:db8::1", "fd00::86");
  for (const Frame& asked : {v4, v6}) {
    const auto sent = rig.receive(0, {write(asked)});
    EXPECT_EQ(rig.verdict(), "classify.query query.refused_client");
    expect_answer(sent, asked, own_answer(studio_query(), kRefused));
  }
  std::string rules = kRigRules;
  rules.replace(rules.find("clients: {"), 10, "clients: {refused: drop, ");
  rig.load(rules);
  EXPECT_TRUE(rig.receive(0, {write(v4), write(v6)}).empty());
  EXPECT_EQ(rig.verdict(), "classify.query=2 query.ignored_client=2");
}

TEST_F(AnswerTest, NothingBeforeTheFirstRules) {
  rig.unload();
  EXPECT_TRUE(rig.receive(0, {write(from_client(write(studio_query())))}).empty());
  EXPECT_EQ(rig.verdict(), "classify.query query.ignored_no_rules");
}

TEST_F(AnswerTest, EveryOpcodeButQuery) {
  for (unsigned opcode = 1; opcode <= 15; ++opcode) {
    DnsQuery query = studio_query();
    query.flags = static_cast<uint16_t>(opcode << 11 | 0x0100);
    query.opt = Opt{};
    const Frame asked = from_client(write(query));
    const auto sent = rig.receive(0, {write(asked)});
    EXPECT_EQ(rig.verdict(), "classify.query query.notimp");
    expect_answer(sent, asked, own_answer(query, kNotimp, false));
  }
}

TEST_F(AnswerTest, ResponsesToPort53) {
  for (unsigned opcode = 0; opcode <= 15; ++opcode) {
    DnsQuery query = studio_query();
    query.flags = static_cast<uint16_t>(0x8000 | opcode << 11);
    EXPECT_TRUE(rig.receive(0, {write(from_client(write(query)))}).empty());
    EXPECT_EQ(rig.verdict(), "classify.query query.ignored_response");
  }
}

TEST_F(AnswerTest, ShorterThanAHeader) {
  const Bytes whole = write(studio_query());
  for (unsigned length = 0; length < 12; ++length) {
    EXPECT_TRUE(rig.receive(0, {write(from_client(Bytes(whole.begin(), whole.begin() + length)))}).empty());
    EXPECT_EQ(rig.verdict(), "classify.query query.ignored_short");
  }
}

// Every length from the header to one octet less than the whole, with an OPT behind the question.
TEST_F(AnswerTest, CutShortAtEveryLength) {
  DnsQuery query = studio_query();
  query.opt = Opt{};
  const Bytes whole = write(query);
  for (size_t length = 12; length < whole.size(); ++length) {
    const Frame asked = from_client(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
    const auto sent = rig.receive(0, {write(asked)});
    EXPECT_EQ(rig.verdict(), "classify.query query.formerr") << length;
    expect_answer(sent, asked, own_answer(query, kFormerr, false));
  }
  rig.receive(0, {write(from_client(whole))});
  EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
}

struct MessageCase {
  const char* description;
  Bytes message;
  const char* outcome;
  Bytes sent = {};  // to the endpoint; empty: the question and our OPT
};

Bytes concat(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Bytes header(uint16_t questions, uint16_t additional = 0) {
  Bytes bytes{0x12, 0x34, 0x01, 0x00};
  bytes.resize(12);
  put16(bytes, 4, questions);
  put16(bytes, 10, additional);
  return bytes;
}

const Bytes kIn{0, 1, 0, 1};  // type A, class IN

// `labels` labels of `length` octets and the zone that is forwarded.
Bytes long_name(unsigned labels, unsigned length, unsigned one_more = 0) {
  std::string name;
  if (one_more != 0) name += std::string(one_more, 'x') + ".";
  for (unsigned i = 0; i < labels; ++i) name += std::string(length, 'x') + ".";
  return wire_name(name + "six.example");  // 13 octets on the wire
}

std::vector<MessageCase> message_cases() {
  const auto with_ad = [](Bytes message) {
    message[3] |= 0x20;
    return message;
  };
  const Bytes studio = wire_name("a.studio.us-east-1.sagemaker.aws");
  const Bytes opt = opt_record({});
  Bytes opt_with_owner = concat({{1, 'x'}, opt});
  Bytes opt_past_end = opt;
  put16(opt_past_end, 9, 5);
  Bytes opt_with_option = opt_record({.udp_size = 512, .dnssec_ok = false, .extended_error = 0});
  const Bytes tsig = concat({{3, 'k', 'e', 'y', 0}, {0, 250, 0, 255, 0, 0, 0, 0, 0, 2, 7, 7}});
  const auto question_end = static_cast<unsigned>(12 + studio.size() + 4);
  const auto at = [](unsigned target) {
    return Bytes{0xc0, static_cast<uint8_t>(target), 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 2};
  };
  const Bytes pointing_data = {1, 'b', 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 1};
  Bytes opt_version_1 = opt;
  opt_version_1[6] = 1;
  Bytes opt_flags = opt;
  opt_flags[5] = 1;
  opt_flags[7] = 0x40;
  Bytes opt_with_half = concat({opt, {0, 10, 0}});
  put16(opt_with_half, 9, 3);
  Bytes header_with_answer = header(1);
  put16(header_with_answer, 6, 1);
  const Bytes pointing = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 0};
  return {
      {"QDCOUNT 0", concat({header(0), studio, kIn}), "formerr"},
      {"QDCOUNT 0, nothing behind", header(0), "formerr"},
      {"QDCOUNT 2", concat({header(2), studio, kIn, studio, kIn}), "formerr"},
      {"QDCOUNT 65535", concat({header(65535), studio, kIn}), "formerr"},
      {"QDCOUNT 1, nothing behind", header(1), "formerr"},
      {"a compression pointer in the question", concat({header(1), {0xc0, 12}, kIn}), "formerr"},
      {"a pointer behind a label", concat({header(1), {1, 'a', 0xc0, 12}, kIn}), "formerr"},
      {"label type 0x40", concat({header(1), {0x41, 1, 0}, kIn}), "formerr"},
      {"label type 0x80", concat({header(1), {0x80, 0}, kIn}), "formerr"},
      {"a label of 63", concat({header(1), long_name(1, 63), kIn}), "forwarded"},
      {"a label of 64", concat({header(1), Bytes{64}, Bytes(64, 'x'), wire_name("six.example"), kIn}), "formerr"},
      // 13 + 3 * 64 = 205, + 50 = 255
      {"a name of 255 octets", concat({header(1), long_name(3, 63, 49), kIn}), "forwarded"},
      {"a name of 256 octets", concat({header(1), long_name(3, 63, 50), kIn}), "formerr"},
      {"a name of 127 labels", concat({header(1), long_name(121, 1), kIn}), "forwarded"},
      {"a name of 128 labels", concat({header(1), long_name(122, 1), kIn}), "formerr"},
      {"the name without type and class", concat({header(1), studio}), "formerr"},
      {"an OPT", concat({header(1, 1), studio, kIn, opt}), "forwarded"},
      {"an OPT with an option", concat({header(1, 1), studio, kIn, opt_with_option}), "forwarded"},
      {"two OPTs", concat({header(1, 2), studio, kIn, opt, opt}), "formerr"},
      {"an OPT whose owner is not the root", concat({header(1, 1), studio, kIn, opt_with_owner}), "formerr"},
      {"an OPT that runs past the end", concat({header(1, 1), studio, kIn, opt_past_end}), "formerr"},
      {"a record announced and not there", concat({header(1, 1), studio, kIn}), "formerr"},
      {"65535 records announced", concat({header(1, 65535), studio, kIn, opt}), "formerr"},
      {"another record before the OPT", concat({header(1, 2), studio, kIn, pointing, opt}), "forwarded",
       with_ad(concat({header(1, 2), studio, kIn, pointing, opt}))},
      {"another record behind the OPT", concat({header(1, 2), studio, kIn, opt, pointing}), "forwarded",
       with_ad(concat({header(1, 2), studio, kIn, pointing, opt}))},
      {"a record that points at the one before it, behind the OPT",
       concat({header(1, 3), studio, kIn, opt_with_option, pointing_data, at(question_end + 17)}), "forwarded",
       with_ad(concat({header(1, 3), studio, kIn, pointing_data, at(question_end), opt}))},
      {"a record that points into the OPT", concat({header(1, 2), studio, kIn, opt, at(question_end + 4)}), "formerr"},
      {"a TSIG behind the OPT", concat({header(1, 2), studio, kIn, opt, tsig}), "forwarded",
       concat({header(1, 2), studio, kIn, opt, tsig})},
      {"RFC 2930: TKEY", concat({header(1, 1), studio, {0, 249, 0, 255}, tsig}), "forwarded",
       concat({header(1, 1), studio, {0, 249, 0, 255}, tsig})},
      {"EDNS version 1, signed", concat({header(1, 2), studio, kIn, opt_version_1, tsig}), "forwarded",
       concat({header(1, 2), studio, kIn, opt_version_1, tsig})},
      {"an OPT as answer", concat({header_with_answer, studio, kIn, opt}), "formerr"},
      {"an option that is cut short", concat({header(1, 1), studio, kIn, opt_with_half}), "formerr"},
      {"an EDNS flag and an extended rcode that we do not know", concat({header(1, 1), studio, kIn, opt_flags}),
       "forwarded", with_ad(concat({header(1, 1), studio, kIn, opt}))},
      {"a record whose owner is cut short", concat({header(1, 1), studio, kIn, {5, 'a'}}), "formerr"},
      {"a record whose pointer is cut short", concat({header(1, 1), studio, kIn, {0xc0}}), "formerr"},
      {"a record whose fixed part is cut short", concat({header(1, 1), studio, kIn, {0, 0, 41, 0, 0}}), "formerr"},
      {"octets behind the message", concat({header(1), studio, kIn, {1, 2, 3}}), "forwarded"},
      {"a name with every octet", concat({header(1), {4, 0, 0xff, '.', '\\'}, wire_name("six.example"), kIn}),
       "forwarded"},
      {"any type", concat({header(1), studio, {0xff, 0xff, 0, 1}}), "forwarded"},
      {"any class", concat({header(1), studio, {0xff, 0xff, 0, 255}}), "forwarded"},
  };
}

TEST_F(AnswerTest, Messages) {
  for (const MessageCase& c : message_cases()) {
    SCOPED_TRACE(c.description);
    const Frame asked = from_client(c.message);
    const auto sent = rig.receive(0, {write(asked)});
    EXPECT_EQ(rig.verdict(), std::string("classify.query query.") + c.outcome);
    if (std::string_view(c.outcome) == "formerr") {
      // No question and no OPT: what could not be read is not repeated.
      expect_answer(sent, asked, {0x12, 0x34, 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0});
    } else {
      const Frame left = only(sent, 1);
      Bytes expected = c.sent.empty() ? to_endpoint(c.message) : c.sent;
      put16(expected, 0, get16(left.payload, 0));
      EXPECT_EQ(to_hex(left.payload), to_hex(expected));
      only(rig.receive(1, {write(answer_to_query(left))}), 0);
      EXPECT_EQ(rig.verdict(), "classify.response response.returned");
    }
  }
}

// The answer is written over the query: a frame at the very end of its buffer has no room for an Extended DNS Error, and
// one at its beginning none for longer headers.
TEST_F(AnswerTest, NoRoomInTheBuffer) {
  DnsQuery query = studio_query();
  query.question.name = "x.blocked.example";
  query.opt = Opt{};
  const Bytes bytes = write(from_client(write(query)));
  for (const uint16_t tailroom : {0, 1, 5, 6}) {
    rte_mbuf* frame = rig.pool.take(bytes, 128, static_cast<uint16_t>(128 + bytes.size() + tailroom));
    const auto sent = rig.receive(0, {&frame, 1});
    EXPECT_EQ(sent.size(), tailroom < 6 ? 0U : 1U) << tailroom;
    EXPECT_EQ(rig.verdict(),
              tailroom < 6 ? "classify.query query.ignored_no_room" : "classify.query query.answered_nxdomain");
  }
}

TEST_F(AnswerTest, NoHeadroomForLongerHeaders) {
  DnsQuery query = studio_query();
  query.question.name = "six.example";
  const Bytes bytes = write(from_client(write(query)));
  for (const uint16_t headroom : {0, 19, 20}) {
    rte_mbuf* frame = rig.pool.take(bytes, headroom, static_cast<uint16_t>(headroom + bytes.size() + 11));
    const auto sent = rig.receive(0, {&frame, 1});
    EXPECT_EQ(sent.size(), headroom < 20 ? 0U : 1U) << headroom;
    EXPECT_EQ(rig.verdict(), headroom < 20 ? "classify.query query.ignored_no_room" : "classify.query query.forwarded");
    EXPECT_EQ(rig.lcore().flights.pending.in_use(), headroom < 20 ? 0U : 1U);
  }
  for (const uint16_t tailroom : {0, 10}) {  // our OPT needs 11
    rte_mbuf* frame = rig.pool.take(bytes, 128, static_cast<uint16_t>(128 + bytes.size() + tailroom));
    EXPECT_TRUE(rig.receive(0, {&frame, 1}).empty());
    EXPECT_EQ(rig.verdict(), "classify.query query.ignored_no_room");
  }
}

struct FewSlots : AnswerTest {
  FewSlots() : AnswerTest({.rules = {}, .lcores = 1, .pending_slots = 64, .frames = 512}) {}
};

// A pool whose servers are silent fills half of the table, the other half stays for the other pools.
TEST_F(FewSlots, PendingTableFull) {
  unsigned in_flight = 0;
  for (const std::string zone : {".studio.us-east-1.sagemaker.aws", ".six.example"}) {
    unsigned forwarded = 0;
    for (int i = 0; i < 100; ++i) {
      DnsQuery query = studio_query();
      query.question.name = std::to_string(i) + zone;
      query.opt = Opt{};
      // Each from another client: one alone would get no more than its share.
      const Frame asked = from_client(write(query), ("192.168.1." + std::to_string(i)).c_str());
      const auto sent = rig.receive(0, {write(asked)});
      const std::string verdict = rig.verdict();
      if (verdict == "classify.query query.forwarded") {
        ++forwarded;
        continue;
      }
      EXPECT_EQ(verdict, "classify.query query.servfail_pending_full");
      query.opt->extended_error = 0;
      expect_answer(sent, asked, own_answer(query, kServfail));
    }
    EXPECT_LE(forwarded, 24U) << zone;
    EXPECT_GE(forwarded, 20U) << zone;  // the draw of a free slot may fail rarely before
    in_flight += forwarded;
  }
  EXPECT_EQ(rig.lcore().flights.pending.in_use(), in_flight);
}

}  // namespace
}  // namespace penstock::test

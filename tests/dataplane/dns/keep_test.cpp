// tests/dataplane/dns/keep_test.cpp - what is given out again has the records that came, as ldns reads them.
#include "dataplane/dns/keep.h"

#include <gtest/gtest.h>
#include <ldns/ldns.h>

#include <memory>
#include <random>
#include <set>
#include <string>

#include "tests/support/messages.h"

namespace penstock::dns {
namespace {

using test::Bytes;
using test::DnsQuery;
using test::Opt;
using test::TestRecord;
using test::TestResponse;

constexpr KeepLimits kLimits{.max_ttl = 3600, .min_ttl = 0, .max_negative_ttl = 300};

struct FreePacket {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
using Packet = std::unique_ptr<ldns_pkt, FreePacket>;

Packet parse(const Bytes& bytes) {
  ldns_pkt* packet = nullptr;
  EXPECT_EQ(ldns_wire2pkt(&packet, bytes.data(), bytes.size()), LDNS_STATUS_OK);
  return Packet(packet);
}

// Sections apart, records as text with the TTL that `ttl` makes of theirs.
template <typename Ttl>
std::multiset<std::string> records_of(const ldns_pkt& packet, Ttl ttl) {
  std::multiset<std::string> all;
  for (const auto section : {LDNS_SECTION_ANSWER, LDNS_SECTION_AUTHORITY, LDNS_SECTION_ADDITIONAL}) {
    ldns_rr_list* list = ldns_pkt_get_section_clone(&packet, section);
    for (size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
      ldns_rr* record = ldns_rr_list_rr(list, i);
      ldns_rr_set_ttl(record, ttl(ldns_rr_ttl(record)));
      ldns_rr2canonical(record);
      char* text = ldns_rr2str(record);
      all.insert(std::to_string(section) + " " + text);
      free(text);
    }
    ldns_rr_list_deep_free(list);
  }
  return all;
}

QueryTraits traits_of(const Bytes& query) {
  Query parsed;
  EXPECT_EQ(parse_query(query, parsed), QueryVerdict::ok);
  return parsed.traits;
}

Bytes give(const Kept& kept, const DnsQuery& query, const Giving& giving) {
  Bytes message = test::write(query);
  const QueryTraits traits = traits_of(message);
  message.resize(4096, 0xaa);
  message.resize(give_answer(message, traits, kept, giving));
  return message;
}

TestRecord any_record(std::mt19937& random) {
  const uint32_t ttl = 1 + random() % 5000;
  switch (random() % 5) {
    case 0:
      return {.type = 1, .ttl = ttl, .data = {10, 16, 0, static_cast<uint8_t>(random())}};
    case 1:
      return {.type = 28, .ttl = ttl, .data = Bytes(16, static_cast<uint8_t>(random()))};
    case 2:
      return {.type = 5, .ttl = ttl, .data = Bytes{1, 'c', 0xc0, 16}};
    case 3:
      return {.type = 16, .ttl = ttl, .data = Bytes{3, 'a', 'b', static_cast<uint8_t>('a' + random() % 26)}};
    default:
      return {.type = 6, .ttl = ttl, .data = test::soa_data(1 + random() % 900), .owner = test::wire_name("org")};
  }
}

TEST(Keep, RandomAnswersComeBackAsTheyWere) {
  std::mt19937 random(3);
  unsigned kept_count = 0;
  for (int round = 0; round < 3000; ++round) {
    DnsQuery query{.question = {.name = "www.Example.org", .type = 1}, .opt = {}};
    if (random() % 2 != 0) query.opt = Opt{.udp_size = 4096, .dnssec_ok = random() % 2 != 0, .extended_error = {}};
    TestResponse response;
    for (auto* section : {&response.answer, &response.authority, &response.additional})
      for (unsigned i = random() % 5; i != 0; --i) section->push_back(any_record(random));
    const Bytes wire = test::write(response, test::write(query), query.opt);
    const auto kept = std::make_unique<Kept>();
    if (read_answer(wire, traits_of(test::write(query)).question_length, kLimits, *kept) != Keep::answer) continue;
    if (wire.size() > (query.opt ? 4096U : 512U) - 64) continue;  // it would be cut
    ++kept_count;
    ASSERT_LE(kept->answer.ttl, kLimits.max_ttl);
    const uint32_t age = random() % kept->answer.ttl;
    const Packet original = parse(wire);
    DnsQuery other = query;
    other.question.name = "WWW.example.ORG";
    for (const uint32_t stale : {0U, 30U}) {
      const Bytes given = give(
          *kept, other,
          {.age = age, .stale_ttl = stale, .rotation = static_cast<uint32_t>(random()), .error = ExtendedError::none});
      const Packet copy = parse(given);
      const auto zero = [](uint32_t) { return 0U; };
      ASSERT_EQ(records_of(*original, zero), records_of(*copy, zero)) << test::to_hex(wire);
      ASSERT_EQ(ldns_pkt_get_rcode(copy.get()), ldns_pkt_get_rcode(original.get()));
      ASSERT_EQ(ldns_pkt_edns(copy.get()), query.opt.has_value());
      ASSERT_TRUE(ldns_pkt_ra(copy.get()));
      ASSERT_FALSE(ldns_pkt_aa(copy.get()));
      for (const auto section : {LDNS_SECTION_ANSWER, LDNS_SECTION_AUTHORITY, LDNS_SECTION_ADDITIONAL}) {
        ldns_rr_list* list = ldns_pkt_get_section_clone(copy.get(), section);
        for (size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
          const uint32_t ttl = ldns_rr_ttl(ldns_rr_list_rr(list, i));
          if (stale != 0) {
            ASSERT_EQ(ttl, 30U);
          } else {
            ASSERT_GE(ttl, kept->answer.ttl - age);
            ASSERT_LE(ttl, kLimits.max_ttl - age);
          }
        }
        ldns_rr_list_deep_free(list);
      }
    }
  }
  EXPECT_GT(kept_count, 1000U);
}

TEST(Keep, TtlsWithinLimits) {
  struct Case {
    const char* description;
    KeepLimits limits;
    TestResponse response;
    uint32_t ttl;
    uint32_t given;  // of the first record
  };
  const Case cases[] = {
      {.description = "as it is",
       .limits = kLimits,
       .response = {.answer = {{.ttl = 77}}, .authority = {}, .additional = {}},
       .ttl = 77,
       .given = 77},
      {.description = "the least of all",
       .limits = kLimits,
       .response = {.answer = {{.ttl = 77}}, .authority = {{.type = 2, .ttl = 5, .data = {0}}}, .additional = {}},
       .ttl = 5,
       .given = 77},
      {.description = "capped",
       .limits = kLimits,
       .response = {.answer = {{.ttl = 100'000}}, .authority = {}, .additional = {}},
       .ttl = 3600,
       .given = 3600},
      {.description = "raised",
       .limits = {3600, 20, 300},
       .response = {.answer = {{.ttl = 1}}, .authority = {}, .additional = {}},
       .ttl = 20,
       .given = 20},
      {.description = "0 is raised too",
       .limits = {3600, 20, 300},
       .response = {.answer = {{.ttl = 0}}, .authority = {}, .additional = {}},
       .ttl = 20,
       .given = 20},
      {.description = "nothing there is not raised",
       .limits = {3600, 20, 300},
       .response = {.answer = {}, .authority = {{.type = 6, .ttl = 900, .data = test::soa_data(3)}}, .additional = {}},
       .ttl = 3,
       .given = 3},
      {.description = "the SOA's own TTL",
       .limits = kLimits,
       .response = {.answer = {}, .authority = {{.type = 6, .ttl = 9, .data = test::soa_data(100)}}, .additional = {}},
       .ttl = 9,
       .given = 9},
  };
  const Bytes query = test::write(DnsQuery{.question = {.name = "a.example"}, .opt = {}});
  for (const Case& c : cases) {
    SCOPED_TRACE(c.description);
    Kept kept;
    const Bytes wire = test::write(c.response, query);
    ASSERT_EQ(read_answer(wire, traits_of(query).question_length, c.limits, kept), Keep::answer);
    EXPECT_EQ(kept.answer.ttl, c.ttl);
    EXPECT_EQ(load32(&kept.body[kept.ttl_at[0]]), c.given);
  }
}

TEST(Keep, WhatCannotBeReadIsNotKept) {
  const Bytes query = test::write(DnsQuery{.question = {.name = "a.example"}, .opt = {}});
  const TestResponse response{
      .answer = {{}, {.type = 28, .ttl = 60, .data = Bytes(16, 1)}}, .authority = {}, .additional = {}};
  const Bytes whole = test::write(response, query);
  const unsigned question_length = traits_of(query).question_length;
  Kept kept;
  for (size_t length = kHeaderSize + question_length; length < whole.size(); ++length)
    EXPECT_EQ(read_answer({whole.data(), length}, question_length, kLimits, kept), Keep::nothing) << length;
  EXPECT_EQ(read_answer(whole, question_length, kLimits, kept), Keep::answer);
  TestResponse large = response;
  for (int i = 0; i < 120; ++i) large.answer.push_back({.type = 16, .ttl = 60, .data = Bytes(20, 19)});
  EXPECT_EQ(read_answer(test::write(large, query), question_length, kLimits, kept), Keep::too_long);
  // BADVERS and others have upper bits in the OPT.
  Bytes extended = test::write(response, query, Opt{});
  extended[extended.size() - 6] = 1;
  EXPECT_EQ(read_answer(extended, question_length, kLimits, kept), Keep::nothing);
}

// What is sent at once is held within the same limits as what is remembered.
const TestRecord kSoa{.type = 6, .ttl = 900, .data = test::soa_data(60)};
struct LimitCase {
  const char* description;
  KeepLimits limits;
  TestResponse response;
  std::vector<uint32_t> ttls;
};
const LimitCase kLimitCases[] = {
    {.description = "as it is",
     .limits = kLimits,
     .response = {.answer = {{.ttl = 77}}, .authority = {}, .additional = {}},
     .ttls = {77}},
    {.description = "capped, each",
     .limits = {10, 0, 300},
     .response = {.answer = {{.ttl = 248}, {.ttl = 7}},
                  .authority = {{.type = 2, .ttl = 99, .data = {0}}},
                  .additional = {{}}},
     .ttls = {10, 7, 10, 10}},
    {.description = "raised",
     .limits = {3600, 20, 300},
     .response = {.answer = {{.ttl = 1}}, .authority = {}, .additional = {}},
     .ttls = {20}},
    {.description = "not to be kept, yet capped",
     .limits = {10, 0, 300},
     .response = {.answer = {{.ttl = 0}, {.ttl = 99}}, .authority = {}, .additional = {}},
     .ttls = {0, 10}},
    {.description = "negative: its own cap, never raised",
     .limits = {3600, 20, 15},
     .response =
         {.flags = 0x8183, .answer = {}, .authority = {kSoa, {.type = 47, .ttl = 1, .data = {0}}}, .additional = {}},
     .ttls = {15, 1}},
    {.description = "a chain that ends in nothing: its links as others",
     .limits = {3600, 0, 15},
     .response =
         {.flags = 0x8183, .answer = {{.type = 5, .ttl = 60, .data = {0}}}, .authority = {kSoa}, .additional = {}},
     .ttls = {60, 15}},
    {.description = "NODATA",
     .limits = {3600, 0, 15},
     .response = {.answer = {}, .authority = {kSoa}, .additional = {}},
     .ttls = {15}},
    {.description = "negative, within the cap: as the server said",
     .limits = {3600, 0, 1000},
     .response = {.answer = {}, .authority = {kSoa}, .additional = {}},
     .ttls = {900}},
    {.description = "a referral is no negative answer",
     .limits = {3600, 0, 15},
     .response = {.answer = {}, .authority = {{.type = 2, .ttl = 99, .data = {0}}}, .additional = {}},
     .ttls = {99}},
};

TEST(Keep, LimitsOfWhatIsSent) {
  const Bytes query = test::write(DnsQuery{.question = {.name = "a.example"}, .opt = {}});
  const unsigned question_length = traits_of(query).question_length;
  for (const LimitCase& c : kLimitCases) {
    SCOPED_TRACE(c.description);
    const Bytes before = test::write(c.response, query, Opt{.dnssec_ok = true});
    Bytes wire = before;
    limit_ttls(wire, question_length, c.limits);
    std::vector<uint32_t> ttls;
    Records records(wire, kHeaderSize + question_length);
    for (Record record; records.next(record);)
      if (record.type != kTypeOpt) ttls.push_back(record.ttl);
    EXPECT_EQ(ttls, c.ttls);
    EXPECT_EQ(test::to_hex({&wire[wire.size() - kOptSize], kOptSize}),
              test::to_hex(test::opt_record({.dnssec_ok = true})));
    Kept kept;
    if (read_answer(before, question_length, c.limits, kept) == Keep::answer) {
      EXPECT_EQ(kept.over_limits, before != wire);
    }
  }
}

TEST(Keep, OnlyAWholeSetOfAddressesTurns) {
  struct Case {
    const char* description;
    std::vector<TestRecord> answer;
    unsigned addresses;
  };
  const TestRecord a{.data = {10, 0, 0, 1}}, b{.data = {10, 0, 0, 2}}, v6{.type = 28, .ttl = 60, .data = Bytes(16, 9)};
  TestRecord elsewhere = b;
  elsewhere.owner = {1, 'x', 0xc0, 12};
  const Case cases[] = {
      {.description = "none", .answer = {}, .addresses = 0},
      {.description = "one", .answer = {a}, .addresses = 0},
      {.description = "two", .answer = {a, b}, .addresses = 2},
      {.description = "three", .answer = {a, b, a}, .addresses = 3},
      {.description = "two behind a chain",
       .answer = {{.type = 5, .ttl = 60, .data = {0xc0, 14}}, a, b},
       .addresses = 2},
      {.description = "one of each family", .answer = {a, v6}, .addresses = 0},
      {.description = "two of one, one of the other", .answer = {a, b, v6}, .addresses = 2},
      {.description = "of other owners", .answer = {a, elsewhere}, .addresses = 0},
  };
  const Bytes query = test::write(DnsQuery{.question = {.name = "a.example"}, .opt = {}});
  for (const Case& c : cases) {
    SCOPED_TRACE(c.description);
    Bytes wire = test::write(TestResponse{.answer = c.answer, .authority = {}, .additional = {}}, query);
    const unsigned question_length = traits_of(query).question_length;
    const KeptAnswer found = find_addresses(wire, question_length);
    EXPECT_EQ(found.addresses, c.addresses);
    const std::span<uint8_t> behind = std::span(wire).subspan(kHeaderSize + question_length);
    std::set<Bytes> seen;
    for (unsigned turn = 0; turn < c.addresses; ++turn) {
      Bytes copy(behind.begin(), behind.end());
      rotate_addresses(copy, found, turn);
      seen.insert(copy);
    }
    EXPECT_EQ(seen.size(), c.addresses == 3 ? 3U : c.addresses);
  }
}

}  // namespace
}  // namespace penstock::dns

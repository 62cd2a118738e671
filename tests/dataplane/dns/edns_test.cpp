#include "dataplane/dns/edns.h"

#include <gtest/gtest.h>
#include <ldns/ldns.h>

#include <memory>
#include <random>

#include "dataplane/dns/answer.h"
#include "dataplane/dns/message.h"
#include "tests/support/frames.h"
#include "tests/support/messages.h"

namespace penstock::dns {
namespace {

using test::Bytes;
using test::put16;
using test::to_hex;

void append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

Bytes opt(uint16_t size, uint32_t ttl, const Bytes& options = {}, const Bytes& owner = {0}) {
  Bytes record = owner;
  append(record, {0, 41, static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size)});
  for (int shift = 24; shift >= 0; shift -= 8) record.push_back(static_cast<uint8_t>(ttl >> shift));
  append(record, {static_cast<uint8_t>(options.size() >> 8), static_cast<uint8_t>(options.size())});
  append(record, options);
  return record;
}

Bytes record(const Bytes& owner, uint16_t type, const Bytes& data) {
  Bytes bytes = owner;
  append(bytes, {static_cast<uint8_t>(type >> 8), static_cast<uint8_t>(type), 0, 1, 0, 0, 0, 60, 0,
                 static_cast<uint8_t>(data.size())});
  append(bytes, data);
  return bytes;
}

// A query with these records, by section.
Bytes message_of(const std::vector<Bytes>& answer, const std::vector<Bytes>& additional, uint16_t flags = 0x0100,
                 uint16_t type = 1) {
  Bytes bytes = test::write(test::DnsQuery{.flags = flags, .question = {.name = "a.example", .type = type}, .opt = {}});
  for (const Bytes& one : answer) append(bytes, one);
  for (const Bytes& one : additional) append(bytes, one);
  put16(bytes, 6, static_cast<uint16_t>(answer.size()));
  put16(bytes, 10, static_cast<uint16_t>(additional.size()));
  return bytes;
}

constexpr unsigned kQuestionEnd = 12 + 11 + 4;
const Bytes kAddress = record({0xc0, 12}, 1, {10, 0, 0, 1});
const Bytes kTsig = record(test::wire_name("key.example"), 250, {0, 1, 2, 3});

struct QueryCase {
  const char* what;
  Bytes message;
  QueryVerdict verdict;
  bool plain;
  bool opaque;
};

const Bytes kCookie = {0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};
const QueryCase kQueryCases[] = {
    {.what = "no OPT", .message = message_of({}, {}), .verdict = QueryVerdict::ok, .plain = true, .opaque = false},
    {.what = "an OPT",
     .message = message_of({}, {opt(1232, 0)}),
     .verdict = QueryVerdict::ok,
     .plain = true,
     .opaque = false},
    {.what = "RFC 6891 6.1.4: Z bits and an extended rcode mean nothing",
     .message = message_of({}, {opt(1232, 0xff007fff)}),
     .verdict = QueryVerdict::ok,
     .plain = true,
     .opaque = false},
    {.what = "an option that goes no further",
     .message = message_of({}, {opt(1232, 0, kCookie)}),
     .verdict = QueryVerdict::ok,
     .plain = true,
     .opaque = false},
    {.what = "RFC 6891 6.1.3: version 1",
     .message = message_of({}, {opt(1232, 0x00010000)}),
     .verdict = QueryVerdict::bad_version,
     .plain = true,
     .opaque = false},
    {.what = "RFC 6891 6.1.3: version 255",
     .message = message_of({}, {opt(1232, 0x00ff0000)}),
     .verdict = QueryVerdict::bad_version,
     .plain = true,
     .opaque = false},
    {.what = "RFC 6891 6.1.1: two OPTs",
     .message = message_of({}, {opt(1232, 0), opt(1232, 0)}),
     .verdict = QueryVerdict::malformed,
     .plain = false,
     .opaque = false},
    {.what = "RFC 6891 6.1.2: the owner is not the root",
     .message = message_of({}, {opt(1232, 0, {}, {0xc0, 12})}),
     .verdict = QueryVerdict::malformed,
     .plain = false,
     .opaque = false},
    {.what = "RFC 6891 6.1.1: in the answer section",
     .message = message_of({opt(1232, 0)}, {}),
     .verdict = QueryVerdict::malformed,
     .plain = false,
     .opaque = false},
    {.what = "an option longer than the OPT",
     .message = message_of({}, {opt(1232, 0, {0, 10, 0, 9, 1})}),
     .verdict = QueryVerdict::malformed,
     .plain = false,
     .opaque = false},
    {.what = "half an option's head",
     .message = message_of({}, {opt(1232, 0, {0, 10, 0})}),
     .verdict = QueryVerdict::malformed,
     .plain = false,
     .opaque = false},
    {.what = "an OPT before a record",
     .message = message_of({}, {opt(1232, 0), kAddress}),
     .verdict = QueryVerdict::ok,
     .plain = false,
     .opaque = false},
    {.what = "RFC 8945 5.1: signed",
     .message = message_of({}, {opt(1232, 0), kTsig}),
     .verdict = QueryVerdict::ok,
     .plain = false,
     .opaque = true},
    {.what = "a TSIG that is not last signs nothing",
     .message = message_of({}, {kTsig, opt(1232, 0)}),
     .verdict = QueryVerdict::ok,
     .plain = false,
     .opaque = false},
    {.what = "signed, version 1: the server's matter",
     .message = message_of({}, {opt(1232, 0x00010000), kTsig}),
     .verdict = QueryVerdict::ok,
     .plain = false,
     .opaque = true},
    {.what = "RFC 2931: SIG(0)",
     .message = message_of({}, {record({0}, 24, {0, 0, 5})}),
     .verdict = QueryVerdict::ok,
     .plain = false,
     .opaque = true},
    {.what = "a TSIG in the answer section",
     .message = message_of({kTsig}, {}),
     .verdict = QueryVerdict::ok,
     .plain = false,
     .opaque = false},
    {.what = "RFC 2930: TKEY",
     .message = message_of({}, {}, 0, 249),
     .verdict = QueryVerdict::ok,
     .plain = false,
     .opaque = true},
    {.what = "RFC 2136: UPDATE",
     .message = message_of({}, {}, 0x2800, 6),
     .verdict = QueryVerdict::update,
     .plain = false,
     .opaque = true},
    {.what = "RFC 1996: NOTIFY",
     .message = message_of({}, {}, 0x2000, 6),
     .verdict = QueryVerdict::not_query,
     .plain = false,
     .opaque = false},
    {.what = "octets behind the last record",
     .message =
         [] {
           Bytes bytes = message_of({}, {opt(1232, 0)});
           append(bytes, {1, 2, 3});
           return bytes;
         }(),
     .verdict = QueryVerdict::ok,
     .plain = true,
     .opaque = false},
};

TEST(Edns, WhatAQueryMayCarry) {
  for (const QueryCase& one : kQueryCases) {
    SCOPED_TRACE(one.what);
    const std::unique_ptr<uint8_t[]> block(new uint8_t[one.message.size()]);
    std::copy(one.message.begin(), one.message.end(), block.get());
    Query query;
    EXPECT_EQ(parse_query({block.get(), one.message.size()}, query), one.verdict);
    if (one.verdict == QueryVerdict::malformed || one.verdict == QueryVerdict::not_query) continue;
    EXPECT_EQ(query.plain, one.plain);
    EXPECT_EQ(query.opaque, one.opaque);
  }
}

TEST(Edns, FindsTheOptOfAResponse) {
  Opt found;
  unsigned end = 0;
  const auto search = [&](const Bytes& message) { return find_opt(message, kQuestionEnd, found, end); };
  EXPECT_EQ(search(message_of({kAddress}, {})), OptSearch::none);
  EXPECT_EQ(found.begin, 0);
  EXPECT_EQ(search(message_of({kAddress}, {kAddress, opt(4096, 0x01028000, {0, 3, 0, 1, 'x'}), kAddress})),
            OptSearch::found);
  EXPECT_EQ(found.begin, kQuestionEnd + 2 * kAddress.size());
  EXPECT_EQ(found.end, found.begin + 16);
  EXPECT_EQ(found.behind, 1);
  EXPECT_EQ(found.udp_size, 4096);
  EXPECT_EQ(found.extended_rcode, 1);
  EXPECT_EQ(found.version, 2);
  EXPECT_TRUE(found.dnssec_ok);
  Bytes longer = message_of({kAddress}, {});
  const size_t records_end = longer.size();
  append(longer, {1, 2, 3});
  EXPECT_EQ(search(longer), OptSearch::none);
  EXPECT_EQ(end, records_end);
  EXPECT_EQ(search(message_of({}, {opt(512, 0), kAddress, opt(512, 0)})), OptSearch::wrong);
  EXPECT_EQ(search(message_of({opt(512, 0)}, {})), OptSearch::wrong);
  EXPECT_EQ(search(message_of({}, {opt(512, 0, {}, {1, 'a', 0})})), OptSearch::wrong);
  EXPECT_EQ(search(message_of({kAddress}, {kTsig})), OptSearch::wrong);
  EXPECT_EQ(search(message_of({kAddress}, {opt(512, 0), kTsig})), OptSearch::wrong);
  Bytes cut = message_of({kAddress}, {opt(512, 0)});
  cut.pop_back();
  EXPECT_EQ(search(cut), OptSearch::unreadable);
  put16(cut, 6, 9);
  EXPECT_EQ(search(cut), OptSearch::unreadable);
}

// What ldns makes of a message, the OPT apart.
std::string ldns_text(const Bytes& message) {
  ldns_pkt* packet = nullptr;
  if (ldns_wire2pkt(&packet, message.data(), message.size()) != LDNS_STATUS_OK) return "unreadable";
  std::string text;
  for (ldns_rr_list* list :
       {ldns_pkt_question(packet), ldns_pkt_answer(packet), ldns_pkt_authority(packet), ldns_pkt_additional(packet)}) {
    char* lines = ldns_rr_list2str(list);
    text += std::string(lines) + "--\n";
    free(lines);
  }
  ldns_pkt_free(packet);
  return text;
}

TEST(Edns, RecordsBehindAnOptThatIsTakenOutSayTheSame) {
  std::mt19937 random(5);
  unsigned moved = 0;
  for (unsigned round = 0; round < 20'000 && !testing::Test::HasFailure(); ++round) {
    // Names point at the question and at what stands before them, behind the OPT too.
    Bytes message = message_of({}, {});
    std::vector<uint16_t> names = {12};
    unsigned counts[2] = {};
    const auto add_record = [&](unsigned section) {
      const auto name = [&] {
        Bytes bytes;
        if (random() % 2 == 0) append(bytes, {2, static_cast<uint8_t>('a' + random() % 26), 'x'});
        const uint16_t target = names[random() % names.size()];
        append(bytes, {static_cast<uint8_t>(0xc0 | target >> 8), static_cast<uint8_t>(target)});
        return bytes;
      };
      const Bytes owner = name();
      names.push_back(static_cast<uint16_t>(message.size()));
      const uint16_t types[] = {1, 5, 15, 16, 33};
      const uint16_t type = types[random() % 5];
      const unsigned data_at = static_cast<unsigned>(message.size() + owner.size() + 10);
      Bytes data = {10, 0, 0, 1};
      if (type == 16) data = {3, 0xc0, 12, 0};
      if (type == 5) data = name();
      if (type == 15) {
        data = name();
        data.insert(data.begin(), {0, 10});
      }
      if (type == 33) {
        data = name();
        data.insert(data.begin(), {0, 1, 0, 2, 0, 53});
      }
      append(message, record(owner, type, data));
      if (type == 5) names.push_back(static_cast<uint16_t>(data_at));
      if (type == 15) names.push_back(static_cast<uint16_t>(data_at + 2));
      ++counts[section];
    };
    for (unsigned n = random() % 4; n > 0; --n) add_record(0);
    for (unsigned n = random() % 3; n > 0; --n) add_record(1);
    append(message, opt(1232, 0x8000, Bytes(random() % 2 != 0 ? 8 : 0, 0)));
    ++counts[1];
    for (unsigned n = random() % 4; n > 0; --n) add_record(1);
    put16(message, 6, static_cast<uint16_t>(counts[0]));
    put16(message, 10, static_cast<uint16_t>(counts[1]));

    const std::string before = ldns_text(message);
    Opt found;
    unsigned end = 0;
    ASSERT_EQ(find_opt(message, kQuestionEnd, found, end), OptSearch::found);
    moved += found.behind != 0 ? 1 : 0;
    const unsigned length = remove_opt(message, found);
    ASSERT_NE(length, 0U);
    ASSERT_EQ(end, message.size());
    ASSERT_EQ(length, message.size() - (found.end - found.begin));
    message.resize(length);
    ASSERT_EQ(ldns_text(message), before) << to_hex(message);
    ASSERT_EQ(find_opt(message, kQuestionEnd, found, end), OptSearch::none);
  }
  EXPECT_GT(moved, 10'000U);
}

TEST(Edns, WhatPointsIntoTheOptKeepsIt) {
  const Bytes before = message_of({}, {opt(1232, 0), record({0xc0, kQuestionEnd}, 1, {10, 0, 0, 1})});
  Bytes message = before;
  Opt found;
  unsigned end = 0;
  ASSERT_EQ(find_opt(message, kQuestionEnd, found, end), OptSearch::found);
  EXPECT_EQ(remove_opt(message, found), 0U);
  EXPECT_EQ(to_hex(message), to_hex(before));
}

TEST(Edns, AnOptAsLdnsReadsIt) {
  QueryTraits traits{.flags = 0x0100,
                     .question_length = 15,
                     .has_opt = true,
                     .dnssec_ok = true,
                     .udp_size = 4096,
                     .own_size = 1400,
                     .keepalive = 100};
  Bytes message = message_of({kAddress}, {});
  const size_t without = message.size();
  message.resize(without + 64);
  const Bytes nsid = {0, 3, 0, 2, 'n', 's'};
  const unsigned length = add_opt(message, static_cast<unsigned>(without), traits, 1, nsid);
  ASSERT_EQ(length, without + 11 + 6 + 6);
  message.resize(length);
  ldns_pkt* packet = nullptr;
  ASSERT_EQ(ldns_wire2pkt(&packet, message.data(), message.size()), LDNS_STATUS_OK);
  EXPECT_TRUE(ldns_pkt_edns(packet));
  EXPECT_TRUE(ldns_pkt_edns_do(packet));
  EXPECT_EQ(ldns_pkt_edns_udp_size(packet), 1400);
  EXPECT_EQ(ldns_pkt_edns_version(packet), 0);
  EXPECT_EQ(ldns_pkt_edns_extended_rcode(packet), 1);
  const ldns_rdf* data = ldns_pkt_edns_data(packet);
  ASSERT_NE(data, nullptr);
  EXPECT_EQ(to_hex({ldns_rdf_data(data), ldns_rdf_size(data)}),
            to_hex(Bytes{0, 3, 0, 2, 'n', 's', 0, 11, 0, 2, 0, 100}));
  ldns_pkt_free(packet);

  EXPECT_EQ(add_opt(message, length, traits, 0, {}), 0U);  // no room
  traits.has_opt = false;
  EXPECT_EQ(add_opt(message, length, traits, 0, {}), length);
}

TEST(Edns, BadversHasItsUpperBitsInTheOpt) {
  Bytes message = message_of({}, {opt(1232, 0x00018000)});
  Query query;
  ASSERT_EQ(parse_query(message, query), QueryVerdict::bad_version);
  message.resize(message.size() + kAnswerTail);
  const unsigned length = write_answer(message, query.traits, Rcode::badvers, ExtendedError::none);
  message.resize(length);
  Bytes expected = message_of({}, {opt(1232, 0x01008000)}, 0x8180);
  EXPECT_EQ(to_hex(message), to_hex(expected));
}

}  // namespace
}  // namespace penstock::dns

// tests/dataplane/dns/message_test.cpp - parse_query against ldns over mutated messages.
//
// Where the two differ, it must be by one of these rules of ours:
//   1  QDCOUNT is exactly one (RFC 9619 section 4); ldns takes any.
//   2  the question's name has no compression pointer (nothing stands before it); ldns follows them.
//   3  at most one OPT, in the additional section, owned by the root, its options whole (RFC 6891 section 6.1.1 and 6.1.2);
//      ldns takes any.
//   4  records are only stepped over: ldns also reads their data and follows the pointers of their names.
#include "dataplane/dns/message.h"

#include <gtest/gtest.h>
#include <ldns/ldns.h>

#include <memory>
#include <random>

#include "tests/support/frames.h"

namespace penstock::dns {
namespace {

using test::Bytes;

using Packet = std::unique_ptr<ldns_pkt, decltype(&ldns_pkt_free)>;

Packet ldns_reads(const Bytes& message) {
  ldns_pkt* packet = nullptr;
  if (ldns_wire2pkt(&packet, message.data(), message.size()) != LDNS_STATUS_OK) packet = nullptr;
  return {packet, ldns_pkt_free};
}

// The message as far as its question: no records announced.
Bytes only_question(Bytes message) {
  for (const size_t count : {6, 8, 10}) test::put16(message, count, 0);
  return message;
}

bool question_has_pointer(const Bytes& message) {
  size_t at = kHeaderSize;
  while (at < message.size() && message[at] != 0 && message[at] < 0xc0) at += message[at] + 1U;
  return at < message.size() && message[at] >= 0xc0;
}

// Rule 3, found in a plain walk over a message that ldns accepted.
bool breaks_opt_rule(const Bytes& message) {
  size_t at = kHeaderSize;
  const auto skip = [&] {
    while (message.at(at) != 0 && message[at] < 0xc0) at += message[at] + 1U;
    at += message[at] == 0 ? 1 : 2;
  };
  skip();
  at += 4;
  unsigned opts = 0;
  const unsigned before = test::get16(message, 6) + test::get16(message, 8);
  const unsigned records = before + test::get16(message, 10);
  for (unsigned i = 0; i < records; ++i) {
    const bool root = message.at(at) == 0;
    skip();
    const size_t end = at + 10U + test::get16(message, at + 8);
    if (test::get16(message, at) == 41) {
      if (++opts > 1 || !root || i < before) return true;
      for (at += 10; at < end; at += 4U + test::get16(message, at + 2))
        if (at + 4 > end || at + 4 + test::get16(message, at + 2) > end) return true;
    }
    at = end;
  }
  return false;
}

Bytes lower(Bytes bytes) {
  for (uint8_t& octet : bytes) octet = static_cast<uint8_t>(octet >= 'A' && octet <= 'Z' ? octet + 32 : octet);
  return bytes;
}

struct Tally {
  unsigned both_accept = 0;
  unsigned both_refuse = 0;
  unsigned by_rule[5] = {};
  unsigned unexplained = 0;
};

void compare(const Bytes& message, Tally& tally) {
  // A block of the exact size, so that a sanitizer sees the first byte too far.
  const std::unique_ptr<uint8_t[]> block(new uint8_t[message.size()]);
  std::copy(message.begin(), message.end(), block.get());
  Query query;
  const QueryVerdict verdict = parse_query({block.get(), message.size()}, query);
  ASSERT_TRUE(verdict == QueryVerdict::ok || verdict == QueryVerdict::malformed ||
              verdict == QueryVerdict::bad_version);
  const Packet whole = ldns_reads(message);
  const Packet question = ldns_reads(only_question(message));

  if (verdict == QueryVerdict::malformed) {
    if (!whole)
      ++tally.both_refuse;
    else if (test::get16(message, 4) != 1)
      ++tally.by_rule[1];
    else if (question_has_pointer(message))
      ++tally.by_rule[2];
    else if (breaks_opt_rule(message))
      ++tally.by_rule[3];
    else
      ADD_FAILURE() << "ldns accepts what we refuse: " << test::to_hex(message) << " " << ++tally.unexplained;
    return;
  }
  ASSERT_NE(question, nullptr) << "we accept a question that ldns refuses: " << test::to_hex(message);
  ++(whole ? tally.both_accept : tally.by_rule[4]);

  const ldns_rr* asked = ldns_rr_list_rr(ldns_pkt_question(question.get()), 0);
  const ldns_rdf* owner = ldns_rr_owner(asked);
  const Bytes wire(ldns_rdf_data(owner), ldns_rdf_data(owner) + ldns_rdf_size(owner));
  ASSERT_EQ(test::to_hex({query.name.bytes, query.name.length}), test::to_hex(lower(wire)));
  ASSERT_EQ(query.name.labels, ldns_dname_label_count(owner));
  ASSERT_EQ(query.traits.question_length, wire.size() + 4);
  ASSERT_EQ(test::get16(message, kHeaderSize + wire.size()), ldns_rr_get_type(asked));
  ASSERT_EQ(query.traits.flags, test::get16(message, 2));
  if (whole && ldns_pkt_edns(whole.get())) {
    ASSERT_TRUE(query.traits.has_opt);
    ASSERT_EQ(query.traits.dnssec_ok, ldns_pkt_edns_do(whole.get()));
    if (!query.opaque) {
      ASSERT_EQ(verdict == QueryVerdict::bad_version, ldns_pkt_edns_version(whole.get()) != 0);
    }
  }
}

Bytes random_query(std::mt19937& random) {
  std::string name;
  const unsigned labels = random() % 6;
  for (unsigned i = 0; i < labels; ++i) {
    name += i != 0 ? "." : "";
    const unsigned length = random() % 20 == 0 ? 60 + random() % 4 : 1 + random() % 10;
    for (unsigned j = 0; j < length; ++j) name += static_cast<char>("aZ0-_"[random() % 5]);
  }
  test::DnsQuery query{.id = static_cast<uint16_t>(random()),
                       .flags = static_cast<uint16_t>(random() & 0x07ff),
                       .question = {.name = name, .type = static_cast<uint16_t>(1 + random() % 60)},
                       .opt = {}};
  if (random() % 2 == 0)
    query.opt = test::Opt{
        .udp_size = static_cast<uint16_t>(512 + random() % 4000), .dnssec_ok = random() % 2 == 0, .extended_error = {}};
  Bytes message = test::write(query);
  if (random() % 4 == 0) {  // a second record, often an OPT
    const Bytes record =
        random() % 2 == 0 ? test::opt_record({}) : Bytes{0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 0, 0, 1};
    message.insert(message.end(), record.begin(), record.end());
    const size_t section = record[0] == 0 ? 10 : 6 + 2 * (random() % 3);
    test::put16(message, section, static_cast<uint16_t>(test::get16(message, section) + 1));
  }
  return message;
}

void mutate(Bytes& message, std::mt19937& random) {
  for (unsigned count = random() % 4; count > 0; --count) {
    const size_t at = random() % message.size();
    switch (random() % 7) {
      case 0:
        message[at] = static_cast<uint8_t>(random());
        break;
      case 1:
        message[at] = static_cast<uint8_t>(message[at] ^ (1U << random() % 8));
        break;
      case 2:
        message.resize(std::max<size_t>(kHeaderSize, at));
        break;
      case 3:
        message.insert(message.begin() + static_cast<std::ptrdiff_t>(at), static_cast<uint8_t>(random()));
        break;
      case 4:  // the counts: small numbers
        message[4 + random() % 8] = static_cast<uint8_t>(random() % 3);
        break;
      case 6:  // a pointer in the question, at the header's zeros
        if (message.size() < kHeaderSize + 2) break;
        message[kHeaderSize] = 0xc0;
        message[kHeaderSize + 1] = static_cast<uint8_t>(6 + random() % 5);
        break;
      case 5: {
        const uint8_t special[] = {0, 1, 12, 41, 63, 64, 0x7f, 0x80, 0xc0, 0xff};
        message[at] = special[random() % std::size(special)];
        break;
      }
    }
  }
  message[2] &= 0x07;  // a query, opcode QUERY
}

TEST(ParseQuery, AgainstLdnsOverMutatedMessages) {
  std::mt19937 random(20261123);
  Tally tally;
  for (unsigned i = 0; i < 200'000 && !testing::Test::HasFailure(); ++i) {
    Bytes message = random_query(random);
    mutate(message, random);
    compare(message, tally);
  }
  // The mutations are strong enough to reach every branch of the comparison, and weak enough to leave whole messages.
  EXPECT_GT(tally.both_accept, 20'000U);
  EXPECT_GT(tally.both_refuse, 20'000U);
  for (const unsigned rule : {1, 2, 3, 4}) EXPECT_GT(tally.by_rule[rule], 20U) << "rule " << rule;
}

TEST(ParseQuery, VerdictsThatComeBeforeTheQuestion) {
  Query query;
  const Bytes whole = test::write(test::DnsQuery{.id = 1, .flags = 0, .question = {.name = "a.b"}, .opt = {}});
  for (size_t length = 0; length < kHeaderSize; ++length)
    EXPECT_EQ(parse_query(std::span(whole).first(length), query), QueryVerdict::too_short);
  for (unsigned flags = 0; flags < 0x10000; flags += 7) {
    Bytes message = whole;
    test::put16(message, 2, static_cast<uint16_t>(flags));
    const QueryVerdict expected = (flags & 0x8000) != 0        ? QueryVerdict::response
                                  : (flags & 0x7800) == 0x2800 ? QueryVerdict::update
                                  : (flags & 0x7800) != 0      ? QueryVerdict::not_query
                                                               : QueryVerdict::ok;
    ASSERT_EQ(parse_query(message, query), expected);
    ASSERT_EQ(query.traits.flags, flags);
  }
}

}  // namespace
}  // namespace penstock::dns

// tests/dataplane/state/question_key_test.cpp - whatever a query says is in the key, in the form in which its client gets the answer, a matter
// of this client alone, or keeps the answer from being shared. What is added to a query and is in none of them fails here.
#include "dataplane/state/question_key.h"

#include <gtest/gtest.h>

#include <vector>

namespace penstock::state {
namespace {

// example., type A, class IN, with an OPT that has these flags and options.
std::vector<uint8_t> message(uint16_t flags, uint16_t edns_flags = 0, const std::vector<uint8_t>& options = {}) {
  std::vector<uint8_t> bytes = {0,   7,   0,   0,   0,   1,   0,   0, 0, 0, 0, 1, 7,
                                'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1};
  dns::store16(&bytes[2], flags);
  const std::vector<uint8_t> opt = {0,
                                    0,
                                    41,
                                    4,
                                    208,
                                    0,
                                    0,
                                    static_cast<uint8_t>(edns_flags >> 8),
                                    static_cast<uint8_t>(edns_flags),
                                    static_cast<uint8_t>(options.size() >> 8),
                                    static_cast<uint8_t>(options.size())};
  bytes.insert(bytes.end(), opt.begin(), opt.end());
  bytes.insert(bytes.end(), options.begin(), options.end());
  return bytes;
}

struct Read {
  dns::Query query{};
  dns::QueryVerdict verdict;
  QuestionKey key;

  explicit Read(const std::vector<uint8_t>& bytes) : verdict(dns::parse_query(bytes, query)) {
    if (verdict == dns::QueryVerdict::ok) key = question_key(query, bytes.data(), 1, config::RuleIndex{2}, 3);
  }
  bool is_shared() const { return verdict == dns::QueryVerdict::ok && query.plain; }
};

TEST(QuestionKey, HasEachBitOfTheHeaderThatAnAnswerMayDependOn) {
  const Read usual(message(0));
  ASSERT_TRUE(usual.is_shared());
  for (unsigned bit = 0; bit < 16; ++bit) {
    const auto flag = static_cast<uint16_t>(1U << bit);
    const Read read(message(flag));
    EXPECT_EQ(read.is_shared(), flag == dns::kFlagRecursionDesired || flag == dns::kFlagCheckingDisabled ||
                                    flag == dns::kFlagAuthenticData)
        << flag;
    if (!read.is_shared()) continue;
    const bool in_key = !(read.key == usual.key);
    const bool in_form = form_of(read.query.traits) != form_of(usual.query.traits);
    EXPECT_TRUE(in_key != in_form) << flag;
    EXPECT_EQ(in_form, flag == dns::kFlagAuthenticData) << flag;
  }
}

// Of the flags of an OPT only DO is read, and none other goes further: to_endpoints() writes one of ours.
TEST(QuestionKey, HasDoOfAnOpt) {
  const Read usual(message(0));
  for (unsigned bit = 0; bit < 16; ++bit) {
    const Read read(message(0, static_cast<uint16_t>(1U << bit)));
    ASSERT_TRUE(read.is_shared()) << bit;
    EXPECT_EQ(!(read.key == usual.key), bit == 15) << bit;
    EXPECT_EQ(form_of(read.query.traits), form_of(usual.query.traits)) << bit;
  }
}

// Every member by name: one that is added does not compile until somebody decides where it counts.
TEST(QuestionKey, HasEachTraitThatAnAnswerMayDependOn) {
  const dns::QueryTraits usual;
  const auto with = [](auto change) {
    dns::QueryTraits traits;
    change(traits);
    return traits;
  };
  using T = dns::QueryTraits;
  [[maybe_unused]] const auto& [flags, question_length, has_opt, dnssec_ok, wants_nsid, has_cookie, udp_size, own_size,
                                keepalive, cookie] = usual;
  for (const T& keyed :
       {with([](T& t) { t.flags = dns::kFlagRecursionDesired; }),
        with([](T& t) { t.flags = dns::kFlagCheckingDisabled; }), with([](T& t) { t.dnssec_ok = true; })})
    EXPECT_NE(query_bits(keyed), query_bits(usual));
  for (const T& formed : {with([](T& t) { t.has_opt = true; }), with([](T& t) { t.flags = dns::kFlagAuthenticData; }),
                          with([](T& t) { t.wants_nsid = true; })})
    EXPECT_NE(form_of(formed), form_of(usual));
  // Written for each client when the answer leaves; the name, of which question_length tells, is compared whole.
  for (const T& own : {with([](T& t) { t.has_cookie = true; }), with([](T& t) { t.udp_size = 4096; }),
                       with([](T& t) { t.own_size = 512; }), with([](T& t) { t.keepalive = 9; }),
                       with([](T& t) { t.cookie = dns::Cookie{}; }), with([](T& t) { t.question_length = 9; })})
    EXPECT_TRUE(query_bits(own) == query_bits(usual) && form_of(own) == form_of(usual));
}

// An option that is read at all is in the form, or written for each client. What is not read goes on only where the pool says so, and is then
// for one client: both ask passes() (path/flight/edns.cpp).
TEST(QuestionKey, IsTheSameWhateverOptionsThereAreButForOnesThatTheFormHas) {
  const Read usual(message(0));
  [[maybe_unused]] const auto& [name, traits, plain, opaque, wants_keepalive, cookie_at, cookie_length, end, opt] =
      usual.query;
  for (unsigned code = 0; code < 65'536; ++code) {
    const std::vector<uint8_t> option = {
        static_cast<uint8_t>(code >> 8), static_cast<uint8_t>(code), 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};
    const Read read(message(0, 0, option));
    ASSERT_TRUE(read.is_shared()) << code;
    ASSERT_TRUE(read.key == usual.key) << code;
    ASSERT_EQ(form_of(read.query.traits) != form_of(usual.query.traits), code == dns::kOptionNsid) << code;
    const bool for_this_client = read.query.wants_keepalive || read.query.cookie_length != 0;
    ASSERT_EQ(for_this_client, code == dns::kOptionKeepalive || code == dns::kOptionCookie) << code;
  }
}

}  // namespace
}  // namespace penstock::state

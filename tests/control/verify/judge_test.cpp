#include "control/verify/judge.h"

#include <gtest/gtest.h>
#include <ldns/ldns.h>

#include "control/verify/exchange.h"

namespace penstock::control {
namespace {

AnswerPacket packet(ldns_pkt_rcode rcode, const std::vector<const char*>& records) {
  AnswerPacket answer(ldns_pkt_new());
  ldns_pkt_set_rcode(answer.get(), rcode);
  for (const char* text : records) {
    ldns_rr* record = nullptr;
    EXPECT_EQ(ldns_rr_new_frm_str(&record, text, 60, nullptr, nullptr), LDNS_STATUS_OK) << text;
    ldns_pkt_push_rr(answer.get(), LDNS_SECTION_ANSWER, record);
  }
  return answer;
}

const struct {
  const char* description;
  ldns_pkt_rcode rcode;
  std::vector<const char*> records;
  bool wants_address;
  Finding finding;
  const char* text;
  const char* meaning;  // part of it
} kMeanings[] = {
    {.description = "both endpoint addresses",
     .rcode = LDNS_RCODE_NOERROR,
     .records = {"d-1. A 10.16.110.189", "d-1. A 10.16.46.208"},
     .wants_address = true,
     .finding = Finding::good,
     .text = "10.16.110.189, 10.16.46.208",
     .meaning = ""},
    {.description = "a chain through a foreign name",
     .rcode = LDNS_RCODE_NOERROR,
     .records = {"d-1. CNAME vpce-1.vpce.amazonaws.com.", "vpce-1.vpce.amazonaws.com. A 10.16.46.208"},
     .wants_address = true,
     .finding = Finding::good,
     .text = "10.16.46.208",
     .meaning = ""},
    {.description = "IPv6",
     .rcode = LDNS_RCODE_NOERROR,
     .records = {"d-1. AAAA fd00::1"},
     .wants_address = true,
     .finding = Finding::good,
     .text = "fd00::1",
     .meaning = ""},
    {.description = "one address outside",
     .rcode = LDNS_RCODE_NOERROR,
     .records = {"d-1. A 10.16.46.208", "d-1. A 54.84.43.253"},
     .wants_address = true,
     .finding = Finding::outside,
     .text = "10.16.46.208, 54.84.43.253",
     .meaning = "54.84.43.253 is outside"},
    {.description = "a name without addresses",
     .rcode = LDNS_RCODE_NOERROR,
     .records = {},
     .wants_address = true,
     .finding = Finding::no_data,
     .text = "no address",
     .meaning = "without an address"},
    {.description = "a zone's SOA",
     .rcode = LDNS_RCODE_NOERROR,
     .records = {"d-1. SOA a. b. 1 2 3 4 5"},
     .wants_address = false,
     .finding = Finding::nothing_asked,
     .text = "NOERROR",
     .meaning = ""},
    {.description = "no such name",
     .rcode = LDNS_RCODE_NXDOMAIN,
     .records = {},
     .wants_address = true,
     .finding = Finding::nxdomain,
     .text = "NXDOMAIN",
     .meaning = "private hosted zone"},
    {.description = "refused",
     .rcode = LDNS_RCODE_REFUSED,
     .records = {},
     .wants_address = true,
     .finding = Finding::refused,
     .text = "REFUSED",
     .meaning = "not an inbound endpoint"},
    {.description = "failed",
     .rcode = LDNS_RCODE_SERVFAIL,
     .records = {},
     .wants_address = true,
     .finding = Finding::failed,
     .text = "SERVFAIL",
     .meaning = "could not resolve"},
};

TEST(Judge, SaysWhatAnAnswerMeans) {
  config::Rule rule;
  rule.expect = {*config::parse_prefix("10.16.0.0/16"), *config::parse_prefix("fd00::/8")};
  for (const auto& one : kMeanings) {
    SCOPED_TRACE(one.description);
    const Judgement judged = judge(*packet(one.rcode, one.records), rule, one.wants_address);
    EXPECT_EQ(judged.finding, one.finding);
    EXPECT_EQ(judged.text, one.text);
    EXPECT_NE(judged.meaning.find(one.meaning), std::string::npos) << judged.meaning;
    EXPECT_EQ(judged.meaning.empty(), judged.ok());
  }
}

TEST(Judge, WithoutExpectAnyAddressIsRight) {
  EXPECT_TRUE(judge(*packet(LDNS_RCODE_NOERROR, {"d-1. A 54.84.43.253"}), config::Rule{}, true).ok());
}

TEST(Judge, WithholdsAFamilyThatNothingIsSaidOf) {
  struct Case {
    std::vector<const char*> expect;
    bool assumes_ipv6;
    std::vector<const char*> records;
    Finding finding;
  };
  const Case cases[] = {
      {.expect = {"10.16.0.0/16"},
       .assumes_ipv6 = false,
       .records = {"d-1. AAAA 2600:1f18::1"},
       .finding = Finding::withheld},
      {.expect = {"10.16.0.0/16", "fc00::/7"},
       .assumes_ipv6 = true,
       .records = {"d-1. AAAA 2600:1f18::1"},
       .finding = Finding::withheld},
      {.expect = {"10.16.0.0/16", "fc00::/7"},
       .assumes_ipv6 = true,
       .records = {"d-1. AAAA fd00::1"},
       .finding = Finding::good},
      {.expect = {"10.16.0.0/16", "fc00::/7"},
       .assumes_ipv6 = false,
       .records = {"d-1. AAAA 2600:1f18::1"},
       .finding = Finding::outside},
      {.expect = {"10.16.0.0/16"},
       .assumes_ipv6 = false,
       .records = {"d-1. AAAA 2600:1f18::1", "d-1. A 54.84.43.253"},
       .finding = Finding::outside},
      {.expect = {"fd00::/8"}, .assumes_ipv6 = false, .records = {"d-1. A 54.84.43.253"}, .finding = Finding::withheld},
      {.expect = {"10.16.0.0/16"},
       .assumes_ipv6 = false,
       .records = {"d-1. AAAA 64:ff9b::a10:304"},
       .finding = Finding::good},
      {.expect = {"10.16.0.0/16"},
       .assumes_ipv6 = false,
       .records = {"d-1. AAAA 64:ff9b::3654:2bfd"},
       .finding = Finding::outside},
      {.expect = {"64:ff9b::/96"},
       .assumes_ipv6 = false,
       .records = {"d-1. AAAA 64:ff9b::3654:2bfd"},
       .finding = Finding::good},
  };
  for (const Case& one : cases) {
    config::Rule rule;
    rule.assumes_ipv6 = one.assumes_ipv6;
    for (const char* network : one.expect) rule.expect.push_back(*config::parse_prefix(network));
    const Judgement judged = judge(*packet(LDNS_RCODE_NOERROR, one.records), rule, true);
    EXPECT_EQ(judged.finding, one.finding) << one.records.front() << ": " << judged.text;
    EXPECT_EQ(judged.meaning.empty(), judged.ok());
    if (one.finding == Finding::withheld) {
      EXPECT_NE(judged.meaning.find("has no network of IPv"), std::string::npos);
    }
  }
}

TEST(Judge, SilenceNamesTheProtocolToOpen) {
  EXPECT_NE(judge_silence("no answer in 2000 ms", true).meaning.find("TCP port 53"), std::string::npos);
  EXPECT_NE(judge_silence("no answer in 2000 ms", false).meaning.find("UDP port 53"), std::string::npos);
}

TEST(Judge, SuggestsNetworks) {
  const auto address = [](const char* text) { return *config::parse_address(text); };
  const auto networks = suggest_networks(
      {address("10.16.110.189"), address("10.16.46.208"), address("10.16.46.209"), address("fd00:16:1::10")});
  std::vector<std::string> text;
  for (const auto& network : networks) text.push_back(config::to_string(network));
  std::sort(text.begin(), text.end());
  EXPECT_EQ(text, (std::vector<std::string>{"10.16.110.0/24", "10.16.46.0/24", "fd00:16:1::/64"}));
}

}  // namespace
}  // namespace penstock::control

#include "config/contract/name.h"

#include <gtest/gtest.h>
#include <ldns/ldns.h>

#include <memory>
#include <optional>
#include <random>

namespace penstock::config::test {
namespace {

using namespace std::string_literals;

TEST(Name, Parses) {
  const std::string label63(63, 'a');
  const std::string longest =
      label63 + "." + label63 + "." + label63 + "." + std::string(61, 'a');  // 255 octets on the wire
  const struct {
    std::string text;
    std::optional<std::string> wire;
  } cases[] = {
      {".", "\0"s},
      {"example", "\7example\0"s},
      {"example.", "\7example\0"s},
      {"D-1.Studio.us-east-1.SageMaker.AWS", "\3d-1\6studio\11us-east-1\11sagemaker\3aws\0"s},
      {"a\\.b.c", "\3a.b\1c\0"s},
      {"a\\046b.c", "\3a.b\1c\0"s},
      {"\\000.x", "\1\0\1x\0"s},
      {"\\255.x", "\1\xff\1x\0"s},
      {"\\065.x", "\1a\1x\0"s},
      {"_dns.x", "\4_dns\1x\0"s},
      {label63 + ".x", "\77" + label63 + "\1x\0"s},
      {label63 + "a.x", std::nullopt},
      {longest, "\77" + label63 + "\77" + label63 + "\77" + label63 + "\75" + std::string(61, 'a') + "\0"s},
      {longest + "a", std::nullopt},
      {"", std::nullopt},
      {"..", std::nullopt},
      {".a", std::nullopt},
      {"a..b", std::nullopt},
      {"a b", std::nullopt},
      {"a\tb", std::nullopt},
      {"m\xc3\xbcller", std::nullopt},
      {"a\\", std::nullopt},
      {"a\\25", std::nullopt},
      {"a\\256", std::nullopt},
      {"a\0b"s, std::nullopt},
  };
  for (const auto& one : cases) {
    const auto wire = parse_name(one.text);
    ASSERT_EQ(wire.has_value(), one.wire.has_value()) << one.text;
    if (wire) {
      EXPECT_EQ(*wire, *one.wire) << one.text;
    }
  }
}

TEST(Name, ComesBackFromItsText) {
  for (const char* text : {".", "example", "a.b.c.example", "a\\.b.c", "\\000\\255.x", "a\\\\b"}) {
    const auto wire = parse_name(text);
    ASSERT_TRUE(wire.has_value()) << text;
    EXPECT_EQ(to_text(*wire), text);
  }
}

TEST(Name, CountsLabels) {
  EXPECT_EQ(label_count(*parse_name(".")), 0U);
  EXPECT_EQ(label_count(*parse_name("a")), 1U);
  EXPECT_EQ(label_count(*parse_name("a\\.b.c.d")), 3U);
}

// ldns as second opinion: what is a name, and which octets it has, before folding.
std::optional<std::string> ldns_wire(const std::string& text) {
  ldns_rdf* rdf = nullptr;
  if (ldns_str2rdf_dname(&rdf, text.c_str()) != LDNS_STATUS_OK) return std::nullopt;
  const std::unique_ptr<ldns_rdf, decltype(&ldns_rdf_deep_free)> owner(rdf, &ldns_rdf_deep_free);
  ldns_dname2canonical(rdf);  // folds
  return std::string(reinterpret_cast<const char*>(ldns_rdf_data(rdf)), ldns_rdf_size(rdf));
}

TEST(Name, AgreesWithLdns) {
  std::mt19937 random(20210325);
  const std::string alphabet = "abzAZ019-_..\\*";
  size_t accepted = 0;
  size_t refused = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text;
    const size_t length = random() % (round % 20 == 0 ? 280 : 16);
    for (size_t i = 0; i < length; ++i)
      text += round % 20 == 0 && random() % 30 != 0 ? 'x' : alphabet[random() % alphabet.size()];
    // ldns takes "" as an empty rdata and lets a backslash hang at the end: we do not.
    if (text.empty() || (text.back() == '\\' && !text.ends_with("\\\\"))) continue;
    const auto ours = parse_name(text);
    const auto theirs = ldns_wire(text);
    ASSERT_EQ(ours.has_value(), theirs.has_value()) << "'" << text << "' " << (ours ? "ours" : ours.error());
    if (ours) {
      ASSERT_EQ(*ours, *theirs) << text;
    }
    ++(ours ? accepted : refused);
  }
  EXPECT_GT(accepted, 10'000U);
  EXPECT_GT(refused, 10'000U);
}

}  // namespace
}  // namespace penstock::config::test

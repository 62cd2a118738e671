#include <algorithm>

#include "tests/config/read/model_text.h"

namespace penstock::config::test {
namespace {

// The names that are built in, with what they are answered.
std::vector<std::string> built_in(const std::string& yaml) {
  const Model model = model_of(kBase + yaml);
  std::vector<std::string> texts;
  for (const auto& entry : model.zones.entries)
    if (model.rules[entry.rule].is_built_in) texts.push_back(entry_text(model, entry));
  return texts;
}

const std::vector<std::string> kAlways = {
    "zone localhost = addresses",
    "zone invalid = nxdomain",
    "zone onion = nxdomain",
    "zone resolver.arpa = nodata",
    "zone 0.in-addr.arpa = records",
    "zone 127.in-addr.arpa = records",
    "zone 0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa = records",
    "zone 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa = records",
};

std::vector<std::string> without(std::vector<std::string> all, const std::string& text) {
  all.erase(std::find(all.begin(), all.end(), text));
  return all;
}

TEST(BuiltIn, OnlyWhatNoPoolCanKnowBetter) {
  EXPECT_EQ(built_in("default: {pool: office}\n"), kAlways);
  EXPECT_EQ(built_in("default: {pool: office}\nempty_zones: off\nbrowser_canaries: off\n"), kAlways);
}

TEST(BuiltIn, AZoneOfTheSameNameWins) {
  struct {
    const char* zone;
    const char* gone;  // nullptr: it stays, for the names that the zone does not claim
  } const cases[] = {
      {"{zone: LocalHost, pool: office}", "zone localhost = addresses"},
      {"{zone: onion, answer: refused}", "zone onion = nxdomain"},
      {"{zone: 127.in-addr.arpa, pool: office}", "zone 127.in-addr.arpa = records"},
      {"{name: localhost, answer: 10.0.0.1}", nullptr},
      {"{zone: \"*.localhost\", pool: office}", nullptr},
      {"{zone: x.localhost, pool: office}", nullptr},
      {"{zone: in-addr.arpa, pool: office}", nullptr},
      {"{zone: arpa, pool: vpc}", nullptr},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.zone);
    EXPECT_EQ(built_in("zones: [" + std::string(c.zone) + "]\ndefault: {pool: office}\n"),
              c.gone == nullptr ? kAlways : without(kAlways, c.gone));
  }
}

TEST(BuiltIn, EmptyZonesAreThereWhenAskedForAndNoZoneStandsThereOrAbove) {
  const auto names = [](const std::string& zones) {
    auto all = built_in(zones + "empty_zones: on\ndefault: {pool: office}\n");
    all.erase(all.begin(), all.begin() + static_cast<ptrdiff_t>(kAlways.size()));
    return all;
  };
  const auto all = names("");
  EXPECT_EQ(all.size(), 7U + 16U + 64U + 6U);
  EXPECT_EQ(std::count(all.begin(), all.end(), "zone 10.in-addr.arpa = records"), 1);
  EXPECT_EQ(std::count(all.begin(), all.end(), "zone 31.172.in-addr.arpa = records"), 1);
  EXPECT_EQ(std::count(all.begin(), all.end(), "zone 127.100.in-addr.arpa = records"), 1);
  EXPECT_EQ(std::count(all.begin(), all.end(), "zone d.f.ip6.arpa = records"), 1);
  EXPECT_EQ(names("zones: [{zone: 10.in-addr.arpa, pool: office}]\n").size(), all.size() - 1);
  EXPECT_EQ(names("zones: [{zone: 1.10.in-addr.arpa, pool: office}]\n").size(), all.size());
  EXPECT_EQ(names("zones: [{zone: in-addr.arpa, pool: office}]\n").size(), 6U);
}

TEST(BuiltIn, CanariesAreThereWhenAskedFor) {
  auto expected = kAlways;
  for (const char* name : {"use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com"})
    expected.push_back("zone " + std::string(name) + " = nxdomain");
  EXPECT_EQ(built_in("browser_canaries: nxdomain\ndefault: {pool: office}\n"), expected);
}

TEST(BuiltIn, ReadsWhatIsAnsweredHere) {
  const Model model = model_of(kBase + R"(zones:
  - {zone: a.example, answer: 10.0.0.1}
  - {zone: b.example, answer: ["fd00::1", 10.0.0.2], ttl: 5}
  - {zone: c.example, answer: nodata}
  - zone: d.example
    ttl: 300
    records:
      - "www A 10.0.0.1"
      - "ftp CNAME www"
)");
  EXPECT_EQ(model.rules[0].addresses, std::vector{*parse_address("10.0.0.1")});
  EXPECT_EQ(model.rules[0].ttl, kLocalTtl);
  EXPECT_EQ(model.rules[1].addresses, (std::vector{*parse_address("fd00::1"), *parse_address("10.0.0.2")}));
  EXPECT_EQ(model.rules[1].ttl, 5U);
  EXPECT_EQ(model.rules[2].action, Action::nodata);
  ASSERT_EQ(model.rules[3].records.size(), 2U);
  EXPECT_EQ(model.rules[3].records[1].text, "ftp CNAME www");
  EXPECT_EQ(model.rules[3].records[1].where.line, 13U);
  EXPECT_EQ(model.rules[3].ttl, 300U);
}

}  // namespace
}  // namespace penstock::config::test

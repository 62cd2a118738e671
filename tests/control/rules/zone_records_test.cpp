#include "control/rules/zone_records.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "control/rules/compile.h"
#include "tests/dataplane/tables/sample_model.h"

namespace penstock::control {
namespace {

ZoneRecords read(const std::string& text, config::Scope scope = config::Scope::zone) {
  config::Rule rule;
  rule.action = config::Action::records;
  rule.ttl = 77;
  rule.records = {{text, {3, 1}}};
  return read_zone_records(rule, test::wire("lab.example"), scope);
}

std::string text_of(const ZoneRecord& record) {
  std::string text =
      config::to_text(record.owner) + " " + std::to_string(record.ttl) + " " + std::to_string(record.type) + " ";
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const char octet : record.data) {
    text += kDigits[static_cast<uint8_t>(octet) >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

TEST(ZoneRecords, AreReadAsAZoneFileIs) {
  const struct {
    const char* description;
    const char* text;
    std::vector<std::string> records;
  } cases[] = {
      {"nothing", "", {}},
      {"comments and blank lines", "; nothing\n\n  ; here\n", {}},
      {"the default TTL", "www A 10.0.0.1", {"www.lab.example 77 1 0a000001"}},
      {"$TTL", "$TTL 5m\nwww A 10.0.0.1\n", {"www.lab.example 300 1 0a000001"}},
      {"$ORIGIN", "$ORIGIN sub.lab.example.\nwww 1 A 10.0.0.1\n", {"www.sub.lab.example 1 1 0a000001"}},
      {"an absolute name, folded", "WWW.Lab.Example. 1 IN A 10.0.0.1", {"www.lab.example 1 1 0a000001"}},
      {"the apex", "@ 1 A 10.0.0.1", {"lab.example 1 1 0a000001"}},
      {"a relative target keeps its letters",
       "a 1 CNAME Www",
       {"a.lab.example 1 5 03577777036c6162076578616d706c6500"}},
      {"the owner before",
       "a 1 A 10.0.0.1\n  1 A 10.0.0.2\n",
       {"a.lab.example 1 1 0a000001", "a.lab.example 1 1 0a000002"}},
      {"several lines",
       "a 1 TXT ( \"x\"\n ; why\n \"y\" )\nb 1 A 10.0.0.1",
       {"a.lab.example 1 16 01780179", "b.lab.example 1 1 0a000001"}},
      {"no record twice", "a 1 A 10.0.0.1\na 2 A 10.0.0.1\n", {"a.lab.example 1 1 0a000001"}},
      {"an unknown type", "a 1 TYPE65280 \\# 2 beef", {"a.lab.example 1 65280 beef"}},
      {"an unknown type without data", "a 1 TYPE65280 \\# 0", {"a.lab.example 1 65280 "}},
      {"HTTPS", "a 1 HTTPS 1 . alpn=h2", {"a.lab.example 1 65 00010000010003026832"}},
      {"by owner and type",
       "b 1 A 10.0.0.1\na 1 TXT x\na 1 A 10.0.0.1\n",
       {"a.lab.example 1 1 0a000001", "a.lab.example 1 16 0178", "b.lab.example 1 1 0a000001"}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.description);
    const ZoneRecords got = read(c.text);
    for (const RecordFault& fault : got.faults) ADD_FAILURE() << fault.where.line << ": " << fault.text;
    std::vector<std::string> texts;
    for (const ZoneRecord& record : got.records) texts.push_back(text_of(record));
    EXPECT_EQ(texts, c.records);
  }
}

TEST(ZoneRecords, FaultsHaveTheirLine) {
  const struct {
    const char* description;
    const char* text;
    uint32_t line;
    const char* fragment;
    config::Scope scope = config::Scope::zone;
  } cases[] = {
      {"no address", "www A 10.0.0", 1, "'www A 10.0.0' is not a record"},
      {"behind blank lines", "a A 10.0.0.1\n\n; c\nwww A x\nb A 10.0.0.1", 4, "is not a record"},
      {"behind several lines of one record", "a TXT ( x\n y )\nwww A x\n", 3, "is not a record"},
      {"another class", "a CH A 10.0.0.1", 1, "class IN"},
      {"outside", "www.other.example. A 10.0.0.1", 1, "www.other.example is outside lab.example"},
      {"above", "example. A 10.0.0.1", 1, "example is outside"},
      {"a name that only ends alike", "www.xlab.example. A 10.0.0.1", 1, "is outside"},
      {"below a name alone", "x A 10.0.0.1", 1, "the only name of this entry", config::Scope::name},
      {"DNAME", "x DNAME other.example.", 1, "DNAME is not supported"},
      {"a delegation", "x NS ns.other.example.", 1, "write an entry {zone: x.lab.example, pool: POOL}"},
      {"a SOA elsewhere", "x SOA a b 1 2 3 4 5", 1, "a SOA record is only allowed at the apex lab.example"},
      {"two SOAs", "@ SOA a b 1 2 3 4 5\n@ SOA a b 2 2 3 4 5", 2, "already has a SOA on line 1"},
      {"two CNAMEs", "a CNAME b\na CNAME c", 2, "already has a CNAME on line 1"},
      {"data beside a CNAME", "a CNAME b\na A 10.0.0.1", 2, "has a CNAME, on line 1"},
      {"data of a larger type", "a TXT x\na CNAME b", 1, "has a CNAME, on line 2"},
      {"a CNAME at the apex", "@ CNAME b", 1, "{name: lab.example, records: [...]}"},
      {"a question's type", "a TYPE255 \\# 0", 1, "occurs in messages"},
      {"OPT", "a TYPE41 \\# 0", 1, "occurs in messages"},
      {"$INCLUDE", "$INCLUDE other.zone", 1, "$INCLUDE is not supported"},
      {"a relative $ORIGIN", "$ORIGIN sub", 1, "with a trailing dot"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.description);
    const ZoneRecords got = read(c.text, c.scope);
    ASSERT_EQ(got.faults.size(), 1U);
    EXPECT_EQ(got.faults[0].where.file, 3U);
    EXPECT_EQ(got.faults[0].where.line, c.line);
    EXPECT_NE(got.faults[0].text.find(c.fragment), std::string::npos) << got.faults[0].text;
  }
}

TEST(ZoneRecords, ACnameMayBeAllOfANameAlone) {
  const ZoneRecords got = read("@ CNAME www.other.example.", config::Scope::name);
  EXPECT_TRUE(got.faults.empty());
  EXPECT_EQ(got.records.size(), 1U);
}

TEST(ZoneRecords, EveryBadLineIsTold) {
  const ZoneRecords got = read("a A x\nb A 10.0.0.1\nc A y\nd NS z\n");
  ASSERT_EQ(got.faults.size(), 3U);
  EXPECT_EQ(got.faults[0].where.line, 1U);
  EXPECT_EQ(got.faults[1].where.line, 3U);
  EXPECT_EQ(got.faults[2].where.line, 4U);
}

TEST(ZoneRecords, ASetLargerThanAnyAnswerIsAFault) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "a TXT \"" + std::string(240, 'x') + std::to_string(i) + "\"\n";
  const ZoneRecords got = read(text);
  ASSERT_EQ(got.faults.size(), 1U);
  EXPECT_NE(got.faults[0].text.find("more records of this type"), std::string::npos);
}

// The model's findings carry the file, and for lines of the YAML the entry.
TEST(ZoneRecords, AModelsFaultsNameTheEntryAndTheFile) {
  config::Model model = test::sample_model(2);
  model.files = {"penstock.yaml", "lab.zone"};
  test::add_zone(model, test::wire("lab.example"), config::Scope::zone, 0);
  test::add_zone(model, test::wire("other.example"), config::Scope::zone, 1);
  for (config::Rule& rule : model.rules) rule.action = config::Action::records;
  model.rules[0].records = {{"a A 10.0.0.1", {0, 7}}, {"a A", {0, 8}}};
  model.rules[1].records = {{"a A 10.0.0.1\nb A x\n", {1, 1}}};
  const auto findings = check_records(model);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(config::to_text(findings[0]).find("penstock.yaml:8: error: zones[0].records: 'a A' is not a record"), 0U)
      << config::to_text(findings[0]);
  EXPECT_EQ(config::to_text(findings[1]).find("lab.zone:2: error: 'b A x' is not a record"), 0U)
      << config::to_text(findings[1]);
}

TEST(ZoneRecords, ExamplesCompile) {
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(PENSTOCK_EXAMPLES)) {
    if (file.path().extension() != ".yaml") continue;
    const config::ReadModel read = read_rules(file.path().string());
    ASSERT_TRUE(read.model) << file.path();
    const auto compiled = compile(*read.model, 1, test::slots_in_order());
    EXPECT_TRUE(compiled) << file.path() << compiled.error();
    ++files;
  }
  EXPECT_GT(files, 5U);
}

}  // namespace
}  // namespace penstock::control

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
      {.description = "nothing", .text = "", .records = {}},
      {.description = "comments and blank lines", .text = "; nothing\n\n  ; here\n", .records = {}},
      {.description = "the default TTL", .text = "www A 10.0.0.1", .records = {"www.lab.example 77 1 0a000001"}},
      {.description = "$TTL", .text = "$TTL 5m\nwww A 10.0.0.1\n", .records = {"www.lab.example 300 1 0a000001"}},
      {.description = "$ORIGIN",
       .text = "$ORIGIN sub.lab.example.\nwww 1 A 10.0.0.1\n",
       .records = {"www.sub.lab.example 1 1 0a000001"}},
      {.description = "an absolute name, folded",
       .text = "WWW.Lab.Example. 1 IN A 10.0.0.1",
       .records = {"www.lab.example 1 1 0a000001"}},
      {.description = "the apex", .text = "@ 1 A 10.0.0.1", .records = {"lab.example 1 1 0a000001"}},
      {.description = "a relative target keeps its letters",
       .text = "a 1 CNAME Www",
       .records = {"a.lab.example 1 5 03577777036c6162076578616d706c6500"}},
      {.description = "the owner before",
       .text = "a 1 A 10.0.0.1\n  1 A 10.0.0.2\n",
       .records = {"a.lab.example 1 1 0a000001", "a.lab.example 1 1 0a000002"}},
      {.description = "several lines",
       .text = "a 1 TXT ( \"x\"\n ; why\n \"y\" )\nb 1 A 10.0.0.1",
       .records = {"a.lab.example 1 16 01780179", "b.lab.example 1 1 0a000001"}},
      {.description = "no record twice",
       .text = "a 1 A 10.0.0.1\na 2 A 10.0.0.1\n",
       .records = {"a.lab.example 1 1 0a000001"}},
      {.description = "an unknown type", .text = "a 1 TYPE65280 \\# 2 beef", .records = {"a.lab.example 1 65280 beef"}},
      {.description = "an unknown type without data",
       .text = "a 1 TYPE65280 \\# 0",
       .records = {"a.lab.example 1 65280 "}},
      {.description = "HTTPS", .text = "a 1 HTTPS 1 . alpn=h2", .records = {"a.lab.example 1 65 00010000010003026832"}},
      {.description = "by owner and type",
       .text = "b 1 A 10.0.0.1\na 1 TXT x\na 1 A 10.0.0.1\n",
       .records = {"a.lab.example 1 1 0a000001", "a.lab.example 1 16 0178", "b.lab.example 1 1 0a000001"}},
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

const struct {
  const char* description;
  const char* text;
  uint32_t line;
  const char* fragment;
  config::Scope scope = config::Scope::zone;
} kFaults[] = {
    {.description = "no address", .text = "www A 10.0.0", .line = 1, .fragment = "'www A 10.0.0' is not a record"},
    {.description = "behind blank lines",
     .text = "a A 10.0.0.1\n\n; c\nwww A x\nb A 10.0.0.1",
     .line = 4,
     .fragment = "is not a record"},
    {.description = "behind several lines of one record",
     .text = "a TXT ( x\n y )\nwww A x\n",
     .line = 3,
     .fragment = "is not a record"},
    {.description = "another class", .text = "a CH A 10.0.0.1", .line = 1, .fragment = "class IN"},
    {.description = "outside",
     .text = "www.other.example. A 10.0.0.1",
     .line = 1,
     .fragment = "www.other.example is outside lab.example"},
    {.description = "above", .text = "example. A 10.0.0.1", .line = 1, .fragment = "example is outside"},
    {.description = "a name that only ends alike",
     .text = "www.xlab.example. A 10.0.0.1",
     .line = 1,
     .fragment = "is outside"},
    {.description = "below a name alone",
     .text = "x A 10.0.0.1",
     .line = 1,
     .fragment = "the only name of this entry",
     .scope = config::Scope::name},
    {.description = "DNAME", .text = "x DNAME other.example.", .line = 1, .fragment = "DNAME is not supported"},
    {.description = "a delegation",
     .text = "x NS ns.other.example.",
     .line = 1,
     .fragment = "write an entry {zone: x.lab.example, pool: POOL}"},
    {.description = "a SOA elsewhere",
     .text = "x SOA a b 1 2 3 4 5",
     .line = 1,
     .fragment = "a SOA record is only allowed at the apex lab.example"},
    {.description = "two SOAs",
     .text = "@ SOA a b 1 2 3 4 5\n@ SOA a b 2 2 3 4 5",
     .line = 2,
     .fragment = "already has a SOA on line 1"},
    {.description = "two CNAMEs",
     .text = "a CNAME b\na CNAME c",
     .line = 2,
     .fragment = "already has a CNAME on line 1"},
    {.description = "data beside a CNAME",
     .text = "a CNAME b\na A 10.0.0.1",
     .line = 2,
     .fragment = "has a CNAME, on line 1"},
    {.description = "data of a larger type",
     .text = "a TXT x\na CNAME b",
     .line = 1,
     .fragment = "has a CNAME, on line 2"},
    {.description = "a CNAME at the apex",
     .text = "@ CNAME b",
     .line = 1,
     .fragment = "{name: lab.example, records: [...]}"},
    {.description = "a question's type", .text = "a TYPE255 \\# 0", .line = 1, .fragment = "occurs in messages"},
    {.description = "OPT", .text = "a TYPE41 \\# 0", .line = 1, .fragment = "occurs in messages"},
    {.description = "$INCLUDE", .text = "$INCLUDE other.zone", .line = 1, .fragment = "$INCLUDE is not supported"},
    {.description = "a relative $ORIGIN", .text = "$ORIGIN sub", .line = 1, .fragment = "with a trailing dot"},
};

TEST(ZoneRecords, FaultsHaveTheirLine) {
  for (const auto& c : kFaults) {
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

#include "config/read/zones_file.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/config/read/model_text.h"

namespace penstock::config::test {
namespace {

class ZonesFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "penstock-zones-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
  }
  ReadModel read(const std::string& zones) {
    return read_model_text(kBase + "default: {pool: office}\nzones:\n" + zones, "test.yaml", folder_);
  }

  std::string folder_;
};

TEST_F(ZonesFile, HasANameALine) {
  write("list.txt",
        "\xef\xbb\xbf# comment\r\n"
        "One.Example\r\n"
        "\n"
        "  *.two.example.   # what is below\n"
        "three\\.dots.example\n"
        "*.*\\032x.example\n"
        "last.example");
  const ReadModel result = read("  - {zones_file: list.txt, pool: vpc}\n");
  // The fifth name has a second star.
  ASSERT_EQ(result.findings.size(), 1U) << all_findings(result);
  EXPECT_EQ(to_text(result.findings[0]),
            folder_ + "/list.txt:6: error: '*.*\\032x.example': a * is only allowed first, as in *.example.com");
  write("list.txt", "One.Example\n*.two.example.\nthree\\.dots.example\nlast.example");
  const ReadModel good = read("  - {zones_file: list.txt, pool: office}\n  - {zone: v.example, pool: vpc}\n");
  ASSERT_TRUE(good.model.has_value()) << all_findings(good);
  EXPECT_EQ(entry_texts(*good.model),
            (std::vector<std::string>{"zone one.example -> office", "below two.example -> office",
                                      "zone three\\.dots.example -> office", "zone last.example -> office",
                                      "zone v.example -> vpc private"}));
  EXPECT_EQ(good.model->zones.entries[3].where.line, 4U);
  EXPECT_EQ(good.model->files[good.model->zones.entries[3].where.file], folder_ + "/list.txt");
  EXPECT_EQ(good.model->rules[good.model->zones.entries[0].rule].origin, "list.txt");
}

TEST_F(ZonesFile, ErrorsNameFileAndLine) {
  const struct {
    const char* description;
    const char* text;
    const char* finding;  // behind the folder
  } cases[] = {
      {.description = "an empty label",
       .text = "ok.example\na..example\n",
       .finding = "/list.txt:2: error: 'a..example' is not a domain name: it has an empty label"},
      {.description = "a long label",
       .text = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example\n",
       .finding = "63 octets"},
      {.description = "two words",
       .text = "a.example b.example\n",
       .finding = "/list.txt:1: error: 'a.example b.example' is not a domain name: it has a space"},
      {.description = "the root",
       .text = ".\n",
       .finding = "/list.txt:1: error: '.' matches every name: write it as 'default:' in the YAML"},
      {.description = "a star alone", .text = "*\n", .finding = "/list.txt:1: error: '*' matches every name"},
      {.description = "a star and a dot", .text = "*.\n", .finding = "/list.txt:1: error: '*.' "},
      {.description = "a name twice",
       .text = "a.example\nb.example\nA.EXAMPLE.\n",
       .finding = "/list.txt:3: error: a.example already has an entry on line 1: keep one"},
      {.description = "a name that the YAML has",
       .text = "v.example\n",
       .finding = "/list.txt:1: error: v.example already has an entry on line 7 of test.yaml"},
      {.description = "a filter list",
       .text = "ok.example\n||ads.example^\n",
       .finding = "/list.txt:2: error: '||ads.example^' has '|', which queried names do not have: write ads.example"},
      {.description = "a hosts file",
       .text = "0.0.0.0 ads.example\n",
       .finding = "/list.txt:1: error: '0.0.0.0 ads.example' is not a domain name"},
      {.description = "a resolver's rule",
       .text = "address=/ads.example/0.0.0.0\n",
       .finding = "/list.txt:1: error: 'address=/ads.example/0.0.0.0' has '='"},
      {.description = "an address",
       .text = "10.16.1.10\n",
       .finding = "/list.txt:1: error: '10.16.1.10' is an address"},
      {.description = "an IPv6 address", .text = "fd00::1\n", .finding = "/list.txt:1: error: 'fd00::1' is an address"},
      {.description = "a network with host bits",
       .text = "10.16.1.10/16\n",
       .finding = "/list.txt:1: error: '10.16.1.10/16' is not a network: write 10.16.0.0/16"},
      {.description = "a network twice",
       .text = "172.16.0.0/12\n31.172.in-addr.arpa\n",
       .finding = "/list.txt:2: error: 31.172.in-addr.arpa already has an entry on line 1: keep one"},
      {.description = "an empty file", .text = "", .finding = "list.txt has no names"},
      {.description = "comments alone", .text = "# a.example\n\n", .finding = "list.txt has no names"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.description);
    write("list.txt", one.text);
    const ReadModel result = read("  - {zone: v.example, pool: vpc}\n  - {zones_file: list.txt, pool: office}\n");
    EXPECT_FALSE(result.model.has_value());
    ASSERT_EQ(result.findings.size(), 1U) << all_findings(result);
    EXPECT_NE(to_text(result.findings[0]).find(one.finding), std::string::npos) << all_findings(result);
  }
}

TEST_F(ZonesFile, ANetworkIsItsReverseZones) {
  write("list.txt", "10.0.0.0/8\n192.168.2.0/23 # two\nfd00::/8\n0/25.2.0.192.in-addr.arpa\nhost1\n");
  const ReadModel result = read("  - {zones_file: list.txt, pool: office}\n  - {zone: 172.16.0.0/15, pool: vpc}\n");
  ASSERT_TRUE(result.model.has_value()) << all_findings(result);
  EXPECT_EQ(
      entry_texts(*result.model),
      (std::vector<std::string>{"zone 10.in-addr.arpa -> office", "zone 2.168.192.in-addr.arpa -> office",
                                "zone 3.168.192.in-addr.arpa -> office", "zone d.f.ip6.arpa -> office",
                                "zone 0/25.2.0.192.in-addr.arpa -> office", "zone host1 -> office",
                                "zone 16.172.in-addr.arpa -> vpc private", "zone 17.172.in-addr.arpa -> vpc private"}));
}

TEST_F(ZonesFile, ThatCannotBeReadIsAnErrorOfItsEntry) {
  mkdir((folder_ + "/folder").c_str(), 0700);
  mkfifo((folder_ + "/pipe").c_str(), 0600);
  for (const auto& [name, reason] :
       {std::pair{"missing.txt", "No such file"}, {"folder", "not a regular file"}, {"pipe", "not a regular file"}}) {
    const ReadModel result = read(std::string("  - {zones_file: ") + name + ", pool: office}\n");
    ASSERT_EQ(result.findings.size(), 1U) << all_findings(result);
    EXPECT_EQ(result.findings[0].line, 7U);
    EXPECT_EQ(result.findings[0].key, "zones[0].zones_file");
    EXPECT_NE(result.findings[0].text.find(reason), std::string::npos) << result.findings[0].text;
  }
}

TEST_F(ZonesFile, ErrorsAreCappedAFile) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "a..example\n";
  write("list.txt", text);
  const ReadModel result = read("  - {zones_file: list.txt, pool: office}\n");
  ASSERT_EQ(result.findings.size(), 21U);
  EXPECT_EQ(to_text(result.findings.back()), folder_ + "/list.txt: error: and 30 more like these");
}

TEST_F(ZonesFile, MayHoldAMillionNames) {
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) text += "Zone-" + std::to_string(i) + ".partner.example\n";
  write("list.txt", text);
  const ReadModel good = read("  - {zones_file: list.txt, pool: office}\n  - {zone: v.example, pool: vpc}\n");
  ASSERT_TRUE(good.model.has_value()) << all_findings(good);
  EXPECT_EQ(std::count_if(good.model->zones.entries.begin(), good.model->zones.entries.end(),
                          [&](const auto& entry) { return !good.model->rules[entry.rule].is_built_in; }),
            1'000'001);
  EXPECT_EQ(to_text(good.model->zones.name(good.model->zones.entries[999'999])), "zone-999999.partner.example");
  write("list.txt", text + "zone-500000.partner.example\n");
  const ReadModel doubled = read("  - {zones_file: list.txt, pool: office}\n");
  ASSERT_EQ(doubled.findings.size(), 1U) << all_findings(doubled);
  EXPECT_EQ(
      to_text(doubled.findings[0]),
      folder_ + "/list.txt:1000001: error: zone-500000.partner.example already has an entry on line 500001: keep one");
}

// The quick reader of plain names agrees with parse_name() on what is one and what it becomes.
TEST_F(ZonesFile, PlainNamesAreReadAsParseNameReadsThem) {
  const std::string alphabet = "aZ09-_.*\\# \t~\x7f\xc3";
  uint64_t state = 42;
  const auto next = [&] {
    return static_cast<size_t>((state = state * 6364136223846793005ULL + 1442695040888963407ULL) >> 33);
  };
  size_t accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const size_t length = next() % (round % 50 == 0 ? 300 : 12);
    for (size_t i = 0; i < length; ++i) text += next() % 3 != 0 ? 'x' : alphabet[next() % alphabet.size()];
    if (text.find_first_of("#* \t") != std::string::npos || text.empty()) continue;
    std::vector<std::string> files = {"yaml", "list"};
    Findings findings(files);
    ZoneNames zones;
    read_zone_lines(text, 1, 0, zones, findings);
    const auto parsed = parse_name(text);
    const bool is_taken = parsed && parsed->size() > 1 && zone_problem(text).empty();
    ASSERT_EQ(zones.entries.size(), is_taken ? 1U : 0U) << text;
    ASSERT_EQ(findings.has_error(), !is_taken) << text;
    if (is_taken) {
      ASSERT_EQ(zones.name(zones.entries[0]), *parsed) << text;
    }
    accepted += is_taken;
  }
  EXPECT_GT(accepted, 1000U);
}

}  // namespace
}  // namespace penstock::config::test

#include "control/import/readers/bind/second_opinion.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "control/import/readers/readers.h"
#include "tests/control/import/samples.h"

namespace penstock::imports {
namespace {

const std::string kText =
    "options { forward only; forwarders { 192.168.10.2; }; allow-query { 10/8; }; };\n"
    "zone \"a.example\" { type forward; forward only; forwarders { 10.1.1.1; 10.1.1.2; }; };\n";

std::vector<std::string> remarks_after(const std::string& text, const CheckedConf& checked) {
  Source source = read_bind({"named.conf"}, test::memory_files({{"named.conf", text}}));
  const size_t before = source.remarks.size();
  compare_with_named(source, checked);
  std::vector<std::string> remarks;
  for (size_t i = before; i < source.remarks.size(); ++i)
    remarks.push_back((source.remarks[i].weight == Weight::note ? "note " : "decide ") +
                      to_text(source, source.remarks[i].where) + ": " + source.remarks[i].text);
  return remarks;
}

TEST(SecondOpinion, DifferencesAreTold) {
  EXPECT_TRUE(remarks_after(kText, {false, false, ""}).empty());
  EXPECT_TRUE(remarks_after(kText, {true, true, kText}).empty());
  EXPECT_TRUE(remarks_after(kText, {true, true, "/etc/named.conf:4: token 'port' is deprecated\n" + kText}).empty());
  std::string other = kText;
  other.replace(other.find("10.1.1.2"), 8, "10.1.1.3");
  EXPECT_EQ(remarks_after(kText, {true, true, other}),
            (std::vector<std::string>{
                "decide named.conf:2: named-checkconf reads a.example otherwise: 10.1.1.1, 10.1.1.3, and this "
                "import: 10.1.1.1, 10.1.1.2"}));
  const auto more = remarks_after(
      kText, {true, true, kText + "zone b.example { type forward; forward only; forwarders { 10.1.1.1; }; };"});
  ASSERT_EQ(more.size(), 1U);
  EXPECT_NE(more[0].find("b.example otherwise: 10.1.1.1, and this import: no such zone"), std::string::npos);
  other = kText;
  other.replace(other.find("10/8"), 4, "10/9");
  const auto clients = remarks_after(kText, {true, true, other});
  ASSERT_EQ(clients.size(), 1U);
  EXPECT_NE(clients[0].find("who may ask otherwise: 10.0.0.0/9"), std::string::npos);
  const auto refused = remarks_after(kText, {true, false, "named.conf:1: oh\n\nfailed"});
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].substr(0, 5), "note ");
  EXPECT_NE(refused[0].find("named.conf:1: oh; failed"), std::string::npos);
}

// Where bind9-utils is installed, as on a machine that runs all tests.
TEST(SecondOpinion, OfTheProgramItself) {
  if (!std::filesystem::exists("/usr/bin/named-checkconf")) return;
  char folder[] = "/tmp/opinion.XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/named.conf";
  std::ofstream(path) << kText << "include \"" << folder << "/more.conf\";\nacl x { !10.1.0.0/16; 10.0.0.0/8; };\n";
  std::ofstream(std::string(folder) + "/more.conf")
      << "zone b.example { type forward; forwarders { 10.1.1.9 port 5353; }; };\n";
  Source source = read_bind({path}, disk_files());
  const size_t before = source.remarks.size();
  const CheckedConf checked = check_with_named(path);
  EXPECT_TRUE(checked.is_there && checked.is_good) << checked.text;
  compare_with_named(source, checked);
  for (size_t i = before; i < source.remarks.size(); ++i) ADD_FAILURE() << source.remarks[i].text;
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace penstock::imports

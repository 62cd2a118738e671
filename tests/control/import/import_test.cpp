#include "control/import/import.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace penstock::imports {
namespace {

namespace fs = std::filesystem;

class ImportCommand : public testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/import-command.XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  std::string content(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / name).rdbuf();
    return text.str();
  }
  int run(const ImportOptions& options) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = run_import(options);
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return status;
  }
  fs::path folder_;
  std::string out_;
  std::string err_;
};

const std::string kOffice = "no-resolv\nno-hosts\nserver=192.168.10.2\n";

TEST_F(ImportCommand, TheStatusSaysWhetherSomethingIsLost) {
  EXPECT_EQ(run({.kind = "dnsmasq", .paths = {file("a.conf", kOffice)}}), 0);
  EXPECT_NE(out_.find("default: {pool: corporate}"), std::string::npos);
  EXPECT_TRUE(err_.empty()) << err_;
  EXPECT_EQ(run({.kind = "dnsmasq", .paths = {file("b.conf", kOffice + "server=/consul/127.0.0.1#8600\n")}}), 1);
  EXPECT_NE(err_.find("b.conf:4: decide: consul is refused"), std::string::npos) << err_;
  EXPECT_NE(out_.find("# DECIDE "), std::string::npos);
  EXPECT_EQ(run({.kind = "dnsmasq", .paths = {folder_ / "gone"}}), 2);
  EXPECT_NE(err_.find("cannot be read"), std::string::npos);
  EXPECT_TRUE(out_.empty());
  EXPECT_EQ(run({.kind = "dnsmasq"}), 2);
  EXPECT_EQ(run({.kind = "djbdns", .paths = {folder_ / "a.conf"}}), 2);
}

TEST_F(ImportCommand, VerifyPrintsNamesThatGoElsewhere) {
  const std::string same = file("a.conf", kOffice + "server=/a.example/10.1.1.1\n");
  EXPECT_EQ(run({.kind = "dnsmasq", .paths = {same}, .verify = true}), 0);
  EXPECT_EQ(out_, "5 names compared, 0 differ\n");
  const std::string queries = file("queries", "www.a.example 17 times\n# none\nx.example\nbad..name\n");
  EXPECT_EQ(
      run({.kind = "dnsmasq", .paths = {same}, .output = folder_ / "out.yaml", .verify = true, .queries = queries}), 0);
  EXPECT_EQ(out_, "7 names compared, 0 differ\n");
  EXPECT_NE(err_.find("'bad..name' is not a domain name"), std::string::npos);
  EXPECT_NE(content("out.yaml").find("- {zone: a.example, pool: a.example}"), std::string::npos);
}

TEST_F(ImportCommand, ZoneFilesAreFoundFromWhereTheResultIs) {
  file("named/a.zone", "$TTL 60\n@ SOA ns.a.example. h.a.example. 1 2 3 4 5\n@ NS ns\nns A 10.1.1.1\n");
  const std::string conf = file(
      "named/named.conf",
      "options { forward only; forwarders { 192.168.10.2; }; };\nzone a.example { type primary; file \"a.zone\"; };\n");
  EXPECT_EQ(run({.kind = "bind", .paths = {conf}, .output = folder_ / "named/out.yaml"}), 1);
  EXPECT_NE(content("named/out.yaml").find("zone_file: a.zone}"), std::string::npos);
  EXPECT_EQ(run({.kind = "bind", .paths = {conf}, .output = folder_ / "out.yaml", .verify = true}), 1);
  EXPECT_NE(content("out.yaml").find((folder_ / "named/a.zone").string()), std::string::npos) << content("out.yaml");
  EXPECT_NE(out_.find(" 0 differ"), std::string::npos) << out_;
}

}  // namespace
}  // namespace penstock::imports

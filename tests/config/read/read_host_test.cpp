#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "tests/config/read/model_text.h"

namespace penstock::config::test {
namespace {

ReadModel read_host_text(const std::string& yaml) {
  const std::string path = testing::TempDir() + "read_host_test." + std::to_string(getpid()) + ".yaml";
  std::ofstream(path, std::ios::binary) << yaml;
  ReadModel read = read_host(path);
  std::remove(path.c_str());
  return read;
}

const std::string kPort = "ports: [{name: corp, device: \"af_xdp:eth0\"}]\n";

struct HostCase {
  const char* description;
  std::string yaml;
  bool has_model;
  const char* finding;  // a part of the only finding; empty: there is none
};

const HostCase kCases[] = {
    {"a whole configuration", kBase + "default: {pool: office}\n", true, ""},
    {"ports alone", kPort, true, ""},

    // The rules are not the dataplane's to judge
    {"a broken kind of pool", kPort + "pools: {vpc: {kind: route53, endpoints: [10.16.1.300]}}\n", true, ""},
    {"pools that are a list", kPort + "pools: [10.16.1.10]\n", true, ""},
    {"a zones_file that is not there", kBase + "zones: [{zones_file: /nonexistent, pool: office}]\n", true, ""},
    {"a zone twice", kBase + "zones: [{zone: a.example, pool: vpc}, {zone: a.example, pool: office}]\n", true, ""},
    {"an unknown key in studio", kBase + "studio: [{region: us-east-1, pool: vpc, services_: []}]\n", true, ""},
    {"a key twice in zones", kBase + "zones: [{zone: a.example, zone: b.example, pool: vpc}]\n", true, ""},
    {"an alias in zones", kBase + "zones: [{zone: &a a.example, pool: vpc}, {zone: *a, pool: vpc}]\n", true, ""},
    {"a list as a key in zones", kBase + "zones: [{[a, b]: c}]\n", true, ""},
    {"zones twice", kBase + "zones: []\nzones: []\n", true, ""},
    {"an unknown section", kBase + "zone: []\n", true, ""},
    {"clients that may not be", kBase + "clients: {allow: []}\n", true, ""},
    {"an endpoint that we listen on", kBase + "listen: [10.16.1.10]\n", true, ""},

    // Its own sections are
    {"a bad kind of port", "ports: [{device: \"af_xpd:eth0\"}]\n", false, "did you mean 'af_xdp:'?"},
    {"no ports", "pools: {}\n", false, "there are no ports"},
    {"an empty file", "", false, "there are no ports"},
    {"a list at the top", "- ports\n", false, "there are no ports"},
    {"a pci port without listen", "ports: [{device: \"pci:0000:3b:00.0\"}]\n", false, "belongs to DPDK"},
    {"an unknown key", kBase + "dataplane: {sockt: /run/x}\n", false, "did you mean 'socket'?"},
    {"a bad address to listen on", kBase + "listen: [10.0.0.300]\n", false, "not an IP address"},
    {"a section twice", kPort + "listen: [10.0.0.1]\nlisten: [10.0.0.2]\n", false, "given twice"},
    {"a key twice", "ports: [{name: a, name: b, device: \"af_xdp:eth0\"}]\n", false, "given twice"},
    {"an alias", kPort + "listen: [&a 10.0.0.1, *a]\n", false, "aliases"},

    // Syntax
    {"a syntax error behind them", kBase + "zones: [\n", true, "warning: this is not YAML"},
    {"a syntax error behind them, in the middle of zones", kBase + "zones:\n  - {zone: a.example]\ncontrol: {}\n", true,
     "warning: this is not YAML"},
    {"a syntax error in pools", kPort + "pools: {vpc: {kind: route53-inbound\ndefault: {pool: vpc}\n", true,
     "warning: this is not YAML"},
    {"zones nested too deeply", kBase + "zones: " + std::string(400, '[') + std::string(400, ']') + "\n", true,
     "warning: this is not YAML: it is nested too deeply"},
    {"a second document", kBase + "---\nzones: []\n", true, "warning: a second document"},
    {"a second document that is not YAML", kBase + "---\nzones: [\n", true, "warning: this is not YAML"},
    {"a syntax error in ports", "ports: [\n", false, "error: this is not YAML"},
    {"a syntax error before ports", "pools: {vpc: [\n" + kPort, false, "error: this is not YAML"},
    {"a syntax error in listen", kBase + "listen: [10.0.0.1\n", false, "error: this is not YAML"},
    {"a syntax error before dataplane", kBase + "zones: [\ndataplane: {state_dir: /d}\n", false,
     "error: this is not YAML"},
    {"a syntax error before a quoted dataplane", kBase + "zones: [\n\"dataplane\" : {state_dir: /d}\n", false,
     "error: this is not YAML"},
    {"a syntax error before an indented dataplane",
     "  ports: [{device: \"af_xdp:eth0\"}]\n  zones: [\n  listen: 10.0.0.1\n", false, "error: this is not YAML"},
    {"a listen that is not ours behind the syntax error", kBase + "zones: [\nmetrics:\n  listen: 127.0.0.1:9153\n",
     true, "warning: this is not YAML"},
    {"a second document with lcores", kBase + "---\nlcores: 4\n", false, "error: a second document"},
    {"a syntax error in a map in braces", "{ports: [{device: \"af_xdp:eth0\"}], zones: [}\n", false,
     "error: this is not YAML"},
};

TEST(ReadHost, IsKeptFromStartingByItsOwnSectionsOnly) {
  for (const HostCase& one : kCases) {
    SCOPED_TRACE(one.description);
    const ReadModel read = read_host_text(one.yaml);
    EXPECT_EQ(read.model.has_value(), one.has_model) << all_findings(read);
    if (*one.finding == '\0') {
      EXPECT_TRUE(read.findings.empty()) << all_findings(read);
    } else {
      ASSERT_EQ(read.findings.size(), 1U) << all_findings(read);
      EXPECT_NE(to_text(read.findings[0]).find(one.finding), std::string::npos) << all_findings(read);
    }
  }
}

TEST(ReadHost, ReadsWhoMayBeWhoOnAPort) {
  const ReadModel read = read_host_text(R"(
ports:
  - {device: "af_xdp:eth0", vlans: [0, 42], reverse_path: strict, gateways: ["52:54:00:12:34:5f"]}
  - {device: "af_packet:eth1"}
)");
  ASSERT_TRUE(read.model.has_value()) << all_findings(read);
  const Port& port = read.model->ports[0];
  EXPECT_EQ(port.vlans, (std::vector<uint16_t>{0, 42}));
  EXPECT_TRUE(port.strict_reverse_path);
  ASSERT_EQ(port.gateways.size(), 1U);
  EXPECT_EQ(port.gateways[0], (std::array<uint8_t, 6>{0x52, 0x54, 0, 0x12, 0x34, 0x5f}));
  EXPECT_TRUE(read.model->ports[1].vlans.empty());
  EXPECT_FALSE(read.model->ports[1].strict_reverse_path);
}

// What stands in front of a syntax error is read as ever.
TEST(ReadHost, ReadsWhatTheDataplaneNeeds) {
  for (const char* end : {"", "zones: [\n"}) {
    const ReadModel read = read_host_text(R"(
ports: [{name: office, device: "pci:0000:3b:00.1"}]
listen: ["fd00::86", 192.168.10.86]
lcores: 4
idle: busy
dataplane: {eal: ["-v"], socket: /s, state_dir: /d, source_ports: {first: 2000, count: 100}, pending: 64, identity: fwd-1, version: '9 ü'}
pools:
  kernel: {kind: recursive, endpoints: [10.0.0.1]}
  own: {kind: nonsense, source: [192.168.10.86, "fd00::86"]}
  bad: {kind: recursive, source: [192.168.10.86, 0.0.0.0]}
  twice: {kind: recursive, source: [192.168.10.86, 192.168.10.87]}
clients: {allow: [0.0.0.0/0]}
)" + std::string(end));
    ASSERT_TRUE(read.model.has_value()) << all_findings(read);
    const Model& model = *read.model;
    ASSERT_EQ(model.ports.size(), 1U);
    EXPECT_EQ(model.ports[0].device, "0000:3b:00.1");
    EXPECT_EQ(model.listen.size(), 2U);
    EXPECT_EQ(model.lcores, 4U);
    EXPECT_EQ(model.idle, Idle::busy);
    EXPECT_EQ(model.dataplane.eal, std::vector<std::string>{"-v"});
    EXPECT_EQ(model.dataplane.socket, "/s");
    EXPECT_EQ(model.dataplane.state_dir, "/d");
    EXPECT_EQ(model.dataplane.pending, 64U);
    EXPECT_EQ(model.dataplane.identity, "fwd-1");
    EXPECT_EQ(model.dataplane.version, "9 ü");
    ASSERT_EQ(model.pools.size(), 1U);
    EXPECT_EQ(model.pools[0].name, "own");
    EXPECT_EQ(model.pools[0].source.size(), 2U);
    EXPECT_TRUE(model.pools[0].endpoints.empty());
  }
}

TEST(ReadHost, HostileTextsAreRefused) {
  const std::string texts[] = {
      std::string(100'000, '['),
      std::string(100'000, '{'),
      "&a [*a]",
      "? [a]\n: b\n",
      "*a : b\n",
      "\xff\xfe\x00",
      "ports: *a\n",
      "[ports]: x\n",
      "ports",
      "---\n---\n",
  };
  for (const std::string& text : texts) {
    const ReadModel read = read_host_text(text);
    EXPECT_FALSE(read.model.has_value());
    EXPECT_FALSE(read.findings.empty());
  }
}

TEST(ReadHost, AFileThatIsNotThereIsAnError) {
  const ReadModel read = read_host("/nonexistent/penstock.yaml");
  ASSERT_EQ(read.findings.size(), 1U);
  EXPECT_EQ(to_text(read.findings[0]), "/nonexistent/penstock.yaml: error: cannot be read: No such file or directory");
  EXPECT_FALSE(read.model.has_value());
}

}  // namespace
}  // namespace penstock::config::test

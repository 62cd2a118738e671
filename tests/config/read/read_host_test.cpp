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
    {.description = "a whole configuration",
     .yaml = kBase + "default: {pool: office}\n",
     .has_model = true,
     .finding = ""},
    {.description = "ports alone", .yaml = kPort, .has_model = true, .finding = ""},

    // The rules are not the dataplane's to judge
    {.description = "a broken kind of pool",
     .yaml = kPort + "pools: {vpc: {kind: route53, endpoints: [10.16.1.300]}}\n",
     .has_model = true,
     .finding = ""},
    {.description = "pools that are a list", .yaml = kPort + "pools: [10.16.1.10]\n", .has_model = true, .finding = ""},
    {.description = "a zones_file that is not there",
     .yaml = kBase + "zones: [{zones_file: /nonexistent, pool: office}]\n",
     .has_model = true,
     .finding = ""},
    {.description = "a zone twice",
     .yaml = kBase + "zones: [{zone: a.example, pool: vpc}, {zone: a.example, pool: office}]\n",
     .has_model = true,
     .finding = ""},
    {.description = "an unknown key in studio",
     .yaml = kBase + "studio: [{region: us-east-1, pool: vpc, services_: []}]\n",
     .has_model = true,
     .finding = ""},
    {.description = "a key twice in zones",
     .yaml = kBase + "zones: [{zone: a.example, zone: b.example, pool: vpc}]\n",
     .has_model = true,
     .finding = ""},
    {.description = "an alias in zones",
     .yaml = kBase + "zones: [{zone: &a a.example, pool: vpc}, {zone: *a, pool: vpc}]\n",
     .has_model = true,
     .finding = ""},
    {.description = "a list as a key in zones",
     .yaml = kBase + "zones: [{[a, b]: c}]\n",
     .has_model = true,
     .finding = ""},
    {.description = "zones twice", .yaml = kBase + "zones: []\nzones: []\n", .has_model = true, .finding = ""},
    {.description = "an unknown section", .yaml = kBase + "zone: []\n", .has_model = true, .finding = ""},
    {.description = "clients that may not be",
     .yaml = kBase + "clients: {allow: []}\n",
     .has_model = true,
     .finding = ""},
    {.description = "an endpoint that we listen on",
     .yaml = kBase + "listen: [10.16.1.10]\n",
     .has_model = true,
     .finding = ""},

    // Its own sections are
    {.description = "a bad kind of port",
     .yaml = "ports: [{device: \"af_xpd:eth0\"}]\n",
     .has_model = false,
     .finding = "did you mean 'af_xdp:'?"},
    {.description = "no ports", .yaml = "pools: {}\n", .has_model = false, .finding = "there are no ports"},
    {.description = "an empty file", .yaml = "", .has_model = false, .finding = "there are no ports"},
    {.description = "a list at the top", .yaml = "- ports\n", .has_model = false, .finding = "there are no ports"},
    {.description = "a pci port without listen",
     .yaml = "ports: [{device: \"pci:0000:3b:00.0\"}]\n",
     .has_model = false,
     .finding = "belongs to DPDK"},
    {.description = "an unknown key",
     .yaml = kBase + "dataplane: {sockt: /run/x}\n",
     .has_model = false,
     .finding = "did you mean 'socket'?"},
    {.description = "a bad address to listen on",
     .yaml = kBase + "listen: [10.0.0.300]\n",
     .has_model = false,
     .finding = "not an IP address"},
    {.description = "a section twice",
     .yaml = kPort + "listen: [10.0.0.1]\nlisten: [10.0.0.2]\n",
     .has_model = false,
     .finding = "given twice"},
    {.description = "a key twice",
     .yaml = "ports: [{name: a, name: b, device: \"af_xdp:eth0\"}]\n",
     .has_model = false,
     .finding = "given twice"},
    {.description = "an alias",
     .yaml = kPort + "listen: [&a 10.0.0.1, *a]\n",
     .has_model = false,
     .finding = "aliases"},

    // Syntax
    {.description = "a syntax error behind them",
     .yaml = kBase + "zones: [\n",
     .has_model = true,
     .finding = "warning: this is not YAML"},
    {.description = "a syntax error behind them, in the middle of zones",
     .yaml = kBase + "zones:\n  - {zone: a.example]\ncontrol: {}\n",
     .has_model = true,
     .finding = "warning: this is not YAML"},
    {.description = "a syntax error in pools",
     .yaml = kPort + "pools: {vpc: {kind: route53-inbound\ndefault: {pool: vpc}\n",
     .has_model = true,
     .finding = "warning: this is not YAML"},
    {.description = "zones nested too deeply",
     .yaml = kBase + "zones: " + std::string(400, '[') + std::string(400, ']') + "\n",
     .has_model = true,
     .finding = "warning: this is not YAML: it is nested too deeply"},
    {.description = "a second document",
     .yaml = kBase + "---\nzones: []\n",
     .has_model = true,
     .finding = "warning: a second document"},
    {.description = "a second document that is not YAML",
     .yaml = kBase + "---\nzones: [\n",
     .has_model = true,
     .finding = "warning: this is not YAML"},
    {.description = "a syntax error in ports",
     .yaml = "ports: [\n",
     .has_model = false,
     .finding = "error: this is not YAML"},
    {.description = "a syntax error before ports",
     .yaml = "pools: {vpc: [\n" + kPort,
     .has_model = false,
     .finding = "error: this is not YAML"},
    {.description = "a syntax error in listen",
     .yaml = kBase + "listen: [10.0.0.1\n",
     .has_model = false,
     .finding = "error: this is not YAML"},
    {.description = "a syntax error before dataplane",
     .yaml = kBase + "zones: [\ndataplane: {state_dir: /d}\n",
     .has_model = false,
     .finding = "error: this is not YAML"},
    {.description = "a syntax error before a quoted dataplane",
     .yaml = kBase + "zones: [\n\"dataplane\" : {state_dir: /d}\n",
     .has_model = false,
     .finding = "error: this is not YAML"},
    {.description = "a syntax error before an indented dataplane",
     .yaml = "  ports: [{device: \"af_xdp:eth0\"}]\n  zones: [\n  listen: 10.0.0.1\n",
     .has_model = false,
     .finding = "error: this is not YAML"},
    {.description = "a listen that is not ours behind the syntax error",
     .yaml = kBase + "zones: [\nmetrics:\n  listen: 127.0.0.1:9153\n",
     .has_model = true,
     .finding = "warning: this is not YAML"},
    {.description = "a second document with lcores",
     .yaml = kBase + "---\nlcores: 4\n",
     .has_model = false,
     .finding = "error: a second document"},
    {.description = "a syntax error in a map in braces",
     .yaml = "{ports: [{device: \"af_xdp:eth0\"}], zones: [}\n",
     .has_model = false,
     .finding = "error: this is not YAML"},
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

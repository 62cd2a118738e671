#include <gtest/gtest.h>

#include "tests/control/import/samples.h"

namespace penstock::imports {
namespace {

const std::string kDefault = "{\"IPAddress\": [\"192.168.10.2\"], \"UseRootHint\": false}";
const std::string kNoDefault = "0: import 'Get-DnsServerForwarder";

std::string in_utf16(const std::string& text) {
  std::string out = "\xff\xfe";
  for (const char c : text) out += std::string{c, '\0'};
  return out;
}

const test::Sample kSamples[] = {
    {.description = "JSON, addresses joined by a comma, and the forwarders",
     .text = "[\n{\"ZoneName\": \"studio.us-east-1.sagemaker.aws\", \"ZoneType\": \"Forwarder\", \"IsAutoCreated\": "
             "false,\n"
             "\"MasterServers\": \"10.16.1.10,10.16.2.10\", \"UseRecursion\": false},\n" +
             kDefault + "]",
     .yaml = {"studio.us-east-1.sagemaker.aws: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10]}",
              "- {zone: studio.us-east-1.sagemaker.aws, pool: studio.us-east-1.sagemaker.aws}",
              "default: {pool: corporate}"}},
    {.description = "addresses as objects, a list in {value, Count}",
     .text = "{\"value\": [{\"ZoneName\": \"a.example\", \"ZoneType\": \"Forwarder\", \"MasterServers\": {\"value\": "
             "[{\"IPAddressToString\": \"10.1.1.1\", \"Address\": 16843018}], \"Count\": 1}}], \"Count\": 1}",
     .yaml = {"a.example: {kind: recursive, endpoints: [10.1.1.1]}", "- {zone: a.example, pool: a.example}"},
     .decide = {kNoDefault}},
    {.description = "a single object",
     .text =
         "{\"ZoneName\": \"a.example\", \"ZoneType\": \"Forwarder\", \"MasterServers\": [\"10.1.1.1\", \"fd00::1\"]}",
     .yaml = {"a.example: {kind: recursive, endpoints: [10.1.1.1, \"fd00::1\"]}"},
     .decide = {kNoDefault}},
    {.description = "CSV with a first line of the type, semicolons between addresses",
     .text = "#TYPE "
             "Selected.Microsoft.Management\r\n\"ZoneName\",\"ZoneType\",\"MasterServers\"\r\n\"a.example\","
             "\"Forwarder\",\"10.1.1.1;10.1.1.2\"\r\n",
     .yaml = {"a.example: {kind: recursive, endpoints: [10.1.1.1, 10.1.1.2]}"},
     .decide = {kNoDefault}},
    {.description = "CSV of a European locale, addresses joined by slashes and line ends",
     .text = "ZoneName;ZoneType;MasterServers\na.example;Forwarder;10.1.1.1/"
             "10.1.1.2\nb.example;Forwarder;\"10.1.1.3\n10.1.1.4\"\nc.example;Forwarder;10.1.1.1 10.1.1.2\n",
     .yaml = {"- {zone: a.example, pool: a.example}", "b.example: {kind: recursive, endpoints: [10.1.1.3, 10.1.1.4]}",
              "- {zone: c.example, pool: a.example}"},
     .decide = {kNoDefault}},
    {.description = "UTF-16",
     .text = in_utf16("ZoneName,ZoneType,MasterServers\r\na.example,Forwarder,10.1.1.1\r\n"),
     .yaml = {"- {zone: a.example, pool: a.example}"},
     .decide = {kNoDefault}},
    {.description = "a plain Export-Csv has no addresses",
     .text = "\"ZoneName\",\"ZoneType\",\"MasterServers\"\n\"a.example\",\"Forwarder\",\"System.Net.IPAddress[]\"\n",
     .yaml = {"- {zone: a.example, answer: refused}"},
     .decide = {kNoDefault, "2: run Get-DnsServerZone", "2: a.example is refused"}},
    {.description = "a column is missing",
     .text = "\"ZoneName\",\"ZoneType\"\n\"a.example\",\"Forwarder\"\n",
     .yaml = {"- {zone: a.example, answer: refused}"},
     .decide = {kNoDefault, "2: run Get-DnsServerZone", "2: a.example is refused"}},
    {.description = "zones of the server itself, and those that it makes up",
     .text = "ZoneName,ZoneType,IsAutoCreated,MasterServers\n0.in-addr.arpa,Primary,True,\nTrustAnchors,Primary,False,"
             "\ncorp.example,Primary,False,\n1.10.in-addr.arpa,Secondary,False,10.1.1.1\n",
     .not_yaml = {"in-addr", "corp.example"},
     .decide = {kNoDefault, "4: corp.example (primary)", "5: 1.10.in-addr.arpa (secondary)"}},
    {.description = "recursion behind the servers",
     .text = "[{\"ZoneName\": \"a.example\", \"ZoneType\": \"Forwarder\", \"MasterServers\": \"10.1.1.1\", "
             "\"UseRecursion\": true},\n{\"IPAddress\": {\"value\": [\"192.168.10.2\"]}, \"UseRootHint\": true}]",
     .yaml = {"default: {pool: corporate}"},
     .decide = {"1: with UseRecursion", "2: with UseRootHint"}},
    {.description = "an address that is none",
     .text = "ZoneName,ZoneType,MasterServers\na.example,Forwarder,\"10.1.1.1,dc1\"\n",
     .yaml = {"a.example: {kind: recursive, endpoints: [10.1.1.1]}"},
     .decide = {kNoDefault, "2: 'dc1' is not an IP address"}},
    {.description = "JSON that is cut off", .text = "[\n{\"ZoneName\": \"a.exam", .broken = "2: no JSON"},
};

TEST(ImportWindows, Samples) {
  for (const test::Sample& sample : kSamples) test::check(read_windows, "zones.json", sample);
}

}  // namespace
}  // namespace penstock::imports

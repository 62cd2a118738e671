#include <gtest/gtest.h>

#include "tests/control/import/samples.h"

namespace penstock::imports {
namespace {

const std::string kEndpoints = R"({"ResolverEndpoints": [
 {"Id": "rslvr-in-1", "Arn": "arn:aws:route53resolver:us-east-1:111122223333:resolver-endpoint/rslvr-in-1", "Direction": "INBOUND"},
 {"Id": "rslvr-out-1", "Arn": "arn:aws:route53resolver:us-east-1:111122223333:resolver-endpoint/rslvr-out-1", "Direction": "OUTBOUND"}]})";
const std::string kAddresses = R"({"IpAddresses": [
 {"IpId": "rni-1", "Ip": "10.16.1.10", "Status": "ATTACHED"},
 {"IpId": "rni-2", "Ip": "10.16.2.10", "Ipv6": "fd00:16::10", "Status": "ATTACHED"}]})";
const std::string kDomains = R"({"Domains": [
 {"DomainId": "d-sq9djt5lr5pc", "Url": "https://d-sq9djt5lr5pc.studio.us-east-1.sagemaker.aws", "Status": "InService"}]})";
const std::string kNoDefault = "0: where all other names go";

std::string stack(const std::string& outputs) {
  return "{\"StackName\": \"s\", \"Outputs\": [" + outputs + "]}";
}
std::string output(const std::string& key, const std::string& value) {
  return "\n{\"OutputKey\": \"" + key + "\", \"OutputValue\": \"" + value + "\"}";
}

const test::Sample kSamples[] = {
    {.description = "the outputs of our own stacks",
     .text = "{\"Stacks\": [" +
             stack(output("PenstockRegion", "us-east-1") + "," + output("PenstockEndpoints", "10.16.1.10,10.16.2.10") +
                   "," + output("PenstockExpect", "10.16.0.0/16") + "," +
                   output("PenstockServices", "studio,api,runtime")) +
             "," + stack(output("PenstockRegion", "us-east-1") + "," + output("PenstockDomains", "d-sq9djt5lr5pc")) +
             "," + stack(output("PenstockListen", "192.168.10.86") + "," + output("PenstockDefault", "192.168.10.2")) +
             "," + stack("") + "]}",
     .yaml = {"listen: [192.168.10.86]",
              "studio-us-east-1: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10], health: {name: "
              "d-sq9djt5lr5pc.studio.us-east-1.sagemaker.aws}}",
              "- {region: us-east-1, pool: studio-us-east-1, domains: all, services: [studio, api, runtime], expect: "
              "[10.16.0.0/16]}",
              "default: {pool: corporate}"}},
    {.description = "endpoints, addresses, domains",
     .text = kEndpoints,
     .beside = {{"a.json", kAddresses}, {"d.json", kDomains}},
     .also = {"a.json", "d.json"},
     .yaml = {"studio-us-east-1: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10, \"fd00:16::10\"], health: "
              "{name: "
              "d-sq9djt5lr5pc.studio.us-east-1.sagemaker.aws}}",
              "- {region: us-east-1, pool: studio-us-east-1, domains: all, services: [studio]}"},
     .decide = {kNoDefault}},
    {.description = "addresses alone",
     .text = kAddresses,
     .decide = {"3: do not say whose they are", "0: no region is in these files", kNoDefault}},
    {.description = "an address that is not in service",
     .text = kEndpoints,
     .beside = {{"a.json",
                 "{\"IpAddresses\": [{\"Ip\": \"10.16.1.10\", \"Status\": \"ATTACHED\"},\n{\"Ip\": \"10.16.2.10\", "
                 "\"Status\": \"DETACHING\"}]}"}},
     .also = {"a.json"},
     .yaml = {"studio-us-east-1: {kind: route53-inbound, endpoints: [10.16.1.10]}"},
     .decide = {"2: 10.16.2.10 is DETACHING", kNoDefault}},
    {.description = "VPC endpoints are services, the VPC's network is what is expected",
     .text = kEndpoints,
     .beside = {{"a.json", kAddresses},
                {"e.json", R"({"VpcEndpoints": [
{"ServiceName": "aws.sagemaker.us-east-1.studio", "State": "available", "PrivateDnsEnabled": true},
{"ServiceName": "com.amazonaws.us-east-1.sagemaker.api", "State": "available", "PrivateDnsEnabled": false},
{"ServiceName": "com.amazonaws.us-east-1.s3", "State": "available", "PrivateDnsEnabled": false}]})"},
                {"v.json", "{\"Vpcs\": [{\"VpcId\": \"vpc-1\", \"CidrBlock\": \"10.16.0.0/16\"}]}"}},
     .also = {"a.json", "e.json", "v.json"},
     .yaml = {"- {region: us-east-1, pool: studio-us-east-1, domains: all, services: [studio, api], expect: "
              "[10.16.0.0/16]}"},
     .decide = {"3: has no private DNS", kNoDefault}},
    {.description = "api without the VPC's network",
     .text = kEndpoints,
     .beside = {{"a.json", kAddresses},
                {"e.json",
                 "{\"VpcEndpoints\": [{\"ServiceName\": \"com.amazonaws.us-east-1.sagemaker.api\", \"State\": "
                 "\"available\"}]}"}},
     .also = {"a.json", "e.json"},
     .yaml = {"- {region: us-east-1, pool: studio-us-east-1, domains: all, services: [studio]}"},
     .decide = {"2: the service api needs", kNoDefault}},
    {.description = "outbound rules are never zones: one that may lead in a circle, one that does not",
     .text = kEndpoints,
     .beside = {{"a.json", kAddresses}, {"r.json", R"({"ResolverRules": [
{"Id": "rslvr-rr-1", "DomainName": "sagemaker.aws.", "RuleType": "FORWARD", "TargetIps": [{"Ip": "192.168.10.86", "Port": 53}]},
{"Id": "rslvr-rr-2", "DomainName": "corp.example.", "RuleType": "FORWARD", "TargetIps": [{"Ip": "192.168.10.2", "Port": 53}]},
{"Id": "rslvr-rr-3", "DomainName": "us-east-1.sagemaker.aws.", "RuleType": "SYSTEM"},
{"Id": "rslvr-autodefined-rr-internet-resolver", "DomainName": ".", "RuleType": "RECURSIVE"}]})"}},
     .also = {"a.json", "r.json"},
     .not_yaml = {"corp.example", "192.168.10"},
     .decide = {"2: go in a circle", kNoDefault},
     .note = {"3: is no zone here"}},
    {.description = "a page of several",
     .text = "{\"Domains\": [],\n\"NextToken\": \"x\"}",
     .decide = {"2: one page of several", "0: no region", kNoDefault}},
    {.description = "a region without addresses",
     .text = kDomains,
     .decide = {"2: no address of an inbound endpoint", kNoDefault}},
    {.description = "private hosted zones are candidates",
     .text = kEndpoints,
     .beside = {{"a.json", kAddresses},
                {"z.json", "{\"HostedZones\": [{\"Name\": \"ml.example.\", \"Config\": {\"PrivateZone\": true}}]}"}},
     .also = {"a.json", "z.json"},
     .not_yaml = {"ml.example"},
     .decide = {"1: private hosted zone ml.example.", kNoDefault}},
    {.description = "another list",
     .text = "{\"Buckets\": []}",
     .decide = {"1: none of the lists", "0: no region", kNoDefault}},
};

TEST(ImportAws, Samples) {
  for (const test::Sample& sample : kSamples) test::check(read_aws, "endpoints.json", sample);
}

}  // namespace
}  // namespace penstock::imports

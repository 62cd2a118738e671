// tests/dataplane/path/path_test.h - the fixture of the path's tests: a rig that must balance when a test is over.
#pragma once

#include <gtest/gtest.h>

#include "tests/support/path_rig.h"

namespace penstock::test {

class PathTest : public testing::Test {
 protected:
  explicit PathTest(const RigOptions& options = {}) : rig(options) {}
  void TearDown() override { EXPECT_EQ(rig.imbalance(), ""); }

  // A query from the office's client to our IPv4 or IPv6 address, on port 0.
  static Frame from_client(Bytes dns, const char* client = "192.168.10.20", const char* listen = "192.168.10.86") {
    return {.source_mac = mac(0xc1),
            .destination_mac = mac(0xa0),
            .vlan = {},
            .source = address(client),
            .destination = address(listen),
            .source_port = 40000,
            .destination_port = 53,
            .payload = std::move(dns)};
  }
  // The endpoint's response to a query that left: everything turned round.
  static Frame answer_to_query(const Frame& query, uint16_t rcode = 0) {
    Frame response = query;
    std::swap(response.source_mac, response.destination_mac);
    std::swap(response.source, response.destination);
    std::swap(response.source_port, response.destination_port);
    response.payload = answer_to(query.payload, rcode);
    return response;
  }
  // The one frame that left, decoded; a test failure and an empty frame otherwise.
  static Frame only(const std::vector<Sent>& sent, unsigned port) {
    EXPECT_EQ(sent.size(), 1U);
    if (sent.size() != 1) return {};
    EXPECT_EQ(sent[0].port, port);
    auto frame = read(sent[0].bytes);
    EXPECT_TRUE(frame.has_value()) << frame.error();
    return frame.value_or(Frame{});
  }
  // The query as it left to an endpoint.
  Frame forward(const Frame& query, unsigned out_port = 1) { return only(rig.receive(0, {write(query)}), out_port); }

  PathRig rig;
};

inline DnsQuery studio_query() {
  return {
      .id = 0x1234, .flags = 0x0100, .question = {.name = "d-sq9djt5lr5pc.Studio.us-east-1.sagemaker.aws"}, .opt = {}};
}

// The same of another name for each number: a flight of its own.
inline DnsQuery studio_query(unsigned number) {
  DnsQuery query = studio_query();
  query.question.name = "d-" + std::to_string(number) + ".Studio.us-east-1.sagemaker.aws";
  return query;
}

}  // namespace penstock::test

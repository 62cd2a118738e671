// tests/control/capture/capture_request_test.cpp - what penstockctl capture asks for, in the dataplane's words.
#include "control/capture/capture_request.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/contract/address.h"
#include "dataplane/capture/frame_filter.h"

namespace penstock::control {
namespace {

using nlohmann::json;

config::Model model() {
  config::Model made;
  made.pools.resize(2);
  made.pools[0].name = "vpc";
  for (const char* address : {"10.16.1.10", "fd00::10"})
    made.pools[0].endpoints.emplace_back().address = config::parse_address(address).value();
  made.pools[1].name = "vast";
  for (unsigned i = 0; i <= config::kMaxCaptureEndpoints; ++i)
    made.pools[1].endpoints.emplace_back().address = config::parse_address("10.0.0." + std::to_string(i)).value();
  return made;
}

struct RequestCase {
  const char* request;
  const char* words;  // what it means; empty: refused
  const char* error;  // a part of why
};
const RequestCase kRequestCases[] = {
    {.request = "{}", .words = "clients and endpoints", .error = ""},
    {.request = R"({"side": "clients"})", .words = "clients", .error = ""},
    {.request = R"({"client": "10.1.2.3"})", .words = "clients, client 10.1.2.3", .error = ""},
    {.request = R"({"client": "10.1.2.3/16"})", .words = "clients, client 10.1.2.3/16", .error = ""},
    {.request = R"({"endpoint": "vpc"})", .words = "endpoints, endpoint vpc", .error = ""},
    {.request = R"({"client": "::1", "endpoint": "vpc"})",
     .words = "clients and endpoints, client ::1, endpoint vpc",
     .error = ""},
    {.request = R"({"name": "A.example", "seconds": 5})",
     .words = "clients and endpoints, name a.example",
     .error = ""},
    {.request = R"({"client": "nobody"})", .words = "", .error = "'nobody' is neither the address nor a network"},
    {.request = R"({"endpoint": "nobody"})", .words = "", .error = "'nobody' is neither an IP address nor a pool"},
    {.request = R"({"endpoint": "vast"})", .words = "", .error = "more than 64 endpoints: give the address of one"},
    {.request = R"({"name": "a..b"})", .words = "", .error = "'a..b' is not a domain name"},
    {.request = R"({"side": "both"})", .words = "", .error = "'both' is no side: give clients or endpoints"},
    {.request = R"({"side": "clients", "endpoint": "vpc"})",
     .words = "",
     .error = "--side clients leaves out what --endpoint asks for"},
    {.request = R"({"side": "endpoints", "client": "::1"})",
     .words = "",
     .error = "--side endpoints leaves out what --client asks for"},
    {.request = R"({"seconds": 0})", .words = "", .error = "--seconds: give 1 to 3600"},
    {.request = R"({"seconds": -1})", .words = "", .error = "--seconds: give 1 to 3600"},
    {.request = R"({"bytes": 100})", .words = "", .error = "--size: give 65536 to"},
    {.request = R"({"packets": "all"})", .words = "", .error = "--packets: give 1 to"},
};

TEST(CaptureRequest, IsReadWhole) {
  for (const RequestCase& one : kRequestCases) {
    const auto read = read_capture_request(json::parse(one.request), model());
    ASSERT_EQ(read.has_value(), *one.words != '\0') << one.request;
    if (!read) {
      EXPECT_NE(read.error().find(one.error), std::string::npos) << one.request << ": " << read.error();
      continue;
    }
    EXPECT_STREQ(read->words.data(), one.words);
    EXPECT_TRUE(capture::is_sound(*read)) << one.request << ": the dataplane would refuse it";
  }
}

TEST(CaptureRequest, HasTheOctetsOfWhatItNames) {
  const auto read = read_capture_request(
      json::parse(R"({"client": "::ffff:10.1.2.3", "endpoint": "vpc", "name": "A.example", "packets": 9})"), model());
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->client_family, 4);
  EXPECT_EQ(read->client_length, 32);
  EXPECT_EQ(read->client, config::parse_address("10.1.2.3")->bytes);
  EXPECT_EQ(read->endpoint_count, 2U);
  EXPECT_EQ(read->endpoint[1].family, 6);
  EXPECT_EQ(std::string(read->name.data(), read->name_length), config::parse_name("a.example").value());
  EXPECT_EQ(read->packets, 9U);
  EXPECT_EQ(read->seconds, 60U);
}

}  // namespace
}  // namespace penstock::control

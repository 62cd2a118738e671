#include "control/queries/query_filter.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/control/queries/samples.h"

namespace penstock::control::test {
namespace {

using nlohmann::json;

const struct {
  const char* description;
  json request;
  bool passes_plain, passes_slow, passes_nameless;
} kFilters[] = {
    {.description = "nothing asked for",
     .request = json::object(),
     .passes_plain = true,
     .passes_slow = true,
     .passes_nameless = true},
    {.description = "the name itself, in any case",
     .request = {{"match", "d-1.studio.EXAMPLE"}},
     .passes_plain = true,
     .passes_slow = false,
     .passes_nameless = false},
    {.description = "a name above",
     .request = {{"match", "studio.example."}},
     .passes_plain = true,
     .passes_slow = false,
     .passes_nameless = false},
    {.description = "the end of a label is no name above",
     .request = {{"match", "udio.example"}},
     .passes_plain = false,
     .passes_slow = false,
     .passes_nameless = false},
    {.description = "the root",
     .request = {{"match", "."}},
     .passes_plain = true,
     .passes_slow = true,
     .passes_nameless = false},
    {.description = "a client",
     .request = {{"match", "192.168.10.21"}},
     .passes_plain = true,
     .passes_slow = false,
     .passes_nameless = false},
    {.description = "a client in IPv6's form",
     .request = {{"match", "::ffff:192.168.10.21"}},
     .passes_plain = true,
     .passes_slow = false,
     .passes_nameless = false},
    {.description = "a network",
     .request = {{"match", "192.168.0.0/20"}},
     .passes_plain = true,
     .passes_slow = false,
     .passes_nameless = false},
    {.description = "another network",
     .request = {{"match", "192.168.16.0/20"}},
     .passes_plain = false,
     .passes_slow = false,
     .passes_nameless = false},
    {.description = "a network of IPv6",
     .request = {{"match", "fd00::/8"}},
     .passes_plain = false,
     .passes_slow = true,
     .passes_nameless = false},
    {.description = "all of IPv4",
     .request = {{"match", "0.0.0.0/0"}},
     .passes_plain = true,
     .passes_slow = false,
     .passes_nameless = true},
    {.description = "a type",
     .request = {{"type", "aaaa"}},
     .passes_plain = false,
     .passes_slow = true,
     .passes_nameless = false},
    {.description = "an rcode",
     .request = {{"rcode", "servfail"}},
     .passes_plain = false,
     .passes_slow = true,
     .passes_nameless = false},
    {.description = "no answer",
     .request = {{"rcode", "none"}},
     .passes_plain = false,
     .passes_slow = false,
     .passes_nameless = true},
    {.description = "an outcome",
     .request = {{"outcome", "expired"}},
     .passes_plain = false,
     .passes_slow = true,
     .passes_nameless = false},
    {.description = "slow ones",
     .request = {{"slow_ms", 1800}},
     .passes_plain = false,
     .passes_slow = true,
     .passes_nameless = false},
    {.description = "slower than that",
     .request = {{"slow_ms", 1801}},
     .passes_plain = false,
     .passes_slow = false,
     .passes_nameless = false},
    {.description = "two at a time",
     .request = {{"slow_ms", 1}, {"rcode", "NOERROR"}},
     .passes_plain = false,
     .passes_slow = false,
     .passes_nameless = false},
};

TEST(QueryFilter, PassesWhatFitsEverythingThatIsAskedFor) {
  const config::NotedDecision plain = noted("D-1.Studio.example", "192.168.10.21");
  config::NotedDecision slow = noted("www.example", "fd00::21", 2);
  slow.decision.took_us = 1'800'000;
  slow.decision.type = 28;
  slow.decision.by = config::DecidedBy::sweep;
  slow.decision.outcome = static_cast<uint8_t>(config::SweepOutcome::expired);
  const config::NotedDecision nameless = noted("", "10.0.0.1", config::kNotAnswered);
  for (const auto& row : kFilters) {
    SCOPED_TRACE(row.description);
    const auto filter = read_filter(row.request);
    ASSERT_TRUE(filter) << filter.error();
    EXPECT_EQ(filter->passes(plain), row.passes_plain);
    EXPECT_EQ(filter->passes(slow), row.passes_slow);
    EXPECT_EQ(filter->passes(nameless), row.passes_nameless);
  }
}

TEST(QueryFilter, SaysWhichPartIsWrong) {
  const struct {
    json request;
    const char* part;
  } rows[] = {
      {.request = {{"match", "a..example"}}, .part = "'a..example' is neither a domain name, nor the address"},
      {.request = {{"type", "AAAAA"}}, .part = "'AAAAA' is not a record type"},
      {.request = {{"rcode", "BROKEN"}}, .part = "'BROKEN' is not an rcode"},
      {.request = {{"outcome", "lucky"}}, .part = "'lucky' is not an outcome"},
  };
  for (const auto& row : rows) {
    const auto filter = read_filter(row.request);
    ASSERT_FALSE(filter) << row.request;
    EXPECT_NE(filter.error().find(row.part), std::string::npos) << filter.error();
  }
}

}  // namespace
}  // namespace penstock::control::test

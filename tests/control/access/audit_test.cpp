// tests/control/access/audit_test.cpp - a change is one line, whatever was asked.
#include "control/access/audit.h"

#include <gtest/gtest.h>

namespace penstock::control {
namespace {

TEST(Audit, SaysWhoWhatAndTheGenerations) {
  EXPECT_EQ(audit_text({.user = "alice",
                        .uid = 1000,
                        .pid = 42,
                        .command = "drain 10.16.1.10",
                        .generation_before = 6,
                        .generation_after = 6}),
            "audit: user=alice uid=1000 pid=42 command=\"drain 10.16.1.10\" result=done generation_before=6 "
            "generation_after=6");
  EXPECT_EQ(audit_text({.uid = 1000, .pid = 42, .command = "reload", .result = AuditEvent::Result::denied}),
            "audit: user=? uid=1000 pid=42 command=\"reload\" result=denied generation_before=0 generation_after=0");
  EXPECT_EQ(audit_text({.command = "SIGHUP",
                        .result = AuditEvent::Result::failed,
                        .why = "p.yaml has errors",
                        .generation_before = 6,
                        .generation_after = 6}),
            "audit: command=\"SIGHUP\" result=failed generation_before=6 generation_after=6 why=\"p.yaml has errors\"");
}

// A line of the log must not be made by who is logged.
TEST(Audit, NobodyWritesALineOfHisOwn) {
  const std::string text =
      audit_text({.user = "m", .uid = 1, .pid = 2, .command = "flush a\" result=done\naudit: user=root \\"});
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_NE(text.find("command=\"flush a' result=done?audit: user=root '\" result=done"), std::string::npos) << text;
  EXPECT_LT(audit_text({.command = std::string(5000, 'x')}).size(), 500U);
}

}  // namespace
}  // namespace penstock::control

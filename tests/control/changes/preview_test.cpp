// tests/control/changes/preview_test.cpp - what a reload would make of a file: its verdict, as JSON and in words.
#include "control/changes/preview.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/changes/changes_report.h"
#include "control/changes/render_changes.h"
#include "control/rules/zone_records.h"

namespace penstock::control {
namespace {

using nlohmann::json;

std::string text_with(const std::string& zones, const std::string& last = "") {
  return "ports: [{device: \"af_xdp:eth0\"}]\npools:\n  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}\n"
         "  office: {kind: recursive, endpoints: [10.16.2.10]}\nzones: [" +
         zones + "]\ndefault: {pool: office}\n" + last;
}

constexpr const char* kTwo = "{zone: a.example, pool: vpc}, {zone: b.example, pool: vpc}";

json report_of(const std::string& next, bool accept_removals = false) {
  const std::vector<config::SourceFile> files{{"/etc/p.yaml", text_with(kTwo)}};
  const config::ReadModel before = read_rules_of(files);
  const auto started = host_settings(*before.model);
  return preview_report(preview("new.yaml", read_rules_of({{"new.yaml", next}}),
                                {*before.model, files, {started, started}}, accept_removals, kChangesShown));
}

TEST(Preview, HasOneVerdict) {
  const struct {
    const char* description;
    std::string next;
    bool accept_removals;
    const char* verdict;
    const char* words;
  } cases[] = {
      {.description = "the same",
       .next = text_with(kTwo),
       .accept_removals = false,
       .verdict = "nothing",
       .words = "is what is in force"},
      {.description = "a comment",
       .next = text_with(kTwo) + "# hello\n",
       .accept_removals = false,
       .verdict = "nothing",
       .words = "differs only in comments"},
      {.description = "a zone more",
       .next = text_with(std::string(kTwo) + ", {zone: c.example, pool: vpc}"),
       .accept_removals = false,
       .verdict = "changes",
       .words = "+ c.example: to pool vpc, private on"},
      {.description = "errors",
       .next = text_with(kTwo, "oops: 1\n"),
       .accept_removals = false,
       .verdict = "refused",
       .words = "has errors"},
      {.description = "a private zone less",
       .next = text_with("{zone: a.example, pool: vpc}"),
       .accept_removals = false,
       .verdict = "refused",
       .words = "held back by the removal guard:\n  b.example is removed"},
      {.description = "which is accepted",
       .next = text_with("{zone: a.example, pool: vpc}"),
       .accept_removals = true,
       .verdict = "changes",
       .words = "removed from private zones, accepted:"},
      {.description = "a restart",
       .next = text_with(kTwo, "lcores: 2\n"),
       .accept_removals = false,
       .verdict = "changes",
       .words = "would wait for a restart:\n  lcores changed"},
  };
  for (const auto& c : cases) {
    const json report = report_of(c.next, c.accept_removals);
    EXPECT_EQ(report["verdict"], c.verdict) << c.description;
    EXPECT_NE(render_preview(report, 20).find(c.words), std::string::npos) << c.description << "\n"
                                                                           << render_preview(report, 20);
  }
}

TEST(Preview, SaysWhyAFileIsHeldBackThatHasNoErrors) {
  Preview held;
  held.file = "p.yaml";
  held.changes = RuleChanges{};
  held.held_back = "it was left by a rollback";
  EXPECT_EQ(preview_report(held)["verdict"], "refused");
  EXPECT_NE(render_preview(preview_report(held), 20).find("it was left by a rollback"), std::string::npos);
}

TEST(Preview, ListsSoManyAndCountsTheRest) {
  std::string zones = kTwo;
  for (int i = 0; i < 30; ++i) zones += ", {zone: z" + std::to_string(i) + ".example, pool: vpc}";
  const std::string text = render_preview(report_of(text_with(zones)), 20);
  EXPECT_NE(text.find("zones: 30 added\n"), std::string::npos) << text;
  EXPECT_NE(text.find("and 10 more (--all lists them)"), std::string::npos) << text;
}

}  // namespace
}  // namespace penstock::control

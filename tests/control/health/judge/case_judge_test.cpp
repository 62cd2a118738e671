// tests/control/health/judge/case_judge_test.cpp - when names are asked in random case, by what probes have seen.
#include "control/health/judge/case_judge.h"

#include <gtest/gtest.h>

namespace penstock::control {
namespace {

using config::kCaseChanged;
using config::kCaseRepeated;
using config::kCaseUnknown;

// One letter a probe, to a server that does as it says: 'e' repeats the letters, 'l' answers in small ones, 'd' is deaf to mixed case
// but answers small letters, '.' answers nothing.
void probe(CaseJudge& judge, const std::string& servers) {
  for (const char server : servers) {
    const bool mixed = judge.next_is_mixed();
    judge.add(mixed, server != '.' && (server != 'd' || !mixed), mixed && server == 'e');
  }
}

std::string times(unsigned count, const std::string& text) {
  std::string all;
  while (count-- > 0) all += text;
  return all;
}

TEST(CaseJudge, Table) {
  struct Case {
    const char* description;
    std::string servers;
    uint8_t echo;
    const char* reason;
  };
  constexpr const char* kLetters = "changes the case of names";
  constexpr const char* kDeaf = "does not answer names in mixed case";
  const Case cases[] = {
      {.description = "nothing is known", .servers = "", .echo = kCaseUnknown, .reason = "not known yet"},
      {.description = "two answers", .servers = "ee", .echo = kCaseUnknown, .reason = "not known yet"},
      {.description = "three", .servers = "eee", .echo = kCaseRepeated, .reason = ""},
      {.description = "small letters", .servers = "l", .echo = kCaseChanged, .reason = kLetters},
      {.description = "once it has been otherwise", .servers = "eeel", .echo = kCaseChanged, .reason = kLetters},
      {.description = "three more are not enough then", .servers = "eeeleee", .echo = kCaseChanged, .reason = kLetters},
      {.description = "nor fifty-nine", .servers = "l" + times(59, "e"), .echo = kCaseChanged, .reason = kLetters},
      {.description = "sixty are", .servers = "l" + times(60, "e"), .echo = kCaseRepeated, .reason = ""},
      {.description = "sixty in a row",
       .servers = "l" + times(59, "e") + "l" + times(59, "e"),
       .echo = kCaseChanged,
       .reason = kLetters},
      {.description = "one of three servers differs",
       .servers = times(100, "eel"),
       .echo = kCaseChanged,
       .reason = kLetters},
      {.description = "silence says nothing", .servers = "ee....", .echo = kCaseUnknown, .reason = "not known yet"},
      {.description = "and takes nothing away", .servers = "ee....ee", .echo = kCaseRepeated, .reason = ""},
      {.description = "an outage", .servers = "eee......e", .echo = kCaseRepeated, .reason = ""},
      {.description = "probes that are lost now and then",
       .servers = "eee" + times(50, ".e.eee"),
       .echo = kCaseRepeated,
       .reason = ""},
      {.description = "only small letters are answered, twice",
       .servers = "dddd",
       .echo = kCaseUnknown,
       .reason = "not known yet"},
      {.description = "three times", .servers = "dddddd", .echo = kCaseChanged, .reason = kDeaf},
      {.description = "from now on", .servers = "eeedddddd", .echo = kCaseChanged, .reason = kDeaf},
      {.description = "once and again, with answers between",
       .servers = "eee" + times(20, "dde"),
       .echo = kCaseRepeated,
       .reason = ""},
  };
  for (const Case& c : cases) {
    CaseJudge judge;
    probe(judge, c.servers);
    EXPECT_EQ(judge.echo(), c.echo) << c.description;
    EXPECT_EQ(judge.reason(), c.reason) << c.description;
  }
}

TEST(CaseJudge, AfterAProbeWithoutAnAnswerComesOneInSmallLetters) {
  CaseJudge judge;
  EXPECT_TRUE(judge.next_is_mixed());
  probe(judge, ".");
  EXPECT_FALSE(judge.next_is_mixed());
  probe(judge, "..");
  EXPECT_FALSE(judge.next_is_mixed()) << "until it answers";
  probe(judge, "e");
  EXPECT_TRUE(judge.next_is_mixed());
  // One that is deaf to mixed case is left alone with it for a minute.
  probe(judge, "e" + times(3, "dd"));
  for (unsigned i = 0; i < CaseJudge::kRest; ++i) {
    EXPECT_FALSE(judge.next_is_mixed()) << i;
    probe(judge, "d");
  }
  EXPECT_TRUE(judge.next_is_mixed());
}

// Nobody goes down for letters that clients' names are not sent with.
TEST(CaseJudge, WhoseSilenceCounts) {
  CaseJudge judge;
  EXPECT_FALSE(judge.counts(true));
  EXPECT_TRUE(judge.counts(false));
  probe(judge, "eee");
  EXPECT_TRUE(judge.counts(true));
  probe(judge, "l");
  EXPECT_FALSE(judge.counts(true));
}

}  // namespace
}  // namespace penstock::control

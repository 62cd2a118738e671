// tests/control/history/history_test.cpp - which generations are remembered, and where a rollback goes.
#include "control/history/history.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/history/history_report.h"

namespace penstock::control {
namespace {

std::string hash_of(char letter) {
  return std::string(16, letter);
}

Generation made(uint64_t number, char content, Origin::How how = Origin::How::command) {
  Generation one;
  one.first = one.last = number;
  one.origin = {how, how == Origin::How::command ? "root (uid 0, pid 1)" : ""};
  one.hash = hash_of(content);
  one.changes = "zones: 1 added (a.example)";
  one.is_kept = true;
  return one;
}

Generation rollback(uint64_t number, char content, uint64_t restored, char left) {
  Generation one = made(number, content, Origin::How::rollback);
  one.restored = restored;
  one.left_hash = hash_of(left);
  return one;
}

// Numbers, the newest last.
std::vector<uint64_t> numbers(const History& history) {
  std::vector<uint64_t> all;
  for (const Generation& one : history.generations()) all.push_back(one.last);
  return all;
}

TEST(History, KeepsTheLast) {
  History history;
  EXPECT_EQ(history.newest(), nullptr);
  EXPECT_EQ(history.previous(), nullptr);
  for (uint64_t number = 1; number <= 20; ++number) history.add(made(number, static_cast<char>('a' + number % 6)));
  EXPECT_EQ(history.generations().size(), kMostGenerations);
  EXPECT_EQ(history.find(4), nullptr);
  ASSERT_NE(history.find(5), nullptr);
  EXPECT_EQ(history.newest()->last, 20U);
}

TEST(History, TheSameRulesAgainAreNoEntry) {
  History history;
  history.add(made(1, 'a'));
  history.renumber(2);
  history.add(made(3, 'a', Origin::How::signal));
  history.add(made(4, 'b'));
  EXPECT_EQ(numbers(history), (std::vector<uint64_t>{3, 4}));
  for (const uint64_t number : {1, 2, 3}) EXPECT_EQ(history.find(number), &history.generations().front()) << number;
}

TEST(History, WhatNoDataplaneHasTakenMakesRoom) {
  History history;
  history.add(made(1, 'a'));
  Generation lost = made(2, 'b');
  lost.is_kept = false;
  history.add(lost);
  EXPECT_EQ(history.newest()->last, 2U);
  history.add(made(3, 'c'));
  EXPECT_EQ(numbers(history), (std::vector<uint64_t>{1, 3}));
  EXPECT_EQ(history.previous()->last, 1U);
}

// A second rollback goes on, and does not bring back what the first one has left.
TEST(History, ARollbackGoesToWhatWasBefore) {
  History history;
  history.add(made(1, 'a'));
  EXPECT_EQ(history.previous(), nullptr);
  history.add(made(2, 'b'));
  history.add(made(3, 'c'));
  EXPECT_EQ(history.previous()->last, 2U);
  history.add(rollback(4, 'b', 2, 'c'));
  EXPECT_EQ(history.rollback()->last, 4U);
  EXPECT_EQ(history.previous()->last, 1U);
  history.add(rollback(5, 'a', 1, 'c'));
  EXPECT_EQ(history.previous(), nullptr) << "nothing is older";
  history.add(made(6, 'd'));
  EXPECT_EQ(history.rollback(), nullptr);
  EXPECT_EQ(history.previous()->hash, hash_of('a'));
}

TEST(History, RulesWhoseFilesAreGoneAreNoGoal) {
  History history;
  history.add(made(1, 'a'));
  history.add(made(2, 'b'));
  history.add(made(3, 'c'));
  history.drop_kept(hash_of('b'));
  EXPECT_EQ(history.previous()->last, 1U);
}

// The file was mended to have what is in force.
TEST(History, AReloadEndsARollbackEvenWithTheSameRules) {
  History history;
  history.add(made(1, 'a'));
  history.add(made(2, 'b'));
  history.add(rollback(3, 'a', 1, 'b'));
  history.add(made(4, 'a'));
  EXPECT_EQ(history.rollback(), nullptr);
  EXPECT_EQ(numbers(history), (std::vector<uint64_t>{1, 2, 3, 4}));
}

TEST(History, ComesBackFromItsText) {
  History history;
  history.add(made(1, 'a', Origin::How::start));
  history.add(made(2, 'b'));
  history.add(rollback(3, 'a', 1, 'b'));
  history.drop_kept(hash_of('b'));
  const auto read = parse_history(to_text(history));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(to_text(*read), to_text(history));
  EXPECT_EQ(numbers(*read), numbers(history));
  EXPECT_EQ(read->rollback()->left_hash, hash_of('b'));
  EXPECT_FALSE(read->generations()[1].is_kept);
}

TEST(History, ADamagedTextIsRefused) {
  const auto with = [](const std::string& entry) { return R"({"version": 1, "generations": [)" + entry + "]}"; };
  const std::string good = R"({"first": 1, "last": 2, "how": "start", "hash": "0123456789abcdef"})";
  EXPECT_TRUE(parse_history(with(good)));
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), std::string(R"({"version": 2})"), with("7"), with("{}"),
        with(good + "," + good), with(R"({"first": 0, "last": 2, "how": "start", "hash": "0123456789abcdef"})"),
        with(R"({"first": 3, "last": 2, "how": "start", "hash": "0123456789abcdef"})"),
        with(R"({"first": 1, "last": 2, "how": "magic", "hash": "0123456789abcdef"})"),
        with(R"({"first": 1, "last": 2, "how": "start", "hash": "../../../../etc/"})")})
    EXPECT_FALSE(parse_history(text)) << text;
}

TEST(History, IsATable) {
  History history;
  history.add(made(1, 'a', Origin::How::start));
  history.add(made(2, 'b'));
  history.add(rollback(3, 'a', 1, 'b'));
  const nlohmann::json report = history_report(history);
  EXPECT_EQ(report["generations"].size(), 3U);
  EXPECT_EQ(report["generations"][0]["generation"], 3);
  EXPECT_EQ(report["generations"][1]["by"], "reload by root (uid 0, pid 1)");
  const std::string text = render_history(report);
  EXPECT_NE(text.find("generation 1 again"), std::string::npos) << text;
  EXPECT_NE(text.find("The file on disk is not in force"), std::string::npos) << text;
}

}  // namespace
}  // namespace penstock::control

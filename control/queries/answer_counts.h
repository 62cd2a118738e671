// control/queries/answer_counts.h - answers by rule and rcode, for the metrics: a thread of its own follows the decisions and counts.
//
// The dataplane could not: the numbers of its rules change with each reload, and a counter must not become another rule's.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/model.h"
#include "control/queries/decision_reader.h"
#include "control/queries/rule_answers.h"

namespace penstock::control {

class AnswerCounts {
 public:
  static constexpr size_t kMostRules = 64;  // that are counted apart, and the default

  AnswerCounts();
  ~AnswerCounts();
  AnswerCounts(const AnswerCounts&) = delete;
  AnswerCounts& operator=(const AnswerCounts&) = delete;

  // The rules that the dataplane is about to get: it decides by them before it says so.
  void foresee(const config::Model& model, uint64_t generation);
  // The rules that come into force. Decisions of the rules before are still counted by those.
  void use(const config::Model& model, uint64_t generation);
  // The dataplane's page; null: none is connected. Of a page that was not attached before, what is noted from now on is counted, and all
  // that was when the dataplane started after this process.
  void attach(std::shared_ptr<const config::CounterPage> page);

  // Of the rules in force, in the order of the file. Rules that have gone are left out.
  std::vector<RuleAnswers> answers() const;
  // Overtaken by the ring.
  uint64_t missed() const;

 private:
  using Label = std::pair<std::string, std::string>;  // rule, zone
  using Rcodes = std::array<uint64_t, std::size(kCountedRcodes)>;
  struct Rules {
    uint32_t generation = 0;       // the low half
    std::vector<Label> labels;     // in the order of the file, then "other" and "none"
    std::vector<size_t> label_of;  // index into labels, by rule
    size_t other = 0;              // indices of the two
    size_t none = 0;
  };
  struct Task {
    std::deque<std::shared_ptr<const Rules>> rules;  // those in force first
    std::shared_ptr<const config::CounterPage> page;
  };

  static Rules rules_of(const config::Model& model, uint64_t generation);
  void run();
  void follow(const Task& task);

  const uint64_t started_at_;
  mutable std::mutex lock_;  // of the next four
  Task task_;
  bool stop_ = false;
  std::map<Label, Rcodes> counts_;
  uint64_t missed_slots_ = 0;
  std::condition_variable changed_;

  DecisionCursor cursor_;  // the thread's own
  std::thread thread_;
};

}  // namespace penstock::control

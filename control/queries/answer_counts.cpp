#include "control/queries/answer_counts.h"

#include <algorithm>
#include <ctime>

#include "config/contract/name.h"

namespace penstock::control {
namespace {

constexpr std::chrono::milliseconds kTurn{10};  // a ring holds 65 ms of a million queries a second
constexpr size_t kRulesKept = 4;                // sets of rules

size_t rcode_place(uint8_t rcode) {
  switch (rcode) {
    case 0:
      return 0;
    case 2:
      return 1;
    case 3:
      return 2;
    case 5:
      return 3;
    case config::kNotAnswered:
      return 5;
    default:
      return 4;
  }
}

// By rule: the first name in the YAML itself.
std::vector<std::string> first_names(const config::Model& model) {
  std::vector<std::string> names(model.rules.size());
  for (const auto& entry : model.zones.entries)
    if (entry.where.file == 0 && names[entry.rule].empty())
      names[entry.rule] = (entry.scope == config::Scope::below ? "*." : "") + config::to_text(model.zones.name(entry));
  return names;
}

}  // namespace

AnswerCounts::AnswerCounts() : started_at_(static_cast<uint64_t>(time(nullptr))), thread_([this] { run(); }) {}

AnswerCounts::~AnswerCounts() {
  {
    const std::scoped_lock lock(lock_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

AnswerCounts::Rules AnswerCounts::rules_of(const config::Model& model, uint64_t generation) {
  Rules rules{.generation = static_cast<uint32_t>(generation), .labels = {}, .label_of = {}};
  const std::vector<std::string> names = first_names(model);
  constexpr size_t kOther = ~size_t{0};
  size_t apart = 0;
  const auto place_of = [&](const Label& label) {  // two rules may be one file of names, for different clients
    const auto known = std::find(rules.labels.begin(), rules.labels.end(), label);
    if (known == rules.labels.end()) rules.labels.push_back(label);
    return static_cast<size_t>(std::find(rules.labels.begin(), rules.labels.end(), label) - rules.labels.begin());
  };
  for (size_t i = 0; i < model.rules.size(); ++i) {
    const bool is_default = model.default_rule == i;
    const bool is_apart = is_default || (!model.rules[i].is_built_in && apart < kMostRules);
    apart += is_apart && !is_default ? 1 : 0;
    rules.label_of.push_back(is_apart ? place_of({model.rules[i].origin, names[i]}) : kOther);
  }
  rules.other = place_of({"other", ""});
  std::replace(rules.label_of.begin(), rules.label_of.end(), kOther, rules.other);
  rules.none = place_of({"none", ""});
  return rules;
}

void AnswerCounts::foresee(const config::Model& model, uint64_t generation) {
  auto rules = std::make_shared<const Rules>(rules_of(model, generation));
  const std::scoped_lock lock(lock_);
  const auto known = [&](const auto& one) { return one->generation == rules->generation; };
  if (std::any_of(task_.rules.begin(), task_.rules.end(), known)) return;
  task_.rules.insert(task_.rules.begin() + (task_.rules.empty() ? 0 : 1), std::move(rules));
  if (task_.rules.size() > kRulesKept) task_.rules.pop_back();
}

void AnswerCounts::use(const config::Model& model, uint64_t generation) {
  auto rules = std::make_shared<const Rules>(rules_of(model, generation));
  const std::scoped_lock lock(lock_);
  std::erase_if(task_.rules, [&](const auto& one) { return one->generation == rules->generation; });
  task_.rules.push_front(std::move(rules));
  if (task_.rules.size() > kRulesKept) task_.rules.pop_back();
  std::erase_if(counts_, [this](const auto& count) {
    return std::none_of(task_.rules.begin(), task_.rules.end(), [&](const auto& one) {
      return std::find(one->labels.begin(), one->labels.end(), count.first) != one->labels.end();
    });
  });
}

void AnswerCounts::attach(std::shared_ptr<const config::CounterPage> page) {
  const std::scoped_lock lock(lock_);
  task_.page = std::move(page);
}

std::vector<RuleAnswers> AnswerCounts::answers() const {
  std::vector<RuleAnswers> answers;
  const std::scoped_lock lock(lock_);
  if (task_.rules.empty()) return answers;
  for (const Label& label : task_.rules.front()->labels) {
    const auto counted = counts_.find(label);
    answers.push_back({label.first, label.second, counted == counts_.end() ? Rcodes{} : counted->second});
  }
  return answers;
}

uint64_t AnswerCounts::missed() const {
  const std::scoped_lock lock(lock_);
  return (missed_slots_ + 1) / 2;  // a decision takes two as a rule
}

void AnswerCounts::run() {
  for (;;) {
    Task task;
    {
      std::unique_lock lock(lock_);
      changed_.wait_for(lock, kTurn, [this] { return stop_; });
      if (stop_) return;
      task = task_;
    }
    if (!task.page || task.rules.empty()) continue;
    if (cursor_.dataplane_started_at != task.page->started_at || cursor_.slots.size() != task.page->lcores)
      cursor_ = task.page->started_at >= started_at_ ? oldest(*task.page) : newest(*task.page);
    follow(task);
  }
}

void AnswerCounts::follow(const Task& task) {
  std::map<std::pair<const Rules*, size_t>, Rcodes> found;
  const uint64_t missed = visit_decisions(*task.page, cursor_, [&](const config::Decision& decision) {
    const auto same = [&](const auto& one) { return one->generation == decision.generation; };
    const auto at = std::find_if(task.rules.begin(), task.rules.end(), same);
    const Rules& rules = at == task.rules.end() ? *task.rules.front() : **at;
    size_t label = rules.none;
    if (decision.rule != config::kNoDecisionRule)
      label = at == task.rules.end() || decision.rule >= rules.label_of.size() ? rules.other
                                                                               : rules.label_of[decision.rule];
    ++found[{&rules, label}][rcode_place(decision.rcode)];
  });
  if (found.empty() && missed == 0) return;
  const std::scoped_lock lock(lock_);
  missed_slots_ += missed;
  for (const auto& [of, rcodes] : found) {
    Rcodes& counts = counts_[of.first->labels[of.second]];
    for (size_t i = 0; i < rcodes.size(); ++i) counts[i] += rcodes[i];
  }
}

}  // namespace penstock::control

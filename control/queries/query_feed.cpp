#include "control/queries/query_feed.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <ctime>

#include "control/queries/query_filter.h"

namespace penstock::control {
namespace {

constexpr std::chrono::milliseconds kTurn{10};
constexpr std::chrono::seconds kFirstWait{1};
constexpr std::chrono::seconds kLongestWait{30};
constexpr size_t kBatch = 5000;
constexpr size_t kNamesKept = 4;  // sets of rules
// Of a ring without a sink that takes from it: behind this the oldest go, before they are overwritten.
constexpr uint64_t kMostBehind = config::DecisionRing::kSlots / 4 * 3;

template <typename Value>
bool has(const std::vector<Value>& wanted, Value value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

// The group whose longest prefix has the client; nothing: none has.
std::optional<uint32_t> group_of(const config::Clients& clients, const config::IpAddress& client) {
  std::optional<uint32_t> found;
  unsigned longest = 0;
  for (uint32_t group = 0; group < clients.groups.size(); ++group) {
    for (const config::IpPrefix& prefix : clients.groups[group].prefixes) {
      if (!is_within(client, prefix) || (found && prefix.length <= longest)) continue;
      found = group;
      longest = prefix.length;
    }
  }
  return found;
}

bool is_chosen(const config::QueryChoice& choice, const QueryNames& names, const config::Decision& decision) {
  if (!has(choice.rcodes, decision.rcode)) return false;
  if (!choice.pools.empty()) {
    const config::Rule* rule = names.rule_of(decision);
    if (rule == nullptr || rule->action != config::Action::forward || !has(choice.pools, rule->pool)) return false;
  }
  if (choice.clients.empty()) return true;
  const auto group = names.model ? group_of(names.model->clients, client_of(decision)) : std::nullopt;
  return group && has(choice.clients, *group);
}

}  // namespace

QueryFeed::QueryFeed() : started_at_(static_cast<uint64_t>(time(nullptr))), thread_([this] { run(); }) {}

QueryFeed::~QueryFeed() {
  {
    const std::scoped_lock lock(lock_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void QueryFeed::use(const QueryNames& names, std::shared_ptr<const QueryOutlet> outlet) {
  const std::scoped_lock lock(lock_);
  task_.outlet = std::move(outlet);
  if (!task_.names.empty() && task_.names.front().generation == names.generation) task_.names.pop_front();
  task_.names.push_front(names);
  if (task_.names.size() > kNamesKept) task_.names.pop_back();
  ++task_.version;
}

void QueryFeed::attach(std::shared_ptr<const config::CounterPage> page) {
  const std::scoped_lock lock(lock_);
  task_.page = std::move(page);
  ++task_.version;
}

std::string QueryFeed::failure() const {
  const std::scoped_lock lock(lock_);
  return failure_;
}

void QueryFeed::run() {
  Task task;
  for (bool stop = false; !stop;) {
    {
      std::unique_lock lock(lock_);
      changed_.wait_for(lock, kTurn, [this] { return stop_.load(); });
      stop = stop_;
      if (task.version != task_.version) task = task_;
    }
    if (opened_ != task.outlet) change(task);
    if (task.names.empty()) continue;
    if (task.page && cursor_.dataplane_started_at != task.page->started_at)
      cursor_ = task.page->started_at >= started_at_ ? oldest(*task.page) : newest(*task.page);
    if (task.outlet)
      follow(task);
    else if (task.page)
      cursor_ = newest(*task.page);
  }
  change({});
}

// The sink of other settings ends in peace.
void QueryFeed::change(const Task& task) {
  try {
    if (sink_) sink_->finish();
  } catch (const std::exception& error) {
    spdlog::warn("{}: {}", opened_->name, error.what());
  }
  close();
  lose(held_.size());
  held_.clear();
  opened_ = task.outlet;
  wait_ = {};
  try_again_at_ = {};
  const std::scoped_lock lock(lock_);
  failure_.clear();
}

void QueryFeed::follow(const Task& task) {
  try {
    if (sink_ || open(task)) deliver(task);
  } catch (const std::exception& error) {
    close();
    fail(task.outlet->name, error.what());
  }
  if (task.page) let_go(task);
}

bool QueryFeed::open(const Task& task) {
  if (std::chrono::steady_clock::now() < try_again_at_ || stop_) return false;
  sink_ = task.outlet->open(stop_);
  opened_at_ = std::chrono::steady_clock::now();
  const std::scoped_lock lock(lock_);
  if (!failure_.empty()) spdlog::info("{}: works again", task.outlet->name);
  failure_.clear();
  return true;
}

void QueryFeed::deliver(const Task& task) {
  bool has_room = pass_on(task);
  for (bool more = task.page != nullptr; has_room && more;) {
    const DecisionBatch batch = read_decisions(*task.page, cursor_, kBatch);
    lose((batch.missed_slots + 1) / 2);
    cursor_ = batch.next;
    more = batch.more;
    for (const config::NotedDecision& noted : batch.decisions)
      if (is_wanted(task, noted.decision)) held_.push_back({noted, unix_ns(*task.page, noted.decision)});
    has_room = pass_on(task);
  }
  sent_.store(taken_ - sink_->unsent(), std::memory_order_relaxed);
  if (std::chrono::steady_clock::now() - opened_at_ > kLongestWait) wait_ = {};
}

// False: the sink has no room for what is left.
bool QueryFeed::pass_on(const Task& task) {
  for (; !held_.empty(); held_.pop_front(), ++taken_) {
    const auto& [noted, at] = held_.front();
    if (sink_->take(noted, names_of(task, noted.decision), at)) continue;
    sink_->flush();
    if (!sink_->take(noted, names_of(task, noted.decision), at)) return false;
  }
  sink_->flush();
  return true;
}

// What nobody takes and is about to be overwritten is lost, and known one by one: the count is exact then.
void QueryFeed::let_go(const Task& task) {
  for (bool more = true; more;) {
    DecisionCursor from = newest(*task.page);
    if (from.slots.size() != cursor_.slots.size()) return;
    more = false;
    std::vector<bool> is_behind(from.slots.size());
    for (size_t i = 0; i < from.slots.size(); ++i) {
      is_behind[i] = from.slots[i] - std::min(from.slots[i], cursor_.slots[i]) > kMostBehind;
      if (is_behind[i]) from.slots[i] = cursor_.slots[i];
      more = more || is_behind[i];
    }
    if (!more) return;
    const DecisionBatch batch = read_decisions(*task.page, from, kBatch);
    lose((batch.missed_slots + 1) / 2);
    for (const config::NotedDecision& noted : batch.decisions)
      if (is_wanted(task, noted.decision)) lose(1);
    for (size_t i = 0; i < is_behind.size(); ++i)
      if (is_behind[i]) cursor_.slots[i] = batch.next.slots[i];
  }
}

const QueryNames& QueryFeed::names_of(const Task& task, const config::Decision& decision) const {
  const auto same = [&](const QueryNames& one) { return static_cast<uint32_t>(one.generation) == decision.generation; };
  const auto found = std::find_if(task.names.begin(), task.names.end(), same);
  return found == task.names.end() ? task.names.front() : *found;
}

bool QueryFeed::is_wanted(const Task& task, const config::Decision& decision) {
  const config::QueryChoice& choice = task.outlet->choice;
  return is_chosen(choice, names_of(task, decision), decision) && ++matched_ % choice.sample == 0;
}

void QueryFeed::close() {
  if (!sink_) return;
  const uint64_t before = sink_->unsent();
  taken_ -= before;
  lose(before);
  sent_.store(taken_, std::memory_order_relaxed);
  sink_.reset();
}

void QueryFeed::fail(const std::string& name, const std::string& why) {
  if (stop_) return;
  wait_ = std::clamp(wait_ * 2, kFirstWait, kLongestWait);
  try_again_at_ = std::chrono::steady_clock::now() + wait_;
  const std::scoped_lock lock(lock_);
  if (failure_.empty())
    spdlog::error("{}: {}; it is tried again, at least every {} s, and forwarding goes on", name, why,
                  kLongestWait.count());
  failure_ = why;
}

}  // namespace penstock::control

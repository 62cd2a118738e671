#include "control/queries/query_log.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <ctime>

#include "control/queries/query_filter.h"
#include "control/queries/query_line.h"

namespace penstock::control {
namespace {

constexpr std::chrono::milliseconds kTurn{10};
constexpr std::chrono::seconds kRetry{5};
constexpr size_t kBatch = 5000;
constexpr size_t kNamesKept = 4;  // sets of rules

class SpdlogSink : public QueryLogSink {
 public:
  explicit SpdlogSink(std::unique_ptr<spdlog::sinks::sink> sink) : sink_(std::move(sink)) { sink_->set_pattern("%v"); }
  void write(const std::string& line) override {
    sink_->log(spdlog::details::log_msg("penstock-queries", spdlog::level::info, line));
  }
  void flush() override { sink_->flush(); }

 private:
  std::unique_ptr<spdlog::sinks::sink> sink_;
};

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

bool is_wanted(const config::QueryLog& settings, const QueryNames& names, const config::Decision& decision) {
  if (!has(settings.rcodes, decision.rcode)) return false;
  if (!settings.pools.empty()) {
    const config::Rule* rule = names.rule_of(decision);
    if (rule == nullptr || rule->action != config::Action::forward || !has(settings.pools, rule->pool)) return false;
  }
  if (settings.clients.empty()) return true;
  const auto group = names.model ? group_of(names.model->clients, client_of(decision)) : std::nullopt;
  return group && has(settings.clients, *group);
}

}  // namespace

std::unique_ptr<QueryLogSink> open_sink(const config::QueryLog& settings) {
  using namespace spdlog::sinks;
  if (settings.to == "journald")
    return std::make_unique<SpdlogSink>(std::make_unique<systemd_sink_mt>("penstock-queries"));
  if (settings.to == "syslog")
    return std::make_unique<SpdlogSink>(std::make_unique<syslog_sink_mt>("penstock-queries", 0, LOG_DAEMON, false));
  return std::make_unique<SpdlogSink>(
      std::make_unique<rotating_file_sink_mt>(settings.to, settings.file_size, settings.files));
}

QueryLog::QueryLog(OpenSink open)
    : open_(open), started_at_(static_cast<uint64_t>(time(nullptr))), thread_([this] { run(); }) {}

QueryLog::~QueryLog() {
  {
    const std::scoped_lock lock(lock_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void QueryLog::use(const QueryNames& names) {
  const std::scoped_lock lock(lock_);
  task_.settings = names.model ? names.model->query_log : config::QueryLog{};
  if (!task_.names.empty() && task_.names.front().generation == names.generation) task_.names.pop_front();
  task_.names.push_front(names);
  if (task_.names.size() > kNamesKept) task_.names.pop_back();
  ++task_.version;
}

void QueryLog::attach(std::shared_ptr<const config::CounterPage> page) {
  const std::scoped_lock lock(lock_);
  task_.page = std::move(page);
  ++task_.version;
}

std::string QueryLog::failure() const {
  const std::scoped_lock lock(lock_);
  return failure_;
}

void QueryLog::run() {
  Task task;
  for (bool stop = false; !stop;) {
    {
      std::unique_lock lock(lock_);
      changed_.wait_for(lock, kTurn, [this] { return stop_; });
      stop = stop_;
      if (task.version != task_.version) task = task_;
    }
    if (!task.page || task.names.empty()) continue;
    if (cursor_.dataplane_started_at != task.page->started_at)
      cursor_ = task.page->started_at >= started_at_ ? oldest(*task.page) : newest(*task.page);
    if (task.settings.to.empty()) {
      sink_.reset();
      cursor_ = newest(*task.page);
      continue;
    }
    follow(task);
  }
}

void QueryLog::follow(const Task& task) {
  const auto now = std::chrono::steady_clock::now();
  if (!sink_ || !(opened_ == task.settings)) {
    if (now < try_again_at_ && opened_ == task.settings) return;
    sink_.reset();
    opened_ = task.settings;
    try {
      sink_ = open_(task.settings);
    } catch (const std::exception& error) {
      return fail(error.what());
    }
    const std::scoped_lock lock(lock_);
    failure_.clear();
  }
  try {
    bool any = false;
    for (bool more = true; more;) {
      const DecisionBatch batch = read_decisions(*task.page, cursor_, kBatch);
      lost_.fetch_add((batch.missed_slots + 1) / 2, std::memory_order_relaxed);
      cursor_ = batch.next;
      for (const config::NotedDecision& noted : batch.decisions) log(task, noted);
      any = any || !batch.decisions.empty();
      more = batch.more;
    }
    if (any) sink_->flush();
  } catch (const std::exception& error) {
    sink_.reset();
    fail(error.what());
  }
}

void QueryLog::log(const Task& task, const config::NotedDecision& noted) {
  const auto same = [&](const QueryNames& one) {
    return static_cast<uint32_t>(one.generation) == noted.decision.generation;
  };
  const auto found = std::find_if(task.names.begin(), task.names.end(), same);
  const QueryNames& names = found == task.names.end() ? task.names.front() : *found;
  if (!is_wanted(task.settings, names, noted.decision) || ++matched_ % task.settings.sample != 0) return;
  line_.clear();
  (task.settings.as_json ? append_json : append_text)(line_, noted, names, unix_ns(*task.page, noted.decision));
  try {
    sink_->write(line_);
  } catch (...) {
    lost_.fetch_add(1, std::memory_order_relaxed);
    throw;
  }
  written_.fetch_add(1, std::memory_order_relaxed);
}

void QueryLog::fail(const std::string& why) {
  try_again_at_ = std::chrono::steady_clock::now() + kRetry;
  const std::scoped_lock lock(lock_);
  if (failure_.empty()) spdlog::error("the query log cannot be written, and is tried again every 5 s: {}", why);
  failure_ = why;
}

}  // namespace penstock::control

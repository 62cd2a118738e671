// control/queries/query_log.h - the query log: a thread of its own follows the decisions and writes a line of each that is wanted.
//
// Nothing waits for it: when its sink is slower than the queries, the ring of decisions overtakes it, and what it did not see is counted.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "config/contract/counters.h"
#include "config/model.h"
#include "control/queries/decision_reader.h"
#include "control/queries/query_names.h"

namespace penstock::control {

// Where lines go.
class QueryLogSink {
 public:
  virtual ~QueryLogSink() = default;
  // Without its end. Throws std::exception with the reason when it cannot be written.
  virtual void write(const std::string& line) = 0;
  virtual void flush() = 0;
};

// A file, journald or syslog, as `settings.to` says. Throws as write() does.
std::unique_ptr<QueryLogSink> open_sink(const config::QueryLog& settings);

class QueryLog {
 public:
  // `open`: open_sink but in tests.
  using OpenSink = std::unique_ptr<QueryLogSink> (*)(const config::QueryLog&);
  explicit QueryLog(OpenSink open = open_sink);
  ~QueryLog();
  QueryLog(const QueryLog&) = delete;
  QueryLog& operator=(const QueryLog&) = delete;

  // The rules that come into force, and what endpoints have which slot. Decisions of the rules before are still named by those.
  void use(const QueryNames& names);
  // The dataplane's page; null: none is connected. Of a page that was not attached before, what is noted from now on is logged, and all
  // that was when the dataplane started after this process.
  void attach(std::shared_ptr<const config::CounterPage> page);

  uint64_t written() const { return written_.load(std::memory_order_relaxed); }
  // Overtaken by the ring, or not taken by the sink.
  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  // Why the sink takes nothing now; empty: it does.
  std::string failure() const;

 private:
  struct Task {
    config::QueryLog settings;
    std::deque<QueryNames> names;  // the newest first
    std::shared_ptr<const config::CounterPage> page;
    uint64_t version = 0;
  };

  void run();
  void follow(const Task& task);
  void log(const Task& task, const config::NotedDecision& noted);
  void fail(const std::string& why);

  const OpenSink open_;
  const uint64_t started_at_;
  mutable std::mutex lock_;  // of the next three
  Task task_;
  bool stop_ = false;
  std::string failure_;
  std::condition_variable changed_;

  // The thread's own.
  std::unique_ptr<QueryLogSink> sink_;
  config::QueryLog opened_;  // what sink_ was opened for
  std::chrono::steady_clock::time_point try_again_at_{};
  DecisionCursor cursor_;
  uint64_t matched_ = 0;
  std::string line_;

  std::atomic<uint64_t> written_{0};
  std::atomic<uint64_t> lost_{0};
  std::thread thread_;
};

}  // namespace penstock::control

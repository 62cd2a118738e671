// control/queries/query_feed.h - a thread of its own follows the decisions, and gives those that are wanted to whatever takes them.
//
// Nothing waits for it. What the outlet does not take stays in the ring of decisions for as long as the ring keeps it; then it is counted
// as lost.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "config/contract/counters.h"
#include "config/model.h"
#include "control/queries/decision_reader.h"
#include "control/queries/query_names.h"

namespace penstock::control {

// What queries go into while it works. The feed's thread calls it; an exception says why it works no longer, and it is destroyed.
class QuerySink {
 public:
  virtual ~QuerySink() = default;
  // False: there is no room now; the query is offered again. Time: ns since 1970.
  virtual bool take(const config::NotedDecision&, const QueryNames&, uint64_t unix_ns) = 0;
  // Passes on what was taken, as much as goes without waiting. At least a hundred times a second.
  virtual void flush() = 0;
  // Before it is destroyed in peace: passes on what is left, and waits for that a fraction of a second at most.
  virtual void finish() {}
  // Queries that were taken and have not left.
  virtual uint64_t unsent() const { return 0; }
};

// Where queries go, and which. Another one opens its sink anew.
struct QueryOutlet {
  std::string name;  // "query log", in messages
  config::QueryChoice choice;
  // On the feed's thread. Throws std::exception with the reason when it cannot; gives up when `stop` becomes true.
  std::function<std::unique_ptr<QuerySink>(const std::atomic<bool>& stop)> open;
};

class QueryFeed {
 public:
  QueryFeed();
  ~QueryFeed();
  QueryFeed(const QueryFeed&) = delete;
  QueryFeed& operator=(const QueryFeed&) = delete;

  // The rules that come into force, what endpoints have which slot, and where queries go; null: nowhere. Decisions of the rules before are
  // still named by those.
  void use(const QueryNames& names, std::shared_ptr<const QueryOutlet> outlet);
  // The dataplane's page; null: none is connected. Of a page that was not attached before, what is noted from now on is wanted, and all
  // that was when the dataplane started after this process.
  void attach(std::shared_ptr<const config::CounterPage> page);

  uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }
  // Queries that were wanted and not sent.
  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  // Why nothing is taken now; empty: it is.
  std::string failure() const;

 private:
  struct Task {
    std::shared_ptr<const QueryOutlet> outlet;
    std::deque<QueryNames> names;  // the newest first
    std::shared_ptr<const config::CounterPage> page;
    uint64_t version = 0;
  };

  void run();
  void follow(const Task& task);
  bool open(const Task& task);
  void deliver(const Task& task);
  void let_go(const Task& task);
  const QueryNames& names_of(const Task& task, const config::Decision&) const;
  bool is_wanted(const Task& task, const config::Decision&);
  void lose(uint64_t queries) { lost_.fetch_add(queries, std::memory_order_relaxed); }
  bool pass_on(const Task& task);
  void change(const Task& task);
  void close();
  void fail(const std::string& name, const std::string& why);

  const uint64_t started_at_;
  mutable std::mutex lock_;  // of the next two
  Task task_;
  std::string failure_;
  std::atomic<bool> stop_{false};
  std::condition_variable changed_;

  // The thread's own.
  std::unique_ptr<QuerySink> sink_;
  std::shared_ptr<const QueryOutlet> opened_;  // what sink_ was opened for
  std::chrono::steady_clock::time_point opened_at_{};
  std::chrono::steady_clock::time_point try_again_at_{};
  std::chrono::seconds wait_{0};  // before the next try
  DecisionCursor cursor_;
  struct Held {
    config::NotedDecision noted;
    uint64_t unix_ns;
  };
  std::deque<Held> held_;  // wanted, and not taken yet
  uint64_t matched_ = 0;
  uint64_t taken_ = 0;  // by all sinks, less what was lost in them

  std::atomic<uint64_t> sent_{0};
  std::atomic<uint64_t> lost_{0};
  std::thread thread_;
};

}  // namespace penstock::control

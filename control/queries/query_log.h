// control/queries/query_log.h - the query log: a line for each query that is wanted, into a file, journald or syslog.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "control/queries/query_feed.h"

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
  explicit QueryLog(OpenSink open = open_sink) : open_(open) {}

  // As QueryFeed.
  void use(const QueryNames& names);
  void attach(std::shared_ptr<const config::CounterPage> page) { feed_.attach(std::move(page)); }
  uint64_t written() const { return feed_.sent(); }
  uint64_t lost() const { return feed_.lost(); }
  std::string failure() const { return feed_.failure(); }

 private:
  const OpenSink open_;
  config::QueryLog settings_;
  std::shared_ptr<const QueryOutlet> outlet_;  // by settings_
  QueryFeed feed_;
};

}  // namespace penstock::control

#include "control/queries/query_log.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/sinks/systemd_sink.h>

#include "control/queries/query_line.h"

namespace penstock::control {
namespace {

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

class LineSink : public QuerySink {
 public:
  LineSink(std::unique_ptr<QueryLogSink> sink, bool as_json) : sink_(std::move(sink)), as_json_(as_json) {}
  bool take(const config::NotedDecision& noted, const QueryNames& names, uint64_t unix_ns) override {
    line_.clear();
    (as_json_ ? append_json : append_text)(line_, noted, names, unix_ns);
    sink_->write(line_);
    return true;
  }
  void flush() override { sink_->flush(); }

 private:
  std::unique_ptr<QueryLogSink> sink_;
  bool as_json_;
  std::string line_;
};

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

void QueryLog::use(const QueryNames& names) {
  const config::QueryLog settings = names.model ? names.model->query_log : config::QueryLog{};
  if (!(settings == settings_)) {
    settings_ = settings;
    const auto open = [settings, open = open_](const std::atomic<bool>&) {
      return std::make_unique<LineSink>(open(settings), settings.as_json);
    };
    outlet_ = settings.to.empty()
                  ? nullptr
                  : std::make_shared<const QueryOutlet>(QueryOutlet{"query log", settings.choice, open});
  }
  feed_.use(names, outlet_);
}

}  // namespace penstock::control

#include "control/admin/explain/incident.h"

#include <algorithm>
#include <utility>

#include "control/admin/explain/cached.h"
#include "control/admin/explain/query.h"
#include "control/admin/explain/verdict.h"

namespace penstock::control {
namespace {

using nlohmann::json;
using Reply = std::function<void(const json&)>;

constexpr unsigned kMessagesAtOnce = 4096;  // of the link, for one request: a GiB of the cache each

template <typename Request>
void put_name(const config::WireName& name, Request& request) {
  request.name_length = static_cast<uint8_t>(std::min(name.size(), request.name.size()));
  std::copy_n(name.begin(), request.name_length, request.name.begin());
}

template <typename Request>
Request request_of(const Incident& incident) {
  Request request;
  put_name(incident.name, request);
  request.family = incident.client.family;
  request.client = incident.client.bytes;
  request.record_type = incident.type;
  return request;
}

// One explanation under way. It lives as long as somebody owes it an answer.
class Inquest : public std::enable_shared_from_this<Inquest> {
 public:
  Inquest(Operations& operations, Incident incident, json report, Reply reply)
      : operations_(operations), incident_(std::move(incident)), report_(std::move(report)), reply_(std::move(reply)) {}

  void begin() {
    report_["memory"] = json::array();
    report_["query"] = nullptr;
    report_["not_known"] = json::array();
    const auto self = shared_from_this();
    operations_.compose(request_of<config::Compose>(incident_),
                        [self](const auto& composed) { self->on_composed(composed); });
  }

 private:
  void on_composed(const tl::expected<config::Composed, std::string>& composed) {
    const StatusView view = operations_.view();
    if (!composed || composed->generation != view.generation || composed->rule.value() >= view.model->rules.size())
      return give_up(composed ? "the rules have just changed: try again" : composed.error());
    composed_ = *composed;
    model_ = view.model;
    pool_ = &model_->pools[model_->rules[composed->rule.value()].pool];
    report_["query"] = query_report(composed_, *pool_);
    config::Browse request;
    request.scope = config::FlushScope::name;
    request.record_type = incident_.type;
    put_name(incident_.name, request);
    browse(request, kMessagesAtOnce);
  }

  void browse(const config::Browse& request, unsigned left) {
    operations_.browse(request, [self = shared_from_this(), request, left](const auto& pages) {
      self->on_pages(pages, request, left);
    });
  }
  void on_pages(const tl::expected<BrowsedPages, std::string>& pages, config::Browse request, unsigned left) {
    if (!pages) return give_up(pages.error());
    const StatusView view = operations_.view();
    each_cached(*pages, [&](const CachedEntry& entry) {
      if (entry.told.identity == composed_.identity && entry.told.state != config::CachedState::unused)
        report_["memory"].push_back(cached_report(entry, pages->head.generation == view.generation ? &view : nullptr));
    });
    request.page = pages->head.next;
    if (request.page != 0 && left > 1) return browse(request, left - 1);
    send_all();
  }

  // To those that the policy chooses among.
  void send_all() {
    if (!incident_.send) return reply_(report_);
    report_["sent"] = json::array();
    for (const json& endpoint : report_["endpoints"]) {
      if (!endpoint["used"].get<bool>()) continue;
      waiting_.push_back(endpoint["address"].get<std::string>());
      if (pool_->policy == config::Policy::ordered) break;
    }
    if (waiting_.empty()) return finish();
    open_ = waiting_.size();
    answers_.resize(open_);
    for (size_t i = 0; i < answers_.size(); ++i) send(i, false);
  }

  void send(size_t number, bool tcp) {
    const auto address = config::parse_address(waiting_[number]);
    ProbeTarget target;
    target.server = to_asio(*address);
    for (const config::IpAddress& source : pool_->source)
      if (source.family == address->family) target.source = to_asio(source);
    target.question = {incident_.name, incident_.type, false};
    // A probe over TCP has twice its time.
    target.timeout = tcp ? model_->dataplane.query_timeout / 2 : model_->dataplane.query_timeout;
    target.query.assign(composed_.message.begin(), composed_.message.begin() + composed_.length);
    operations_.exchange(target, tcp, [self = shared_from_this(), number, tcp](const ProbeResult& result) {
      self->on_answer(number, tcp, result);
    });
  }

  void on_answer(size_t number, bool tcp, const ProbeResult& result) {
    json row{{"address", waiting_[number]}, {"transport", tcp ? "tcp" : "udp"}, {"answer", nullptr}, {"ms", nullptr}};
    if (result.message.empty()) {
      const json cache = report_.value("cache", json::object());
      row["verdict"] = verdict_of_silence(result.reason, cache.value("stale", false));
      return close(number, std::move(row));
    }
    row["ms"] = static_cast<double>(result.round_trip.count()) / 1000;
    row["answer"] = answer_report(result.message);
    if (!tcp && row["answer"].is_object() && row["answer"]["truncated"].get<bool>()) {
      row["verdict"] = verdict_of_truncation(*pool_);
      answers_[number].push_back(std::move(row));
      return send(number, true);
    }
    operations_.judge(
        request_of<config::Judge>(incident_), result.message,
        [self = shared_from_this(), number, row](const auto& judged) { self->on_judged(number, row, judged); });
  }

  void on_judged(size_t number, json row, const tl::expected<config::Judged, std::string>& judged) {
    row["verdict"] =
        judged ? verdict_of(*judged, row["answer"], *model_, *pool_)
               : json{{"finding", "unknown"}, {"ok", false}, {"text", judged.error()}, {"client_gets", "unknown"}};
    close(number, std::move(row));
  }

  void close(size_t number, json row) {
    answers_[number].push_back(std::move(row));
    if (--open_ == 0) finish();
  }
  void finish() {
    for (auto& rows : answers_)
      for (json& row : rows) report_["sent"].push_back(std::move(row));
    reply_(report_);
  }
  // The rest is worth reading.
  void give_up(const std::string& why) {
    report_["not_known"].push_back(why);
    reply_(report_);
  }

  Operations& operations_;
  const Incident incident_;
  json report_;
  const Reply reply_;
  config::Composed composed_;
  std::shared_ptr<const config::Model> model_;
  const config::Pool* pool_ = nullptr;  // of the model
  std::vector<std::string> waiting_;    // endpoints that are asked
  std::vector<std::vector<json>> answers_;
  size_t open_ = 0;  // of them without their last answer
};

void list_from(Operations& operations, config::Browse request, unsigned left, Reply reply) {
  operations.browse(request, [&operations, request, left,
                              reply = std::move(reply)](const tl::expected<BrowsedPages, std::string>& pages) mutable {
    if (!pages) return reply({{"ok", false}, {"error", pages.error()}});
    if (pages->head.entries == 0 && pages->head.next != 0 && left > 1) {
      request.page = pages->head.next;
      return list_from(operations, request, left - 1, std::move(reply));
    }
    const StatusView view = operations.view();
    json of{{"ok", true}, {"entries", json::array()}, {"next", pages->head.next}, {"pages", pages->head.pages}};
    each_cached(*pages, [&](const CachedEntry& entry) {
      of["entries"].push_back(cached_report(entry, pages->head.generation == view.generation ? &view : nullptr));
    });
    reply(of);
  });
}

}  // namespace

void add_incident(Operations& operations, const Incident& incident, json report, Reply reply) {
  std::make_shared<Inquest>(operations, incident, std::move(report), std::move(reply))->begin();
}

void list_cached(Operations& operations, const config::Browse& request, Reply reply) {
  list_from(operations, request, kMessagesAtOnce, std::move(reply));
}

}  // namespace penstock::control

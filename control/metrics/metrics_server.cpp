#include "control/metrics/metrics_server.h"

#include <prometheus/text_serializer.h>

#include <charconv>
#include <stdexcept>

#include "config/contract/address.h"
#include "control/metrics/collect.h"
#include "control/metrics/http_server.h"
#include "control/view/health_view.h"

namespace penstock::control {
namespace {

struct Listen {
  config::IpAddress address;
  uint16_t port = 0;
};

Listen read_listen(const std::string& listen) {
  const auto refuse = [&](const std::string& why) {
    throw std::runtime_error("metrics.listen: \"" + listen + "\" " + why + ": write 127.0.0.1:9153 or [::1]:9153");
  };
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos) refuse("has no port");
  std::string host = listen.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = config::parse_address(host);
  if (!address || address->is_v6() != bracketed) refuse("does not begin with an IP address");
  uint16_t port = 0;
  const char* end = listen.data() + listen.size();
  const auto [at, error] = std::from_chars(listen.data() + colon + 1, end, port);
  if (error != std::errc() || at != end) refuse("has no port from 0 to 65535");
  return {*address, port};
}

}  // namespace

struct MetricsServer::Parts {
  View view;
  BusyShare busy_share;
  std::unique_ptr<HttpServer> server;

  std::string metrics() {
    const auto latest = view();
    if (!latest) return {};
    return prometheus::TextSerializer().Serialize(collect(*latest, busy_share, std::chrono::system_clock::now()));
  }
  HttpPage readiness(bool is_trusted) {
    const auto latest = view();
    if (!latest) return {.status = HttpPage::Status::unavailable, .text = "not ready: starting\n"};
    const HealthView health = health_view(*latest);
    std::string text = is_trusted ? health_text(health) : health.is_ready ? "ready\n" : "not ready\n";
    return {.status = health.is_ready ? HttpPage::Status::good : HttpPage::Status::unavailable,
            .text = std::move(text)};
  }
  std::optional<HttpPage> page(std::string_view path, bool is_trusted) {
    if (path == "/metrics" && !is_trusted)
      return HttpPage{.status = HttpPage::Status::needs_user, .text = "User and password of metrics.users\n"};
    if (path == "/metrics") return HttpPage{.text = metrics()};
    if (path == "/healthz") return HttpPage{.text = "alive\n"};
    if (path == "/readyz") return readiness(is_trusted);
    return std::nullopt;
  }
};

MetricsServer::MetricsServer(const std::string& listen, std::shared_ptr<MetricsAccess> access, View view)
    : parts_(std::make_unique<Parts>()) {
  const auto [address, port] = read_listen(listen);
  parts_->view = std::move(view);
  try {
    parts_->server = std::make_unique<HttpServer>(
        address, port, HttpLimits{}, std::move(access),
        [parts = parts_.get()](std::string_view path, bool is_trusted) { return parts->page(path, is_trusted); });
  } catch (const std::exception&) {
    throw std::runtime_error("metrics.listen: cannot listen on " + listen +
                             ": in use by another process, or not an address of this host");
  }
}

MetricsServer::~MetricsServer() = default;

void MetricsServer::use(std::shared_ptr<MetricsAccess> access) {
  parts_->server->use(std::move(access));
}

int MetricsServer::port() const {
  return parts_->server->port();
}

}  // namespace penstock::control

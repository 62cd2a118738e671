#include "control/metrics/metrics_server.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

#include <charconv>
#include <stdexcept>

#include "config/address.h"
#include "control/metrics/collect.h"
#include "control/metrics/ipv6_relay.h"

namespace penstock::control {
namespace {

class ViewCollectable : public prometheus::Collectable {
 public:
  explicit ViewCollectable(MetricsServer::View view) : view_(std::move(view)) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    const auto view = view_();
    if (!view) return {};
    return collect(*view, busy_share_, std::chrono::system_clock::now());
  }

 private:
  MetricsServer::View view_;
  mutable BusyShare busy_share_;
};

struct Listen {
  config::IpAddress address;
  uint16_t port = 0;
};

// civetweb takes much more than an address and a port, and says little about what it does not take.
Listen read_listen(const std::string& listen) {
  const auto refuse = [&](const std::string& why) {
    throw std::runtime_error("metrics.listen: \"" + listen + "\" " + why +
                             "; right would be 127.0.0.1:9153 or [::1]:9153");
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
  std::shared_ptr<ViewCollectable> collectable;
  std::unique_ptr<prometheus::Exposer> exposer;
  std::unique_ptr<Ipv6Relay> relay;
};

MetricsServer::MetricsServer(const std::string& listen, View view) : parts_(std::make_unique<Parts>()) {
  const auto [address, port] = read_listen(listen);
  try {
    parts_->exposer = std::make_unique<prometheus::Exposer>(address.is_v6() ? "127.0.0.1:0" : listen, 2);
    if (address.is_v6()) {
      const auto inner = static_cast<uint16_t>(parts_->exposer->GetListeningPorts().at(0));
      parts_->relay = std::make_unique<Ipv6Relay>(config::to_string(address), port, inner);
    }
  } catch (const std::exception&) {
    throw std::runtime_error("metrics.listen: cannot listen on " + listen +
                             ": in use by another process, or not an address of this host");
  }
  parts_->collectable = std::make_shared<ViewCollectable>(std::move(view));
  parts_->exposer->RegisterCollectable(parts_->collectable);
}

MetricsServer::~MetricsServer() = default;

int MetricsServer::port() const {
  return parts_->relay ? parts_->relay->port() : parts_->exposer->GetListeningPorts().at(0);
}

}  // namespace penstock::control

// control/metrics/metrics_server.h - over HTTP or HTTPS: /metrics for Prometheus, /healthz (this process answers), and /readyz, 200 or 503,
// with its reason and a line for each pool.
//
// Where users are asked for, /healthz and /readyz answer others too, for load balancers have no password; in one line, which names nothing.
//
//   MetricsServer server("127.0.0.1:9153", access, [&] { return latest_view; });
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "control/metrics/metrics_access.h"
#include "control/view/status_view.h"

namespace penstock::control {

class MetricsServer {
 public:
  using View = std::function<std::shared_ptr<const StatusView>()>;

  // `listen` is "address:port" or "[address]:port"; port 0 takes a free one. `view` is called on the HTTP
  // server's thread at every scrape, so it must be safe beside the caller's own thread; null gives an empty
  // page. Throws std::runtime_error that names the address when it cannot be bound.
  MetricsServer(const std::string& listen, std::shared_ptr<MetricsAccess> access, View view);
  ~MetricsServer();

  int port() const;
  // For connections from now on.
  void use(std::shared_ptr<MetricsAccess> access);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace penstock::control

// control/metrics/metrics_server.h - over HTTP: /metrics for Prometheus, /healthz (this process answers), and /readyz, 200 or 503, with its
// reason and a line for each pool.
//
//   MetricsServer server("127.0.0.1:9153", [&] { return latest_view; });
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "control/view/status_view.h"

namespace penstock::control {

class MetricsServer {
 public:
  using View = std::function<std::shared_ptr<const StatusView>()>;

  // `listen` is "address:port" or "[address]:port"; port 0 takes a free one. `view` is called on the HTTP
  // server's thread at every scrape, so it must be safe beside the caller's own thread; null gives an empty
  // page. Throws std::runtime_error that names the address when it cannot be bound.
  MetricsServer(const std::string& listen, View view);
  ~MetricsServer();

  int port() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace penstock::control

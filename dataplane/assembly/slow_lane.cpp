// dataplane/assembly/slow_lane.cpp - the slow lane with its limits, and its sockets on the addresses that we listen on.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "dataplane/assembly/assembly.h"

namespace penstock::assembly {
namespace {

slow::ClientLimits limits_of_clients(const config::Tcp& tcp) {
  slow::ClientLimits limits;
  limits.connections = slow::make_room_for(tcp.connections);
  limits.per_client = std::min(tcp.connections_per_client, limits.connections);
  limits.idle = tcp.idle_timeout;
  if (limits.connections < tcp.connections)
    spdlog::warn("dataplane.tcp.connections: the limit of open files (LimitNOFILE) leaves {} of {}", limits.connections,
                 tcp.connections);
  return limits;
}

}  // namespace

void open_slow_lane(Parts& parts) {
  slow::UpstreamLimits upstream;
  upstream.late = std::max(upstream.late, parts.model.dataplane.query_timeout + std::chrono::seconds(1));
  parts.slow_lane = std::make_unique<slow::SlowLane>(slow::SlowLaneOptions{
      .rings = *parts.rings,
      .lcores = static_cast<unsigned>(parts.workers.size()),
      .frames = *parts.stream_pool->get(),
      .host = *parts.start_host,
      .counters = parts.pages->counters().slow,
      .clients = limits_of_clients(parts.model.dataplane.tcp),
      .upstream = upstream,
      .cpus = net::cpus_beside(parts.eal),
  });
  for (const config::IpAddress& address : parts.host->listen())
    for (const std::string& warning : parts.slow_lane->listen(address)) spdlog::warn("{}", warning);
}

}  // namespace penstock::assembly

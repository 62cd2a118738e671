// dataplane/slow/slow_lane.h - one thread, no lcore, for what the kernel's stack does better: TCP, and UDP that comes in pieces.
//
// It does no DNS of its own. Its connections are the wire of one more port (LocalHost::stream_port): each query becomes a frame
// as it would have come by UDP and goes to an lcore, which handles it by the same code as any other; what lcores send by this port
// leaves over TCP. The lcores make no system call, so this thread looks at its rings by itself.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/slow/clients.h"
#include "dataplane/slow/datagrams.h"
#include "dataplane/slow/transfers.h"
#include "dataplane/slow/upstream.h"

namespace penstock::slow {

struct SlowLaneOptions {
  state::Rings& rings;
  unsigned lcores;
  rte_mempool& frames;  // of net::StreamPool
  const tables::LocalHost& host;
  config::SlowCounters& counters;
  ClientLimits clients;
  UpstreamLimits upstream;
  TransferLimits transfers = {};
  std::vector<unsigned> cpus;  // that the thread may run on; empty: any
  uint16_t port = 53;
};

class SlowLane {
 public:
  explicit SlowLane(const SlowLaneOptions& options);
  ~SlowLane();  // ends the thread

  // By a thread that may bind to port 53, before start() or later: serves `address` too. What could not be had is told, one line each.
  std::vector<std::string> listen(const config::IpAddress& address);
  // Serves it no more. Connections that there are stay.
  void leave(const config::IpAddress& address);
  // What comes in by these interfaces of the kernel, by index, is not served from now on. By the thread that calls listen().
  void keep_out(std::vector<int> interfaces);
  void start();

 private:
  void run();
  size_t turn(Time now);

  SlowLaneOptions options_;
  std::vector<int> kept_out_;
  asio::io_context io_{1};
  LcoreRings lcores_;
  Clients clients_;
  Datagrams datagrams_;
  Upstream upstream_;
  Transfers transfers_;
  Time ticked_at_{};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// Raises the limit of open files as far as it must be for so many connections, or can be; says how many there may be then.
uint32_t make_room_for(uint32_t connections);

}  // namespace penstock::slow

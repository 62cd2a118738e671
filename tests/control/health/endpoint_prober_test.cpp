// tests/control/health/endpoint_prober_test.cpp - the end of a prober's life, which a reload may bring at any moment.
#include "control/health/endpoint_prober.h"

#include <gtest/gtest.h>

#include <asio/ip/udp.hpp>
#include <asio/post.hpp>
#include <optional>
#include <thread>

namespace penstock::control {
namespace {

using asio::ip::udp;

// A timer that has expired calls, though it is cancelled a moment later.
TEST(EndpointProber, AProbeThatIsDueWhenTheProberGoesIsNotSent) {
  asio::io_context io;
  udp::socket server(io, udp::endpoint(asio::ip::address_v4::loopback(), 0));
  ProbePlan plan;
  plan.interval = ProbeSchedule::kShortestInterval;
  std::optional<EndpointProber> prober;
  prober.emplace(io, EndpointId{"east", *config::parse_address("127.0.0.1")}, server.local_endpoint().port(), plan,
                 [](const EndpointHealth&, const EndpointHealth&) {});
  asio::post(io, [&] { prober.reset(); });
  std::this_thread::sleep_for(plan.interval / 2);
  io.poll();
  EXPECT_EQ(server.available(), 0U);
}

}  // namespace
}  // namespace penstock::control

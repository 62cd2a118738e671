// tests/control/lifecycle/rule_loader_test.cpp - what the end of the process waits for.
#include "control/lifecycle/rule_loader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace penstock::control {
namespace {

TEST(RuleLoader, WhatIsKeptIsOnTheDiskAtTheEnd) {
  std::string folder = "/tmp/penstock-test.XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string file = folder + "/penstock.yaml";
  std::ofstream(file) << "ports: [{device: \"af_xdp:eth0\"}]\ndataplane: {state_dir: " << folder
                      << "}\npools:\n  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}\n"
                         "zones: [{zone: a.example, pool: vpc}]\n";
  auto first = first_rules(file, false);
  ASSERT_TRUE(first.has_value()) << first.error();
  asio::io_context io;
  RuleLoader loader(io);
  loader.keep(std::move(first->configuration));
  loader.finish_keeping();
  EXPECT_TRUE(std::filesystem::exists(folder + "/last-good.config"));
  EXPECT_TRUE(std::filesystem::exists(folder + "/accepted-zones"));
  EXPECT_FALSE(loader.is_busy());
  bool is_read = false;
  loader.read(file, nullptr, [&](const ReadRules& read) { is_read = read.configuration.model != nullptr; });
  while (loader.is_busy()) usleep(1000);
  io.run();
  EXPECT_TRUE(is_read);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace penstock::control

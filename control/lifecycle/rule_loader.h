// control/lifecycle/rule_loader.h - reads and compiles rules on a thread of its own, so that a million names silence no
// heartbeat, and keeps them on another.
#pragma once

#include <asio/io_context.hpp>
#include <asio/thread_pool.hpp>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/read/read_model.h"
#include "control/changes/preview.h"
#include "control/lifecycle/first_rules.h"
#include "control/link/endpoint_slots.h"
#include "control/rules/memfd.h"
#include "control/rules/removal_guard.h"

namespace penstock::control {

// What one generation of rules is made of; immutable.
struct RuleSet {
  std::shared_ptr<const config::Model> model;
  EndpointSlots::Map slots;
  Memfd image;
  uint64_t size = 0;  // bytes of the image
  uint64_t generation = 0;
  uint64_t checksum = 0;
  uint64_t loop_token = 0;
  uint32_t zones = 0;
  std::chrono::system_clock::time_point built_at;
};

struct ReadRules {
  Configuration configuration;  // without a model: there are errors among the findings
  std::vector<config::Finding> findings;
  Removals removals;    // what the removal guard holds against it
  std::string changes;  // against the rules in force, in one line
};

// Every endpoint of every pool, once.
std::vector<EndpointId> endpoints_of(const config::Model&);

class RuleLoader {
 public:
  explicit RuleLoader(asio::io_context& io) : io_(io) {}
  // Waits for the job that runs; its handler is not called any more once the io_context has stopped.
  ~RuleLoader();

  // Handlers run on the io_context. `before`: the rules that are compared with, or null.
  void read(std::string path, std::shared_ptr<const config::Model> before, std::function<void(ReadRules)>);
  // The same of a generation that is kept in the state folder. An error is a finding.
  void read_kept(std::string state_dir, std::string hash, std::shared_ptr<const config::Model> before,
                 std::function<void(ReadRules)>);
  // Files of a generation that is kept.
  using Files = tl::expected<std::vector<config::SourceFile>, std::string>;
  void read_files(std::string state_dir, std::string hash, std::function<void(Files)>);
  // What a reload would make of the file.
  void look_at(std::string path, Configuration before, StartedWith, std::function<void(Preview, std::string hash)>);
  using Compiled = tl::expected<std::shared_ptr<const RuleSet>, std::string>;
  void compile(std::shared_ptr<const config::Model>, uint64_t generation, EndpointSlots::Map,
               std::function<void(Compiled)>);
  // Keeps what the next start needs, in the state folder of these rules: the copy to go on with when the file is refused, and what the
  // removal guard compares with. A failure is logged.
  void keep(Configuration);
  // The list of generations, and the files of this one, if a dataplane has taken it; forgotten ones go.
  void keep_history(std::string state_dir, History, std::optional<Configuration> taken);

  // Waits until all of it is kept; nothing is kept afterwards.
  void finish_keeping() { keeper_.join(); }
  // Something is being read or compiled.
  bool is_busy() const { return jobs_ != 0; }

 private:
  void post(std::function<void()> job);
  void post_read(std::function<config::ReadModel()> read, std::shared_ptr<const config::Model> before,
                 std::function<void(ReadRules)> done);

  asio::io_context& io_;
  std::atomic<unsigned> jobs_{0};  // of worker_
  asio::thread_pool worker_{1};
  asio::thread_pool keeper_{1};  // apart: the end of the process waits for it, and for no compilation before it
};

}  // namespace penstock::control

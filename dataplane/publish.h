// dataplane/publish.h - rules in force: an image is validated, one pointer is swapped, the old rules go when no lcore sees them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "config/contract/counters.h"
#include "dataplane/tables/ruleset.h"

struct rte_rcu_qsbr;

namespace penstock {

// A copy of an image and the rules seen in it.
class LoadedRules {
 public:
  // Copies `size` bytes of a memfd that must be sealed against every change. `fd` stays the caller's.
  static tl::expected<std::unique_ptr<LoadedRules>, std::string> from_memfd(int fd, uint64_t size);
  // A copy of a file of ours (config/files/own_files.h).
  static tl::expected<std::unique_ptr<LoadedRules>, std::string> from_file(const std::string& path);
  ~LoadedRules();
  LoadedRules(const LoadedRules&) = delete;
  LoadedRules& operator=(const LoadedRules&) = delete;

  const tables::Ruleset& ruleset() const { return ruleset_; }
  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(address_), size_}; }

 private:
  LoadedRules(void* address, size_t size) : address_(address), size_(size) {}
  static tl::expected<std::unique_ptr<LoadedRules>, std::string> open(void* address, size_t size);

  void* address_;
  size_t size_;
  tables::Ruleset ruleset_;
};

// Main thread publishes, lcores read `current()` once a turn and report quiescent states to `qsbr()`.
class Publisher {
 public:
  Publisher(unsigned lcores, config::CounterPage& counters);
  ~Publisher();

  // Returns when every lcore has passed a quiescent state under the new rules and the old ones are freed.
  void publish(std::unique_ptr<LoadedRules> rules);

  // Returns when no lcore sees any more what stood in the place of what the caller has just put in force.
  void wait_for_lcores(const char* what);

  const tables::Ruleset* current() const { return current_.load(std::memory_order_acquire); }
  rte_rcu_qsbr* qsbr() { return qsbr_; }
  const LoadedRules* loaded() const { return loaded_.get(); }  // main thread

 private:
  config::CounterPage& counters_;
  rte_rcu_qsbr* qsbr_;
  std::atomic<const tables::Ruleset*> current_{nullptr};
  std::unique_ptr<LoadedRules> loaded_;
};

}  // namespace penstock

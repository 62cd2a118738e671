// dataplane/dataplane.h - the process from start to end: assembly/ puts its parts together, housekeeping/ is the main thread's work
// while lcores and the slow lane run.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "dataplane/housekeeping/housekeeping.h"
#include "dataplane/parts.h"

namespace penstock {

class Dataplane {
 public:
  // Everything up to polling lcores; the error says what failed and what would help.
  static tl::expected<std::unique_ptr<Dataplane>, std::string> start(const config::Model& model);
  ~Dataplane();
  Dataplane(const Dataplane&) = delete;
  Dataplane& operator=(const Dataplane&) = delete;

  // The main thread's life. Returns when `signals` (a signalfd) has become readable and the queries in flight are over, after 2 s at most;
  // at once when it becomes readable again.
  void run(int signals);

 private:
  explicit Dataplane(const config::Model& model) : parts_{.model = model} {}
  tl::expected<void, std::string> assemble();

  Parts parts_;
  std::optional<Housekeeping> housekeeping_;
};

}  // namespace penstock

// control/lifecycle/boot_models.h - what each process read at its start: the difference to the rules in force needs a restart.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/model.h"
#include "control/changes/host_settings.h"

namespace penstock::control {

class BootModels {
 public:
  explicit BootModels(std::shared_ptr<const config::Model> own) : own_(std::move(own)), dataplane_(own_) {}

  // A dataplane that has kept nothing we can read is taken to have started with the rules in force.
  void on_connected(uint64_t pid, const std::shared_ptr<const config::Model>& in_force);

  const config::Model& own() const { return *own_; }
  const config::Model& dataplane() const { return *dataplane_; }
  StartedWith started_with() const { return {host_settings(*dataplane_), host_settings(*own_)}; }

 private:
  std::shared_ptr<const config::Model> kept_by_dataplane(const std::string& state_dir) const;

  std::shared_ptr<const config::Model> own_;
  std::shared_ptr<const config::Model> dataplane_;
  uint64_t pid_ = 0;  // of the dataplane that was connected last
};

}  // namespace penstock::control

#include "control/lifecycle/boot_models.h"

#include <utility>

#include "config/files/last_good_config.h"
#include "config/read/read_model.h"

namespace penstock::control {

void BootModels::on_connected(uint64_t pid, const std::shared_ptr<const config::Model>& in_force) {
  if (pid_ != pid) {
    if (auto kept = kept_by_dataplane(in_force->dataplane.state_dir))
      dataplane_ = std::move(kept);
    else if (pid_ != 0)
      dataplane_ = in_force;
  }
  pid_ = pid;
}

// Null: it has kept nothing, or it is not ours to read.
std::shared_ptr<const config::Model> BootModels::kept_by_dataplane(const std::string& state_dir) const {
  const auto kept = config::peek_at_last_good_config(state_dir, config::kLastGoodHost);
  if (!kept) return nullptr;
  auto read = config::read_host_of(kept->files.front());
  if (!read.model) return nullptr;
  // The dataplane reads nothing of these.
  read.model->control = own_->control;
  read.model->metrics_listen = own_->metrics_listen;
  return std::make_shared<const config::Model>(std::move(*read.model));
}

}  // namespace penstock::control

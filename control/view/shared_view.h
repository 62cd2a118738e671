// control/view/shared_view.h - the latest view, for threads that may touch nothing else of control.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "config/contract/endpoint_state.h"
#include "control/link/heartbeat.h"
#include "control/view/status_view.h"

namespace penstock::control {

class SharedView {
 public:
  // `page`: null without a dataplane.
  void set(std::shared_ptr<const StatusView> view, std::shared_ptr<const config::EndpointStatePage> page) {
    const std::lock_guard lock(lock_);
    view_ = std::move(view);
    page_ = std::move(page);
  }

  // On any thread: with the heartbeat as it is now, so that a control that hangs is seen. Null: none yet.
  std::shared_ptr<const StatusView> get() const {
    std::shared_ptr<const StatusView> view;
    std::shared_ptr<const config::EndpointStatePage> page;
    {
      const std::lock_guard lock(lock_);
      view = view_;
      page = page_;
    }
    if (!view || !page) return view;
    auto now = std::make_shared<StatusView>(*view);
    now->heartbeat_age = heartbeat_age(*page);
    return now;
  }

 private:
  mutable std::mutex lock_;
  std::shared_ptr<const StatusView> view_;
  std::shared_ptr<const config::EndpointStatePage> page_;
};

}  // namespace penstock::control

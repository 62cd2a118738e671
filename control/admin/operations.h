// control/admin/operations.h - what penstockctl may see and do: the admin room asks, Control answers.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include <tl/expected.hpp>

#include "config/contract/address.h"
#include "config/contract/link.h"
#include "config/contract/name.h"
#include "control/lifecycle/reload_record.h"
#include "control/view/status_view.h"

namespace penstock::control {

class Operations {
 public:
  virtual ~Operations() = default;
  virtual StatusView view() = 0;
  virtual void reload(bool accept_removals, std::function<void(const ReloadResult&)>) = 0;
  // `client`: of family 0 for one of no group.
  virtual void lookup(const config::WireName&, const config::IpAddress& client,
                      std::function<void(tl::expected<config::Found, std::string>)>) = 0;
  // Has the dataplane forget remembered answers; the name is folded, and empty for all of them.
  virtual void flush(config::FlushScope, const config::WireName&,
                     std::function<void(tl::expected<config::Flushed, std::string>)>) = 0;
  // How many endpoints have the address.
  virtual size_t drain(const config::IpAddress&, bool drained) = 0;
};

}  // namespace penstock::control

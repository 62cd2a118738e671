// control/admin/operations.h - what penstockctl may see and do: the admin room asks, Control answers.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/contract/address.h"
#include "config/contract/inquiry/browse.h"
#include "config/contract/inquiry/question.h"
#include "config/contract/link.h"
#include "config/contract/name.h"
#include "config/files/descriptor.h"
#include "control/changes/preview.h"
#include "control/changes/rule_source.h"
#include "control/health/probe/probe.h"
#include "control/history/history.h"
#include "control/lifecycle/reload_record.h"
#include "control/link/dataplane_link.h"
#include "control/view/status_view.h"

namespace penstock::control {

class Operations {
 public:
  virtual ~Operations() = default;
  virtual StatusView view() = 0;
  virtual void reload(const ReloadRequest&, std::function<void(const ReloadResult&)>) = 0;
  // RuleLifecycle::look_at_file(), source_of(), history() and roll_back().
  virtual void look_at_file(bool accept_removals, bool undo_rollback, std::function<void(const Preview&)>) = 0;
  virtual void source_of(uint64_t generation, std::function<void(const tl::expected<RuleSource, std::string>&)>) = 0;
  virtual History history() = 0;
  virtual void roll_back(uint64_t generation, const ReloadRequest&, std::function<void(const ReloadResult&)>) = 0;
  // `client`: of family 0 for one of no group.
  virtual void lookup(const config::WireName&, const config::IpAddress& client,
                      std::function<void(tl::expected<config::Found, std::string>)>) = 0;
  // Has the dataplane forget remembered answers; the name is folded, and empty for all of them.
  virtual void flush(config::FlushScope, const config::WireName&,
                     std::function<void(tl::expected<config::Flushed, std::string>)>) = 0;
  // What the dataplane says of single names (DataplaneLink).
  virtual void browse(const config::Browse&, std::function<void(tl::expected<BrowsedPages, std::string>)>) = 0;
  virtual void compose(const config::Compose&, std::function<void(tl::expected<config::Composed, std::string>)>) = 0;
  virtual void judge(const config::Judge&, const std::vector<uint8_t>& answer,
                     std::function<void(tl::expected<config::Judged, std::string>)>) = 0;
  // Asks a server from this host's own socket.
  virtual void exchange(const ProbeTarget&, bool tcp, Probe::Done) = 0;
  // Has the dataplane begin a capture: the end of its stream to read from.
  virtual void capture(const config::CaptureRequest&,
                       std::function<void(tl::expected<config::SharedDescriptor, std::string>)>) = 0;
  // How many endpoints have the address.
  virtual size_t drain(const config::IpAddress&, bool drained) = 0;
};

}  // namespace penstock::control

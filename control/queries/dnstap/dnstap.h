// control/queries/dnstap/dnstap.h - sends queries to a dnstap collector, as `log.dnstap` says.
#pragma once

#include <memory>
#include <string>

#include "control/queries/query_feed.h"

namespace penstock::control {

class Dnstap {
 public:
  // As QueryFeed. The names of the rules that come into force have the settings.
  void use(const QueryNames& names);
  void attach(std::shared_ptr<const config::CounterPage> page) { feed_.attach(std::move(page)); }
  uint64_t sent() const { return feed_.sent(); }
  uint64_t lost() const { return feed_.lost(); }
  std::string failure() const { return feed_.failure(); }

 private:
  config::Dnstap settings_;
  std::shared_ptr<const QueryOutlet> outlet_;  // by settings_
  QueryFeed feed_;
};

}  // namespace penstock::control

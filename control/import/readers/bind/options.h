// control/import/readers/bind/options.h - options of named.conf: the default, who may ask, where it listens, and what is not carried over.
#pragma once

#include "control/import/readers/bind/acl.h"
#include "control/import/readers/bind/own_zones.h"
#include "control/import/readers/bind/servers.h"

namespace penstock::imports {

class BindOptions {
 public:
  BindOptions(Source& source, const BindAcls& acls, BindServers& servers, BindOwnZones& own_zones)
      : source_(source), acls_(acls), servers_(servers), own_zones_(own_zones) {}
  void read(const std::vector<BindStatement>& block);
  void read_default(const std::vector<BindStatement>& block, Where where, bool is_view);
  // Whether names of no zone are forwarded and never looked up.
  bool is_only() const { return is_only_; }
  // To be called when all zones are known.
  void tell_of_lists() const;

 private:
  void read_listen(const BindStatement& one);
  void read_clients(const std::vector<BindStatement>& block);
  Source& source_;
  const BindAcls& acls_;
  BindServers& servers_;
  BindOwnZones& own_zones_;
  const BindStatement* recursion_list_ = nullptr;
  bool is_only_ = false;
  bool has_default_of_view_ = false;
};

bool is_forward_only(const std::vector<BindStatement>& block);

}  // namespace penstock::imports

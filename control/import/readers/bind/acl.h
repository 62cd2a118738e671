// control/import/readers/bind/acl.h - address match lists of named.conf, acl by name.
#pragma once

#include <map>

#include "control/import/form/clients.h"
#include "control/import/readers/bind/grammar.h"

namespace penstock::imports {

class BindAcls {
 public:
  explicit BindAcls(Source& source) : source_(source) {}
  void add(const BindStatement& acl);
  // What cannot be said as prefixes is remarked and left out.
  ClientList read(const std::vector<BindStatement>& block) const;

 private:
  ClientElement read_element(const BindStatement& statement) const;
  Source& source_;
  std::map<std::string, ClientList> lists_;
};

}  // namespace penstock::imports

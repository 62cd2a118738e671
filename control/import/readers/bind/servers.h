// control/import/readers/bind/servers.h - lists of servers in named.conf: forwarders, primaries, and those that have a name.
#pragma once

#include <map>

#include "control/import/readers/bind/grammar.h"

namespace penstock::imports {

class BindServers {
 public:
  explicit BindServers(Source& source) : source_(source) {}
  void add(const BindStatement& list) { lists_[list.word(1)] = &list; }  // it must outlive this
  std::vector<Server> read(const BindStatement& statement, int depth = 0);

 private:
  std::optional<Server> read_server(const BindStatement& one, uint16_t default_port, bool default_tls);
  uint16_t port_of(const std::string& text, Where where);
  Source& source_;
  std::map<std::string, const BindStatement*> lists_;
};

}  // namespace penstock::imports

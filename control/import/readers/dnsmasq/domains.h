// control/import/readers/dnsmasq/domains.h - server=, local=, address= and rev-server=: names and where they go, a hundred thousand lines of them.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "control/import/form/source.h"

namespace penstock::imports {

class DnsmasqDomains {
 public:
  explicit DnsmasqDomains(Source& source) : source_(source) {}
  void read_server(std::string_view value, Where where);   // "/a/b/ADDRESS#PORT@INTERFACE", "ADDRESS"
  void read_address(std::string_view value, Where where);  // "/a/b/ADDRESS", "/a/b/#", "/a/b/"
  void read_reverse(std::string_view value, Where where);  // "NETWORK,ADDRESS"
  // Other names go to these, one after the other when `in_order`.
  void add_other(const Server& server, Where where);
  bool has_other() const { return !other_.empty(); }
  // To be called when all is read.
  void finish(bool in_order);

 private:
  // Names between slashes; `value` becomes what stands behind the last.
  std::vector<std::string_view> take_domains(std::string_view& value) const;
  std::optional<Server> read_target(std::string_view text, Where where);
  void add(std::string_view domain, const Target& target, Where where);
  void add(const WireName& name, Scope scope, const Target& target, Where where);
  void tell_of_types();
  void close_private();

  Source& source_;
  std::unordered_map<std::string, size_t> entries_;  // by name and scope
  std::unordered_set<std::string> closed_;           // names of which no query goes on to servers
  std::vector<Server> other_;
};

}  // namespace penstock::imports

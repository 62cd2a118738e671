// control/import/form/names.h - names that a source answers itself, each an entry with all its records, however they are spread over the file.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "control/import/form/source.h"

namespace penstock::imports {

class Names {
 public:
  explicit Names(Source& source) : source_(source) {}
  // A record of a zone file without its owner: "A 10.1.1.1".
  void add(const WireName& name, const std::string& record, Where where);
  void add_address(const WireName& name, const IpAddress& address, Where where);
  // The same, and the name of the address; the first one written is that.
  void add_host(const WireName& name, const IpAddress& address, Where where);
  // Lines of "ADDRESS NAME..."; `domain`: names without a dot are also names in it.
  void add_hosts_file(std::string_view text, uint32_t file, const std::string& domain);
  bool add_hosts_line(std::string_view line, const std::string& domain, Where where);

 private:
  Zone& zone_of(const WireName& name, Where where);
  Source& source_;
  std::unordered_map<WireName, size_t> entries_;
  std::unordered_map<WireName, bool> pointers_;
};

}  // namespace penstock::imports

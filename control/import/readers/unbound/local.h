// control/import/readers/unbound/local.h - local-zone, local-data: what Unbound answers itself. It looks there first: a local zone hides the
// forward-zones in it.
#pragma once

#include <map>
#include <set>

#include "control/import/readers/unbound/grammar.h"

namespace penstock::imports {

class UnboundLocal {
 public:
  explicit UnboundLocal(Source& source) : source_(source) {}
  void read_zone(const UnboundOption& option);
  void read_data(const UnboundOption& option);
  void read_pointer(const UnboundOption& option);
  // To be called when all is read: adds zones to the source.
  void add();

 private:
  struct Data {
    WireName name;
    std::string record;  // type and data
    Where where;
  };
  Zone* zone_around(std::string_view wire_name);
  bool is_written(const WireName& name) const;
  void add_built_in();
  void add_data();
  void add_open();
  void drop_hidden();

  Source& source_;
  std::vector<Zone> zones_;
  std::set<WireName> always_;                     // data in them does not count
  std::vector<std::pair<WireName, Where>> open_;  // transparent: what is not in them goes on
  std::map<WireName, Where> nodefault_;
  std::vector<Data> data_;
  std::set<WireName> built_in_;  // reverse zones that Unbound answers without being told
  std::set<WireName> holes_;     // names that are not answered here, whatever is around them
};

}  // namespace penstock::imports

// control/import/readers/bind/own_zones.h - zones that BIND answers itself, of files or empty ones without being told: they hide forward zones
// in them.
#pragma once

#include <set>
#include <string>

#include "control/import/form/source.h"

namespace penstock::imports {

class BindOwnZones {
 public:
  void no_empty_zones() { is_enabled_ = false; }
  void disable(const std::string& name);
  void add_forward(const Zone& zone, bool is_only) {
    forwards_.push_back({zone.name, zone.where, zone.clients, is_only});
  }
  // To be called when all is read. `is_only`: so are names of no zone.
  void settle(Source& source, bool is_only);

 private:
  struct Forward {
    WireName name;
    Where where;
    std::vector<std::string> clients;
    bool is_only;
  };
  void tell_of_files(Source& source) const;
  bool is_in_force(const Source& source, const WireName& empty, const std::vector<std::string>& clients) const;
  void settle(Source& source, const WireName& empty, const std::vector<std::string>& clients);

  bool is_enabled_ = true;
  bool is_only_ = false;
  std::set<WireName> disabled_;
  std::vector<Forward> forwards_;
};

}  // namespace penstock::imports

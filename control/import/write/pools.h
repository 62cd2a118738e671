// control/import/write/pools.h - the pools that the servers of a source become: one a list of addresses.
#pragma once

#include <map>
#include <string>

#include "control/import/form/source.h"

namespace penstock::imports {

struct Pool {
  std::string name;
  std::vector<IpAddress> endpoints;
  bool in_order = false;
  bool is_inbound = false;  // endpoints of a Route 53 Resolver in a VPC
};

class Pools {
 public:
  // What a target's servers are called, by the name that they get names of. Empty: none of them can be an endpoint; why is remarked.
  std::string pool_of(const Target& target, const WireName& zone, Where where, std::vector<Remark>& remarks);
  // To be called when all are known: pools of AWS's own names are private, unless one of their servers is another pool's too.
  void find_inbound(const std::string& other, Where where, std::vector<Remark>& remarks);
  const std::vector<Pool>& all() const { return pools_; }
  bool is_inbound(const std::string& name) const;
  void open(const std::string& name);  // it is not private

 private:
  std::string unused_name(const WireName& zone) const;
  std::vector<Pool> pools_;
  std::map<std::pair<std::vector<IpAddress>, bool>, size_t> by_servers_;
};

// A name that AWS answers privately in a VPC: of SageMaker, or of another of its services.
bool is_amazon_name(const WireName& name);

}  // namespace penstock::imports

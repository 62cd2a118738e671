// control/import/readers/coredns/plugins.h - the plugins of a server block, in the order in which CoreDNS runs them.
#pragma once

#include "control/import/form/chain.h"
#include "control/import/form/names.h"
#include "control/import/readers/coredns/corefile.h"

namespace penstock::imports {

class CorePlugins {
 public:
  CorePlugins(Source& source, const Files& files, Names& names, const std::string& path)
      : source_(source), files_(files), names_(names), path_(path) {}
  // The chain of a block for its zones. Hosts become names of the source.
  std::vector<ChainStep> chain_of(const ServerBlock& block, const std::vector<WireName>& zones);

 private:
  void read(const Directive& one, const std::vector<WireName>& zones);
  void read_forward(const Directive& one);
  void read_hosts(const Directive& one, const std::vector<WireName>& zones);
  void read_template(const Directive& one, const std::vector<WireName>& zones);
  void read_acl(const Directive& one, const std::vector<WireName>& zones);
  void read_servers(const std::string& text, bool tls, Target& target, Where where);
  // Names or networks from `first` on; `zones` when there are none.
  std::vector<WireName> zones_from(const Directive& one, size_t first, const std::vector<WireName>& zones);

  Source& source_;
  const Files& files_;
  Names& names_;
  std::string path_;
  std::string root_;
  std::vector<ChainStep> chain_;
};

// "example.org", "10.0.0.0/8"; empty: it is neither.
std::vector<WireName> core_zones(const std::string& text);

}  // namespace penstock::imports

#include <map>
#include <set>

#include "control/import/form/words.h"
#include "control/import/readers/coredns/plugins.h"
#include "control/import/readers/readers.h"

namespace penstock::imports {
namespace {

const WireName kRoot(1, '\0');

class CoreReader {
 public:
  CoreReader(Source& source, const Files& files) : source_(source), files_(files), names_(source) {}

  void read(const std::string& path) {
    const auto blocks = parse_corefile(source_, files_, path);
    if (source_.is_broken()) return;
    std::vector<std::vector<WireName>> zones;
    for (const ServerBlock& block : blocks) {
      zones.push_back(zones_of_keys(block));
      block_zones_.insert(zones.back().begin(), zones.back().end());
    }
    CorePlugins plugins(source_, files_, names_, path);
    for (size_t i = 0; i < blocks.size(); ++i) {
      if (zones[i].empty()) continue;
      const auto chain = plugins.chain_of(blocks[i], zones[i]);
      for (const WireName& zone : zones[i]) add_block(chain, zone, blocks[i].where);
    }
  }

 private:
  // Zones of port 53; other listeners are remarked.
  std::vector<WireName> zones_of_keys(const ServerBlock& block) {
    std::vector<WireName> zones;
    for (const std::string& key : block.keys) {
      std::string text = key;
      if (const size_t scheme = text.find("://"); scheme != std::string::npos) {
        if (text.substr(0, scheme) != "dns") {
          source_.decide(block.where, "'" + key + "' serves clients over " + text.substr(0, scheme) +
                                          ", which Penstock does not: left out");
          continue;
        }
        text.erase(0, scheme + 3);
      }
      if (text.find("{$") != std::string::npos || text.find("{%") != std::string::npos) {
        source_.decide(block.where,
                       "'" + key + "' is filled in from the environment: write what it is there. Left out");
        continue;
      }
      if (const size_t colon = text.rfind(':'); colon != std::string::npos && !config::is_prefix_text(text)) {
        if (text.substr(colon) != ":53") {
          source_.decide(block.where,
                         "'" + key + "' listens on port " + text.substr(colon + 1) + ", and Penstock on 53: left out");
          continue;
        }
        text.erase(colon);
      }
      if (text.empty()) text = ".";
      const auto names = core_zones(text);
      if (names.empty()) source_.decide(block.where, "'" + key + "' is no zone: left out");
      zones.insert(zones.end(), names.begin(), names.end());
    }
    return zones;
  }

  void add_block(const std::vector<ChainStep>& chain, const WireName& zone, Where where) {
    if (!done_.insert(zone).second)
      return source_.decide(where, "there is a block for " + config::to_text(zone) + " before: left out");
    for (Zone& one : zones_of(chain, zone, where, source_)) {
      if (one.name == kRoot) {
        source_.other = std::move(one.target);
        source_.other_where = one.where;
        continue;
      }
      const WireName* longest = &zone;
      for (const WireName& other : block_zones_)
        if (is_below(one.name, other) && other.size() > longest->size()) longest = &other;
      if (*longest == zone)
        source_.zones.push_back(std::move(one));
      else
        source_.decide(one.where, config::to_text(one.name) + " is left out: the block for " +
                                      config::to_text(*longest) + " gets its names");
    }
  }

  Source& source_;
  const Files& files_;
  Names names_;
  std::set<WireName> block_zones_;
  std::set<WireName> done_;
};

}  // namespace

Source read_coredns(const Paths& paths, const Files& files) {
  Source source;
  for (const std::string& path : paths)
    if (!source.is_broken()) CoreReader(source, files).read(path);
  return source;
}

}  // namespace penstock::imports

// control/import/compare.h - import --verify: the same names through the source as it was read and through our YAML.
#pragma once

#include <string>
#include <vector>

#include "config/model.h"
#include "control/import/form/source.h"

namespace penstock::imports {

struct Difference {
  WireName name;
  std::string clients;  // the group that asks; empty: clients of none
  std::string source;   // where the name goes, in words
  std::string ours;
};

struct Comparison {
  size_t names = 0;
  std::vector<Difference> differences;
};

// Names of the source with their neighbours: itself, one label below, one above, a look-alike. Sorted.
std::vector<WireName> names_to_compare(const Source& source, std::vector<WireName> queries);
Comparison compare(const Source& source, const config::Model& model, const std::vector<WireName>& queries);
std::string to_text(const Comparison& comparison);

}  // namespace penstock::imports

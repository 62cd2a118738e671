// control/import/readers/coredns/corefile.h - a Corefile as server blocks of directives: snippets and files imported, variables told apart.
#pragma once

#include <string>
#include <vector>

#include "control/import/form/source.h"

namespace penstock::imports {

// A plugin's line, and the lines of its block.
struct Directive {
  Where where;
  std::vector<std::string> words;
  std::vector<Directive> block;
};

struct ServerBlock {
  Where where;
  std::vector<std::string> keys;  // zones as written: "example.org:5353", "10.0.0.0/8", "tls://."
  std::vector<Directive> directives;
};

// What is wrong is remarked in `source` as broken.
std::vector<ServerBlock> parse_corefile(Source& source, const Files& files, const std::string& path);

}  // namespace penstock::imports

// control/import/readers/unbound/grammar.h - unbound.conf as sections of options, includes followed.
#pragma once

#include <string>
#include <vector>

#include "control/import/form/source.h"

namespace penstock::imports {

struct UnboundOption {
  std::string name;  // lower case, without the colon
  std::string value;
  Where where;
};

// A section and the options up to the next: "forward-zone:".
struct UnboundClause {
  std::string name;
  Where where;
  std::vector<UnboundOption> options;

  const UnboundOption* find(std::string_view wanted) const {
    for (const UnboundOption& option : options)
      if (option.name == wanted) return &option;
    return nullptr;
  }
  bool is_on(std::string_view wanted) const {
    const UnboundOption* option = find(wanted);
    return option != nullptr && option->value == "yes";
  }
};

// What is wrong is remarked in `source` as broken.
std::vector<UnboundClause> parse_unbound(Source& source, const Files& files, const std::string& path);

}  // namespace penstock::imports

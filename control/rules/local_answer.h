// control/rules/local_answer.h - what a rule's own records say of one name, for `penstockctl explain`. The packet path answers
// by the image (dataplane/tables/local_records); this reads the text again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"

namespace penstock::control {

struct LocalAnswer {
  std::string how;                   // in words: whose records they are, or that there is nothing
  std::vector<std::string> records;  // as in a zone file, a line each
};

// `name` is at or below `zone`, which is an entry of the rule's.
LocalAnswer local_answer(const config::Rule& rule, std::string_view zone, config::Scope scope, std::string_view name);

}  // namespace penstock::control

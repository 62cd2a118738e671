// control/import/readers/bind/second_opinion.h - what named itself makes of the files: `named-checkconf -p`, where that program is.
#pragma once

#include <string>

#include "control/import/form/source.h"

namespace penstock::imports {

struct CheckedConf {
  bool is_there = false;  // the program
  bool is_good = false;   // it took the files
  std::string text;       // the configuration as one file; else what it complains of
};

CheckedConf check_with_named(const std::string& path);
// Remarks on what the two readings have differently, at the lines of `source`.
void compare_with_named(Source& source, const CheckedConf& checked);

}  // namespace penstock::imports

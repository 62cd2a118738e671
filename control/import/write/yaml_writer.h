// control/import/write/yaml_writer.h - a source as our YAML: its zones as far as they can be said, and a comment for each thing that cannot.
#pragma once

#include <string>
#include <vector>

#include "control/import/form/source.h"

namespace penstock::imports {

struct Written {
  std::string yaml;
  std::vector<Remark> remarks;  // those of the source and those of the writing, by file and line
};

// The source must not be broken.
Written write_yaml(const Source& source);

// A scalar, in quotes where YAML would read something else.
std::string yaml_text(const std::string& text);

}  // namespace penstock::imports

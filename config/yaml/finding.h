// config/yaml/finding.h - what is wrong with a file, and where.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace penstock::config {

// Where something was written: an index into Model::files and a line counted from 1; line 0: a default, not
// written.
struct Where {
  uint32_t file = 0;
  uint32_t line = 0;
};

enum class Severity : uint8_t { error, warning, note };

struct Finding {
  Severity severity = Severity::error;
  std::string file;
  uint32_t line = 0;  // from 1; 0: the file as a whole
  std::string key;    // "pools.studio.endpoints[1].address"
  std::string text;   // what is wrong and what would be right
};

std::string to_text(const Finding&);
// Those that keep a configuration from being taken, in words: each a line, as `penstockctl check` prints them.
std::vector<std::string> errors_of(const std::vector<Finding>&);

}  // namespace penstock::config

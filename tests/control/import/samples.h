// tests/control/import/samples.h - a file of another server, and what is wanted of its import.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "control/import/readers/readers.h"

namespace penstock::imports::test {

struct Sample {
  std::string description;
  std::string text;                                // of the file that is imported
  std::map<std::string, std::string> beside = {};  // further files, by name
  std::vector<std::string> also = {};              // those that are named on the command line as well
  std::vector<std::string> yaml = {};              // lines of the result, without indentation and comment
  std::vector<std::string> not_yaml = {};          // parts that no line has
  std::vector<std::string> decide = {};            // "line: part of the text", each; no others there may be
  std::vector<std::string> note = {};              // the same, but there may be others
  std::string broken = {};                         // the same, in place of all else
};

// Imports the sample as `file`, holds the result against what is wanted, and has the YAML read.
void check(Source (*read)(const Paths&, const Files&), const std::string& file, const Sample& sample);
Files memory_files(const std::map<std::string, std::string>& files);

}  // namespace penstock::imports::test

// config/read/read_model.h - the YAML of a user into a model, or the list of everything that is wrong with it.
//
//   auto read = read_model("/etc/penstock/penstock.yaml");
//   for (const auto& finding : read.findings) std::cerr << to_text(finding) << '\n';   // file:line: error:
//   key: what would be right if (!read.model) return EXIT_FAILURE;
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/model.h"

namespace penstock::config {

// A file as it was read.
struct SourceFile {
  std::string path;
  std::string content;
};

struct ReadModel {
  std::optional<Model> model;     // empty when there is an error among the findings
  std::vector<Finding> findings;  // in the order of files and lines
  std::vector<SourceFile> files;  // the YAML first, then what it names
};

// Reads zone files too, relative to the YAML's folder.
ReadModel read_model(const std::string& path);
// What the dataplane needs of the same file: ports, listen, lcores, idle, dataplane, and of the pools those that have a
// `source:` without errors, by name and source alone. What is wrong with the rules does not keep it from starting: errors
// of other sections are not looked for, and a syntax error is a warning when all of its own sections stand before it.
ReadModel read_host(const std::string& path);
// The same two from copies in memory (config/files/last_good_config.h): the YAML first, and all that it names. No file is opened.
ReadModel read_model_of(const std::vector<SourceFile>& files);
ReadModel read_host_of(const SourceFile& yaml);
// read_model() from a text in memory (tests, fuzzing). It opens no file: a `zones_file` is an error, unless its
// folder is given.
ReadModel read_model_text(const std::string& text, const std::string& name_for_messages,
                          const std::optional<std::string>& zones_folder = std::nullopt);

// The compiled table in words: pools, what `studio:` became, which zones are private, the default, who may
// ask.
std::string describe(const Model&);

}  // namespace penstock::config

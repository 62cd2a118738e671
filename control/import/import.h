// control/import/import.h - penstockctl import: the configuration of another server into our YAML.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "control/import/readers/readers.h"
#include "control/import/write/yaml_writer.h"

namespace penstock::imports {

struct Format {
  std::string_view name;
  Source (*read)(const Paths&, const Files&);
  std::string_view what;                           // files of it
  void (*check)(Source&, const Paths&) = nullptr;  // a second opinion, by a program of this host
};
const std::vector<Format>& formats();

struct Imported {
  Source source;
  Written written;  // empty when the source is broken
};
Imported import_files(const Format& format, const Paths& paths, const Files& files,
                      const std::function<void(Source&)>& before_writing = {});

struct ImportOptions {
  std::string kind = {};
  Paths paths = {};
  std::string output = {};   // empty: standard output
  bool verify = false;       // compare both readings in the place of writing to standard output
  std::string queries = {};  // a file of names for that, one a line; empty: none
  bool host = false;         // look at this host, in the place of all else
};
// The exit status: 0 nothing is lost, 1 something has to be decided, 2 the files cannot be read.
int run_import(const ImportOptions& options);

}  // namespace penstock::imports

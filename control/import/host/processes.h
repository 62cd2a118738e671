// control/import/host/processes.h - processes of DNS servers, from /proc.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace penstock::imports {

struct HostProcess {
  int pid = 0;
  std::string program;                 // the last part of argv[0]
  std::vector<std::string> arguments;  // without argv[0]
  std::filesystem::path folder;        // it runs in
  std::filesystem::path root;          // empty: this host's own

  // What follows one of `options`: "-c FILE", "-cFILE" for single letters, "--config=FILE", "-conf FILE". The last one; empty: none.
  std::string value_of(const std::vector<std::string>& options) const;
  std::vector<std::string> values_of(const std::vector<std::string>& options) const;
};

// By pid. `root`: the folder with proc/.
std::vector<HostProcess> processes_of(const std::filesystem::path& root);

}  // namespace penstock::imports

// control/import/host/host.h - penstockctl import --host: DNS servers that run or are configured on this host, and what imports them. Reads only.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace penstock::imports {

struct HostServer {
  std::string program;               // "named"
  std::string kind;                  // of `import`; empty: there is none for it
  int pid = 0;                       // 0: it is configured and does not run
  std::vector<std::string> files;    // its configuration
  std::vector<std::string> missing;  // of these, those that cannot be read
  std::vector<std::string> notes;
};

// `root`: "/", or a folder with etc/, proc/ and run/ in it.
std::vector<HostServer> look_at_host(const std::filesystem::path& root);
// Addresses that a resolv.conf names.
std::vector<std::string> nameservers_in(const std::filesystem::path& file);
std::string to_text(const std::vector<HostServer>& servers);
// The exit status: 0 one server is there to be imported; 1 several, none, or one without an import; 2 a file of theirs cannot be read.
int status_of(const std::vector<HostServer>& servers);

}  // namespace penstock::imports

#include "control/import/host/host.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "control/import/form/words.h"
#include "control/import/host/processes.h"

namespace penstock::imports {
namespace {

namespace fs = std::filesystem;

struct KnownServer {
  std::string program;
  std::string kind;  // empty: none
  std::vector<std::string> options;
  std::vector<std::string> places;
};

const std::vector<KnownServer>& known_servers() {
  static const std::vector<KnownServer> list = {
      {"named", "bind", {"-c"}, {"/etc/bind/named.conf", "/etc/named.conf", "/usr/local/etc/namedb/named.conf"}},
      {"unbound", "unbound", {"-c"}, {"/etc/unbound/unbound.conf", "/usr/local/etc/unbound/unbound.conf"}},
      {"dnsmasq", "dnsmasq", {"-C", "--conf-file"}, {"/etc/dnsmasq.conf"}},
      {"coredns", "coredns", {"-conf", "--conf"}, {"/etc/coredns/Corefile"}},
      {"dnsdist",
       "dnsdist",
       {"-C", "--config"},
       {"/etc/dnsdist/dnsdist.conf", "/etc/dnsdist/dnsdist.yml", "/usr/local/etc/dnsdist/dnsdist.conf"}},
      {"systemd-resolved", "", {}, {}},
      {"pdns_recursor", "", {}, {}},
      {"kresd", "", {}, {}},
      {"knotd", "", {}, {}},
      {"pihole-FTL", "", {}, {}},
  };
  return list;
}

bool is_unreadable(const fs::path& file) {
  return access(file.c_str(), R_OK) != 0;
}

// A file as a distribution leaves it has comments only.
bool says_something(const fs::path& file) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);)
    if (const std::string_view text = trim(line);
        !text.empty() && text[0] != '#' && !text.starts_with("//") && !text.starts_with("--"))
      return true;
  return false;
}

class HostReader {
 public:
  explicit HostReader(fs::path root) : root_(std::move(root)) {}

  std::vector<HostServer> read() {
    for (const HostProcess& process : processes_of(root_))
      for (const KnownServer& known : known_servers())
        if (process.program == known.program) add_process(process, known);
    for (const KnownServer& known : known_servers())
      for (const std::string& place : known.places) add_place(known, place);
    return std::move(found_);
  }

 private:
  fs::path on_disk(const fs::path& path) const { return root_ / path.relative_path(); }

  void add_process(const HostProcess& process, const KnownServer& known) {
    HostServer server{known.program, known.kind, process.pid, {}, {}, {}};
    if (!process.root.empty()) server.notes.emplace_back("it runs in a container or a folder of its own");
    if (!known.kind.empty()) add_files(process, known, server);
    if (known.program == "named") look_at_chroot(process, server);
    if (known.program == "dnsmasq") look_at_dnsmasq(process, server);
    if (known.program == "systemd-resolved") look_at_resolved(server);
    const bool is_known = std::any_of(found_.begin(), found_.end(), [&](const HostServer& other) {
      return other.program == server.program && other.files == server.files;
    });
    if (is_known) return;  // a second process of the same server
    for (const std::string& file : server.files)
      if (is_unreadable(on_disk(file))) server.missing.push_back(file);
    found_.push_back(std::move(server));
  }

  // As this host sees the path of a process.
  static std::string seen_from_here(const HostProcess& process, fs::path path) {
    if (path.is_relative()) path = process.folder / path;
    return process.root.empty() ? path.string() : (process.root / path.relative_path()).string();
  }

  void add_files(const HostProcess& process, const KnownServer& known, HostServer& server) {
    const std::string named = process.value_of(known.options);
    if (!named.empty()) {
      server.files.push_back(seen_from_here(process, named));
      return;
    }
    std::vector<std::string> places = known.places;
    if (known.program == "coredns") places.insert(places.begin(), "Corefile");
    for (const std::string& place : places) {
      const std::string path = seen_from_here(process, place);
      if (!fs::exists(on_disk(path))) continue;
      server.files.push_back(path);
      return;
    }
    server.notes.emplace_back("its configuration is in none of the usual places: name it");
  }

  static void look_at_chroot(const HostProcess& process, HostServer& server) {
    const std::string folder = process.value_of({"-t"});
    if (folder.empty()) return;
    for (std::string& file : server.files) file = (fs::path(folder) / fs::path(file).relative_path()).string();
  }

  void look_at_dnsmasq(const HostProcess& process, HostServer& server) {
    for (const std::string& value : process.values_of({"-7", "--conf-dir"})) {
      const auto parts = split(value, ",");
      if (parts.empty()) continue;
      const std::string folder = seen_from_here(process, std::string(parts[0]));
      std::vector<std::string> files;
      std::error_code problem;
      for (const fs::directory_entry& entry : fs::directory_iterator(on_disk(folder), problem)) {
        const std::string name = entry.path().filename();
        const bool is_left_out = name.starts_with('.') || name.starts_with('#') || name.ends_with('~') ||
                                 std::any_of(parts.begin() + 1, parts.end(), [&](std::string_view end) {
                                   return !end.starts_with('*') && name.ends_with(end);
                                 });
        if (!is_left_out && name != "README") files.push_back(folder + "/" + name);
      }
      std::sort(files.begin(), files.end());
      server.files.insert(server.files.end(), files.begin(), files.end());
    }
    for (const std::string& value : process.values_of({"-r", "--resolv-file"}))
      server.notes.push_back("it takes servers from " + value + ": add 'resolv-file=" + value + "' to what you import");
    for (const std::string& argument : process.arguments)
      for (const char* option : {"--server", "--address", "--local", "-S", "-A"})
        if (argument.starts_with(option) && !argument.starts_with("--local-service") &&
            !argument.starts_with("--address-"))
          server.notes.push_back("'" + argument + "' on its command line is not imported: write it into a file");
  }

  void look_at_resolved(HostServer& server) const {
    std::string list;
    for (const std::string& address : nameservers_in(root_ / "run/systemd/resolve/resolv.conf"))
      list += (list.empty() ? "" : ", ") + address;
    server.notes.push_back(list.empty() ? "it asks no server that /run/systemd/resolve/resolv.conf names"
                                        : "it asks " + list +
                                              ": these may be 'default:', 'corporate: {kind: recursive, endpoints: [" +
                                              list + "]}'");
  }

  void add_place(const KnownServer& known, const std::string& place) {
    const fs::path file = on_disk(place);
    std::error_code problem;
    if (!fs::is_regular_file(file, problem) || (!is_unreadable(file) && !says_something(file))) return;
    for (const HostServer& server : found_)
      if (std::find(server.files.begin(), server.files.end(), place) != server.files.end()) return;
    HostServer server{known.program, known.kind, 0, {place}, {}, {}};
    if (is_unreadable(file)) server.missing.push_back(place);
    found_.push_back(std::move(server));
  }

  fs::path root_;
  std::vector<HostServer> found_;
};

std::string in_shell(const std::string& word) {
  const bool is_plain =
      !word.empty() &&
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%") ==
          std::string::npos;
  if (is_plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

std::vector<HostServer> look_at_host(const fs::path& root) {
  return HostReader(root).read();
}

std::vector<std::string> nameservers_in(const fs::path& file) {
  std::vector<std::string> servers;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);)
    if (const auto words = split(line, " \t"); words.size() > 1 && words[0] == "nameserver")
      servers.emplace_back(words[1]);
  return servers;
}

std::string to_text(const std::vector<HostServer>& servers) {
  std::string text;
  for (const HostServer& server : servers) {
    text += server.program +
            (server.pid == 0 ? " is configured and does not run" : " runs, pid " + std::to_string(server.pid));
    if (server.kind.empty()) text += ": there is no import for it";
    text += "\n";
    for (const std::string& note : server.notes) text += "  " + note + "\n";
    for (const std::string& file : server.missing) text += "  " + file + " cannot be read: run this as root\n";
    if (server.kind.empty() || server.files.empty()) continue;
    text += "  penstockctl import " + server.kind;
    for (const std::string& file : server.files) text += " " + in_shell(file);
    text += " --verify -o penstock.yaml\n";
  }
  return servers.empty() ? "no DNS server runs here, and none is configured in the usual places\n" : text;
}

int status_of(const std::vector<HostServer>& servers) {
  size_t with_import = 0;
  size_t others = 0;
  for (const HostServer& server : servers) {
    if (!server.missing.empty()) return 2;
    const bool has_import = !server.kind.empty() && !server.files.empty();
    with_import += has_import ? 1 : 0;
    others += has_import || server.pid == 0 || server.program == "systemd-resolved" ? 0 : 1;
  }
  return with_import == 1 && others == 0 ? 0 : 1;
}

}  // namespace penstock::imports

#include "control/import/form/words.h"
#include "control/import/readers/readers.h"
#include "control/import/readers/windows/rows.h"

namespace penstock::imports {
namespace {

constexpr const char* kCommand =
    "Get-DnsServerZone | Select-Object ZoneName,ZoneType,IsAutoCreated,UseRecursion,"
    "@{n='MasterServers';e={$_.MasterServers.IPAddressToString -join ','}} | ConvertTo-Json";

class WindowsReader {
 public:
  explicit WindowsReader(Source& source) : source_(source) {}

  void read(const std::vector<WindowsRow>& rows) {
    for (const WindowsRow& row : rows) {
      const bool is_zone = row.has("zonename") || row.has("zonetype") || row.has("name");
      if (!is_zone && row.has("ipaddress"))
        read_default(row);
      else if (is_zone)
        read_zone(row);
      else
        source_.decide(row.where, "this is no zone and no list of forwarders: left out");
    }
  }

  void finish() {
    if (!has_default_)
      source_.decide(source_.other_where,
                     "where all other names go is not in these files: import 'Get-DnsServerForwarder | ConvertTo-Json' "
                     "beside them");
  }

 private:
  static const std::vector<std::string>* addresses_of(const WindowsRow& row) {
    for (const char* name : {"masterservers", "masterserver", "masters", "forwarders", "ipaddress", "ipaddresses"})
      if (const auto found = row.columns.find(name); found != row.columns.end()) return &found->second;
    return nullptr;
  }

  // Joined by whatever people join with.
  std::vector<Server> servers_of(const WindowsRow& row, bool& is_complete) {
    std::vector<Server> servers;
    const auto* texts = addresses_of(row);
    is_complete = texts != nullptr;
    if (texts == nullptr) return servers;
    for (const std::string& text : *texts) {
      // Export-Csv writes what kind of list it is, not what is in it.
      if (text.ends_with("[]")) is_complete = false;
      if (text.ends_with("[]")) continue;
      for (const std::string_view one : split(text, ",;/| \t\r\n{}")) {
        if (const auto address = config::parse_address(one))
          servers.push_back({*address});
        else
          source_.decide(row.where, "'" + std::string(one) + "' is not an IP address: left out");
      }
    }
    is_complete = is_complete && !servers.empty();
    return servers;
  }

  void read_default(const WindowsRow& row) {
    bool is_complete = false;
    source_.other = {.kind = Kind::servers, .servers = servers_of(row, is_complete)};
    source_.other_where = row.where;
    has_default_ = true;
    if (!is_complete) source_.other.kind = Kind::recursion;
    if (is_complete && row.is_true("useroothint"))
      source_.decide(
          row.where,
          "with UseRootHint the server looks names up itself when its forwarders fail; Penstock says SERVFAIL");
  }

  void read_zone(const WindowsRow& row) {
    const std::string text = row.has("zonename") ? row.text("zonename") : row.text("name");
    const std::string type = lower(row.text("zonetype"));
    if (row.is_true("isautocreated") || text == "TrustAnchors") return;
    const bool is_forwarder = type == "forwarder" || (type.empty() && addresses_of(row) != nullptr);
    if (!is_forwarder)
      return source_.decide(row.where, "zone " + text + " (" + (type.empty() ? "of no type" : type) +
                                           ") is in the server itself: where the default's servers do not have it, "
                                           "point it at a pool of domain controllers");
    const auto name = config::parse_name(text);
    if (!name) return source_.decide(row.where, "'" + text + "' is not a domain name: " + name.error() + ". Left out");
    bool is_complete = false;
    Target target{.kind = Kind::servers, .servers = servers_of(row, is_complete)};
    if (!is_complete) source_.decide(row.where, "the export lacks the addresses of " + text + ": run " + kCommand);
    if (row.is_true("userecursion"))
      source_.decide(row.where, "with UseRecursion the server looks " + text +
                                    " up in public DNS when its servers fail; Penstock says SERVFAIL");
    if (name->size() == 1) {
      source_.other = std::move(target);
      source_.other_where = row.where;
      has_default_ = true;
      return;
    }
    source_.zones.push_back({*name, Scope::zone, std::move(target), row.where});
  }

  Source& source_;
  bool has_default_ = false;
};

}  // namespace

Source read_windows(const Paths& paths, const Files& files) {
  Source source;
  source.other.kind = Kind::refused;
  WindowsReader reader(source);
  for (const std::string& path : paths) {
    const uint32_t file = source.add_file(path);
    const auto text = take_file(source, files, path, {file, 0});
    if (text) reader.read(read_windows_rows(source, *text, file));
  }
  if (!source.is_broken()) reader.finish();
  return source;
}

}  // namespace penstock::imports

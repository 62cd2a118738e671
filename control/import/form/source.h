// control/import/form/source.h - what the configuration of another server says, whatever its format: where names go, who may ask, and what of it
// could not be read or means something else here.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/contract/address.h"
#include "config/contract/name.h"
#include "config/model.h"

namespace penstock::imports {

using config::IpAddress;
using config::IpPrefix;
using config::Scope;
using config::Where;
using config::WireName;

enum class Weight : uint8_t {
  note,    // not needed here, or so by default
  decide,  // lost, or it means something else
  broken,  // the source cannot be read: there is no result
};

struct Remark {
  Weight weight = Weight::note;
  Where where;  // file: index into Source::files
  std::string text;
};

struct Server {
  IpAddress address;
  uint16_t port = 53;
  bool tls = false;
  auto operator<=>(const Server&) const = default;
};

enum class Kind : uint8_t {
  servers,
  recursion,   // the source looks names up itself
  as_default,  // a hole in a zone: as names of no zone
  nxdomain,
  nodata,
  refused,
  addresses,
  records,
};

struct Target {
  Kind kind = Kind::refused;
  std::vector<Server> servers = {};
  bool in_order = false;  // the first that answers, not all of them in turn
  std::vector<IpAddress> addresses = {};
  std::vector<std::string> records = {};  // lines of a zone file
  std::string zone_file = {};             // in place of records
};

struct Zone {
  WireName name;
  Scope scope = Scope::zone;
  Target target;
  Where where = {};
  std::vector<std::string> clients = {};  // groups; empty: everybody
};

struct Group {
  std::string name;
  std::vector<IpPrefix> prefixes;
};

// Services of a region behind the inbound endpoints of its VPC.
struct Studio {
  std::string region;
  std::vector<Server> endpoints;
  std::vector<std::string> services;
  std::vector<std::string> domains;  // ids; the first is what a health check asks for
  std::vector<IpPrefix> expect;
  Where where = {};
};

struct Source {
  std::vector<std::string> files;
  std::vector<Zone> zones;  // as written
  std::vector<Studio> studio;
  std::vector<WireName> hidden;         // names that are written, but in zones that an earlier line hides
  Target other{.kind = Kind::refused};  // names of no zone
  Where other_where;
  std::vector<IpAddress> listen;
  std::vector<IpPrefix> allow, deny;  // empty: nothing said
  std::vector<Group> groups;
  bool empty_zones = false;
  std::vector<Remark> remarks;

  uint32_t add_file(const std::string& path);
  void note(Where where, std::string text) { remarks.push_back({Weight::note, where, std::move(text)}); }
  void decide(Where where, std::string text) { remarks.push_back({Weight::decide, where, std::move(text)}); }
  void broken(Where where, std::string text) { remarks.push_back({Weight::broken, where, std::move(text)}); }
  bool is_broken() const;
};

// How readers get at files: the disk, or a map in tests.
struct Files {
  std::function<std::optional<std::string>(const std::string& path)> read;
  std::function<std::vector<std::string>(const std::string& pattern)> glob;  // sorted
};
Files disk_files();

// "file:line"
std::string to_text(const Source& source, Where where);
std::string to_text(const Server& server);
// Where names go, in words that can be compared: addresses in order, "nxdomain", ...
std::string to_text(const Target& target);

}  // namespace penstock::imports

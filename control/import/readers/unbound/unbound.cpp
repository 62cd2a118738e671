#include "control/import/form/words.h"
#include "control/import/readers/readers.h"
#include "control/import/readers/unbound/local.h"

namespace penstock::imports {
namespace {

class UnboundReader {
 public:
  explicit UnboundReader(Source& source) : source_(source), local_(source) {}

  void read(const std::vector<UnboundClause>& clauses) {
    // Of one name a forward-zone comes before a stub-zone.
    for (const char* kind : {"forward-zone", "stub-zone"})
      for (const UnboundClause& clause : clauses)
        if (clause.name == kind) read_zone(clause);
    for (const UnboundClause& clause : clauses) {
      if (clause.name == "forward-zone" || clause.name == "stub-zone") continue;
      if (clause.name == "server")
        read_server(clause);
      else if (clause.name == "auth-zone" || clause.name == "rpz")
        read_auth(clause);
      else if (clause.name == "view")
        source_.decide(
            clause.where,
            "views of Unbound are local data for some clients: left out. Write zones with 'clients: [GROUP]'");
      else if (clause.name == "remote-control")
        source_.note(clause.where, clause.name + " is not needed here");
      else
        source_.decide(clause.where, clause.name + " has no equivalent");
    }
    local_.add();
  }

 private:
  void read_zone(const UnboundClause& clause) {
    const bool is_stub = clause.name == "stub-zone";
    const std::string kind = is_stub ? "stub" : "forward";
    const UnboundOption* name = clause.find("name");
    if (name == nullptr) return source_.decide(clause.where, clause.name + " has no name: left out");
    Target target{.kind = Kind::servers};
    for (const UnboundOption& option : clause.options) {
      if (option.name == kind + "-addr") add_server(target, option);
      if (option.name == kind + "-host")
        source_.decide(option.where,
                       "server '" + option.value + "' is a name, and Penstock asks addresses: write its address");
    }
    for (const std::string& word : {kind + "-tls-upstream", kind + "-ssl-upstream"})
      if (clause.is_on(word))
        for (Server& server : target.servers) server.tls = true;
    if (clause.is_on(kind + "-tcp-upstream"))
      source_.decide(clause.where, name->value + " is asked over TCP by Unbound, and over UDP by Penstock");
    if (clause.is_on(kind + "-first"))
      source_.decide(clause.where, name->value + ": with " + kind +
                                       "-first Unbound asks public DNS when the servers fail; Penstock says SERVFAIL");
    if (is_stub)
      source_.decide(
          clause.where,
          name->value +
              " is a stub-zone: its servers are asked with recursion desired, and what they delegate is not followed");
    if (target.servers.empty()) target.kind = Kind::recursion;
    if (name->value == ".") {
      source_.other = std::move(target);
      source_.other_where = clause.where;
      return;
    }
    add_zone(name->value, std::move(target), clause.where);
  }

  void add_server(Target& target, const UnboundOption& option) {
    const std::string text = option.value.substr(0, option.value.find('#'));
    auto server = parse_server(text, '@');
    if (!server) return source_.decide(option.where, "'" + option.value + "' is not an IP address: write the server's");
    server->tls = server->port == 853 || text.size() != option.value.size();
    target.servers.push_back(*server);
  }

  void read_auth(const UnboundClause& clause) {
    const UnboundOption* name = clause.find("name");
    const UnboundOption* file = clause.find("zonefile");
    if (clause.name == "auth-zone" && name != nullptr && file != nullptr && name->value != ".") {
      source_.decide(clause.where,
                     name->value + " is answered from its file as it is: nothing is downloaded or transferred");
      return add_zone(name->value, {.kind = Kind::records, .zone_file = file->value}, clause.where);
    }
    source_.decide(clause.where,
                   clause.name + (name != nullptr ? " " + name->value : "") + " has no equivalent: left out");
  }

  void read_server(const UnboundClause& clause) {
    for (const UnboundOption& option : clause.options) {
      const std::string& name = option.name;
      if (name == "interface" || name == "ip-address")
        read_interface(option);
      else if (name == "access-control")
        read_access(option);
      else if (name == "local-zone")
        local_.read_zone(option);
      else if (name == "local-data")
        local_.read_data(option);
      else if (name == "local-data-ptr")
        local_.read_pointer(option);
      else if (name == "unblock-lan-zones" && option.value == "yes")
        source_.empty_zones = false;
      else if (name == "port" && option.value != "53")
        source_.decide(option.where, "it listens on port " + option.value + ", and Penstock on 53");
      else if (name == "private-address" || name == "private-domain")
        source_.decide(option.where, name +
                                         " keeps private addresses out of answers, which Penstock does not do. The "
                                         "inverse, 'private: on', keeps public ones out");
      else if (name == "trust-anchor" || name == "auto-trust-anchor-file" || name == "trust-anchor-file")
        source_.decide(option.where, "Penstock does not validate: clients lose it, unless the endpoints do it");
      else if (name == "tls-service-key" || name == "https-port" || name == "tls-port")
        source_.decide(option.where, "clients are not served over TLS or HTTPS");
      else if (name.starts_with("access-control-") || name == "define-tag" || name.starts_with("local-zone-"))
        source_.decide(option.where, name + " has no equivalent: write zones with 'clients: [GROUP]'");
      else if (name == "serve-expired" || name == "prefetch" || name.starts_with("cache-") || name == "use-caps-for-id")
        source_.note(option.where, name + " is a setting of the pool here: 'cache:' or 'randomise_case:'");
      else if (name == "ratelimit" || name == "ip-ratelimit")
        source_.note(option.where, name + " is 'clients: {rate_per_client: N}' here");
    }
  }

  void read_interface(const UnboundOption& option) {
    const auto server = parse_server(option.value, '@');
    if (!server) return source_.decide(option.where, "'" + option.value + "' is no address to listen on: left out");
    if (server->port != 53)
      return source_.decide(option.where,
                            "it listens on port " + std::to_string(server->port) + ", and Penstock on 53: left out");
    if (!config::is_unspecified(server->address) && !config::is_loopback(server->address))
      source_.listen.push_back(server->address);
  }

  void read_access(const UnboundOption& option) {
    const auto words = split(option.value, " \t");
    const auto prefix = words.empty() ? std::nullopt : parse_network(words[0]);
    if (!prefix || words.size() < 2)
      return source_.decide(option.where, "'" + option.value + "' is not a network and what it may do: left out");
    if (words[1].starts_with("allow"))
      source_.allow.push_back(*prefix);
    else
      source_.deny.push_back(*prefix);
    if (words[1] == "allow_snoop")
      source_.note(option.where, "who may ask for what is remembered is 'clients: {allow_snoop: [...]}' here");
    if (words[1].starts_with("deny"))
      source_.decide(option.where,
                     "Unbound is silent to these clients, Penstock says REFUSED: write 'clients: {refused: drop}'");
    if (words[1].ends_with("_non_local"))
      source_.decide(option.where,
                     words[1].data() + std::string(" lets clients ask for local data: they may ask for nothing here"));
  }

  void add_zone(const std::string& text, Target target, Where where) {
    const auto name = config::parse_name(text);
    if (!name) return source_.decide(where, "'" + text + "' is not a domain name: " + name.error() + ". Left out");
    source_.zones.push_back({*name, Scope::zone, std::move(target), where});
  }

  Source& source_;
  UnboundLocal local_;
};

}  // namespace

Source read_unbound(const Paths& paths, const Files& files) {
  Source source;
  source.other.kind = Kind::recursion;
  source.empty_zones = true;
  for (const std::string& path : paths) {
    const auto clauses = parse_unbound(source, files, path);
    if (!source.is_broken()) UnboundReader(source).read(clauses);
  }
  if (source.allow.empty() && source.deny.empty())
    source.note({},
                "without access-control Unbound serves its own host only, and Penstock all private networks: see "
                "'clients: {allow: [...]}'");
  return source;
}

}  // namespace penstock::imports

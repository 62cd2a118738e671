#include <algorithm>
#include <set>

#include "control/import/form/words.h"
#include "control/import/readers/bind/options.h"
#include "control/import/readers/readers.h"

namespace penstock::imports {
namespace {

using Block = std::vector<BindStatement>;

const std::set<std::string_view> kNotNeeded = {"logging",       "controls", "key",          "statistics-channels",
                                               "managed-keys",  "server",   "trusted-keys", "trust-anchors",
                                               "dnssec-policy", "dyndb",    "tls",          "http"};

bool is_server_list(const std::string& word) {
  return word == "masters" || word == "primaries" || word == "remote-servers" || word == "parental-agents";
}

// zone "version.bind" chaos { ... }
bool is_other_class(const BindStatement& statement) {
  const std::string word = statement.word(2);
  return !word.empty() && word != "in";
}

class BindReader {
 public:
  BindReader(Source& source, const Files& files)
      : source_(source),
        files_(files),
        acls_(source),
        servers_(source),
        options_(source, acls_, servers_, own_zones_) {}

  void read(const std::string& path) {
    const Block top = parse_bind(source_, files_, path);
    if (source_.is_broken()) return;
    for (const BindStatement& one : top) {
      if (one.word(0) == "acl") acls_.add(one);
      if (is_server_list(one.word(0))) servers_.add(one);
    }
    for (const BindStatement& one : top) {
      if (one.word(0) != "options" || one.block() == nullptr) continue;
      options_.read(*one.block());
      if (const auto* directory = find_statement(*one.block(), "directory")) directory_ = directory->text(1);
    }
    for (const BindStatement& one : top) {
      const std::string word = one.word(0);
      if (word == "zone")
        read_zone(one, {});
      else if (word == "view" && is_other_class(one))
        source_.note(one.where, "view \"" + one.text(1) + "\" is of another class than IN");
      else if (word == "view")
        views_.push_back(&one);
      else if (kNotNeeded.contains(word))
        source_.note(one.where, word + " is not needed here");
      else if (word != "acl" && word != "options" && !is_server_list(word))
        source_.decide(one.where, "'" + word + "' is not known to this import: left out");
    }
    read_views();
    own_zones_.settle(source_, options_.is_only());
    options_.tell_of_lists();
  }

 private:
  void add_zone(const std::string& text, Target target, Where where, const std::vector<std::string>& clients) {
    const auto name = config::parse_name(text);
    if (!name) return source_.decide(where, "'" + text + "' is not a domain name: " + name.error() + ". Left out");
    if (text.starts_with("*"))
      return source_.decide(
          where, "'" + text + "' is a wildcard, and BIND's zones have none: write the zone without it. Left out");
    source_.zones.push_back({*name, Scope::zone, std::move(target), where, clients});
  }

  void read_zone(const BindStatement& zone, const std::vector<std::string>& clients) {
    const std::string name = zone.text(1);
    if (zone.block() == nullptr) {
      if (zone.elements.size() > 2 && zone.word(2) == "in-view") return;
      return source_.decide(zone.where, "zone \"" + name + "\" has no block: left out");
    }
    if (is_other_class(zone)) return source_.note(zone.where, "zone \"" + name + "\" is of another class than IN");
    const Block& block = *zone.block();
    const auto* type_statement = find_statement(block, "type");
    const std::string type = type_statement == nullptr ? "" : type_statement->word(1);
    const auto* forwarders = find_statement(block, "forwarders");
    if (const auto* in_view = find_statement(block, "in-view"); in_view != nullptr)
      return source_.decide(zone.where, "zone \"" + name + "\" is shared with view " + in_view->word(1) +
                                            ": add that group to its 'clients:'");
    if (type == "hint") return;
    if (type == "forward") return read_forward(zone, name, forwarders, is_forward_only(block), clients);
    if (type == "master" || type == "primary") return read_primary(zone, name, block, clients);
    if (type == "slave" || type == "secondary" || type == "mirror" || type == "stub" || type == "static-stub")
      return read_secondary(zone, name, type, block, clients);
    source_.decide(zone.where,
                   "zone \"" + name + "\" is of type '" + type + "', which this import does not know: left out");
  }

  void read_forward(const BindStatement& zone, const std::string& name, const BindStatement* forwarders, bool only,
                    const std::vector<std::string>& clients) {
    Target target{.kind = Kind::servers};
    if (forwarders != nullptr) target.servers = servers_.read(*forwarders);
    if (forwarders == nullptr || forwarders->block() == nullptr || forwarders->block()->empty())
      target = Target{.kind = forwarders == nullptr ? Kind::as_default : Kind::recursion};
    if (name == "." && clients.empty()) {
      source_.other = target;
      source_.other_where = zone.where;
      return;
    }
    if (name == ".") return source_.decide(zone.where, "a view's own default has no equivalent: left out");
    if (target.kind == Kind::servers && !only)
      source_.decide(zone.where,
                     "zone \"" + name +
                         "\" has no 'forward only', and does not inherit it: when its servers fail, BIND asks "
                         "public DNS for its names; Penstock says SERVFAIL");
    const bool is_forward = target.kind != Kind::as_default;
    const size_t before = source_.zones.size();
    add_zone(name, std::move(target), zone.where, clients);
    if (is_forward && source_.zones.size() > before) own_zones_.add_forward(source_.zones.back(), only);
  }

  void read_primary(const BindStatement& zone, const std::string& name, const Block& block,
                    const std::vector<std::string>& clients) {
    const auto* file = find_statement(block, "file");
    if (name == ".")
      return source_.decide(zone.where,
                            "the root zone of this server has no equivalent: all other names go to the default");
    if (const auto parsed = config::parse_name(name); parsed && is_built_in(config::to_text(*parsed)))
      return source_.note(zone.where, "zone \"" + name + "\" is built in");
    if (file == nullptr) return source_.decide(zone.where, "zone \"" + name + "\" has no file: left out");
    const BindStatement* update = find_statement(block, "allow-update");
    if (update == nullptr) update = find_statement(block, "update-policy");
    source_.decide(zone.where, "zone \"" + name + "\" is answered from its file " + file->text(1) +
                                   ": unsigned, without transfers" +
                                   (update == nullptr ? "" : ", and its dynamic updates are lost") +
                                   ". To keep those, point the zone at a pool with the old server");
    add_zone(name, {.kind = Kind::records, .zone_file = place_of(file->text(1), zone.where)}, zone.where, clients);
  }

  // named looks in its own folder; who has copied the files has them beside each other.
  std::string place_of(const std::string& file, Where where) const {
    if (directory_.empty() || file.starts_with('/')) return file;
    std::string in_directory = beside(directory_ + "/.", file);
    const bool is_beside = !files_.read(in_directory) && files_.read(beside(source_.files[where.file], file));
    return is_beside ? file : in_directory;
  }

  static bool is_built_in(const std::string& name) {
    return name == "localhost" || name == "0.in-addr.arpa" || name == "127.in-addr.arpa" ||
           name == "0.0.127.in-addr.arpa" || name == "255.in-addr.arpa" || name.ends_with("0.0.0.0.0.0.ip6.arpa");
  }

  void read_secondary(const BindStatement& zone, const std::string& name, const std::string& type, const Block& block,
                      const std::vector<std::string>& clients) {
    if (name == ".") return source_.note(zone.where, "a copy of the root zone is not needed here");
    const BindStatement* list = nullptr;
    for (const char* word : {"primaries", "masters", "server-addresses"})
      if (list == nullptr) list = find_statement(block, word);
    Target target{.kind = Kind::servers};
    if (list != nullptr) target.servers = servers_.read(*list);
    source_.decide(zone.where, "zone \"" + name + "\" is of type " + type +
                                   ": it becomes a pool of its primaries, which are asked each time, with recursion "
                                   "desired, and must answer for "
                                   "all below it");
    add_zone(name, std::move(target), zone.where, clients);
  }

  // Each client belongs to the first view that has it, so groups are made of all views at once.
  void read_views() {
    std::vector<ClientList> lists;
    for (const BindStatement* view : views_) {
      if (view->block() == nullptr) continue;
      const Block& block = *view->block();
      for (const BindStatement& one : block)
        if (one.word(0) == "acl") acls_.add(one);
      for (const char* word : {"match-destinations", "match-recursive-only"})
        if (const auto* found = find_statement(block, word))
          source_.decide(found->where, std::string(word) + " has no equivalent: views go by clients only");
      const auto* match = find_statement(block, "match-clients");
      lists.push_back(match != nullptr && match->block() != nullptr
                          ? acls_.read(*match->block())
                          : ClientList{{false, {all_clients(4), all_clients(6)}, {}}});
    }
    const size_t first_group = source_.groups.size();
    for (const BindStatement* view : views_)
      if (view->block() != nullptr) source_.groups.push_back({view->text(1), {}});
    for (const auto& [prefix, list] : first_list(lists))
      if (list < lists.size())
        source_.groups[first_group + list].prefixes.push_back(prefix);
      else
        source_.deny.push_back(prefix);
    for (const BindStatement* view : views_) {
      if (view->block() == nullptr) continue;
      options_.read_default(*view->block(), view->where, true);
      for (const char* word : {"allow-recursion", "allow-query-cache", "allow-query"})
        if (const auto* list = find_statement(*view->block(), word))
          source_.decide(list->where, std::string(word) + " of a view has no equivalent: left out");
      for (const BindStatement& one : *view->block())
        if (one.word(0) == "zone") read_zone(one, {view->text(1)});
    }
    std::erase_if(source_.groups, [&](const Group& group) {
      if (group.prefixes.empty()) drop_view(group.name);
      return group.prefixes.empty();
    });
  }

  void drop_view(const std::string& name) {
    source_.decide({},
                   "view \"" + name + "\" has no client that an earlier view does not have: its zones are left out");
    std::erase_if(source_.zones, [&](const Zone& zone) { return zone.clients == std::vector{name}; });
  }

  Source& source_;
  const Files& files_;
  BindAcls acls_;
  BindServers servers_;
  BindOwnZones own_zones_;
  BindOptions options_;
  std::string directory_;
  std::vector<const BindStatement*> views_;
};

}  // namespace

Source read_bind(const Paths& paths, const Files& files) {
  Source source;
  source.other.kind = Kind::recursion;
  for (const std::string& path : paths) BindReader(source, files).read(path);
  return source;
}

}  // namespace penstock::imports

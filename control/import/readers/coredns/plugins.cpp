#include "control/import/readers/coredns/plugins.h"

#include <algorithm>

#include "config/read/reverse_zones.h"
#include "control/import/form/clients.h"
#include "control/import/form/words.h"

namespace penstock::imports {
namespace {

// In the order of CoreDNS: those before answer before. The rest comes behind them.
constexpr std::string_view kOrder[] = {"root",       "bind", "acl",  "template",  "hosts",
                                       "kubernetes", "file", "auto", "secondary", "forward"};
constexpr std::string_view kNotNeeded[] = {"errors", "log",     "health",      "ready",    "prometheus", "reload",
                                           "loop",   "cache",   "loadbalance", "debug",    "pprof",      "trace",
                                           "nsid",   "bufsize", "cancel",      "metadata", "timeouts",   "chaos",
                                           "dnstap", "any",     "minimal",     "local"};

size_t rank(const Directive& one) {
  return static_cast<size_t>(std::find(std::begin(kOrder), std::end(kOrder), one.words[0]) - std::begin(kOrder));
}

const Directive* find(const Directive& one, std::string_view word) {
  for (const Directive& line : one.block)
    if (line.words[0] == word) return &line;
  return nullptr;
}

}  // namespace

std::vector<WireName> core_zones(const std::string& text) {
  if (config::is_prefix_text(text)) {
    const auto network = parse_network(text);
    return network ? config::reverse_zones(*network) : std::vector<WireName>();
  }
  const auto name = config::parse_name(text);
  return name ? std::vector<WireName>{*name} : std::vector<WireName>();
}

std::vector<ChainStep> CorePlugins::chain_of(const ServerBlock& block, const std::vector<WireName>& zones) {
  chain_.clear();
  root_.clear();
  std::vector<const Directive*> ordered;
  for (const Directive& one : block.directives) ordered.push_back(&one);
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) { return rank(*a) < rank(*b); });
  for (const Directive* one : ordered) read(*one, zones);
  return std::move(chain_);
}

void CorePlugins::read(const Directive& one, const std::vector<WireName>& zones) {
  const std::string& word = one.words[0];
  if (word == "forward") return read_forward(one);
  if (word == "hosts") return read_hosts(one, zones);
  if (word == "template") return read_template(one, zones);
  if (word == "acl") return read_acl(one, zones);
  if (word == "root" && one.words.size() > 1) return root_ = one.words[1], void();
  if (word == "bind") {
    for (size_t i = 1; i < one.words.size(); ++i)
      if (const auto address = config::parse_address(one.words[i]);
          address && !config::is_loopback(*address) && !config::is_unspecified(*address))
        source_.listen.push_back(*address);
    return;
  }
  if (word == "file" && one.words.size() > 1) {
    const std::string file = root_.empty() ? one.words[1] : root_ + "/" + one.words[1];
    source_.decide(one.where, "zone file " + file + " is answered from as it is: unsigned, without transfers");
    for (const WireName& zone : zones_from(one, 2, zones))
      chain_.push_back({{zone}, {}, {.kind = Kind::records, .zone_file = file}, one.where});
    return;
  }
  if (word == "secondary") {
    Target target{.kind = Kind::servers};
    if (const Directive* from = find(one, "transfer"); from != nullptr)
      for (size_t i = 2; i < from->words.size(); ++i) read_servers(from->words[i], false, target, from->where);
    source_.decide(one.where, "a secondary zone becomes a pool of its primaries, which are asked each time");
    return chain_.push_back({zones_from(one, 1, zones), {}, std::move(target), one.where});
  }
  if (word == "kubernetes") {
    source_.decide(one.where,
                   "names of Kubernetes are refused: point their zones at a pool of the cluster's DNS service");
    auto names = zones_from(one, 1, zones);
    if (names.size() > 1)
      std::erase_if(names, [](const WireName& name) { return name.find("\4arpa") != WireName::npos; });
    return chain_.push_back({std::move(names), {}, Target{}, one.where});
  }
  if (std::find(std::begin(kNotNeeded), std::end(kNotNeeded), word) == std::end(kNotNeeded))
    source_.decide(one.where, "the plugin '" + word + "' has no equivalent: what it does is lost");
}

std::vector<WireName> CorePlugins::zones_from(const Directive& one, size_t first, const std::vector<WireName>& zones) {
  std::vector<WireName> names;
  for (size_t i = first; i < one.words.size(); ++i) {
    const auto more = core_zones(one.words[i]);
    if (more.empty()) source_.decide(one.where, "'" + one.words[i] + "' is no zone: left out");
    names.insert(names.end(), more.begin(), more.end());
  }
  return one.words.size() <= first ? zones : names;
}

void CorePlugins::read_servers(const std::string& text, bool tls, Target& target, Where where) {
  std::string host = text;
  if (host.starts_with("dns://")) host.erase(0, 6);
  if (host.starts_with("tls://")) {
    tls = true;
    host.erase(0, 6);
  }
  if (auto server = parse_server(host, ':')) {
    server->tls = tls;
    target.servers.push_back(*server);
    return;
  }
  const auto file = host.starts_with('/') ? files_.read(host) : std::nullopt;
  if (!file) return source_.decide(where, "'" + text + "' is no IP address: write those of its servers");
  source_.note(where, "servers are those that " + host + " has here");
  for (const std::string_view line : lines_of(*file))
    if (const auto words = split(line, " \t"); words.size() > 1 && words[0] == "nameserver")
      if (const auto server = parse_server(words[1], ':')) target.servers.push_back(*server);
}

void CorePlugins::read_forward(const Directive& one) {
  if (one.words.size() < 3) return source_.decide(one.where, "'forward' needs a zone and servers: left out");
  ChainStep step{core_zones(one.words[1]), {}, {.kind = Kind::servers}, one.where};
  if (step.zones.empty()) return source_.decide(one.where, "'" + one.words[1] + "' is no zone: left out");
  const bool tls = find(one, "tls") != nullptr || find(one, "tls_servername") != nullptr;
  for (size_t i = 2; i < one.words.size(); ++i) read_servers(one.words[i], tls, step.target, one.where);
  for (const Directive& line : one.block) {
    if (line.words[0] == "except") step.except = zones_from(line, 1, {});
    if (line.words[0] == "force_tcp")
      source_.decide(line.where, "CoreDNS asks these servers over TCP, Penstock over UDP");
    if (line.words[0] == "policy" && line.words.size() > 1) step.target.in_order = line.words[1] == "sequential";
  }
  chain_.push_back(std::move(step));
}

// hosts [FILE [ZONES...]] { ADDRESS NAME...  fallthrough [ZONES...] }
void CorePlugins::read_hosts(const Directive& one, const std::vector<WireName>& zones) {
  bool has_lines = false;
  for (const Directive& line : one.block)
    if (config::parse_address(line.words[0])) {
      std::string text;
      for (const std::string& word : line.words) text += word + " ";
      has_lines = true;
      names_.add_hosts_line(text, "", line.where);
    }
  const std::string path =
      one.words.size() > 1 ? (root_.empty() ? beside(path_, one.words[1]) : root_ + "/" + one.words[1]) : std::string();
  if (path.empty() && !has_lines)
    source_.decide(one.where, "names of that host's /etc/hosts are lost: name a copy of it, 'hosts FILE'");
  if (path.empty() && has_lines)
    source_.note(one.where, "names of that host's /etc/hosts are answered too, where it has some");
  if (!path.empty()) {
    const uint32_t file = source_.add_file(path);
    if (const auto text = files_.read(path))
      names_.add_hosts_file(*text, file, "");
    else
      source_.decide(one.where, path + " cannot be read: its names are lost");
  }
  const Directive* through = find(one, "fallthrough");
  const auto of = zones_from(one, 2, zones);
  if (through == nullptr) chain_.push_back({of, {}, Target{}, one.where});
  if (through != nullptr && through->words.size() > 1)
    chain_.push_back({of, zones_from(*through, 1, {}), Target{}, one.where});
}

// template CLASS TYPE [ZONES...] { rcode NXDOMAIN  answer "{{ .Name }} 60 IN A 10.1.1.1" }
void CorePlugins::read_template(const Directive& one, const std::vector<WireName>& zones) {
  Target target{.kind = Kind::addresses};
  bool is_simple = one.words.size() > 2 && find(one, "fallthrough") == nullptr;
  for (const Directive& line : one.block) {
    const bool is_any =
        line.words[0] == "match" && line.words.size() == 2 && (line.words[1] == "." || line.words[1] == ".*");
    if (line.words[0] == "rcode" && line.words.size() > 1) {
      target.kind = line.words[1] == "NXDOMAIN"  ? Kind::nxdomain
                    : line.words[1] == "REFUSED" ? Kind::refused
                                                 : Kind::nodata;
      is_simple = is_simple && (target.kind != Kind::nodata || line.words[1] == "NOERROR");
    } else if (line.words[0] == "answer" && line.words.size() == 2) {
      const auto words = split(line.words[1], " \t");
      const auto address = words.empty() ? std::nullopt : config::parse_address(words.back());
      is_simple =
          is_simple && address && (line.words[1].starts_with("{{ .Name }}") || line.words[1].starts_with("{{.Name}}"));
      if (address) target.addresses.push_back(*address);
    } else if (!is_any) {
      is_simple = false;
    }
  }
  if (target.kind == Kind::addresses && target.addresses.empty()) target.kind = Kind::nodata;
  if (!is_simple)
    return source_.decide(one.where,
                          "a template that is more than one answer for all names is lost: write zones with 'answer:'");
  if (lower(one.words[2]) != "any")
    source_.decide(one.where, "the template is for type " + one.words[2] +
                                  " only, and the zone's 'answer:' for all: others are empty");
  chain_.push_back({zones_from(one, 3, zones), {}, std::move(target), one.where});
}

// The first line that a client is in decides; who is in none may ask.
void CorePlugins::read_acl(const Directive& one, const std::vector<WireName>& zones) {
  if (zones != std::vector<WireName>{WireName(1, '\0')} || one.words.size() > 1)
    return source_.decide(one.where, "who may ask goes for all zones here: write zones with 'clients: [GROUP]'");
  ClientList list;
  for (const Directive& line : one.block) {
    ClientElement element{line.words[0] != "allow", {}, {}};
    if (line.words[0] == "drop")
      source_.decide(line.where,
                     "CoreDNS is silent to these clients, Penstock says REFUSED: write 'clients: {refused: drop}'");
    for (size_t i = 1; i < line.words.size(); ++i) {
      if (line.words[i] == "net") continue;
      if (line.words[i] == "type" && i + 1 < line.words.size()) {
        if (lower(line.words[++i]) != "any" && line.words[i] != "*")
          source_.decide(line.where, "who may ask does not go by type here");
      } else if (line.words[i] == "*") {
        element.prefixes = {all_clients(4), all_clients(6)};
      } else if (const auto network = parse_network(line.words[i])) {
        element.prefixes.push_back(*network);
      } else {
        source_.decide(line.where, "'" + line.words[i] + "' is no network: left out");
      }
    }
    if (element.prefixes.empty()) element.prefixes = {all_clients(4), all_clients(6)};
    list.push_back(std::move(element));
  }
  list.push_back({false, {all_clients(4), all_clients(6)}, {}});
  for (const auto& [prefix, verdict] : first_list({list}))
    (verdict == 0 ? source_.allow : source_.deny).push_back(prefix);
}

}  // namespace penstock::imports

#include <algorithm>
#include <unordered_set>

#include "control/import/form/words.h"
#include "control/import/readers/dnsmasq/domains.h"
#include "control/import/readers/dnsmasq/records.h"
#include "control/import/readers/readers.h"

namespace penstock::imports {
namespace {

constexpr int kDeepestConfFile = 16;

struct OptionMeaning {
  std::string_view option;
  Weight weight;
  std::string_view text;
};
// Those that end in '*' stand for all that start so.
constexpr OptionMeaning kMeanings[] = {
    {"domain-needed", Weight::decide, "names without a dot go to the pool like others"},
    {"stop-dns-rebind", Weight::decide, "private addresses are not kept out of answers here"},
    {"rebind-*", Weight::decide, "private addresses are not kept out of answers here"},
    {"bogus-nxdomain", Weight::decide, "addresses in answers are not turned into NXDOMAIN here"},
    {"ignore-address", Weight::decide, "answers are not ignored for their addresses here"},
    {"alias", Weight::decide, "addresses in answers are not changed here"},
    {"filter*", Weight::decide, "types are not filtered here"},
    {"dhcp-*", Weight::decide, "Penstock serves no DHCP: names that leases have are no longer answered"},
    {"dnssec*", Weight::decide, "Penstock does not validate: clients lose it, unless the endpoints do it"},
    {"trust-anchor", Weight::decide, "Penstock does not validate"},
    {"hostsdir", Weight::decide, "files that come and go are not read: write zones"},
    {"dhcp-hostsdir", Weight::decide, "files that come and go are not read: write zones"},
    {"interface-name", Weight::decide, "names of interfaces have no equivalent: write the address"},
    {"synth-domain", Weight::decide, "made-up names have no equivalent"},
    {"dns-rr", Weight::decide, "records of other types are not read: write 'records:'"},
    {"caa-record", Weight::decide, "records of other types are not read: write 'records:'"},
    {"naptr-record", Weight::decide, "records of other types are not read: write 'records:'"},
    {"auth-*", Weight::decide, "authoritative zones have no equivalent: write 'zone_file:'"},
    {"all-servers", Weight::note, "one server is asked here, another when it does not answer"},
    {"add-mac", Weight::decide, "clients' MACs are not passed on"},
    {"add-subnet", Weight::decide, "clients' subnets are not passed on: write 'ecs: add' at the pool"},
    {"conntrack", Weight::decide, "marks of connections have no equivalent"},
    {"interface", Weight::note, "listening goes by ports and addresses here"},
    {"except-interface", Weight::note, "listening goes by ports and addresses here"},
    {"enable-tftp", Weight::decide, "Penstock serves no TFTP"},
    {"enable-ra", Weight::decide, "Penstock sends no router advertisements"},
};

class DnsmasqReader {
 public:
  DnsmasqReader(Source& source, const Files& files)
      : source_(source), files_(files), domains_(source), names_(source) {}

  void read(const std::string& path) {
    top_ = source_.add_file(path);
    read_file(path, top_, {top_, 0});
  }

  void finish() {
    if (source_.is_broken()) return;
    for (const auto& [path, where] : hosts_) {
      const uint32_t file = source_.add_file(path);
      if (const auto text = take_file(source_, files_, path, where))
        names_.add_hosts_file(*text, file, expand_ ? domain_ : "");
    }
    if (!no_hosts_)
      source_.decide(
          {top_, 0},
          "without no-hosts it answers names of that host's /etc/hosts: import them as addn-hosts, or add no-hosts");
    if (!no_resolv_) read_resolv();
    domains_.finish(in_order_);
    if (in_order_) source_.note({top_, 0}, "strict-order is 'policy: ordered' here");
  }

 private:
  void read_file(const std::string& path, uint32_t file, Where from) {
    const auto text = take_file(source_, files_, path, from);
    if (!text || refuse_template(source_, file, *text)) return;
    uint32_t number = 0;
    for (std::string_view line : lines_of(*text)) {
      ++number;
      line = trim(line);
      if (line.empty() || line[0] == '#') continue;
      if (const size_t hash = std::min(line.find(" #"), line.find("\t#"));
          hash != std::string_view::npos && line.find('"') > hash)
        line = trim(line.substr(0, hash));
      const size_t equals = line.find('=');
      const std::string_view option = trim(line.substr(0, equals));
      read_option(option, equals == std::string_view::npos ? std::string_view() : trim(line.substr(equals + 1)), path,
                  {file, number});
      if (source_.is_broken()) return;
    }
  }

  void read_option(std::string_view option, std::string_view value, const std::string& path, Where where) {
    if (option == "server" || option == "local") return domains_.read_server(value, where);
    if (option == "address") return domains_.read_address(value, where);
    if (option == "rev-server") return domains_.read_reverse(value, where);
    if (read_dnsmasq_record(option, value, where, source_, names_) || read_switch(option, value, where)) return;
    if (option == "conf-file" || option == "servers-file") return include(beside(path, std::string(value)), where);
    if (option == "conf-dir") return include_folder(path, value, where);
    if (option == "addn-hosts") return hosts_.emplace_back(beside(path, std::string(value)), where), void();
    if (option == "resolv-file") resolv_ = {beside(path, std::string(value)), where};
    for (const OptionMeaning& one : kMeanings) {
      const bool is_meant = one.option.ends_with('*') ? option.starts_with(one.option.substr(0, one.option.size() - 1))
                                                      : option == one.option;
      if (!is_meant) continue;
      // Of a hundred lines of DHCP one is enough.
      if (told_.insert(std::string(one.option)).second)
        source_.remarks.push_back({one.weight, where, std::string(option) + ": " + std::string(one.text)});
      return;
    }
  }

  bool read_switch(std::string_view option, std::string_view value, Where where) {
    if (option == "no-resolv") return no_resolv_ = true;
    if (option == "no-hosts") return no_hosts_ = true;
    if (option == "strict-order") return in_order_ = true;
    if (option == "expand-hosts") return expand_ = true;
    if (option == "bogus-priv") {
      source_.note(where,
                   "bogus-priv is for PTR queries of private addresses; here all names of their reverse zones are "
                   "answered, and those "
                   "of 100.64.0.0/10");
      return source_.empty_zones = true;
    }
    if (option == "domain") domain_ = std::string(value.substr(0, value.find(',')));
    if (option == "port" && value != "53")
      source_.decide(where, value == "0" ? "port=0: this dnsmasq answers no DNS at all"
                                         : "it listens on port " + std::string(value) + ", and Penstock on 53");
    if (option == "listen-address")
      for (const std::string_view one : split(value, ", "))
        if (const auto address = config::parse_address(one);
            address && !config::is_loopback(*address) && !config::is_unspecified(*address))
          source_.listen.push_back(*address);
    return option == "domain" || option == "port" || option == "listen-address";
  }

  void include(const std::string& path, Where where) {
    if (depth_ == kDeepestConfFile) return source_.broken(where, "files include each other without end");
    ++depth_;
    read_file(path, source_.add_file(path), where);
    --depth_;
  }

  // "FOLDER[,.left-out...][,*.taken...]"
  void include_folder(const std::string& path, std::string_view value, Where where) {
    const auto parts = split(value, ",");
    if (parts.empty()) return;
    const std::string folder = beside(path, std::string(parts[0]));
    for (const std::string& file : files_.glob(folder + "/*")) {
      const std::string name = file.substr(file.rfind('/') + 1);
      bool has_wanted = false;
      bool is_wanted = false;
      bool is_unwanted = name.ends_with('~') || name.starts_with('.') || name.starts_with('#');
      for (size_t i = 1; i < parts.size(); ++i) {
        const bool is_filter = parts[i].starts_with('*');
        has_wanted = has_wanted || is_filter;
        if (is_filter) is_wanted = is_wanted || name.ends_with(parts[i].substr(1));
        if (!is_filter) is_unwanted = is_unwanted || name.ends_with(parts[i]);
      }
      if (!is_unwanted && (is_wanted || !has_wanted) && !source_.is_broken()) include(file, where);
    }
  }

  void read_resolv() {
    const auto text = resolv_.first.empty() ? std::nullopt : files_.read(resolv_.first);
    if (!text)
      return source_.decide(resolv_.second, "without no-resolv it also asks the servers of " +
                                                (resolv_.first.empty() ? "/etc/resolv.conf" : resolv_.first) +
                                                " of that host: add them as server=, and no-resolv");
    const uint32_t file = source_.add_file(resolv_.first);
    uint32_t number = 0;
    for (const std::string_view line : lines_of(*text)) {
      ++number;
      const auto words = split(line, " \t");
      if (words.size() < 2 || words[0] != "nameserver") continue;
      if (const auto server = parse_server(words[1], '#')) domains_.add_other(*server, {file, number});
    }
  }

  Source& source_;
  const Files& files_;
  DnsmasqDomains domains_;
  Names names_;
  uint32_t top_ = 0;
  std::vector<std::pair<std::string, Where>> hosts_;
  std::pair<std::string, Where> resolv_;
  std::string domain_;
  std::unordered_set<std::string> told_;
  bool no_resolv_ = false;
  bool no_hosts_ = false;
  bool in_order_ = false;
  bool expand_ = false;
  int depth_ = 0;
};

}  // namespace

Source read_dnsmasq(const Paths& paths, const Files& files) {
  Source source;
  DnsmasqReader reader(source, files);
  for (const std::string& path : paths)
    if (!source.is_broken()) reader.read(path);
  reader.finish();
  return source;
}

}  // namespace penstock::imports

#include "control/import/import.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "config/read/read_model.h"
#include "config/yaml/findings.h"
#include "control/import/compare.h"
#include "control/import/form/words.h"
#include "control/import/host/host.h"
#include "control/import/readers/bind/second_opinion.h"
#include "control/rules/zone_records.h"

namespace penstock::imports {
namespace {

constexpr int kNothingLost = 0;
constexpr int kDecide = 1;
constexpr int kCannotRead = 2;

void ask_named(Source& source, const Paths& paths) {
  if (paths.size() == 1) compare_with_named(source, check_with_named(paths.front()));
}

const char* word(Weight weight) {
  return weight == Weight::note ? "note" : weight == Weight::decide ? "decide" : "error";
}

}  // namespace

const std::vector<Format>& formats() {
  static const std::vector<Format> list = {
      {"bind", read_bind, "named.conf of BIND 9, with what it includes", ask_named},
      {"unbound", read_unbound, "unbound.conf, with what it includes"},
      {"dnsmasq", read_dnsmasq, "dnsmasq.conf, with conf-file, conf-dir, servers-file and addn-hosts"},
      {"coredns", read_coredns, "Corefile, with what it imports"},
      {"dnsdist", read_dnsdist,
       "dnsdist.conf in Lua, which is run with stand-ins for dnsdist's functions, or dnsdist.yml"},
      {"windows", read_windows, "JSON or CSV of Get-DnsServerZone and of Get-DnsServerForwarder"},
      {"aws", read_aws,
       "JSON of the AWS CLI: resolver endpoints, their addresses, rules, domains, VPC endpoints, stacks"},
  };
  return list;
}

namespace {

// Zone files that are named relative to the source are looked for beside the result.
void place_zone_files(Source& source, const ImportOptions& options) {
  if (options.output.empty()) return;
  const auto folder_of = [](const std::string& path) {
    return std::filesystem::absolute(path).parent_path().lexically_normal();
  };
  const std::filesystem::path from = folder_of(options.paths.front());
  if (from == folder_of(options.output)) return;
  for (Zone& zone : source.zones)
    if (!zone.target.zone_file.empty() && !zone.target.zone_file.starts_with('/'))
      zone.target.zone_file = (from / zone.target.zone_file).lexically_normal().string();
}

}  // namespace

Imported import_files(const Format& format, const Paths& paths, const Files& files,
                      const std::function<void(Source&)>& before_writing) {
  Imported result{format.read(paths, files), {}};
  if (before_writing && !result.source.is_broken()) before_writing(result.source);
  if (result.source.is_broken())
    result.written.remarks = result.source.remarks;
  else
    result.written = write_yaml(result.source);
  return result;
}

namespace {

// Names of a file, the first word of each line.
std::vector<WireName> read_queries(const std::string& path) {
  std::vector<WireName> names;
  const auto text = disk_files().read(path);
  if (!text) throw std::runtime_error(path + " cannot be read");
  for (const std::string_view line : lines_of(*text)) {
    const auto words = split(line.substr(0, line.find('#')), " \t");
    if (words.empty()) continue;
    if (auto name = config::parse_name(words[0]))
      names.push_back(std::move(*name));
    else
      std::cerr << path << ": '" << words[0] << "' is not a domain name: left out\n";
  }
  return names;
}

int tell_of_host() {
  const auto servers = look_at_host("/");
  std::string resolvers;
  for (const std::string& address : nameservers_in("/etc/resolv.conf")) resolvers += " " + address;
  std::cout << to_text(servers);
  if (!resolvers.empty()) std::cout << "programs of this host ask" << resolvers << " (/etc/resolv.conf)\n";
  return status_of(servers);
}

// What we write must be read: an error of ours, or something that the source may have and a rule file may not. Zone files are read once the
// result is a file beside them.
bool is_accepted(const ImportOptions& options, const Imported& imported) {
  const std::string folder = std::filesystem::absolute(options.paths.front()).parent_path();
  const config::ReadModel read = options.output.empty()
                                     ? config::read_model_text(imported.written.yaml, "the result", folder)
                                     : control::read_rules(options.output);
  bool is_good = true;
  for (const config::Finding& finding : read.findings) {
    if (finding.severity != config::Severity::error) continue;
    is_good = false;
    std::cerr << "decide: the result is refused as it stands: " << config::to_text(finding) << '\n';
  }
  return is_good;
}

int verify(const ImportOptions& options, const Imported& imported) {
  const std::string folder = std::filesystem::absolute(options.paths.front()).parent_path();
  const auto read = config::read_model_text(imported.written.yaml, "the result", folder);
  if (!read.model) {
    for (const config::Finding& finding : read.findings) std::cerr << config::to_text(finding) << '\n';
    return kCannotRead;
  }
  if (!imported.source.studio.empty())
    std::cerr << "names of 'studio:' are not compared: the source does not list them\n";
  const auto queries = options.queries.empty() ? std::vector<WireName>() : read_queries(options.queries);
  const Comparison result = compare(imported.source, *read.model, queries);
  std::cout << to_text(result);
  return result.differences.empty() ? kNothingLost : kDecide;
}

bool write(const std::string& path, const std::string& yaml) {
  if (path.empty()) return static_cast<bool>(std::cout << yaml << std::flush);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  return static_cast<bool>(file << yaml << std::flush);
}

}  // namespace

int run_import(const ImportOptions& options) {
  if (options.host) return tell_of_host();
  if (options.kind.empty() || options.paths.empty()) {
    std::cerr << "penstockctl: name KIND and FILE, or look what is here with --host\n";
    return kCannotRead;
  }
  const auto format =
      std::find_if(formats().begin(), formats().end(), [&](const Format& one) { return one.name == options.kind; });
  if (format == formats().end()) return kCannotRead;
  const Imported result = import_files(*format, options.paths, disk_files(), [&](Source& source) {
    if (format->check != nullptr) format->check(source, options.paths);
    place_zone_files(source, options);
  });
  for (const Remark& remark : result.written.remarks)
    std::cerr << to_text(result.source, remark.where) << ": " << word(remark.weight) << ": " << remark.text << '\n';
  if (result.source.is_broken()) return kCannotRead;
  if ((!options.verify || !options.output.empty()) && !write(options.output, result.written.yaml)) {
    std::cerr << "penstockctl: " << (options.output.empty() ? "standard output" : options.output)
              << " cannot be written\n";
    return kCannotRead;
  }
  const auto& remarks = result.written.remarks;
  const bool is_lost =
      std::any_of(remarks.begin(), remarks.end(), [](const Remark& one) { return one.weight == Weight::decide; });
  if (!is_accepted(options, result)) return kDecide;
  const int verdict = options.verify ? verify(options, result) : kNothingLost;
  return std::max(verdict, is_lost ? kDecide : kNothingLost);
}

}  // namespace penstock::imports

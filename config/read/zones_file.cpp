#include "config/read/zones_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "config/read/reverse_zones.h"

namespace penstock::config {
namespace {

constexpr size_t kMostNetworkNames = 1'000'000;  // of the networks of a file

// What a plain octet of a name becomes; 0: not plain (escape, or in no name that is asked for), left to parse_name().
constexpr std::array<char, 256> kFolded = [] {
  std::array<char, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = static_cast<char>(c);
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = static_cast<char>(c);
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = static_cast<char>(c + ('a' - 'A'));
  for (const unsigned char c : {'-', '_', '/'}) table[c] = static_cast<char>(c);
  return table;
}();

// Octets written to `wire`; 0: something is unusual about the name, parse_name() knows what.
size_t parse_plain(std::string_view text, std::array<char, kMaxNameLength>& wire) {
  if (!text.empty() && text.back() == '.') text.remove_suffix(1);
  if (text.empty() || text.size() > kMaxNameLength - 2) return 0;
  if (text.back() >= '0' && text.back() <= '9') return 0;  // an address or a network
  size_t label_at = 0;
  size_t at = 1;
  for (const char c : text) {
    if (c == '.') {
      const size_t length = at - label_at - 1;
      if (length == 0 || length > kMaxLabelLength) return 0;
      wire[label_at] = static_cast<char>(length);
      label_at = at++;
      continue;
    }
    const char folded = kFolded[static_cast<uint8_t>(c)];
    if (folded == 0) return 0;
    wire[at++] = folded;
  }
  const size_t length = at - label_at - 1;
  if (length == 0 || length > kMaxLabelLength) return 0;
  wire[label_at] = static_cast<char>(length);
  wire[at++] = 0;
  return at;
}

std::string_view trim(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const auto first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

// The line is a network. How many names it has become.
size_t add_network(std::string_view text, Where where, uint32_t rule, ZoneNames& zones, Findings& findings) {
  const auto prefix = parse_prefix(text);
  if (!prefix || mapped_v4(*prefix)) {
    const auto meant = prefix ? mapped_v4(*prefix) : without_host_bits(text);
    findings.error(
        where, "",
        "'" + std::string(text.substr(0, 80)) + "' is not a network" + (meant ? ": write " + to_string(*meant) : ""));
    return 0;
  }
  const std::vector<WireName> names = reverse_zones(*prefix);
  for (const WireName& name : names) zones.add(name, Scope::zone, rule, where);
  return names.size();
}

void add_name(std::string_view text, Where where, uint32_t rule, ZoneNames& zones, Findings& findings) {
  const ZoneText zone = split_zone(text);
  std::array<char, kMaxNameLength> wire;
  if (const size_t length = parse_plain(zone.name, wire); length > 1 && zone.name.front() != '*') {
    zones.add({wire.data(), length}, zone.scope, rule, where);
    return;
  }
  const auto shown = [&] { return "'" + std::string(text.substr(0, 80)) + "'"; };
  const auto parsed = parse_name(zone.name);
  if (!parsed) {
    findings.error(where, "", shown() + " is not a domain name: " + parsed.error());
  } else if (parsed->size() == 1 || zone.name == "*" || zone.name == "*.") {
    findings.error(where, "", shown() + " matches every name: write it as 'default:' in the YAML");
  } else if (zone.name.front() == '*') {
    findings.error(where, "", shown() + ": a * is only allowed first, as in *.example.com");
  } else if (const std::string problem = zone_problem(zone.name); !problem.empty()) {
    findings.error(where, "", shown() + problem);
  } else {
    zones.add(*parsed, zone.scope, rule, where);
  }
}

}  // namespace

ZoneText split_zone(std::string_view text) {
  if (text.starts_with("*.") && text.size() > 2) return {text.substr(2), Scope::below};
  return {text, Scope::zone};
}

std::string zone_problem(std::string_view name) {
  if (const auto address = parse_address(name.ends_with('.') ? name.substr(0, name.size() - 1) : name)) {
    const std::string host = to_string(*address) + (address->is_v4() ? "/32" : "/128");
    return " is an address, not a domain name: its reverse name is written " + host;
  }
  for (size_t at = 0; at < name.size(); ++at) {
    if (name[at] == '\\') {
      at += at + 1 < name.size() && name[at + 1] >= '0' && name[at + 1] <= '9' ? 3 : 1;
      continue;
    }
    const auto octet = static_cast<uint8_t>(name[at]);
    if (octet == '.' || kFolded[octet] != 0) continue;
    std::string problem = std::string(" has '") + name[at] + "', which queried names do not have";
    const auto is_plain = [](char c) { return c == '.' || kFolded[static_cast<uint8_t>(c)] != 0; };
    const auto* const first = std::find_if(name.begin(), name.end(), is_plain);
    const auto* const last = std::find_if_not(first, name.end(), is_plain);
    if (last == name.end() || std::none_of(last, name.end(), is_plain))
      problem += ": write " + std::string(first, last);
    const std::string digits = std::to_string(octet);
    return problem + "; to match it, write it as \\" + std::string(3 - digits.size(), '0') + digits;
  }
  return {};
}

size_t read_zone_lines(std::string_view content, uint32_t file, uint32_t rule, ZoneNames& zones, Findings& findings) {
  if (content.starts_with("\xef\xbb\xbf")) content.remove_prefix(3);
  const size_t before = zones.entries.size();
  const auto lines = static_cast<size_t>(std::count(content.begin(), content.end(), '\n')) + 1;
  zones.entries.reserve(before + lines);
  zones.bytes.reserve(zones.bytes.size() + content.size() + 2 * lines);
  size_t names = 0;
  size_t of_networks = 0;
  Where where{file, 0};
  while (!content.empty()) {
    const size_t end = std::min(content.find('\n'), content.size());
    const std::string_view line = trim(content.substr(0, end));
    content.remove_prefix(std::min(end + 1, content.size()));
    ++where.line;
    if (line.empty()) continue;
    ++names;
    if (line.find('/') != std::string_view::npos && is_prefix_text(line)) {
      of_networks += add_network(line, where, rule, zones, findings);
      if (of_networks <= kMostNetworkNames) continue;
      findings.error(where, "", "the networks up to here have more than 1,000,000 reverse zones: use larger networks");
      break;
    }
    add_name(line, where, rule, zones, findings);
  }
  return names;
}

tl::expected<std::string, std::string> read_zones_content(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return tl::make_unexpected("cannot be read: " + std::string(strerror(errno)));
  const auto fail = [&](std::string reason) {
    close(fd);
    return tl::make_unexpected(std::move(reason));
  };
  struct stat status {};
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return fail("is not a regular file");
  if (static_cast<uint64_t>(status.st_size) > kMaxZonesFile) return fail("is above 1 GiB");
  std::string content(static_cast<size_t>(status.st_size), '\0');
  size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t got = read(fd, content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail("cannot be read: " + std::string(strerror(errno)));
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  close(fd);
  content.resize(filled);
  return content;
}

}  // namespace penstock::config

#include "control/import/form/words.h"

#include <charconv>
#include <filesystem>

#include "config/read/reverse_zones.h"

namespace penstock::imports {

std::string lower(std::string_view text) {
  std::string folded(text);
  for (char& c : folded)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return folded;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  for (size_t at = text.find_first_not_of(separators); at != std::string_view::npos;
       at = text.find_first_not_of(separators, at)) {
    const size_t end = std::min(text.find_first_of(separators, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end;
  }
  return parts;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::optional<Server> parse_server(std::string_view text, char port_mark) {
  Server server;
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    if (end + 1 < text.size()) {
      if (text[end + 1] != port_mark) return std::nullopt;
      port = text.substr(end + 2);
      if (port.empty()) return std::nullopt;
    }
  } else if (const size_t mark = text.rfind(port_mark);
             mark != std::string_view::npos && (port_mark != ':' || text.find(':') == mark)) {
    host = text.substr(0, mark);
    port = text.substr(mark + 1);
    if (port.empty()) return std::nullopt;
  }
  if (!port.empty()) {
    const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), server.port);
    if (problem != std::errc() || end != port.data() + port.size() || server.port == 0) return std::nullopt;
  }
  const auto address = config::parse_address(host);
  if (!address) return std::nullopt;
  server.address = *address;
  return server;
}

std::optional<IpPrefix> parse_network(std::string_view text) {
  std::string full(text);
  const size_t slash = full.find('/');
  if (slash != std::string::npos && full.find(':') == std::string::npos) {
    std::string host = full.substr(0, slash);
    if (host.ends_with('.')) host.pop_back();
    for (auto dots = static_cast<int>(split(host, ".").size()); dots < 4 && dots > 0; ++dots) host += ".0";
    full = host + full.substr(slash);
  }
  auto prefix = config::parse_prefix(full);
  if (!prefix) prefix = config::without_host_bits(full);
  if (!prefix) return std::nullopt;
  // ::ffff:10.0.0.0/104 is what a server with sockets of both families sees of IPv4's clients.
  if (const auto v4 = config::mapped_v4(*prefix)) return v4;
  return prefix;
}

WireName reverse_name(const IpAddress& address) {
  return config::reverse_zones({address, static_cast<uint8_t>(address.is_v4() ? 32 : 128)}).front();
}

bool is_template(std::string_view line) {
  for (const auto& [open, close] : {std::pair("{{", "}}"), {"{%", "%}"}, {"${", "}"}, {"<%", "%>"}})
    if (const size_t at = line.find(open); at != std::string_view::npos) {
      const size_t end = line.find(close, at);
      if (end != std::string_view::npos && line.substr(at, end - at).find(';') == std::string_view::npos) return true;
    }
  return false;
}

bool refuse_template(Source& source, uint32_t file, std::string_view text) {
  uint32_t number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    const std::string_view content = trim(line);
    if (content.starts_with('#') || content.starts_with("//") || !is_template(content)) continue;
    source.broken({file, number}, "this is a template: fill it in first, and import the result");
    return true;
  }
  return false;
}

std::optional<std::string> take_file(Source& source, const Files& files, const std::string& path, Where from) {
  auto content = files.read(path);
  if (!content) {
    source.broken(from, path + " cannot be read: put it there, or take out the line that names it");
    return std::nullopt;
  }
  return content;
}

std::string beside(const std::string& from, const std::string& path) {
  const std::filesystem::path given(path);
  if (given.is_absolute()) return path;
  return (std::filesystem::path(from).parent_path() / given).lexically_normal().string();
}

}  // namespace penstock::imports

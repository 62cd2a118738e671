#include "control/import/form/source.h"

#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace penstock::imports {
namespace {

constexpr uintmax_t kLargestFile = uintmax_t{256} << 20;

std::optional<std::string> read_disk(const std::string& path) {
  std::error_code problem;
  if (std::filesystem::is_directory(path, problem)) return std::nullopt;
  if (std::filesystem::is_regular_file(path, problem) && std::filesystem::file_size(path, problem) > kLargestFile)
    return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

std::vector<std::string> glob_disk(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  return paths;
}

}  // namespace

Files disk_files() {
  return {read_disk, glob_disk};
}

uint32_t Source::add_file(const std::string& path) {
  files.push_back(path);
  return static_cast<uint32_t>(files.size() - 1);
}

bool Source::is_broken() const {
  return std::any_of(remarks.begin(), remarks.end(), [](const Remark& one) { return one.weight == Weight::broken; });
}

std::string to_text(const Source& source, Where where) {
  const std::string& file = where.file < source.files.size() ? source.files[where.file] : std::string();
  return where.line == 0 ? file : file + ":" + std::to_string(where.line);
}

std::string to_text(const Server& server) {
  std::string text = config::to_string(server.address);
  if (server.port != 53) text += "#" + std::to_string(server.port);
  return server.tls ? text + " (TLS)" : text;
}

std::string to_text(const Target& target) {
  std::vector<std::string> parts;
  switch (target.kind) {
    case Kind::servers:
      for (const Server& server : target.servers) parts.push_back(to_text(server));
      break;
    case Kind::addresses:
      for (const IpAddress& address : target.addresses) parts.push_back("answer " + config::to_string(address));
      break;
    case Kind::recursion:
      return "its own recursion";
    case Kind::as_default:
      return "default";
    case Kind::nxdomain:
      return "nxdomain";
    case Kind::nodata:
      return "nodata";
    case Kind::refused:
      return "refused";
    case Kind::records:
      return "records";
  }
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text.empty() ? "nobody" : text;
}

}  // namespace penstock::imports

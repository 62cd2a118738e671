#include "config/read/read_model.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/check/validate.h"
#include "config/check/views.h"
#include "config/read/model_reader.h"
#include "config/read/zones_file.h"

namespace penstock::config {
namespace {

struct Section {
  KeyName key;
  void (ModelReader::*read)(const YamlValue&);
};

constexpr const char* kTooLarge = "the file is above 64 MiB: put long lists of names into a zones_file";

// In the order in which they are read: pools before what names them.
constexpr Section kReaders[] = {
    {"ports", &ModelReader::read_ports},
    {"listen", &ModelReader::read_listen},
    {"lcores", &ModelReader::read_lcores},
    {"idle", &ModelReader::read_idle},
    {"clients", &ModelReader::read_clients},
    {"pools", &ModelReader::read_pools},
    {"studio", &ModelReader::read_studio},
    {"zones", &ModelReader::read_zones},
    {"default", &ModelReader::read_default},
    {"updates", &ModelReader::read_updates},
    {"metrics", &ModelReader::read_metrics},
    {"dataplane", &ModelReader::read_dataplane},
    {"control", &ModelReader::read_control},
    {"log", &ModelReader::read_log},
    {"empty_zones", &ModelReader::read_empty_zones},
    {"browser_canaries", &ModelReader::read_browser_canaries},
};
static_assert(std::size(kReaders) == keys_of(Place::file).size());

std::string folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

ReadModel read_text(const std::string& text, const std::string& name, std::optional<std::string> zones_folder,
                    ReadFile read_file = read_zones_content) {
  ModelReader reader;
  reader.model.files.push_back(name);
  reader.files_read.push_back({name, text});
  reader.model.clients.allow = default_clients();
  reader.zones_folder = std::move(zones_folder);
  reader.read_file = std::move(read_file);
  Findings& findings = reader.findings;
  if (text.size() > kMaxYamlSize) {
    findings.error({}, "", kTooLarge);
    return reader.finish();
  }
  const YamlNode root = parse_yaml(text, findings);
  if (root.kind == YamlNode::Kind::null && !findings.has_error())
    findings.error({}, "", "the file is empty: it needs ports, pools, and zones or studio");
  if (findings.has_error() && root.kind != YamlNode::Kind::map) return reader.finish();

  const YamlValue document(root, {}, findings);
  const YamlMap sections(document, Place::file);
  if (!sections.is_valid()) return reader.finish();
  for (const auto& [key, read] : kReaders)
    if (const auto value = sections.get(key)) (reader.*read)(*value);
  validate(reader, sections.has("ports"));
  reader.add_built_in();
  if (!findings.has_error()) link_views(reader.model);
  return reader.finish();
}

}  // namespace

ReadModel ModelReader::finish() {
  ReadModel result;
  const bool has_error = findings.has_error();
  result.findings = findings.take();
  result.files = std::move(files_read);
  if (!has_error) result.model = std::move(model);
  return result;
}

const std::string* ModelReader::take_file(const YamlValue& name, const char* key) {
  const auto written = name.text();
  if (!written) return nullptr;
  if (!zones_folder) {
    name.error(std::string("a ") + key + " cannot be read here: the rules were not given as a file");
    return nullptr;
  }
  const std::string path = (std::filesystem::path(*zones_folder) / *written).lexically_normal().string();
  auto content = read_file(path);
  if (!content) {
    name.error(path + " " + content.error());
    return nullptr;
  }
  model.files.push_back(path);
  return &files_read.emplace_back(SourceFile{path, std::move(*content)}).content;
}

tl::expected<std::string, std::string> read_yaml_file(const std::string& path) {
  std::error_code problem;
  const auto status = std::filesystem::status(path, problem);
  if (problem) return tl::unexpected("cannot be read: " + problem.message());
  if (!std::filesystem::is_regular_file(status)) return tl::unexpected(std::string("is not a regular file"));
  if (std::filesystem::file_size(path, problem) > kMaxYamlSize) return tl::unexpected(std::string(kTooLarge));
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return tl::unexpected(std::string("cannot be read: check its owner and mode"));
  return text.str();
}

ReadModel read_model(const std::string& path) {
  const auto text = read_yaml_file(path);
  if (!text) return {std::nullopt, {{Severity::error, path, 0, "", text.error()}}, {}};
  return read_text(*text, path, folder_of(path));
}

ReadModel read_model_of(const std::vector<SourceFile>& files) {
  const auto find = [&files](const std::string& path) -> tl::expected<std::string, std::string> {
    for (const SourceFile& file : files)
      if (file.path == path) return file.content;
    return tl::make_unexpected(std::string("is not among the copies"));
  };
  return read_text(files.front().content, files.front().path, folder_of(files.front().path), find);
}

ReadModel read_model_text(const std::string& text, const std::string& name_for_messages,
                          const std::optional<std::string>& zones_folder) {
  return read_text(text, name_for_messages, zones_folder);
}

}  // namespace penstock::config

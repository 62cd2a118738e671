#include "config/check/validate.h"
#include "config/read/model_reader.h"

namespace penstock::config {
namespace {

using Section = void (ModelReader::*)(const YamlValue&);

constexpr std::pair<std::string_view, Section> kReaders[] = {
    {"ports", &ModelReader::read_ports},         {"listen", &ModelReader::read_listen},
    {"lcores", &ModelReader::read_lcores},       {"idle", &ModelReader::read_idle},
    {"dataplane", &ModelReader::read_dataplane},
};

// The addresses that pools are asked from. What is wrong with a pool is control's to say.
void read_sources(ModelReader& reader, const YamlNode& pools) {
  for (const YamlMember& member : pools.members) {
    const YamlNode* source = member.value.find("source");
    if (source == nullptr) continue;
    Findings unheard(reader.model.files);
    Pool pool;
    pool.name = member.key;
    pool.where = {0, member.line};
    read_source(YamlValue(*source, {nullptr, "source", 0}, unheard), pool);
    if (!unheard.has_error()) reader.model.pools.push_back(std::move(pool));
  }
}

// A log of another form is no reason not to start.
void read_log_form(ModelReader& reader, const YamlNode& log) {
  Findings unheard(reader.model.files);
  reader.read_log_form(YamlValue(log, {nullptr, "log", 0}, unheard));
}

}  // namespace

ReadModel read_host(const std::string& path) {
  auto text = read_yaml_file(path);
  if (!text) return {std::nullopt, {{Severity::error, path, 0, "", text.error()}}, {}};
  return read_host_of({path, std::move(*text)});
}

ReadModel read_host_of(const SourceFile& yaml) {
  ModelReader reader;
  reader.model.files.push_back(yaml.path);
  reader.files_read.push_back(yaml);
  Findings& findings = reader.findings;
  std::vector<std::string_view> needed;
  for (const auto& [key, read] : kReaders) needed.push_back(key);
  const YamlNode root = parse_yaml_sections(yaml.content, needed, {"pools", "log"}, findings);
  if (findings.has_error()) return reader.finish();
  for (const auto& [key, read] : kReaders)
    if (const YamlNode* node = root.find(key)) (reader.*read)(YamlValue(*node, {nullptr, key, 0}, findings));
  if (const YamlNode* pools = root.find("pools")) read_sources(reader, *pools);
  if (const YamlNode* log = root.find("log")) read_log_form(reader, *log);
  check_ports(reader, root.find("ports") != nullptr);
  return reader.finish();
}

}  // namespace penstock::config

#include "control/changes/rule_source.h"

#include <nlohmann/json.hpp>

namespace penstock::control {
namespace {

using nlohmann::json;

bool is_utf8(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::ignore).size() ==
         json(text).dump(-1, ' ', false, json::error_handler_t::replace).size();
}

std::string octets_as_characters(const std::string& octets) {
  std::string text;
  for (const char octet : octets) {
    const auto value = static_cast<unsigned char>(octet);
    if (value < 0x80) {
      text += octet;
    } else {
      text += static_cast<char>(0xC0 | (value >> 6));
      text += static_cast<char>(0x80 | (value & 0x3F));
    }
  }
  return text;
}

std::string characters_as_octets(const std::string& text) {
  std::string octets;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto value = static_cast<unsigned char>(text[i]);
    if (value < 0x80 || i + 1 == text.size())
      octets += text[i];
    else
      octets += static_cast<char>((value << 6) | (static_cast<unsigned char>(text[++i]) & 0x3F));
  }
  return octets;
}

json to_json(const std::vector<HostSetting>& settings) {
  json list = json::array();
  for (const HostSetting& setting : settings) list.push_back({setting.key, setting.value, setting.program});
  return list;
}

std::string text_at(const json& list, size_t i) {
  return list.is_array() && i < list.size() && list[i].is_string() ? list[i].get<std::string>() : std::string();
}

std::vector<HostSetting> settings_from(const json& report, const char* key) {
  std::vector<HostSetting> settings;
  for (const json& one : report.value("started_with", json::object()).value(key, json::array()))
    settings.push_back({text_at(one, 0), text_at(one, 1), text_at(one, 2)});
  return settings;
}

}  // namespace

json source_report(const RuleSource& source) {
  json files = json::array();
  for (const config::SourceFile& file : source.files) {
    const bool as_octets = !is_utf8(file.content);
    files.push_back({{"path", file.path},
                     {"content", as_octets ? octets_as_characters(file.content) : file.content},
                     {"octets", as_octets}});
  }
  return {{"ok", true},
          {"generation", source.generation},
          {"files", std::move(files)},
          {"started_with",
           {{"dataplane", to_json(source.started_with.dataplane)}, {"control", to_json(source.started_with.control)}}}};
}

tl::expected<RuleSource, std::string> read_source_report(const json& report) {
  RuleSource source;
  const json files = report.value("files", json::array());
  for (const json& file : files) {
    if (!file.is_object() || !file.contains("path") || !file.contains("content") || !file["path"].is_string() ||
        !file["content"].is_string())
      return tl::make_unexpected("the answer of penstock-control has a file without path or content");
    const auto content = file["content"].get<std::string>();
    source.files.push_back(
        {file["path"].get<std::string>(), file.value("octets", false) ? characters_as_octets(content) : content});
  }
  if (source.files.empty()) return tl::make_unexpected("penstock-control does not know the files of its rules");
  source.generation = report.value("generation", uint64_t{0});
  source.started_with = {settings_from(report, "dataplane"), settings_from(report, "control")};
  return source;
}

}  // namespace penstock::control

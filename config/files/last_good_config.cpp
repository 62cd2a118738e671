#include "config/files/last_good_config.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <set>
#include <span>
#include <string_view>

#include "config/files/own_files.h"
#include "config/read/model_reader.h"

namespace penstock::config {
namespace {

constexpr std::string_view kFirstLine = "penstock last-good-config 1";

// The next line of `left`, which loses it; false: there is no whole one.
bool take_line(std::string_view& left, std::string_view& line) {
  const size_t end = left.find('\n');
  if (end == std::string_view::npos) return false;
  line = left.substr(0, end);
  left.remove_prefix(end + 1);
  return true;
}

template <typename Number>
bool take_number(std::string_view& line, std::string_view word, Number& number) {
  if (!line.starts_with(word)) return false;
  line.remove_prefix(word.size());
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc()) return false;
  line.remove_prefix(static_cast<size_t>(end - line.data()));
  return true;
}

std::string absolute(const std::string& path) {
  std::error_code error;
  const auto full = std::filesystem::absolute(path, error);
  return error ? path : full.lexically_normal().string();
}

std::vector<std::string> folders_to_look_at(const std::string& config_file) {
  std::vector<std::string> folders;
  const auto add = [&folders](const std::string& folder) {
    if (!folder.empty() && std::find(folders.begin(), folders.end(), folder) == folders.end())
      folders.push_back(folder);
  };
  if (const auto text = read_yaml_file(config_file)) add(find_state_dir(*text));
  const char* of_unit = std::getenv("STATE_DIRECTORY");
  // Several are listed with colons.
  if (of_unit != nullptr) add(std::string(of_unit).substr(0, std::string_view(of_unit).find(':')));
  add(Dataplane().state_dir);
  return folders;
}

}  // namespace

std::string to_text(const LastGoodConfig& config) {
  std::string text(kFirstLine);
  text += "\nkept " + std::to_string(config.kept_at) + "\n";
  for (const SourceFile& file : config.files) {
    text += "file " + std::to_string(file.content.size()) + " " + file.path + "\n";
    (text += file.content) += '\n';
  }
  return text += "end\n";
}

tl::expected<LastGoodConfig, std::string> parse_last_good_config(const std::string& text) {
  LastGoodConfig config;
  std::string_view left = text, line;
  if (!take_line(left, line) || line != kFirstLine)
    return tl::make_unexpected("it does not begin with '" + std::string(kFirstLine) + "'");
  if (!take_line(left, line) || !take_number(line, "kept ", config.kept_at) || !line.empty())
    return tl::make_unexpected("the second line has no date");
  while (take_line(left, line)) {
    if (line == "end" && left.empty() && !config.files.empty()) return config;
    size_t size = 0;
    if (!take_number(line, "file ", size) || !line.starts_with(' '))
      return tl::make_unexpected("a line with a file name is missing");
    SourceFile& file = config.files.emplace_back();
    file.path = line.substr(1);
    if (size >= left.size() || left[size] != '\n') return tl::make_unexpected("it ends early, in " + file.path);
    file.content = left.substr(0, size);
    left.remove_prefix(size + 1);
  }
  return tl::make_unexpected("it ends early");
}

tl::expected<void, std::string> save_last_good_config(const std::string& state_dir, const std::string& name,
                                                      std::vector<SourceFile> files) {
  LastGoodConfig config;
  config.kept_at = static_cast<int64_t>(std::time(nullptr));
  std::set<std::string> seen;
  for (SourceFile& file : files)
    if (seen.insert(file.path).second) config.files.push_back({absolute(file.path), std::move(file.content)});
  const std::string text = to_text(config);
  return replace_file(state_dir + "/" + name, std::as_bytes(std::span(text)), 0640);
}

tl::expected<LastGoodFound, std::string> find_last_good_config(const std::string& config_file,
                                                               const std::string& name) {
  std::string looked_at;
  for (const std::string& folder : folders_to_look_at(config_file)) {
    const std::string path = folder + "/" + name;
    std::string why;
    if (const auto text = read_own_file(path); !text) {
      why = text.error().text;
    } else if (auto config = parse_last_good_config(*text); !config) {
      why = path + " is damaged: " + config.error();
    } else if (config->files.front().path != absolute(config_file)) {
      why = path + " is a copy of " + config->files.front().path;
    } else {
      return LastGoodFound{path, std::move(*config)};
    }
    looked_at += (looked_at.empty() ? "" : "; ") + why;
  }
  return tl::make_unexpected(looked_at);
}

tl::expected<LastGoodConfig, std::string> peek_at_last_good_config(const std::string& state_dir,
                                                                   const std::string& name) {
  const auto text = read_yaml_file(state_dir + "/" + name);
  if (!text) return tl::make_unexpected(text.error());
  return parse_last_good_config(*text);
}

std::string find_state_dir(const std::string& text) {
  constexpr std::string_view kKey = "state_dir";
  constexpr std::string_view kBefore = " \t{,\"'\n";
  for (size_t at = text.find(kKey); at != std::string::npos; at = text.find(kKey, at + 1)) {
    const size_t line = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
    if (text.find('#', line) < at || (at > 0 && kBefore.find(text[at - 1]) == std::string_view::npos)) continue;
    std::string_view left = std::string_view(text).substr(at + kKey.size());
    left.remove_prefix(std::min(left.find_first_not_of("\"' \t"), left.size()));
    if (!left.starts_with(':')) continue;
    left.remove_prefix(std::min(left.find_first_not_of("\"' \t", 1), left.size()));
    if (left.starts_with('/')) return std::string(left.substr(0, left.find_first_of("\"',} \t\r\n#")));
  }
  return {};
}

}  // namespace penstock::config

#include "control/history/kept_rules.h"

#include <spdlog/spdlog.h>

#include <ctime>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string_view>

#include "config/files/last_good_config.h"
#include "config/files/own_files.h"

namespace penstock::control {
namespace {

constexpr std::string_view kPrefix = "rules.";

std::string list_path(const std::string& state_dir) {
  return history_folder(state_dir) + "/generations";
}

std::string rules_path(const std::string& state_dir, const std::string& hash) {
  return history_folder(state_dir) + "/" + std::string(kPrefix) + hash;
}

// Octets of each configuration that is on the disk, by hash.
std::map<std::string, uint64_t> sizes(const std::string& state_dir) {
  std::map<std::string, uint64_t> of;
  std::error_code error;
  for (std::filesystem::directory_iterator at(history_folder(state_dir), error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename();
    std::error_code ignored;
    const uint64_t size = at->file_size(ignored);
    if (name.starts_with(kPrefix) && !ignored) of[name.substr(kPrefix.size())] = size;
  }
  return of;
}

}  // namespace

std::string history_folder(const std::string& state_dir) {
  return state_dir + "/history";
}

History read_history(const std::string& state_dir) {
  const auto text = config::read_own_file(list_path(state_dir));
  if (!text) {
    if (!text.error().is_missing) spdlog::warn("rules: the history is not read: {}", text.error().text);
    return {};
  }
  auto history = parse_history(*text);
  if (!history) {
    spdlog::warn("rules: {} is not used: {}", list_path(state_dir), history.error());
    return {};
  }
  const auto there = sizes(state_dir);
  std::set<std::string> gone;
  for (const Generation& one : history->generations())
    if (!there.contains(one.hash)) gone.insert(one.hash);
  for (const std::string& hash : gone) history->drop_kept(hash);
  return std::move(*history);
}

tl::expected<void, std::string> write_history(const std::string& state_dir, const History& history) {
  const std::string text = to_text(history);
  return config::replace_file(list_path(state_dir), std::as_bytes(std::span(text)), 0640);
}

tl::expected<void, std::string> keep_rules(const std::string& state_dir, const std::string& hash,
                                           const std::vector<config::SourceFile>& files) {
  if (kept_rules(state_dir, hash)) return {};
  return config::save_last_good_config(history_folder(state_dir), std::string(kPrefix) + hash, files);
}

tl::expected<std::vector<config::SourceFile>, std::string> kept_rules(const std::string& state_dir,
                                                                      const std::string& hash) {
  const std::string path = rules_path(state_dir, hash);
  const auto text = config::read_own_file(path);
  if (!text) return tl::make_unexpected(text.error().text);
  auto config = config::parse_last_good_config(*text);
  if (!config) return tl::make_unexpected(path + " is damaged: " + config.error());
  if (content_hash(config->files) != hash) return tl::make_unexpected(path + " is damaged: it has another content");
  return std::move(config->files);
}

void remove_forgotten(const std::string& state_dir, const History& history, uint64_t most) {
  constexpr size_t kAlwaysKept = 2;
  const auto there = sizes(state_dir);
  std::set<std::string> stay;
  uint64_t octets = 0;
  for (auto one = history.generations().rbegin(); one != history.generations().rend(); ++one) {
    const auto size = there.find(one->hash);
    if (size == there.end() || stay.contains(one->hash)) continue;
    if (stay.size() >= kAlwaysKept) octets += size->second;
    if (octets <= most) stay.insert(one->hash);
  }
  for (const auto& [hash, size] : there) {
    std::error_code ignored;
    if (!stay.contains(hash)) std::filesystem::remove(rules_path(state_dir, hash), ignored);
  }
}

}  // namespace penstock::control

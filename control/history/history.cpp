#include "control/history/history.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

namespace penstock::control {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::array kHows{"start", "SIGHUP", "file watch", "reload", "rollback"};

json to_json(const Generation& of) {
  return {{"first", of.first},         {"last", of.last},   {"at", of.at},           {"how", to_string(of.origin.how)},
          {"who", of.origin.who},      {"hash", of.hash},   {"changes", of.changes}, {"restored", of.restored},
          {"left_hash", of.left_hash}, {"kept", of.is_kept}};
}

template <typename Value>
Value value_in(const json& of, const char* key, Value otherwise) {
  const auto member = of.find(key);
  if (member == of.end()) return otherwise;
  if constexpr (std::is_same_v<Value, std::string>)
    return member->is_string() ? member->template get<std::string>() : otherwise;
  else if constexpr (std::is_same_v<Value, bool>)
    return member->is_boolean() ? member->template get<bool>() : otherwise;
  else
    return member->is_number_integer() ? member->template get<Value>() : otherwise;
}

std::optional<Generation> generation_from(const json& of) {
  if (!of.is_object()) return std::nullopt;
  Generation read;
  read.first = value_in(of, "first", uint64_t{0});
  read.last = value_in(of, "last", uint64_t{0});
  read.at = value_in(of, "at", int64_t{0});
  const auto how = std::find(kHows.begin(), kHows.end(), value_in(of, "how", std::string()));
  if (how == kHows.end()) return std::nullopt;
  read.origin = {static_cast<Origin::How>(how - kHows.begin()), value_in(of, "who", std::string())};
  read.hash = value_in(of, "hash", std::string());
  read.changes = value_in(of, "changes", std::string());
  read.restored = value_in(of, "restored", uint64_t{0});
  read.left_hash = value_in(of, "left_hash", std::string());
  read.is_kept = value_in(of, "kept", false);
  // It names a file.
  const bool is_hash = read.hash.size() == 16 && read.hash.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_hash || read.first == 0 || read.last < read.first) return std::nullopt;
  return read;
}

}  // namespace

const char* to_string(Origin::How how) {
  return kHows.at(static_cast<size_t>(how));
}

std::string to_string(const Origin& origin) {
  return to_string(origin.how) + (origin.who.empty() ? "" : " by " + origin.who);
}

std::string content_hash(const std::vector<config::SourceFile>& files) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  XXH3_64bits_reset(state.get());
  std::set<std::string> seen;  // a file that is named twice counts once
  for (const config::SourceFile& file : files) {
    std::error_code ignored;
    if (!seen.insert(std::filesystem::absolute(file.path, ignored).lexically_normal().string()).second) continue;
    const uint64_t size = file.content.size();
    XXH3_64bits_update(state.get(), &size, sizeof size);
    XXH3_64bits_update(state.get(), file.content.data(), file.content.size());
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(XXH3_64bits_digest(state.get())));
  return text;
}

const Generation* History::find(uint64_t number) const {
  const auto found = std::find_if(generations_.begin(), generations_.end(),
                                  [&](const Generation& one) { return one.first <= number && number <= one.last; });
  return found == generations_.end() ? nullptr : &*found;
}

const Generation* History::previous() const {
  const Generation* in_force = newest();
  if (in_force == nullptr) return nullptr;
  // A rollback to a rollback is one to what that had restored.
  const Generation* from = in_force;
  while (from->restored != 0) {
    const Generation* restored = find(from->restored);
    if (restored == nullptr || restored == from) break;
    from = restored;
  }
  const Generation* before = nullptr;
  for (const Generation& one : generations_) {
    if (&one == from) break;
    if (one.is_kept && one.hash != in_force->hash) before = &one;
  }
  return before;
}

const Generation* History::rollback() const {
  const Generation* last = newest();
  return last != nullptr && last->origin.how == Origin::How::rollback ? last : nullptr;
}

void History::add(Generation next) {
  if (!generations_.empty()) {
    const bool ends_rollback = rollback() != nullptr;
    if (generations_.back().hash == next.hash && !ends_rollback) return renumber(next.last);
    if (!generations_.back().is_kept) generations_.pop_back();
  }
  for (const Generation& one : generations_) next.is_kept |= one.is_kept && one.hash == next.hash;
  generations_.push_back(std::move(next));
  if (generations_.size() > kMostGenerations) generations_.pop_front();
}

void History::renumber(uint64_t generation) {
  if (!generations_.empty()) generations_.back().last = std::max(generations_.back().last, generation);
}

void History::set_kept(const std::string& hash) {
  for (Generation& one : generations_) one.is_kept |= one.hash == hash;
}

void History::drop_kept(const std::string& hash) {
  for (Generation& one : generations_) one.is_kept &= one.hash != hash;
}

std::string to_text(const History& history) {
  json list = json::array();
  for (const Generation& one : history.generations()) list.push_back(to_json(one));
  return json{{"version", kVersion}, {"generations", list}}.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

tl::expected<History, std::string> parse_history(const std::string& text) {
  const json read = json::parse(text, nullptr, false);
  if (!read.is_object() || value_in(read, "version", 0) != kVersion) return tl::make_unexpected("it is not a history");
  History history;
  uint64_t last = 0;
  for (const json& of : read.value("generations", json::array())) {
    auto one = generation_from(of);
    if (!one || one->first <= last) return tl::make_unexpected("an entry of it is damaged");
    last = one->last;
    history.generations_.push_back(std::move(*one));
    if (history.generations_.size() > kMostGenerations) history.generations_.pop_front();
  }
  return history;
}

}  // namespace penstock::control

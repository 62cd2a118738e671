#include "control/import/readers/bind/second_opinion.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>

#include "control/import/form/words.h"
#include "control/import/readers/readers.h"

namespace penstock::imports {
namespace {

constexpr const char* kPlaces[] = {"/usr/bin/named-checkconf", "/usr/sbin/named-checkconf",
                                   "/usr/local/bin/named-checkconf", "/usr/local/sbin/named-checkconf"};
constexpr size_t kMostOutput = size_t{64} << 20;
constexpr std::chrono::seconds kLongest{20};

// All that it writes; false: it is not done in time, or writes too much.
bool read_all(int pipe, std::string& text) {
  const auto end = std::chrono::steady_clock::now() + kLongest;
  char block[65536];
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd waiting{pipe, POLLIN, 0};
    if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return false;
    const ssize_t size = read(pipe, block, sizeof block);
    if (size <= 0) return size == 0;
    text.append(block, static_cast<size_t>(size));
    if (text.size() > kMostOutput) return false;
  }
}

// Without its messages, "named.conf:5: ...", which go before the configuration.
std::string without_messages(const std::string& text) {
  std::string out;
  for (const std::string_view line : lines_of(text)) {
    const size_t colon = line.find(':');
    const size_t end = colon == std::string_view::npos ? colon : line.find_first_not_of("0123456789", colon + 1);
    const bool is_message = end != std::string_view::npos && end > colon + 1 && line.substr(end).starts_with(": ") &&
                            line.substr(0, colon).find_first_of(" \t\"{") == std::string_view::npos;
    if (!is_message) out += std::string(line) + "\n";
  }
  return out;
}

std::string one_line(const std::string& text) {
  std::string line;
  for (const std::string_view part : split(text, "\r\n"))
    if (!trim(part).empty()) line += (line.empty() ? "" : "; ") + std::string(trim(part));
  return line.substr(0, 400);
}

// Where names go, by zone and view.
std::map<std::string, std::pair<std::string, Where>> targets_of(const Source& source) {
  std::map<std::string, std::pair<std::string, Where>> targets;
  targets["all other names"] = {to_text(source.other), source.other_where};
  for (const Zone& zone : source.zones) {
    std::string key = config::to_text(zone.name);
    for (const std::string& group : zone.clients) key += " for " + group;
    targets.try_emplace(std::move(key),
                        to_text(zone.target) + (zone.target.zone_file.empty() ? "" : " of " + zone.target.zone_file),
                        zone.where);
  }
  return targets;
}

std::string networks_in(std::vector<IpPrefix> list) {
  std::sort(list.begin(), list.end());
  std::string text;
  for (const IpPrefix& prefix : list) text += (text.empty() ? "" : ", ") + config::to_string(prefix);
  return text.empty() ? "nobody" : text;
}

}  // namespace

CheckedConf check_with_named(const std::string& path) {
  CheckedConf result;
  const auto* const program =
      std::find_if(std::begin(kPlaces), std::end(kPlaces), [](const char* place) { return access(place, X_OK) == 0; });
  if (program == std::end(kPlaces)) return result;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return result;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::string words[] = {*program, "-p", "-x", path};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
  pid_t child = 0;
  result.is_there = posix_spawn(&child, *program, &actions, nullptr, arguments, environ) == 0;
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (result.is_there) {
    const bool is_complete = read_all(ends[0], result.text);
    if (!is_complete) kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    result.is_good = is_complete && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!is_complete) result.text = "it does not end";
  }
  close(ends[0]);
  return result;
}

void compare_with_named(Source& source, const CheckedConf& checked) {
  if (!checked.is_there) return;
  if (!checked.is_good)
    return source.note({}, "named-checkconf does not take these files here, so nothing is compared with it: " +
                               one_line(checked.text));
  const std::string text = without_messages(checked.text);
  const Files one_file{[&](const std::string& path) { return path == "checked" ? std::optional(text) : std::nullopt; },
                       [](const std::string&) { return std::vector<std::string>(); }};
  const Source other = read_bind({"checked"}, one_file);
  if (other.is_broken())
    return source.decide({}, "what named-checkconf makes of these files cannot be read: compare by hand");
  const auto ours = targets_of(source);
  auto theirs = targets_of(other);
  const auto tell = [&](const std::string& what, const std::string& a, const std::string& b, Where where) {
    source.decide(where, "named-checkconf reads " + what + " otherwise: " + b + ", and this import: " + a);
  };
  for (const auto& [name, target] : ours) {
    const auto found = theirs.find(name);
    if (found == theirs.end() || found->second.first != target.first)
      tell(name, target.first, found == theirs.end() ? "no such zone" : found->second.first, target.second);
    if (found != theirs.end()) theirs.erase(found);
  }
  for (const auto& [name, target] : theirs) tell(name, "no such zone", target.first, {});
  for (const auto& [what, list] : {std::pair("who may ask", &Source::allow), {"who may not ask", &Source::deny}})
    if (networks_in(source.*list) != networks_in(other.*list))
      tell(what, networks_in(source.*list), networks_in(other.*list), source.other_where);
}

}  // namespace penstock::imports

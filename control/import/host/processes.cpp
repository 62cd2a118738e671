#include "control/import/host/processes.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

namespace penstock::imports {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> words_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\0', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

}  // namespace

std::vector<std::string> HostProcess::values_of(const std::vector<std::string>& options) const {
  std::vector<std::string> values;
  for (size_t i = 0; i < arguments.size(); ++i)
    for (const std::string& option : options) {
      if (arguments[i] == option && i + 1 < arguments.size()) values.push_back(arguments[i + 1]);
      if (arguments[i].starts_with(option + "=")) values.push_back(arguments[i].substr(option.size() + 1));
      const bool is_letter = option.size() == 2 && arguments[i].size() > 2 && arguments[i][2] != '=';
      if (is_letter && arguments[i].starts_with(option)) values.push_back(arguments[i].substr(2));
    }
  return values;
}

std::string HostProcess::value_of(const std::vector<std::string>& options) const {
  const auto values = values_of(options);
  return values.empty() ? std::string() : values.back();
}

std::vector<HostProcess> processes_of(const fs::path& root) {
  std::vector<HostProcess> processes;
  std::error_code problem;
  for (const fs::directory_entry& entry : fs::directory_iterator(root / "proc", problem)) {
    const std::string name = entry.path().filename();
    int pid = 0;
    const auto [end, wrong] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (wrong != std::errc() || end != name.data() + name.size()) continue;
    std::vector<std::string> words = words_of(entry.path() / "cmdline");
    if (words.empty()) continue;
    HostProcess process{pid, fs::path(words.front()).filename(), {words.begin() + 1, words.end()}, {}, {}};
    process.folder = fs::read_symlink(entry.path() / "cwd", problem);
    const fs::path inner = entry.path() / "root";
    // A link to another folder, or into another mount namespace, which the link does not show.
    if (fs::exists(inner, problem) && !fs::equivalent(inner, root, problem) && !problem)
      process.root = fs::path("/proc") / name / "root";
    processes.push_back(std::move(process));
  }
  std::sort(processes.begin(), processes.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
  return processes;
}

}  // namespace penstock::imports

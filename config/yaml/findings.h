// config/yaml/findings.h - collects what is wrong with a configuration: all of it, not the first thing.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml/finding.h"

namespace penstock::config {

constexpr size_t kMaxFindingsPerFile = 20;  // of zone files; the rest is counted
constexpr size_t kMaxFindingsInYaml = 200;

class Findings {
 public:
  // `files` must outlive this: Model::files.
  explicit Findings(const std::vector<std::string>& files) : files_(files) {}

  void error(Where where, std::string key, std::string text) {
    add(Severity::error, where, std::move(key), std::move(text));
  }
  void warning(Where where, std::string key, std::string text) {
    add(Severity::warning, where, std::move(key), std::move(text));
  }
  void note(Where where, std::string key, std::string text) {
    add(Severity::note, where, std::move(key), std::move(text));
  }

  bool has_error() const { return has_error_; }
  const std::string& file(Where where) const { return files_[where.file]; }
  // In the order of files and lines; a count stands for what was left out of a file.
  std::vector<Finding> take();

 private:
  struct Entry {
    Where where;
    Finding finding;
  };
  void add(Severity, Where, std::string key, std::string text);

  const std::vector<std::string>& files_;
  std::vector<Entry> entries_;
  std::map<uint32_t, size_t> counts_;  // by file
  bool has_error_ = false;
};

// The word of `known` that `word` is most probably a misspelling of; empty: none is near.
std::string_view nearest_word(std::string_view word, const std::vector<std::string_view>& known);
// "a, b or c"
std::string join_words(const std::vector<std::string_view>& words, std::string_view last_separator);

}  // namespace penstock::config

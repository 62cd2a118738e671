#include "config/yaml/findings.h"

#include <algorithm>
#include <numeric>

namespace penstock::config {
namespace {

// Damerau-Levenshtein without repeated edits: a swap of neighbours counts one.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> above(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(above.begin(), above.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

}  // namespace

void Findings::add(Severity severity, Where where, std::string key, std::string text) {
  has_error_ = has_error_ || severity == Severity::error;
  const size_t limit = where.file == 0 ? kMaxFindingsInYaml : kMaxFindingsPerFile;
  if (++counts_[where.file] > limit) return;
  entries_.push_back({where, {severity, files_[where.file], where.line, std::move(key), std::move(text)}});
}

std::vector<Finding> Findings::take() {
  for (const auto& [file, count] : counts_) {
    const size_t limit = file == 0 ? kMaxFindingsInYaml : kMaxFindingsPerFile;
    if (count > limit)
      entries_.push_back(
          {{file, UINT32_MAX},
           {Severity::error, files_[file], 0, "", "and " + std::to_string(count - limit) + " more like these"}});
  }
  std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.where.file, a.where.line) < std::pair(b.where.file, b.where.line);
  });
  std::vector<Finding> findings;
  findings.reserve(entries_.size());
  for (Entry& entry : entries_) findings.push_back(std::move(entry.finding));
  entries_.clear();
  return findings;
}

std::string_view nearest_word(std::string_view word, const std::vector<std::string_view>& known) {
  if (word.size() > 64) return {};
  std::string_view best;
  size_t best_distance = 1 + std::max<size_t>(1, word.size() / 3);
  for (const auto candidate : known) {
    const size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string join_words(const std::vector<std::string_view>& words, std::string_view last_separator) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? std::string(last_separator) : ", ";
    text += words[i];
  }
  return text;
}

std::string to_text(const Finding& finding) {
  static constexpr std::string_view kNames[] = {"error", "warning", "note"};
  std::string text = finding.file;
  if (finding.line != 0) text.append(":").append(std::to_string(finding.line));
  text.append(": ").append(kNames[static_cast<size_t>(finding.severity)]).append(": ");
  if (!finding.key.empty()) text.append(finding.key).append(": ");
  return text.append(finding.text);
}

std::vector<std::string> errors_of(const std::vector<Finding>& findings) {
  std::vector<std::string> errors;
  for (const Finding& finding : findings)
    if (finding.severity == Severity::error) errors.push_back(to_text(finding));
  return errors;
}

}  // namespace penstock::config

#include "control/import/readers/unbound/grammar.h"

#include <algorithm>

#include "control/import/form/words.h"

namespace penstock::imports {
namespace {

constexpr int kDeepestUnboundInclude = 16;

// The grammar is one of words, not of lines: "name:" is followed by its value wherever that stands.
class UnboundParser {
 public:
  UnboundParser(Source& source, const Files& files) : source_(source), files_(files) {}

  std::vector<UnboundClause> parse(const std::string& path) {
    const uint32_t file = source_.add_file(path);
    read_file(path, {file, 0}, file);
    return std::move(clauses_);
  }

 private:
  static bool is_section(std::string_view name) {
    static constexpr std::string_view kSections[] = {
        "server", "forward-zone", "stub-zone", "auth-zone", "view",  "remote-control", "python",
        "dynlib", "dnscrypt",     "cachedb",   "rpz",       "ipset", "dnstap"};
    return std::find(std::begin(kSections), std::end(kSections), name) != std::end(kSections);
  }

  void read_file(const std::string& path, Where from, uint32_t file) {
    const auto text = take_file(source_, files_, path, from);
    if (!text || refuse_template(source_, file, *text)) return;
    uint32_t number = 0;
    for (const std::string_view line : lines_of(*text)) {
      ++number;
      read_line(path, line, {file, number});
      if (source_.is_broken()) return;
    }
  }

  void read_line(const std::string& path, std::string_view line, Where where) {
    for (std::string_view rest = trim(line); !rest.empty() && rest[0] != '#';) {
      const size_t end = rest.find(':');
      if (end == std::string_view::npos)
        return source_.broken(where, "'" + std::string(rest) + "' has no colon: write 'option: value'");
      const std::string name = lower(trim(rest.substr(0, end)));
      rest = trim(rest.substr(end + 1));
      if (is_section(name)) {
        clauses_.push_back({name, where, {}});
        continue;
      }
      std::string value = take_value(rest);
      if (name == "include" || name == "include-toplevel") return include(path, value, where);
      if (clauses_.empty()) clauses_.push_back({"server", where, {}});
      clauses_.back().options.push_back({name, std::move(value), where});
    }
  }

  // Up to the comment; quotes keep blanks and '#'.
  static std::string take_value(std::string_view& rest) {
    std::string value;
    char quote = 0;
    size_t at = 0;
    for (; at < rest.size(); ++at) {
      const char c = rest[at];
      if (quote == 0 && c == '#' && (at == 0 || rest[at - 1] == ' ' || rest[at - 1] == '\t')) break;
      if (quote == 0 && (c == '"' || c == '\''))
        quote = c;
      else if (c == quote)
        quote = 0;
      else
        value += c;
    }
    rest = {};
    return std::string(trim(value));
  }

  void include(const std::string& path, const std::string& name, Where where) {
    if (depth_ == kDeepestUnboundInclude) return source_.broken(where, "files include each other without end");
    ++depth_;
    const std::string full = beside(path, name);
    const auto found = files_.glob(full);
    if (found.empty() && name.find_first_of("*?[") == std::string::npos)
      source_.broken(where, full + " cannot be read: put it there, or take the include out");
    for (const std::string& one : found)
      if (!source_.is_broken()) read_file(one, where, source_.add_file(one));
    --depth_;
  }

  Source& source_;
  const Files& files_;
  std::vector<UnboundClause> clauses_;
  int depth_ = 0;
};

}  // namespace

std::vector<UnboundClause> parse_unbound(Source& source, const Files& files, const std::string& path) {
  return UnboundParser(source, files).parse(path);
}

}  // namespace penstock::imports

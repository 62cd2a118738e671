#include "control/import/readers/bind/grammar.h"

#include "control/import/form/words.h"

namespace penstock::imports {
namespace {

constexpr int kDeepestInclude = 16;
constexpr int kDeepestBlock = 32;
constexpr std::string_view kTypographic[] = {"\u201c", "\u201d", "\u201e"};

struct Reader {
  Source& source;
  const Files& files;
  std::string directory = {};
  int depth = 0;
};

class Parser {
 public:
  Parser(Reader& reader, uint32_t file, std::string_view text)
      : reader_(reader), path_(reader.source.files[file]), file_(file), text_(text) {}

  void parse(std::vector<BindStatement>& into, int depth) {
    BindStatement statement;
    while (skip()) {
      const char c = text_[at_];
      if (statement.elements.empty()) statement.where = here();
      if (c == ';') {
        ++at_;
        finish(statement, into);
      } else if (c == '}') {
        if (depth == 0) return fail("a } closes nothing: look for one too many above");
        if (!statement.elements.empty()) return fail("a semicolon is missing before this }");
        return;
      } else if (c == '{') {
        if (depth == kDeepestBlock) return fail("blocks are nested too deep");
        ++at_;
        const Where opened = here();
        BindElement element{{}, true, {}};
        const std::string what = statement.word(0);
        const bool has_keys = what == "trust-anchors" || what == "managed-keys" || what == "trusted-keys";
        in_keys_ += has_keys ? 1 : 0;
        parse(element.block, depth + 1);
        in_keys_ -= has_keys ? 1 : 0;
        if (reader_.source.is_broken()) return;
        if (at_ >= text_.size()) {
          reader_.source.broken(opened, "this { is not closed");
          return;
        }
        ++at_;
        statement.elements.push_back(std::move(element));
      } else {
        statement.elements.push_back({word(), false, {}});
      }
      if (reader_.source.is_broken()) return;
    }
    if (!statement.elements.empty()) fail("a semicolon is missing at the end");
  }

 private:
  Where here() const { return {file_, line_}; }
  void fail(std::string text) { reader_.source.broken(here(), std::move(text)); }

  void step() {
    if (text_[at_++] == '\n') ++line_;
  }

  // Past blanks and comments. False: the text has ended.
  bool skip() {
    while (at_ < text_.size()) {
      const std::string_view rest = text_.substr(at_);
      if (std::string_view(" \t\r\n").find(rest[0]) != std::string_view::npos) {
        step();
      } else if (rest[0] == '#' || rest.starts_with("//")) {
        while (at_ < text_.size() && text_[at_] != '\n') step();
      } else if (rest.starts_with("/*")) {
        const size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) {
          fail("this comment is not closed");
          return false;
        }
        while (at_ < end + 2) step();
      } else {
        return true;
      }
    }
    return false;
  }

  size_t typographic_at(size_t at) const {
    for (const std::string_view mark : kTypographic)
      if (text_.substr(at).starts_with(mark)) return mark.size();
    return 0;
  }

  std::string word() {
    const size_t mark = typographic_at(at_);
    if (text_[at_] == '"' || mark != 0) return in_quotes(mark == 0 ? 1 : mark);
    std::string out;
    while (at_ < text_.size() && std::string_view(" \t\r\n;{}\"").find(text_[at_]) == std::string_view::npos) {
      const std::string_view rest = text_.substr(at_);
      if (rest.starts_with("//") || rest.starts_with("/*") || rest[0] == '#') break;
      out += text_[at_++];
    }
    return out;
  }

  std::string in_quotes(size_t width) {
    bool is_typographic = width > 1;
    at_ += width;
    std::string out;
    // Keys go over several lines. Of a name that is a quote too few.
    while (at_ < text_.size() && (text_[at_] != '\n' || in_keys_ > 0)) {
      if (text_[at_] == '\n') ++line_;
      const size_t mark = typographic_at(at_);
      if (text_[at_] == '"' || mark != 0) {
        at_ += mark == 0 ? 1 : mark;
        if (is_typographic || mark != 0)
          reader_.source.decide(here(),
                                "'" + out + "' stands in typographic quotes, which named does not take: read as \"\"");
        return out;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_++];
    }
    fail("these quotes are not closed on their line");
    return out;
  }

  void finish(BindStatement& statement, std::vector<BindStatement>& into) {
    if (statement.elements.empty()) return;
    if (statement.word(0) == "directory") reader_.directory = statement.text(1);
    if (statement.word(0) == "include" && statement.elements.size() == 2)
      include(statement.text(1), statement.where, into);
    else
      into.push_back(std::move(statement));
    statement = {};
  }

  void include(const std::string& name, Where where, std::vector<BindStatement>& into) {
    if (++reader_.depth > kDeepestInclude) return reader_.source.broken(where, "files include each other without end");
    // named looks in its own folder; who has copied the files has them beside each other.
    std::vector<std::string> paths;
    for (const std::string& path :
         {reader_.directory.empty() ? name : beside(reader_.directory + "/.", name), beside(path_, name)}) {
      if (paths.empty() && reader_.files.read(path)) paths = {path};
      if (paths.empty()) paths = reader_.files.glob(path);
    }
    if (paths.empty()) reader_.source.broken(where, name + " cannot be read: put it there, or take the include out");
    for (const std::string& path : paths) {
      const auto text = take_file(reader_.source, reader_.files, path, where);
      if (!text || reader_.source.is_broken()) break;
      Parser(reader_, reader_.source.add_file(path), *text).parse(into, 0);
    }
    --reader_.depth;
  }

  Reader& reader_;
  std::string path_;
  uint32_t file_;
  std::string_view text_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  int in_keys_ = 0;
};

}  // namespace

std::string BindStatement::word(size_t index) const {
  return lower(text(index));
}

std::string BindStatement::text(size_t index) const {
  return index < elements.size() && !elements[index].is_block ? elements[index].text : std::string();
}

const std::vector<BindStatement>* BindStatement::block() const {
  for (const BindElement& element : elements)
    if (element.is_block) return &element.block;
  return nullptr;
}

std::vector<BindStatement> parse_bind(Source& source, const Files& files, const std::string& path) {
  std::vector<BindStatement> statements;
  const uint32_t file = source.add_file(path);
  const auto text = take_file(source, files, path, {file, 0});
  if (!text || refuse_template(source, file, *text)) return statements;
  Reader reader{source, files};
  Parser(reader, file, *text).parse(statements, 0);
  return statements;
}

const BindStatement* find_statement(const std::vector<BindStatement>& block, std::string_view word) {
  for (const BindStatement& statement : block)
    if (statement.word(0) == word) return &statement;
  return nullptr;
}

}  // namespace penstock::imports

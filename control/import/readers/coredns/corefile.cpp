#include "control/import/readers/coredns/corefile.h"

#include <map>

#include "control/import/form/words.h"

namespace penstock::imports {
namespace {

constexpr int kDeepestCoreImport = 16;
constexpr int kDeepestCoreBlock = 8;

struct Token {
  std::string text;
  Where where;
  bool starts_line = false;
  bool is_quoted = false;
};

// Words between blanks; quotes keep them; '#' starts a comment where a word may start.
class CoreLexer {
 public:
  CoreLexer(Source& source, uint32_t file, std::string_view text) : source_(source), file_(file), text_(text) {}

  std::vector<Token> read() {
    while (skip()) {
      Token token{{}, {file_, line_}, new_line_, false};
      new_line_ = false;
      if (text_[at_] == '"' || text_[at_] == '`')
        read_quoted(token);
      else
        while (at_ < text_.size() && !is_blank(text_[at_])) token.text += text_[at_++];
      tokens_.push_back(std::move(token));
    }
    return std::move(tokens_);
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  bool skip() {
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') {
        ++line_;
        new_line_ = true;
      } else if (text_[at_] == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size()) - 1;
      } else if (!is_blank(text_[at_])) {
        return true;
      }
    }
    return false;
  }

  void read_quoted(Token& token) {
    const char quote = text_[at_++];
    token.is_quoted = true;
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '"') ++at_;
      if (text_[at_] == '\n') ++line_;
      token.text += text_[at_];
    }
    if (at_ >= text_.size()) source_.broken(token.where, "these quotes are not closed");
    ++at_;
  }

  Source& source_;
  uint32_t file_;
  std::string_view text_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  bool new_line_ = true;
  std::vector<Token> tokens_;
};

class CoreParser {
 public:
  CoreParser(Source& source, const Files& files) : source_(source), files_(files) {}

  void parse(const std::string& path, uint32_t file, Where from) {
    const auto text = take_file(source_, files_, path, from);
    if (!text) return;
    const auto tokens = CoreLexer(source_, file, *text).read();
    size_t at = 0;
    while (at < tokens.size() && !source_.is_broken()) parse_block(tokens, at, path);
  }

  std::vector<ServerBlock> take() { return std::move(blocks_); }

 private:
  void parse_block(const std::vector<Token>& tokens, size_t& at, const std::string& path) {
    if (tokens[at].text == "import" && at + 1 < tokens.size() && !tokens[at + 1].starts_line) {
      import_files(tokens[at + 1].text, path, tokens[at].where);
      at += 2;
      return;
    }
    ServerBlock block;
    block.where = tokens[at].where;
    for (; at < tokens.size() && tokens[at].text != "{"; ++at)
      for (const std::string_view key : split(tokens[at].text, ",")) block.keys.emplace_back(key);
    if (at >= tokens.size())
      return source_.broken(block.where, "a server block without '{': write 'ZONE {' on one line");
    ++at;
    parse_directives(tokens, at, path, block.directives, 0);
    if (at >= tokens.size() && !source_.is_broken()) return source_.broken(block.where, "this block is not closed");
    ++at;
    const bool is_snippet = block.keys.size() == 1 && block.keys[0].starts_with('(') && block.keys[0].ends_with(')');
    if (is_snippet)
      snippets_[block.keys[0].substr(1, block.keys[0].size() - 2)] = block.directives;
    else
      blocks_.push_back(std::move(block));
  }

  // Up to the '}' that closes the block.
  void parse_directives(const std::vector<Token>& tokens, size_t& at, const std::string& path,
                        std::vector<Directive>& into, int depth) {
    if (depth == kDeepestCoreBlock) return source_.broken(tokens[at - 1].where, "blocks are nested too deep");
    while (at < tokens.size() && tokens[at].text != "}" && !source_.is_broken()) {
      Directive directive;
      directive.where = tokens[at].where;
      do directive.words.push_back(tokens[at++].text);
      while (at < tokens.size() && !tokens[at].starts_line && tokens[at].text != "{" && tokens[at].text != "}");
      if (at < tokens.size() && tokens[at].text == "{" && !tokens[at].starts_line) {
        ++at;
        parse_directives(tokens, at, path, directive.block, depth + 1);
        ++at;
      }
      if (directive.words[0] == "import" && directive.words.size() > 1)
        import_into(directive, path, into);
      else
        into.push_back(std::move(directive));
    }
  }

  // A snippet by its name, with {args[0]} filled in, or files.
  void import_into(const Directive& directive, const std::string& path, std::vector<Directive>& into) {
    const auto snippet = snippets_.find(directive.words[1]);
    if (snippet != snippets_.end()) {
      for (Directive one : snippet->second) {
        fill_in(one, directive.words);
        into.push_back(std::move(one));
      }
      return;
    }
    for (const std::string& file : found(directive.words[1], path, directive.where)) {
      if (depth_ == kDeepestCoreImport) return source_.broken(directive.where, "files import each other without end");
      const uint32_t number = source_.add_file(file);
      const auto text = take_file(source_, files_, file, directive.where);
      if (!text) return;
      const auto tokens = CoreLexer(source_, number, *text).read();
      size_t at = 0;
      ++depth_;
      parse_directives(tokens, at, file, into, 0);
      --depth_;
      if (at < tokens.size()) source_.broken(tokens[at].where, "this } closes nothing");
    }
  }

  static void fill_in(Directive& directive, const std::vector<std::string>& words) {
    for (std::string& word : directive.words)
      for (size_t i = 2; i < words.size(); ++i)
        for (const std::string& mark :
             {"{args[" + std::to_string(i - 2) + "]}", "{args." + std::to_string(i - 2) + "}"})
          if (const size_t at = word.find(mark); at != std::string::npos) word.replace(at, mark.size(), words[i]);
    for (Directive& inner : directive.block) fill_in(inner, words);
  }

  void import_files(const std::string& name, const std::string& path, Where where) {
    if (const auto snippet = snippets_.find(name); snippet != snippets_.end()) return;
    if (depth_ == kDeepestCoreImport) return source_.broken(where, "files import each other without end");
    ++depth_;
    for (const std::string& file : found(name, path, where))
      if (!source_.is_broken()) parse(file, source_.add_file(file), where);
    --depth_;
  }

  std::vector<std::string> found(const std::string& name, const std::string& path, Where where) {
    const auto paths = files_.glob(beside(path, name));
    if (paths.empty() && name.find_first_of("*?[") == std::string::npos)
      source_.broken(where,
                     "'" + name + "' is no snippet before this line and no file: put it there, or take the import out");
    return paths;
  }

  Source& source_;
  const Files& files_;
  std::vector<ServerBlock> blocks_;
  std::map<std::string, std::vector<Directive>> snippets_;
  int depth_ = 0;
};

}  // namespace

std::vector<ServerBlock> parse_corefile(Source& source, const Files& files, const std::string& path) {
  CoreParser parser(source, files);
  const uint32_t file = source.add_file(path);
  parser.parse(path, file, {file, 0});
  return parser.take();
}

}  // namespace penstock::imports

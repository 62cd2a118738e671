#include "config/yaml/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>

namespace penstock::config {
namespace {

uint32_t line_of(const YAML::Mark& mark) {
  return mark.line < 0 ? 0 : static_cast<uint32_t>(mark.line) + 1;
}

class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Findings& findings) : findings_(findings) {}
  // Keeps these sections of the top map only, and reports on the needed ones.
  TreeBuilder(Findings& findings, const std::vector<std::string_view>& needed,
              const std::vector<std::string_view>& quiet)
      : findings_(findings), needed_(&needed), quiet_(&quiet) {}

  YamlNode take_root() { return std::move(root_); }
  // After a syntax error: the sections of the top map that were read to their ends.
  YamlNode take_finished_sections() { return open_.empty() ? take_root() : std::move(open_.front().node); }
  bool has_block_map() const { return has_block_map_; }
  size_t indent() const { return indent_; }  // of the block map's keys

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(leaf(YamlNode::Kind::null, mark, {})); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string& value) override {
    add(leaf(YamlNode::Kind::scalar, mark, value));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    report(line_of(mark), path(), "aliases (*name) are not supported: write the value here");
    add(leaf(YamlNode::Kind::null, mark, {}));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::sequence, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value style) override {
    if (open_.empty()) {
      has_block_map_ = style == YAML::EmitterStyle::Block;
      indent_ = static_cast<size_t>(std::max(mark.column, 0));
    }
    open(YamlNode::Kind::map, mark);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    bool has_key = false;
    YamlMember member;                                // its key is read, its value comes next
    std::unordered_map<std::string, uint32_t> lines;  // of the keys so far
  };

  static YamlNode leaf(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& text) {
    YamlNode node;
    node.kind = kind;
    node.line = line_of(mark);
    node.text = text;
    return node;
  }

  bool is_needed(std::string_view section) const {
    return needed_ == nullptr || std::find(needed_->begin(), needed_->end(), section) != needed_->end();
  }
  bool is_kept(std::string_view section) const {
    return is_needed(section) || std::find(quiet_->begin(), quiet_->end(), section) != quiet_->end();
  }

  // Of the section being read; `key` when it is about the section's own key.
  void report(uint32_t line, std::string path, std::string text, std::string_view key = {}) {
    const bool is_at_top = open_.size() == 1 && !key.empty();
    if (needed_ != nullptr && (open_.empty() || !is_needed(is_at_top ? key : open_.front().member.key))) return;
    findings_.error({0, line}, std::move(path), std::move(text));
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark) {
    if (open_.size() >= kMaxYamlDepth) throw YAML::ParserException(mark, "it is nested too deeply");
    open_.emplace_back().node = leaf(kind, mark, {});
  }

  void close() {
    YamlNode done = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(done));
  }

  void add(YamlNode&& node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.has_key) {
      take_key(parent, std::move(node));
    } else {
      parent.has_key = false;
      // yaml-cpp puts a value that is missing where the next token stands.
      if (node.kind == YamlNode::Kind::null && parent.member.line != 0) node.line = parent.member.line;
      parent.member.value = std::move(node);
      // A key's second value is dropped: the first one is checked, and the error is there anyway.
      if (parent.member.line != 0 && (open_.size() > 1 || is_kept(parent.member.key)))
        parent.node.members.push_back(std::move(parent.member));
      parent.member = {};
    }
  }

  void take_key(Open& parent, YamlNode&& key) {
    parent.has_key = true;
    parent.member.line = 0;
    if (key.kind != YamlNode::Kind::scalar) {
      report(key.line, path(), "a key must be a plain word");
      return;
    }
    const auto [seen, is_new] = parent.lines.emplace(key.text, key.line);
    if (!is_new) {
      const std::string above = path();
      report(key.line, above.empty() ? key.text : above + "." + key.text,
             "the key is given twice, first on line " + std::to_string(seen->second) + ": keep one", key.text);
      return;
    }
    parent.member.key = std::move(key.text);
    parent.member.line = key.line;
  }

  // Of the node being read: "pools.studio.endpoints[1]".
  std::string path() const {
    std::string text;
    for (const Open& level : open_) {
      if (level.node.kind == YamlNode::Kind::sequence) {
        text += "[" + std::to_string(level.node.items.size()) + "]";
      } else if (level.has_key && !level.member.key.empty()) {
        if (!text.empty()) text += ".";
        text += level.member.key;
      }
    }
    return text;
  }

  Findings& findings_;
  const std::vector<std::string_view>* needed_ = nullptr;  // null: all
  const std::vector<std::string_view>* quiet_ = nullptr;
  bool has_block_map_ = false;
  size_t indent_ = 0;
  YamlNode root_;
  std::vector<Open> open_;
};

// Whether a line of the text is `key:`, indented so; quoted keys count too.
bool has_key_line(const std::string& text, size_t indent, std::string_view key) {
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find_first_of("\n\r", start), text.size());
    std::string_view line = std::string_view(text).substr(start, end - start);
    start = end + 1;
    if (line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    const size_t first = std::min(line.find_first_not_of(' '), line.size());
    if (first != indent) continue;
    line.remove_prefix(std::min(line.find_first_not_of("\"'? ", first), line.size()));
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    line.remove_prefix(std::min(line.find_first_not_of("\"' \t"), line.size()));
    if (line.starts_with(':')) return true;
  }
  return false;
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const YamlMember& member : members)
    if (member.key == key) return &member.value;
  return nullptr;
}

YamlNode parse_yaml(const std::string& text, Findings& findings) {
  TreeBuilder builder(findings);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    YamlNode root = builder.take_root();
    TreeBuilder rest(findings);
    if (parser.HandleNextDocument(rest))
      findings.error({0, rest.take_root().line}, "", "a second document starts here (---): put everything into one");
    return root;
  } catch (const YAML::Exception& problem) {
    findings.error({0, line_of(problem.mark)}, "", "this is not YAML: " + problem.msg);
  }
  return {};
}

YamlNode parse_yaml_sections(const std::string& text, const std::vector<std::string_view>& needed,
                             const std::vector<std::string_view>& quiet, Findings& findings) {
  TreeBuilder builder(findings, needed, quiet);
  YamlNode root;
  std::string problem;
  uint32_t line = 0;
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    root = builder.take_root();
    const std::vector<std::string_view> nothing;
    TreeBuilder rest(findings, nothing, nothing);
    if (!parser.HandleNextDocument(rest)) return root;
    line = rest.take_root().line;
    problem = "a second document starts here (---): put everything into one";
  } catch (const YAML::Exception& exception) {
    if (root.kind == YamlNode::Kind::null) root = builder.take_finished_sections();
    line = line_of(exception.mark);
    problem = "this is not YAML: " + exception.msg;
  }
  // What stands behind the error is text: a section of it that is missed is not taken for one that is not there.
  const bool is_complete = builder.has_block_map() && std::all_of(needed.begin(), needed.end(), [&](auto key) {
                             return root.find(key) != nullptr || !has_key_line(text, builder.indent(), key);
                           });
  if (is_complete) {
    findings.warning({0, line}, "", std::move(problem));
    return root;
  }
  findings.error({0, line}, "", std::move(problem));
  return {};
}

}  // namespace penstock::config

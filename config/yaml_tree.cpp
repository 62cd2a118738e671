#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

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

  YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(leaf(YamlNode::Kind::null, mark, {})); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string& value) override {
    add(leaf(YamlNode::Kind::scalar, mark, value));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    findings_.error({0, line_of(mark)}, path(), "aliases (*name) are not read: write the value out here");
    add(leaf(YamlNode::Kind::null, mark, {}));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::sequence, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
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
      if (parent.member.line != 0) parent.node.members.push_back(std::move(parent.member));
      parent.member = {};
    }
  }

  void take_key(Open& parent, YamlNode&& key) {
    parent.has_key = true;
    parent.member.line = 0;
    if (key.kind != YamlNode::Kind::scalar) {
      findings_.error({0, key.line}, path(), "a key has to be a plain word");
      return;
    }
    const auto [seen, is_new] = parent.lines.emplace(key.text, key.line);
    if (!is_new) {
      const std::string above = path();
      findings_.error({0, key.line}, above.empty() ? key.text : above + "." + key.text,
                      "the key is given twice, first on line " + std::to_string(seen->second) + ": keep one");
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
  YamlNode root_;
  std::vector<Open> open_;
};

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
      findings.error({0, rest.take_root().line}, "",
                     "a second document starts here (---): everything belongs into one");
    return root;
  } catch (const YAML::Exception& problem) {
    findings.error({0, line_of(problem.mark)}, "", "this is not YAML: " + problem.msg);
  }
  return {};
}

}  // namespace penstock::config

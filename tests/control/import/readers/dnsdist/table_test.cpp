#include "control/import/readers/dnsdist/table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "control/import/form/order.h"
#include "control/import/readers/readers.h"
#include "tests/control/import/samples.h"

namespace penstock::imports {
namespace {

// Rules made at random, as Lua, and what they decide when they are walked one after the other, as dnsdist does.
struct Expression {
  enum class Kind : uint8_t { all, suffix, name, net, tag, all_of, any_of, inverse };
  Kind kind = Kind::all;
  std::vector<std::string> texts = {};
  std::vector<Expression> inner = {};
};

struct Question {
  std::string name;
  IpPrefix client;
  std::map<std::string, std::string> tags = {};
};

std::string list_of(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "'" : ", '") + text + "'";
  return "{" + list + "}";
}

std::string to_lua(const Expression& one) {
  std::string inner;
  for (const Expression& part : one.inner) inner += (inner.empty() ? "" : ", ") + to_lua(part);
  switch (one.kind) {
    case Expression::Kind::all:
      return "AllRule()";
    case Expression::Kind::suffix:
      return "QNameSuffixRule(" + list_of(one.texts) + ")";
    case Expression::Kind::name:
      return "QNameRule('" + one.texts[0] + "')";
    case Expression::Kind::net:
      return "NetmaskGroupRule(" + list_of(one.texts) + ")";
    case Expression::Kind::tag:
      return "TagRule('t', '" + one.texts[0] + "')";
    case Expression::Kind::all_of:
      return "AndRule{" + inner + "}";
    case Expression::Kind::any_of:
      return "OrRule{" + inner + "}";
    case Expression::Kind::inverse:
      return "NotRule(" + inner + ")";
  }
  return {};
}

bool is_true(const Expression& one, const Question& question) {
  const auto is = [&](const Expression& part) { return is_true(part, question); };
  switch (one.kind) {
    case Expression::Kind::all:
      return true;
    case Expression::Kind::suffix:
      return std::any_of(one.texts.begin(), one.texts.end(),
                         [&](const std::string& text) { return ("." + question.name).ends_with("." + text); });
    case Expression::Kind::name:
      return question.name == one.texts[0];
    case Expression::Kind::net: {
      int longest = -1;
      bool is_in = false;
      for (const std::string& text : one.texts) {
        const auto network = *config::parse_prefix(text.substr(text.starts_with('!') ? 1 : 0));
        if (!network.contains(question.client.address) || network.length <= longest) continue;
        longest = network.length;
        is_in = !text.starts_with('!');
      }
      return is_in;
    }
    case Expression::Kind::tag: {
      const auto found = question.tags.find("t");
      return found != question.tags.end() && found->second == one.texts[0];
    }
    case Expression::Kind::all_of:
      return std::all_of(one.inner.begin(), one.inner.end(), is);
    case Expression::Kind::any_of:
      return std::any_of(one.inner.begin(), one.inner.end(), is);
    case Expression::Kind::inverse:
      return !is(one.inner[0]);
  }
  return false;
}

class RandomRules {
 public:
  explicit RandomRules(uint32_t seed) : random_(seed), has_tags_(seed % 4 == 0) {}

  std::string make() {
    std::string lua =
        "newServer('192.168.10.2')\nnewServer{address='10.1.1.1', pool='p'}\nnewServer{address='10.1.1.2', pool='q'}\n";
    for (size_t count = 1 + pick(6); count-- > 0;) {
      rules_.push_back({expression(0), pick(7)});
      lua += "addAction(" + to_lua(rules_.back().first) + ", " + kActions[rules_.back().second] + ")\n";
    }
    return lua;
  }

  std::string walk(Question question) const {
    std::string pool = "192.168.10.2";
    for (const auto& [rule, action] : rules_) {
      if (!is_true(rule, question)) continue;
      if (action == 0) return "10.1.1.1";
      if (action == 1) return "10.1.1.2";
      if (action == 2) return "nxdomain";
      if (action == 3) return "refused";
      if (action == 4) return pool;
      if (action == 5) pool = "10.1.1.1";
      if (action == 6) question.tags["t"] = "1";
    }
    return pool;
  }

  std::string name() {
    std::string text = "t";
    for (size_t labels = pick(3); labels-- > 0;) text = std::string(1, static_cast<char>('a' + pick(2))) + "." + text;
    return text;
  }
  size_t pick(size_t below) { return random_() % below; }

 private:
  static constexpr const char* kActions[] = {
      "PoolAction('p')", "PoolAction('q')",        "RCodeAction(DNSRCode.NXDOMAIN)", "RCodeAction(DNSRCode.REFUSED)",
      "AllowAction()",   "PoolAction('p', false)", "SetTagAction('t', '1')"};

  Expression expression(int depth) {
    static const std::string kNetworks[] = {"10.0.0.0/8", "10.1.0.0/16", "!10.1.2.0/24", "10.2.0.0/16", "fd00::/8"};
    using Kind = Expression::Kind;
    const size_t kind = pick(depth < 2 ? 12 : 7);
    if (kind < 3) return {Kind::suffix, pick(2) == 0 ? std::vector{name()} : std::vector{name(), name()}};
    if (kind == 3) return {Kind::name, {name()}};
    if (kind < 6) return {Kind::net, {kNetworks[pick(5)], kNetworks[pick(5)]}};
    if (kind == 6) return has_tags_ ? Expression{Kind::tag, {"1"}} : Expression{Kind::name, {name()}};
    if (kind < 9) return {Kind::all_of, {}, {expression(depth + 1), expression(depth + 1)}};
    if (kind < 11) return {Kind::any_of, {}, {expression(depth + 1), expression(depth + 1)}};
    return {Kind::inverse, {}, {expression(depth + 1)}};
  }

  std::mt19937 random_;
  bool has_tags_;  // a tag that nobody has set is told, and then nothing is compared
  std::vector<std::pair<Expression, size_t>> rules_;
};

// The group of the longest prefix.
std::string group_of(const Source& source, const IpAddress& client) {
  std::string found;
  int longest = -1;
  for (const Group& group : source.groups)
    for (const IpPrefix& prefix : group.prefixes)
      if (prefix.address.family == client.family && prefix.contains(client) && prefix.length > longest) {
        longest = prefix.length;
        found = group.name;
      }
  return found;
}

TEST(DnsdistTable, ZonesDecideAsTheRulesDoOneAfterTheOther) {
  size_t compared = 0;
  for (uint32_t seed = 0; seed < 600; ++seed) {
    RandomRules rules(seed);
    const std::string lua = rules.make();
    const Source source = read_dnsdist({"f"}, test::memory_files({{"f", lua}}));
    ASSERT_FALSE(source.is_broken()) << lua;
    const bool is_told = std::any_of(source.remarks.begin(), source.remarks.end(), [](const Remark& one) {
      return one.text.find("go elsewhere") != std::string::npos || one.text.find("(TagRule)") != std::string::npos;
    });
    if (is_told) continue;  // a default for some clients; a tag that nobody has set
    const ZoneFinder finder(source.zones);
    for (int i = 0; i < 40; ++i) {
      const char* const clients[] = {"10.1.1.1", "10.1.2.1", "10.2.1.1", "10.9.1.1", "192.168.1.1", "fd00::1"};
      const IpAddress client = *config::parse_address(clients[rules.pick(6)]);
      const Question question{rules.name(), {client, static_cast<uint8_t>(client.is_v4() ? 32 : 128)}};
      const bool is_denied = std::any_of(source.deny.begin(), source.deny.end(), [&](const IpPrefix& prefix) {
        return prefix.address.family == client.family && prefix.contains(client);
      });
      if (is_denied) continue;
      const Zone* zone = deciding_zone(source, finder, *config::parse_name(question.name), group_of(source, client));
      ASSERT_EQ(to_text(zone == nullptr ? source.other : zone->target), rules.walk(question))
          << "seed " << seed << ", " << question.name << " for " << config::to_string(client) << "\n"
          << lua;
      ++compared;
    }
  }
  EXPECT_GT(compared, 4'000U);
}

}  // namespace
}  // namespace penstock::imports

// The table against words (cases) and against a naive map over random rule sets.
#include "dataplane/tables/zone_table.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "dataplane/tables/ruleset.h"
#include "tests/dataplane/tables/naive_table.h"
#include "tests/dataplane/tables/sample_model.h"

namespace penstock::tables {
namespace {

using config::kNoRule;
using config::Model;
using config::RuleIndex;
using config::Scope;
using test::NaiveTable;
using test::wire;

// Compiles and opens; the image lives as long as this.
struct Loaded {
  control::Compiled compiled;
  Ruleset rules;

  explicit Loaded(const Model& model, std::optional<uint64_t> key = {}) {
    auto result = control::compile(model, 1, test::slots_in_order(), key);
    if (!result) throw std::runtime_error(result.error());
    compiled = std::move(*result);
    auto opened = Ruleset::open(compiled.image);
    if (!opened) throw std::runtime_error(opened.error());
    rules = *opened;
  }

  // With and without the optional step: both must say the same.
  Match match(std::string_view wire_name) const {
    const dns::FoldedName name = test::folded(wire_name);
    Probe probe;
    rules.zones().prepare(name, probe);
    const Match plain = rules.zones().match(name, probe);
    rules.zones().narrow(probe);
    EXPECT_EQ(plain, rules.zones().match(name, probe)) << config::to_text(wire_name);
    return plain;
  }
};

// Where an image says what check refuses: a private name is passed on to a pool that is not private.
TEST(ZoneTable, APrivateNameIsNotPassedToAPublicPool) {
  Model model = test::sample_model(6);
  model.clients.groups.emplace_back().name = "ml";
  for (const uint32_t rule : {0U, 2U, 3U}) {
    model.rules[rule].clients = {0};
    model.rules[rule].otherwise = config::Otherwise::next;
  }
  model.rules[4].action = config::Action::refused;
  model.rules[0].next = 1;
  model.rules[2].next = 4;
  test::add_zone(model, wire("to-public.example"), Scope::zone, 0);
  test::add_zone(model, wire("to-refused.example"), Scope::zone, 2);
  test::add_zone(model, wire("public.example"), Scope::zone, 3);
  model.default_rule = 5;  // public
  const Loaded loaded(model);
  struct Case {
    const char* name;
    uint16_t group;
    uint32_t rule;
    bool is_left_out;
  };
  for (const Case& one : {Case{"a.to-public.example", 1, 0, false}, Case{"a.to-public.example", 0, 0, true},
                          Case{"a.to-refused.example", 0, 4, false}, Case{"public.example", 1, 3, false},
                          Case{"public.example", 0, 5, false}, Case{"other.example", 0, 5, false}}) {
    const Match match = loaded.rules.match(test::folded(wire(one.name)), one.group);
    EXPECT_EQ(match.rule.value(), one.rule) << one.name << " " << one.group;
    EXPECT_EQ(match.is_left_out, one.is_left_out) << one.name << " " << one.group;
  }
  EXPECT_TRUE(loaded.rules.depends_on_client(test::folded(wire("a.to-public.example"))));
  EXPECT_FALSE(loaded.rules.depends_on_client(test::folded(wire("other.example"))));
}

struct PrecedenceCase {
  const char* description;
  const char* name;
  uint32_t rule;
  const char* zone;  // that matched; empty: the default
  bool is_apex;
};
const PrecedenceCase kPrecedence[] = {
    {.description = "the zone itself",
     .name = "studio.us-east-1.sagemaker.aws",
     .rule = 0,
     .zone = "studio.us-east-1.sagemaker.aws",
     .is_apex = true},
    {.description = "below the zone",
     .name = "d-2.studio.us-east-1.sagemaker.aws",
     .rule = 0,
     .zone = "studio.us-east-1.sagemaker.aws",
     .is_apex = false},
    {.description = "far below the zone",
     .name = "a.b.c.d-2.studio.us-east-1.sagemaker.aws",
     .rule = 0,
     .zone = "studio.us-east-1.sagemaker.aws",
     .is_apex = false},
    {.description = "the longest zone wins",
     .name = "x.d-1.studio.us-east-1.sagemaker.aws",
     .rule = 2,
     .zone = "d-1.studio.us-east-1.sagemaker.aws",
     .is_apex = false},
    {.description = "the longest zone's apex",
     .name = "d-1.studio.us-east-1.sagemaker.aws",
     .rule = 2,
     .zone = "d-1.studio.us-east-1.sagemaker.aws",
     .is_apex = true},
    {.description = "letter case is of no account",
     .name = "D-1.Studio.US-East-1.SageMaker.AWS",
     .rule = 2,
     .zone = "d-1.studio.us-east-1.sagemaker.aws",
     .is_apex = true},
    {.description = "*.zone takes names below",
     .name = "www.example.com",
     .rule = 3,
     .zone = "example.com",
     .is_apex = false},
    {.description = "*.zone leaves the apex out", .name = "example.com", .rule = 7, .zone = "", .is_apex = false},
    {.description = "an exact name",
     .name = "api.sagemaker.us-east-1.amazonaws.com",
     .rule = 4,
     .zone = "api.sagemaker.us-east-1.amazonaws.com",
     .is_apex = true},
    {.description = "below an exact name",
     .name = "x.api.sagemaker.us-east-1.amazonaws.com",
     .rule = 7,
     .zone = "",
     .is_apex = false},
    {.description = "beside an exact name",
     .name = "sts.us-east-1.amazonaws.com",
     .rule = 7,
     .zone = "",
     .is_apex = false},
    {.description = "name and zone: the name's apex",
     .name = "both.example",
     .rule = 6,
     .zone = "both.example",
     .is_apex = true},
    {.description = "name and zone: below is the zone's",
     .name = "x.both.example",
     .rule = 5,
     .zone = "both.example",
     .is_apex = false},
    {.description = "*.zone and zone: the apex is the zone's",
     .name = "mixed.example",
     .rule = 5,
     .zone = "mixed.example",
     .is_apex = true},
    {.description = "*.zone and zone: below is *.zone's",
     .name = "x.mixed.example",
     .rule = 6,
     .zone = "mixed.example",
     .is_apex = false},
    {.description = "a label that ends like a zone",
     .name = "notstudio.us-east-1.sagemaker.aws",
     .rule = 7,
     .zone = "",
     .is_apex = false},
    {.description = "a dot inside a label is no dot",
     .name = "x\\.studio.us-east-1.sagemaker.aws",
     .rule = 7,
     .zone = "",
     .is_apex = false},
    {.description = "a parent of a zone", .name = "us-east-1.sagemaker.aws", .rule = 7, .zone = "", .is_apex = false},
    {.description = "the root", .name = ".", .rule = 7, .zone = "", .is_apex = false},
};

TEST(ZoneTable, PrecedenceInWords) {
  Model model = test::sample_model(8);
  test::add_zone(model, wire("studio.us-east-1.sagemaker.aws"), Scope::zone, 0);
  test::add_zone(model, wire("d-1.studio.us-east-1.sagemaker.aws"), Scope::zone, 2);
  test::add_zone(model, wire("example.com"), Scope::below, 3);
  test::add_zone(model, wire("api.sagemaker.us-east-1.amazonaws.com"), Scope::name, 4);
  test::add_zone(model, wire("both.example"), Scope::zone, 5);
  test::add_zone(model, wire("both.example"), Scope::name, 6);
  test::add_zone(model, wire("mixed.example"), Scope::below, 6);
  test::add_zone(model, wire("mixed.example"), Scope::zone, 5);
  model.default_rule = 7;
  const Loaded loaded(model);

  for (const PrecedenceCase& c : kPrecedence) {
    const Match match = loaded.match([&] {
      // Not folded here: parse_name of dns/ is to do that.
      std::string name = wire(c.name);
      if (c.name[0] == 'D') name[1] = 'D', name[5] = 'S';
      return name;
    }());
    EXPECT_EQ(match.rule.value(), c.rule) << c.description;
    EXPECT_EQ(match.is_apex, c.is_apex) << c.description;
    EXPECT_EQ(match.matched_length, c.zone[0] == 0 ? 0 : wire(c.zone).size()) << c.description;
  }
}

TEST(ZoneTable, WithoutAnything) {
  const Loaded loaded(test::sample_model());
  EXPECT_EQ(loaded.match(wire("example.com")), (Match{kNoRule, 0, false}));
  EXPECT_EQ(loaded.match(wire(".")), (Match{kNoRule, 0, false}));
}

TEST(ZoneTable, TheRootAsAZone) {
  Model model = test::sample_model(3);
  test::add_zone(model, wire("."), Scope::zone, 1);
  test::add_zone(model, wire("com"), Scope::below, 2);
  const Loaded loaded(model);
  EXPECT_EQ(loaded.match(wire(".")), (Match{RuleIndex{1}, 1, true}));
  EXPECT_EQ(loaded.match(wire("com")), (Match{RuleIndex{1}, 1, false}));
  EXPECT_EQ(loaded.match(wire("a.com")), (Match{RuleIndex{2}, 5, false}));
}

// A name of 127 labels, and zones at every depth of it: more candidates than a probe holds.
TEST(ZoneTable, EveryDepth) {
  for (const unsigned step : {1U, 2U, 7U, 63U, 64U, 65U, 126U}) {
    Model model = test::sample_model(130);
    std::string name(1, '\0');
    for (unsigned depth = 1; depth <= 127; ++depth) {
      name.insert(0, "\1x");
      if (depth % step == 0) test::add_zone(model, name, depth % 5 == 0 ? Scope::below : Scope::zone, depth);
    }
    const Loaded loaded(model);
    std::string asked(1, '\0');
    for (unsigned depth = 1; depth <= 127; ++depth) {
      asked.insert(0, "\1x");
      const bool is_apex = depth % step == 0 && depth % 5 != 0;
      const unsigned above = is_apex ? depth : (depth - 1) / step * step;
      EXPECT_EQ(loaded.match(asked).rule, above == 0 ? kNoRule : RuleIndex{above}) << depth << " in steps of " << step;
      // Off the chain in its leftmost label: only the suffixes match.
      asked[1] = 'y';
      const unsigned proper = (depth - 1) / step * step;
      EXPECT_EQ(loaded.match(asked).rule, proper == 0 ? kNoRule : RuleIndex{proper})
          << depth << " in steps of " << step;
      asked[1] = 'x';
    }
  }
}

// Buckets that overflow, also over the end of the table: a key that makes it happen is searched for.
TEST(ZoneTable, OverflowedBuckets) {
  Model model = test::sample_model(2);
  std::set<std::string> names;
  for (unsigned i = 0; i < 4000; ++i) names.insert(wire("host" + std::to_string(i) + ".example"));
  for (const auto& name : names) test::add_zone(model, name, Scope::zone, 1);
  bool overflowed = false;
  bool over_the_end = false;
  for (uint64_t key = 1; key < 2000 && !over_the_end; ++key) {
    const Loaded loaded(model, key);
    const auto& section = loaded.rules.header().sections[static_cast<size_t>(config::Section::zone_buckets)];
    const auto* buckets = reinterpret_cast<const config::ZoneBucket*>(loaded.compiled.image.data() + section.offset);
    for (uint32_t b = 0; b < loaded.rules.header().bucket_count; ++b) overflowed |= buckets[b].overflowed == 1;
    over_the_end = buckets[loaded.rules.header().bucket_count - 1].overflowed == 1;
    if (key != 1 && !over_the_end) continue;
    for (const auto& name : names) {
      ASSERT_EQ(loaded.match(name), (Match{RuleIndex{1}, static_cast<uint8_t>(name.size()), true}));
      ASSERT_EQ(loaded.match("\1w" + name), (Match{RuleIndex{1}, static_cast<uint8_t>(name.size()), false}));
    }
    for (unsigned i = 4000; i < 8000; ++i)
      ASSERT_EQ(loaded.match(wire("host" + std::to_string(i) + ".example")).rule, kNoRule);
  }
  EXPECT_TRUE(overflowed);
  EXPECT_TRUE(over_the_end);
}

// Few distinct labels, so that names collide, nest and shadow each other; sometimes octets that text has not.
class RandomNames {
 public:
  explicit RandomNames(std::mt19937_64& random)
      : random_(random), alphabet_(1 + below(4)), odd_octets_(below(4) == 0), deep_(below(16) == 0) {}

  std::string label() {
    std::string text(1 + (below(10) == 0 ? below(63) : below(3)), 'a');
    for (auto& c : text)
      c = odd_octets_ && below(3) == 0 ? static_cast<char>(below(65)) : static_cast<char>('a' + below(alphabet_));
    return text;
  }
  NaiveTable::Labels name() {
    NaiveTable::Labels labels(below(deep_ ? 40 : 6));
    size_t size = 1;
    for (auto& l : labels) l = label(), size += l.size() + 1;
    while (size > 255) size -= labels.back().size() + 1, labels.pop_back();
    return labels;
  }

 private:
  uint64_t below(uint64_t n) { return random_() % n; }

  std::mt19937_64& random_;
  uint64_t alphabet_;
  bool odd_octets_, deep_;
};

TEST(ZoneTable, AgreesWithTheNaiveMap) {
  std::mt19937_64 random(20240611);
  const auto below = [&](uint64_t n) { return random() % n; };
  size_t names_asked = 0;
  size_t hits = 0;
  for (int round = 0; round < 3000; ++round) {
    RandomNames names(random);
    Model model = test::sample_model(64);
    if (below(2) == 0) model.default_rule = 63;
    NaiveTable naive;
    std::set<std::pair<NaiveTable::Labels, Scope>> given;
    std::vector<NaiveTable::Labels> zones;
    const size_t count = below(8) == 0 ? below(400) : below(12);
    for (size_t i = 0; i < count; ++i) {
      const auto labels = names.name();
      const auto scope = static_cast<Scope>(below(3));
      if (!given.insert({labels, scope}).second) continue;
      const auto rule = static_cast<uint32_t>(below(63));
      test::add_zone(model, NaiveTable::to_wire(labels), scope, rule);
      naive.add(labels, scope, rule);
      zones.push_back(labels);
    }
    const Loaded loaded(model);
    for (int i = 0; i < 60; ++i) {
      NaiveTable::Labels asked = names.name();
      if (!zones.empty() && below(3) != 0) {
        asked = zones[below(zones.size())];
        for (size_t more = below(3); more > 0; --more) asked.insert(asked.begin(), names.label());
        if (NaiveTable::to_wire(asked).size() > 255) continue;
      }
      std::string bytes = NaiveTable::to_wire(asked);
      const uint32_t expected = naive.match(asked, model.default_rule.value_or(kNoRule.value()));
      const Match match = loaded.match(bytes);
      ASSERT_EQ(match.rule.value(), expected) << config::to_text(bytes) << " in round " << round;
      ASSERT_LE(match.matched_length, bytes.size());
      ASSERT_EQ(match.is_apex, match.matched_length == bytes.size());
      ++names_asked;
      hits += match.matched_length != 0 ? 1 : 0;
    }
  }
  // Both outcomes were really tried.
  EXPECT_GT(names_asked, 100000U);
  EXPECT_GT(hits, names_asked / 10);
  EXPECT_LT(hits, names_asked);
}

}  // namespace
}  // namespace penstock::tables

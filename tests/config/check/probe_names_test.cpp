// tests/config/check/probe_names_test.cpp - what health probes ask: of no pool the private name of another.
#include "config/check/probe_names.h"

#include <map>
#include <random>

#include "tests/config/read/model_text.h"

namespace penstock::config::test {
namespace {

const struct {
  const char* description;
  std::string yaml;
  const char* vpc;
  const char* office;
  const char* far = nullptr;
} kProbeNames[] = {
    {.description = "the first zone, the root",
     .yaml = "zones: [{zone: a.example, pool: vpc}, {zone: b.example, pool: vpc}]\n",
     .vpc = "a.example",
     .office = "."},
    {.description = "nothing goes there", .yaml = "default: {pool: office}\n", .vpc = ".", .office = "."},
    {.description = "what is below a name",
     .yaml = "zones: [{zone: \"*.a.example\", pool: vpc}]\n",
     .vpc = "a.example",
     .office = "."},
    {.description = "a name above that is private elsewhere",
     .yaml =
         "  lab: {kind: recursive, private: on, endpoints: [10.9.0.1]}\n"
         "zones: [{zone: \"*.a.example\", pool: vpc}, {name: a.example, pool: lab}, {zone: b.example, pool: vpc}]\n",
     .vpc = "b.example",
     .office = "."},
    {.description = "all of them private elsewhere",
     .yaml = "  lab: {kind: recursive, private: on, endpoints: [10.9.0.1]}\n"
             "zones: [{zone: \"*.a.example\", pool: vpc}, {name: a.example, pool: lab}]\n",
     .vpc = ".",
     .office = "."},
    {.description = "a zone whose own name has a rule",
     .yaml = "  lab: {kind: recursive, private: on, endpoints: [10.9.0.1]}\n"
             "zones: [{zone: a.example, pool: vpc}, {name: a.example, pool: lab}]\n",
     .vpc = ".",
     .office = "."},
    {.description = "letters are wanted where the root is asked",
     .yaml = "  far: {kind: route53-inbound, randomise_case: on, endpoints: [10.9.0.1]}\n"
             "default: {pool: office}\n",
     .vpc = ".",
     .office = ".",
     .far = "127.in-addr.arpa"},
    {.description = "of a recursive pool as well",
     .yaml = "  far: {kind: recursive, randomise_case: on, endpoints: [10.9.0.1]}\n"
             "zones: [{zone: b.example, pool: far}]\n",
     .vpc = ".",
     .office = ".",
     .far = "127.in-addr.arpa"},
    {.description = "where there is a zone it is asked",
     .yaml = "  far: {kind: route53-inbound, randomise_case: on, endpoints: [10.9.0.1]}\n"
             "zones: [{zone: a.example, pool: far}]\n",
     .vpc = ".",
     .office = ".",
     .far = "a.example"},
    {.description = "a name that was written",
     .yaml = "  far: {kind: recursive, randomise_case: on, health: {name: .}, endpoints: [10.9.0.1]}\n",
     .vpc = ".",
     .office = ".",
     .far = "."},
    {.description = "where it is a private name of another pool",
     .yaml = "  far: {kind: recursive, randomise_case: on, endpoints: [10.9.0.1]}\n"
             "zones: [{zone: 127.in-addr.arpa, pool: vpc}]\n",
     .vpc = "127.in-addr.arpa",
     .office = ".",
     .far = "."},
};

TEST(ProbeNames, Table) {
  for (const auto& c : kProbeNames) {
    SCOPED_TRACE(c.description);
    const Model model = model_of(kBase + c.yaml);
    const auto names = probe_names(model);
    for (size_t i = 0; i < model.pools.size(); ++i) {
      if (model.pools[i].name == "vpc") {
        EXPECT_EQ(to_text(names[i]), c.vpc);
      }
      if (model.pools[i].name == "office") {
        EXPECT_EQ(to_text(names[i]), c.office);
      }
      if (model.pools[i].name == "far") {
        EXPECT_EQ(to_text(names[i]), c.far);
      }
    }
  }
}

// Random rules: what a pool's servers are asked by probes is never a private name of another pool, found by a plain walk.
TEST(ProbeNames, NoneIsPrivateElsewhere) {
  std::mt19937 random(20261123);
  unsigned names_of_zones = 0;
  unsigned refused = 0;
  for (unsigned round = 0; round < 10'000; ++round) {
    std::string yaml =
        "ports: [{device: \"af_xdp:eth0\"}]\npools:\n"
        "  p0: {kind: route53-inbound, endpoints: [10.1.0.1]}\n"
        "  p1: {kind: route53-inbound, endpoints: [10.2.0.1]}\n";
    const auto random_name = [&] {
      std::string name = "t";
      for (unsigned more = random() % 4; more > 0; --more) name.insert(0, std::string(1, "ab"[random() % 2]) + ".");
      return name;
    };
    yaml += "  p2: {kind: recursive, endpoints: [10.3.0.1]";
    yaml += random() % 2 == 0 ? ", health: {name: " + random_name() + "}}\n" : "}\n";
    std::map<std::string, unsigned> exact, zones, below;  // pools by name
    std::string entries;
    for (unsigned count = 1 + random() % 6; count > 0; --count) {
      const std::string name = random_name();
      const unsigned pool = random() % 3;
      const unsigned scope = random() % 3;
      if (scope == 0 ? exact.contains(name) : zones.contains(name) || below.contains(name)) continue;
      (scope == 0 ? exact : scope == 1 ? zones : below)[name] = pool;
      entries += "  - {" + std::string(scope == 0 ? "name: " : "zone: ") + (scope == 2 ? "\"*." + name + "\"" : name) +
                 ", pool: p" + std::to_string(pool) + "}\n";
    }
    const ReadModel read = read_model_text(yaml + "zones:\n" + entries + "default: {pool: p2}\n", "test.yaml");
    if (!read.model) {
      ASSERT_NE(all_findings(read).find("is a private name of pool"), std::string::npos) << all_findings(read);
      ++refused;
      continue;
    }
    const auto pool_of = [&](std::string name) -> unsigned {
      if (exact.contains(name)) return exact[name];
      if (zones.contains(name)) return zones[name];
      while (name.find('.') != std::string::npos) {
        name.erase(0, name.find('.') + 1);
        if (below.contains(name)) return below[name];
        if (zones.contains(name)) return zones[name];
      }
      return 2;
    };
    const auto names = probe_names(*read.model);
    for (unsigned pool = 0; pool < 3; ++pool) {
      const std::string name = to_text(names[pool]);
      if (name == ".") continue;
      ++names_of_zones;
      const unsigned owner = pool_of(name);
      ASSERT_TRUE(owner == pool || owner == 2) << "p" << pool << " is asked for " << name << "\n" << yaml << entries;
    }
  }
  EXPECT_GT(names_of_zones, 5'000U);
  EXPECT_GT(refused, 500U);
}

}  // namespace
}  // namespace penstock::config::test

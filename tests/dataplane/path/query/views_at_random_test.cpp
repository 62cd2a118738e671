// tests/dataplane/path/query/views_at_random_test.cpp - random views, random clients, and an oracle that walks the list.
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "config/read/read_model.h"
#include "tests/dataplane/path/answer_text.h"
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

struct View {
  std::vector<std::string> name;  // labels from the left
  int covers = 0;                 // 0: the name, 1: zone, 2: below
  unsigned pool = 0;
  std::set<unsigned> groups;  // empty: everybody
  bool next = false;
};

class Oracle {
 public:
  // The pool, or nothing: refused. Pool 0 is the default's.
  std::optional<unsigned> pool_of(const std::vector<std::string>& asked, unsigned group) const {
    for (size_t skip = 0; skip <= asked.size(); ++skip) {
      const std::vector<std::string> suffix(asked.begin() + static_cast<std::ptrdiff_t>(skip), asked.end());
      for (const bool narrow : {true, false})
        for (const View& view : views) {
          if (view.name != suffix || (view.covers != 1) != narrow) continue;
          if (view.covers == 0 && skip != 0) continue;
          if (view.covers == 2 && skip == 0) continue;
          if (view.groups.empty() || view.groups.contains(group)) return view.pool;
          if (!view.next) return {};
        }
    }
    return 0;
  }
  std::vector<View> views;
};

unsigned below(std::mt19937& random, unsigned bound) {
  return static_cast<unsigned>(random() % bound);
}

std::vector<std::string> random_name(std::mt19937& random, unsigned most) {
  std::vector<std::string> labels{"t"};
  for (unsigned more = below(random, most); more > 0; --more)
    labels.insert(labels.begin(), std::string(1, "ab"[below(random, 2)]));
  return labels;
}

std::string dotted(const std::vector<std::string>& labels) {
  std::string text;
  for (const std::string& label : labels) text += (text.empty() ? "" : ".") + label;
  return text;
}

const char* const kFourPools = R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86]
clients:
  allow: [192.168.0.0/16]
  groups: {g1: {prefixes: [192.168.1.0/24]}, g2: {prefixes: [192.168.2.0/24]}, g3: {prefixes: [192.168.3.0/24]}}
pools:
)";

struct RandomViews {
  Oracle oracle;
  std::string yaml;

  explicit RandomViews(std::mt19937& random);
};

RandomViews::RandomViews(std::mt19937& random) : yaml(kFourPools) {
  for (int pool = 0; pool < 4; ++pool)
    yaml +=
        "  p" + std::to_string(pool) + ": {kind: recursive, endpoints: [10.50.0." + std::to_string(pool + 1) + "]}\n";
  yaml += "default: {pool: p0}\nzones:\n";
  for (unsigned count = 1 + below(random, 10); count > 0; --count) {
    View view{.name = random_name(random, 4),
              .covers = static_cast<int>(below(random, 3)),
              .pool = below(random, 4),
              .groups = {}};
    if (!oracle.views.empty() && below(random, 2) == 0) view.name = oracle.views.back().name;
    std::string groups;
    for (unsigned group = 1; group <= 3; ++group)
      if (below(random, 2) == 0) {
        view.groups.insert(group);
        groups += (groups.empty() ? "g" : ", g") + std::to_string(group);
      }
    view.next = !view.groups.empty() && below(random, 4) != 0;
    const std::string text = dotted(view.name);
    const std::string line = "  - {" + std::string(view.covers == 0 ? "name: " : "zone: ") +
                             (view.covers == 2 ? "\"*." + text + "\"" : text) + ", pool: p" +
                             std::to_string(view.pool) + (groups.empty() ? "" : ", clients: [" + groups + "]") +
                             (view.next ? ", otherwise: next" : "") + "}\n";
    // Whatever check refuses is left out.
    if (!config::read_model_text(yaml + line, "x.yaml").model) continue;
    yaml += line;
    oracle.views.push_back(std::move(view));
  }
}

struct Counts {
  uint64_t refused = 0, from_memory = 0, answered = 0, joined = 0;
};

// Clients that ask, endpoints that answer with their own number, and what each client must hear.
class Play {
 public:
  Play(const RandomViews& views, std::mt19937& random, Counts& counts)
      : views_(views), random_(random), counts_(counts), rig_({.rules = views.yaml, .cache_size = 1 << 18}) {
    for (int pool = 1; pool <= 4; ++pool) {
      config::EndpointState state;
      state.source = address("192.168.10.86").bytes;
      state.mac = mac(0xe1);
      state.port = 1;
      state.reachable = 1;
      rig_.set_endpoint("10.50.0." + std::to_string(pool), state);
    }
  }

  void ask(uint16_t id);
  // One of the queries that wait at the endpoints.
  void answer();
  bool has_open() const { return !open_.empty(); }
  void end() {
    counts_.joined += rig_.counters().lcore[0].query[config::QueryOutcome::joined].get();
    rig_.pass(5000);
    for (int i = 0; i < 8; ++i) rig_.sweep();
    ASSERT_EQ(rig_.imbalance(), "");
  }

 private:
  void judge(const std::vector<Sent>& sent, bool is_at_once);
  void judge_client(const Frame& frame, bool is_at_once);

  const RandomViews& views_;
  std::mt19937& random_;
  Counts& counts_;
  PathRig rig_;
  std::vector<Frame> open_;
  std::map<std::pair<std::string, uint16_t>, std::vector<std::string>> asked_;  // by client and id
};

void Play::judge(const std::vector<Sent>& sent, bool is_at_once) {
  for (const Sent& one : sent) {
    const Frame frame = read(one.bytes).value();
    if (one.port == 1) {
      open_.push_back(frame);
    } else {
      ASSERT_NO_FATAL_FAILURE(judge_client(frame, is_at_once));
    }
  }
}

void Play::judge_client(const Frame& frame, bool is_at_once) {
  const std::string client = config::to_string(frame.destination);
  const auto& labels = asked_.at({client, get16(frame.payload, 0)});
  const auto pool = views_.oracle.pool_of(labels, client[8] - '0' <= 3 ? static_cast<unsigned>(client[8] - '0') : 0);
  const unsigned rcode = get16(frame.payload, 2) & 0xf;
  if (!pool) {
    ASSERT_EQ(rcode, 5U) << dotted(labels) << " " << client << views_.yaml;
    ++counts_.refused;
    return;
  }
  ASSERT_EQ(rcode, 0U) << dotted(labels) << " " << client << views_.yaml;
  ASSERT_EQ(frame.payload.back(), *pool + 1) << dotted(labels) << " " << client << views_.yaml;
  ++(is_at_once ? counts_.from_memory : counts_.answered);
}

void Play::ask(uint16_t id) {
  const std::string client =
      "192.168." + std::to_string(1 + below(random_, 4)) + "." + std::to_string(1 + below(random_, 2));
  const auto labels = random_name(random_, 5);
  asked_[{client, id}] = labels;
  const Frame query{.source_mac = mac(0xc1),
                    .destination_mac = mac(0xa0),
                    .vlan = {},
                    .source = address(client),
                    .destination = address("192.168.10.86"),
                    .source_port = 40000,
                    .destination_port = 53,
                    .payload = write(DnsQuery{.id = id, .question = {.name = dotted(labels)}, .opt = {}})};
  judge(rig_.receive(0, {write(query)}), true);
}

void Play::answer() {
  const Frame query = open_.back();
  open_.pop_back();
  Frame response = query;
  std::swap(response.source_mac, response.destination_mac);
  std::swap(response.source, response.destination);
  std::swap(response.source_port, response.destination_port);
  response.payload = answer_to(query.payload);
  response.payload.back() = query.destination.bytes[3];
  judge(rig_.receive(1, {write(response)}), false);
  judge(rig_.sweep(), false);
}

TEST(ViewsAtRandom, NobodyGetsTheAnswerOfAnotherRule) {
  std::mt19937 random(5);
  Counts counts;
  for (unsigned rule_sets = 0; rule_sets < 400;) {
    const RandomViews views(random);
    if (views.oracle.views.empty()) continue;
    ++rule_sets;
    Play play(views, random, counts);
    for (uint16_t id = 1; id < 120; ++id) {
      ASSERT_NO_FATAL_FAILURE(play.ask(id));
      while (play.has_open() && below(random, 3) == 0) {
        ASSERT_NO_FATAL_FAILURE(play.answer());
      }
    }
    ASSERT_NO_FATAL_FAILURE(play.end());
  }
  EXPECT_GT(counts.refused, 1'000U);
  EXPECT_GT(counts.from_memory, 5'000U);
  EXPECT_GT(counts.answered, 5'000U);
  EXPECT_GT(counts.joined, 100U);
}

}  // namespace
}  // namespace penstock::test

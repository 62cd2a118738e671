// tests/dataplane/fail_closed_test.cpp - a private name never goes to a server of another pool, whatever the rules and whatever is down.
//
// In one file, so that whoever doubts the judge reads all of him.
// Random rule sets, random failures, and a judge that knows the rules by text alone: it walks a list of names, label by label,
// and shares no line with the tables. It sees every frame that the path sends. The same test is built a second time against a
// path that takes the default's pool as a last resort (fail_closed_mutation.cpp): there it must fail.
#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "config/read/read_model.h"
#include "tests/dataplane/path/answer_text.h"
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

using Labels = std::vector<std::string>;  // from the left

constexpr unsigned kRuleSets = 10'000;
constexpr unsigned kSteps = 24;  // for each
constexpr uint16_t kA = 1, kCname = 5, kTxt = 16, kAny = 255;

Labels split(const std::string& name) {
  Labels labels;
  for (size_t at = 0; at < name.size();) {
    const size_t dot = std::min(name.find('.', at), name.size());
    labels.push_back(name.substr(at, dot - at));
    at = dot + 1;
  }
  return labels;
}

bool ends_in(const Labels& name, const Labels& suffix) {
  return name.size() >= suffix.size() && std::equal(suffix.rbegin(), suffix.rend(), name.rbegin());
}

// ---- what the rules say, as text and as the judge knows them ----

enum class Covers { name, zone, below };

struct Pool {
  std::string name;
  bool is_private = false;
  std::vector<std::string> endpoints;
};

struct Entry {
  Labels name;
  Covers covers = Covers::zone;
  std::optional<unsigned> pool;  // none: answered by us
  bool is_private = false;
  bool checks_addresses = false;  // and keeps answers back
  std::string cname = "chase";
  std::set<unsigned> groups;  // whom it is for; empty: everybody
  bool next = false;          // whom it leaves out has the next one
};

struct Rules {
  std::vector<Pool> pools;
  std::vector<Entry> entries;
  std::optional<unsigned> default_pool;
  std::string yaml;

  struct Decision {
    const Entry* entry = nullptr;  // nullptr: the default
    bool left_out = false;         // the entry is not for the client, who has no other
  };
  // The longest name wins, among equals what is not the whole zone, then what is written first. What is for others is passed when
  // it says so.
  Decision decide(const Labels& name, unsigned group) const {
    std::vector<const Entry*> fitting;
    for (const Entry& entry : entries) {
      const bool fits = entry.covers == Covers::name    ? name == entry.name
                        : entry.covers == Covers::below ? ends_in(name, entry.name) && name != entry.name
                                                        : ends_in(name, entry.name);
      if (fits) fitting.push_back(&entry);
    }
    std::stable_sort(fitting.begin(), fitting.end(), [](const Entry* a, const Entry* b) {
      if (a->name.size() != b->name.size()) return a->name.size() > b->name.size();
      return a->covers != Covers::zone && b->covers == Covers::zone;
    });
    for (const Entry* entry : fitting) {
      if (entry->groups.empty() || entry->groups.contains(group)) return {entry, false};
      if (!entry->next) return {entry, true};
    }
    return {};
  }
  bool is_private(const Labels& name, unsigned group) const {
    const Entry* entry = decide(name, group).entry;
    return entry != nullptr ? entry->is_private : default_pool && pools[*default_pool].is_private;
  }
  // Where the name may be sent; empty: nowhere.
  std::vector<std::string> servers_of(const Labels& name, unsigned group) const {
    const Decision decision = decide(name, group);
    if (decision.left_out) return {};
    const std::optional<unsigned> pool = decision.entry != nullptr ? decision.entry->pool : default_pool;
    return pool ? pools[*pool].endpoints : std::vector<std::string>{};
  }
};

class Generator {
 public:
  explicit Generator(std::mt19937& random) : random_(random) {}

  // Pools 0 to 3 may be private, 4 and 5 are not: an address is never in both kinds.
  Rules rules() {
    Rules rules;
    rules.yaml = R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86]
clients:
  allow: [192.168.0.0/16, 10.0.0.0/8]
  groups: {g1: {prefixes: [192.168.10.21]}, g2: {prefixes: [192.168.10.22]}}
pools:
)";
    const unsigned private_pools = 1 + below(4);
    for (unsigned i = 0; i < private_pools; ++i) add_pool(rules, i, true);
    const unsigned public_pools = 1 + below(2);
    for (unsigned i = 0; i < public_pools; ++i) add_pool(rules, 4 + i, false);
    if (below(5) != 0)  // mostly a public one, as everywhere
      rules.default_pool = below(8) == 0 ? below(private_pools) : private_pools + below(public_pools);
    rules.yaml += "zones:\n";
    const unsigned entries = 1 + below(9);
    lines_.clear();
    with_views_ = below(3) == 0;
    for (unsigned i = 0; i < entries; ++i) add_entry(rules);
    // What check refuses is left out: names for the same clients twice, private ones that are passed on to others' pools.
    const std::string tail = default_text(rules);
    std::string all = rules.yaml;
    for (const std::string& line : lines_) all += line;
    if (with_views_ && !is_fine(all + tail)) {
      all = rules.yaml;
      std::vector<Entry> kept;
      for (size_t i = 0; i < lines_.size(); ++i) {
        if (!is_fine(all + lines_[i] + tail)) continue;
        all += lines_[i];
        kept.push_back(rules.entries[i]);
      }
      rules.entries = std::move(kept);
    }
    rules.yaml = all + (rules.entries.empty() ? "  []\n" : "") + tail;
    return rules;
  }

  // Names nest: few labels, few of them different.
  Labels name(unsigned most) {
    Labels labels{"t"};
    for (unsigned more = below(most); more > 0; --more) labels.insert(labels.begin(), std::string(1, "abc"[below(3)]));
    return labels;
  }
  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

 private:
  void add_pool(Rules& rules, unsigned number, bool is_private) {
    Pool pool{.name = "p" + std::to_string(number), .is_private = is_private, .endpoints = {}};
    std::string endpoints;
    const unsigned count = 1 + below(3);
    for (unsigned i = 0; i < count; ++i) {
      pool.endpoints.push_back("10." + std::to_string(number + 1) + ".0." + std::to_string(i + 1));
      endpoints += (i != 0 ? ", " : "") + ("{address: " + pool.endpoints.back());
      endpoints += below(4) == 0 ? ", budget: " + std::to_string(1 + below(3)) + "}" : ", budget: 0}";
    }
    static const char* const kPolicies[] = {"least-outstanding", "round-robin", "weighted", "ordered"};
    static const char* const kRetries[] = {"[]", "[servfail]", "[refused]", "[servfail, refused]"};
    const bool by_kind = is_private && below(2) == 0;
    rules.yaml += "  " + pool.name + ": {kind: " + (by_kind ? "route53-inbound" : "recursive") +
                  (is_private && !by_kind ? ", private: on" : "") + ", policy: " + kPolicies[below(by_kind ? 3 : 4)] +
                  ", retry_on: " + kRetries[below(4)] + ", endpoints: [" + endpoints + "]}\n";
    rules.pools.push_back(std::move(pool));
  }

  void add_entry(Rules& rules) {
    Entry entry{.name = name(5), .covers = static_cast<Covers>(below(3)), .pool = {}, .cname = {}, .groups = {}};
    if (with_views_ && !rules.entries.empty() && below(3) == 0) entry.name = rules.entries.back().name;
    if (!with_views_)
      for (const Entry& other : rules.entries)  // one for the name itself, one for what is below
        if (other.name == entry.name &&
            (other.covers == entry.covers || (other.covers != Covers::name && entry.covers != Covers::name)))
          return;
    const size_t before = rules.yaml.size();
    std::string text;
    for (const std::string& label : entry.name) text += (text.empty() ? "" : ".") + label;
    rules.yaml += entry.covers == Covers::name
                      ? "  - {name: " + text
                      : "  - {zone: \"" + std::string(entry.covers == Covers::below ? "*." : "") + text + "\"";
    if (with_views_ && below(3) != 0) {
      const unsigned groups = 1 + below(3);
      for (const unsigned group : {1U, 2U})
        if ((groups & group) != 0) entry.groups.insert(group);
      entry.next = below(2) != 0;
      rules.yaml += std::string(", clients: [") +
                    (groups == 3   ? "g1, g2"
                     : groups == 1 ? "g1"
                                   : "g2") +
                    "]" + (entry.next ? ", otherwise: next" : "");
    }
    const auto keep = [&] {
      lines_.push_back(rules.yaml.substr(before));
      rules.yaml.resize(before);
      rules.entries.push_back(std::move(entry));
    };
    if (below(10) == 0) {
      rules.yaml += ", answer: nodata}\n";
      return keep();
    }
    entry.pool = below(static_cast<unsigned>(rules.pools.size()));
    entry.is_private = rules.pools[*entry.pool].is_private;
    rules.yaml += ", pool: " + rules.pools[*entry.pool].name;
    if (!entry.is_private && below(5) == 0) {
      entry.is_private = true;
      rules.yaml += ", private: on";
    }
    if (entry.is_private && below(2) == 0) {
      const bool alarm = below(4) == 0;
      entry.checks_addresses = !alarm;
      rules.yaml += std::string(", expect: 10.77.0.0/16, on_leak: ") + (alarm ? "alarm" : "servfail");
    }
    static const char* const kCnames[] = {"chase", "chase", "chase", "alarm", "pass"};
    entry.cname = kCnames[below(5)];
    rules.yaml += ", cname: " + entry.cname + "}\n";
    keep();
  }

  static bool is_fine(const std::string& yaml) { return config::read_model_text(yaml, "x.yaml").model.has_value(); }
  static std::string default_text(const Rules& rules) {
    return rules.default_pool ? "default: {pool: " + rules.pools[*rules.default_pool].name + "}\n" : "";
  }

  std::mt19937& random_;
  bool with_views_ = false;
  std::vector<std::string> lines_;  // of the YAML, one for each entry
};

// ---- messages, read apart from the code under test ----

std::string read_text(const Bytes& message, size_t& at) {
  std::string text;
  std::optional<size_t> behind;
  while (message.at(at) != 0) {
    if (message[at] >= 0xc0) {
      if (!behind) behind = at + 2;
      at = get16(message, at) & 0x3fffU;
      continue;
    }
    if (!text.empty()) text += '.';
    for (unsigned i = 1; i <= message[at]; ++i) text += static_cast<char>(std::tolower(message.at(at + i)));
    at += message[at] + 1U;
  }
  at = behind.value_or(at + 1);
  return text;
}

struct Answer {
  std::string question;
  uint16_t type = 0;
  std::map<std::string, std::string> links;  // CNAMEs
  std::vector<std::string> addresses;        // of the answer section
};

Answer read_answer(const Bytes& message) {
  Answer answer;
  size_t at = 12;
  answer.question = read_text(message, at);
  answer.type = get16(message, at);
  at += 4;
  for (unsigned left = get16(message, 6); left > 0; --left) {
    const std::string owner = read_text(message, at);
    const uint16_t type = get16(message, at);
    const size_t length = get16(message, at + 8);
    size_t data = at + 10;
    at = data + length;
    if (type == kA && length == 4) {
      config::IpAddress address;
      address.family = 4;
      std::copy_n(message.begin() + static_cast<std::ptrdiff_t>(data), 4, address.bytes.begin());
      answer.addresses.push_back(config::to_string(address));
    }
    if (type == kCname) answer.links.emplace(owner, read_text(message, data));
  }
  return answer;
}

// ---- the test ----

class FailClosed : public testing::Test {
 protected:
  // What an endpoint says stands in its answers: 10.77.pool.number of a private pool, 203.0.113.x of a public one.
  static std::string address_of(const std::string& endpoint) {
    const Labels octets = split(endpoint);
    return (std::stoi(octets[1]) <= 4 ? "10.77." + octets[1] + "." : "203.0.113.1") + octets[3];
  }

  void load(const Rules& rules) {
    rig_->load(rules.yaml);
    rules_ = rules;
    loaded_at_ = rig_->now;
    for (const Pool& pool : rules_.pools)
      for (const std::string& endpoint : pool.endpoints) set_endpoint(endpoint);
  }

  void set_endpoint(const std::string& endpoint) {
    config::EndpointState state;
    state.source = address("192.168.10.86").bytes;
    state.mac = mac(0xe1);
    state.port = 1;
    state.reachable = make_.below(3) != 0 ? 1 : 0;
    state.health = static_cast<config::Health>(make_.below(3));
    state.drained = make_.below(6) == 0 ? 1 : 0;
    rig_->set_endpoint(endpoint, state);
  }

  // Every frame that leaves.
  void judge(const std::vector<Sent>& sent) {
    for (const Sent& one : sent) {
      const auto frame = read(one.bytes);
      ASSERT_TRUE(frame.has_value()) << frame.error();
      if (frame->destination_port == 53)
        judge_query(*frame);
      else
        judge_answer(*frame);
      if (HasFatalFailure()) return;
    }
  }

  void judge_query(const Frame& frame) {
    size_t at = 12;
    const Labels name = split(read_text(frame.payload, at));
    const std::string server = config::to_string(frame.destination);
    // A query does not say for whom it is: for one of those who asked lately, and privately if the name is private for any of them.
    bool is_private = false;
    bool right = false;
    for (const unsigned group : groups_) {
      const auto servers = rules_.servers_of(name, group);
      is_private = is_private || rules_.is_private(name, group);
      right = right || std::find(servers.begin(), servers.end(), server) != servers.end();
    }
    if (!is_private && !right) ++strayed_;
    ASSERT_TRUE(!is_private || right) << "a private name was sent outside its pool: " << to_hex(frame.payload) << " to "
                                      << server << "\n"
                                      << rules_.yaml;
    ++(is_private ? private_queries_ : public_queries_);
    open_.push_back(frame);
  }

  void judge_answer(const Frame& frame) {
    if (get16(frame.payload, 4) == 0) return;
    ++answers_[get16(frame.payload, 2) & 0xf];
    // Questions of the rules before may have been answered by them.
    if (rig_->now < loaded_at_ + 4'000'000'000) return;
    const Answer answer = read_answer(frame.payload);
    const Labels asked = split(answer.question);
    const unsigned group = group_of(config::to_string(frame.destination));
    const Rules::Decision decision = rules_.decide(asked, group);
    if (decision.left_out) {
      ASSERT_EQ(get16(frame.payload, 6), 0)
          << "an answer for a client that is left out: " << to_hex(frame.payload) << rules_.yaml;
      return;
    }
    if (rules_.is_private(asked, group)) {
      const Entry* entry = decision.entry;
      // Whatever chain it is, its addresses are the word of the client's own pool.
      const auto servers = rules_.servers_of(asked, group);
      for (const std::string& one : answer.addresses)
        if (answer.links.empty() && entry != nullptr && entry->pool) {
          bool own = false;
          for (const std::string& server : servers) own = own || address_of(server) == one;
          ASSERT_TRUE(own) << "another view's answer: " << one << " " << to_hex(frame.payload) << rules_.yaml;
          ++judged_views_;
        }
      if (entry == nullptr || !entry->checks_addresses) return;
      for (const std::string& one : answer.addresses)
        ASSERT_TRUE(one.starts_with("10.77.")) << "a leak: " << one << " " << to_hex(frame.payload) << rules_.yaml;
      ++judged_answers_;
      return;
    }
    if (answer.type == kCname || answer.type == kAny) return;
    std::string name = answer.question;
    for (unsigned links = 0; links < 20 && answer.links.contains(name); ++links) {
      name = answer.links.at(name);
      const Labels labels = split(name);
      const auto [entry, left_out] = rules_.decide(labels, group);
      const bool is_default = entry == nullptr && rules_.is_private(labels, group);  // its pool is private
      if (!is_default && (entry == nullptr || !entry->is_private || !entry->pool || entry->cname != "chase")) continue;
      // What stands behind a link into a private zone is the word of that zone's own servers.
      for (const std::string& one : answer.addresses) {
        bool own = false;
        for (const std::string& server : rules_.servers_of(labels, group)) own = own || address_of(server) == one;
        ASSERT_TRUE(own) << "a public tail: " << one << " " << to_hex(frame.payload) << rules_.yaml;
      }
      ++judged_chains_;
      return;
    }
  }

  static unsigned group_of(const std::string& client) {
    return client == "192.168.10.21" ? 1 : client == "192.168.10.22" ? 2 : 0;
  }

  void ask() {
    std::vector<Bytes> burst;
    for (unsigned count = 1 + make_.below(4); count > 0; --count) {
      std::string name;
      for (const std::string& label : make_.name(6)) name += (name.empty() ? "" : ".") + label;
      if (make_.below(10) == 0) name = "elsewhere";
      static constexpr uint16_t kTypes[] = {kA, kA, kA, kA, kTxt, kCname, kAny};
      DnsQuery query{.id = static_cast<uint16_t>(make_.below(3)),
                     .flags = static_cast<uint16_t>(make_.below(4) == 0 ? 0x0110 : 0x0100),
                     .question = {.name = name, .type = kTypes[make_.below(7)]},
                     .opt = {}};
      if (make_.below(2) == 0) query.opt = Opt{.dnssec_ok = make_.below(2) == 0, .extended_error = {}};
      // Some of them endpoints themselves, as domain controllers are.
      const std::string client = make_.below(6) == 0 ? "10." + std::to_string(1 + make_.below(6)) + ".0.1"
                                                     : "192.168.10." + std::to_string(20 + make_.below(3));
      groups_.insert(group_of(client));
      burst.push_back(write(Frame{.source_mac = mac(0xc1),
                                  .destination_mac = mac(0xa0),
                                  .vlan = {},
                                  .source = address(client),
                                  .destination = address("192.168.10.86"),
                                  .source_port = static_cast<uint16_t>(40000 + make_.below(2)),
                                  .destination_port = 53,
                                  .payload = write(query)}));
    }
    judge(rig_->receive(0, burst));
  }

  void answer_one() {
    if (open_.empty()) return;
    const size_t last = std::min<size_t>(open_.size(), 8);  // older ones are late by now, mostly
    const size_t at = open_.size() - 1 - make_.below(static_cast<unsigned>(last));
    const Frame query = open_[at];
    if (make_.below(5) != 0) open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(at));
    size_t place = 12;
    const std::string name = read_text(query.payload, place);
    const Bytes mine = ip(address_of(config::to_string(query.destination)));
    std::string target;
    for (const std::string& label : make_.name(6)) target += (target.empty() ? "" : ".") + label;
    std::vector<Rr> records;
    uint16_t rcode = 0;
    switch (make_.below(8)) {
      case 0:
        rcode = 2;
        break;
      case 1:
        rcode = 5;
        break;
      case 2:
        rcode = 3;
        break;
      case 3:
        records = {{name, kCname, wire_name(target)}};
        break;
      case 4:
        records = {{name, kCname, wire_name(target)}, {target, kA, mine}};
        break;
      case 5:
        records = {
            {name, kCname, wire_name("x.elsewhere")}, {"x.elsewhere", kCname, wire_name(target)}, {target, kA, mine}};
        break;
      case 6:
        records = {{name, kA, mine}, {name, kA, Bytes(make_.below(4), 7)}};
        break;
      default:
        records = {{name, kA, mine}};
    }
    Frame response = query;
    std::swap(response.source_mac, response.destination_mac);
    std::swap(response.source, response.destination);
    std::swap(response.source_port, response.destination_port);
    response.payload = answer(query.payload, rcode, records);
    judge(rig_->receive(1, {write(response)}));
  }

  void step() {
    switch (make_.below(16)) {
      case 0:
      case 1: {
        const Pool& pool = rules_.pools[make_.below(static_cast<unsigned>(rules_.pools.size()))];
        set_endpoint(pool.endpoints[make_.below(static_cast<unsigned>(pool.endpoints.size()))]);
        break;
      }
      case 2:
        rig_->lcore().control_silent = make_.below(2) == 0;
        break;
      case 3:
      case 4:
        rig_->pass(make_.below(8) == 0 ? 2000 : 20 + make_.below(300));
        break;
      case 5:
      case 6:
      case 7:
      case 8:
        ask();
        break;
      default:
        answer_one();
    }
    if (!HasFatalFailure()) judge(rig_->sweep());
    if (open_.size() > 64) open_.erase(open_.begin(), open_.begin() + 32);
  }

  std::mt19937 random_{20261123};
  Generator make_{random_};
  std::unique_ptr<PathRig> rig_;
  Rules rules_;
  uint64_t loaded_at_ = 0;
  std::vector<Frame> open_;
  uint64_t private_queries_ = 0;
  uint64_t public_queries_ = 0;
  uint64_t strayed_ = 0;  // names that are not private, sent outside their pool
  uint64_t judged_answers_ = 0;
  uint64_t judged_views_ = 0;
  std::set<unsigned> groups_{0};  // of clients that have asked
  uint64_t judged_chains_ = 0;
  std::map<unsigned, uint64_t> answers_;  // by rcode
};

TEST_F(FailClosed, RandomRulesAndRandomFailures) {
  std::map<std::string, uint64_t> outcomes;
  for (unsigned i = 0; i < kRuleSets && !HasFatalFailure(); ++i) {
    if (i % 200 == 0) {
      open_.clear();
      rig_ = std::make_unique<PathRig>(
          RigOptions{.rules = make_.rules().yaml, .pending_slots = 64, .cache_size = 1 << 18, .budgets = true});
    }
    // A reload in the middle of what the last rules left open.
    load(make_.rules());
    // In every other the clock runs on, so that answers can be judged, too.
    if (i % 2 == 0) {
      rig_->pass(5000);
      for (unsigned sweeps = 0; sweeps < 2; ++sweeps) judge(rig_->sweep());  // all 64 slots: a sweep ends a burst of 32
    }
    for (unsigned number = 0; number < kSteps && !HasFatalFailure(); ++number) step();
    if (i % 200 != 199 || HasFatalFailure()) continue;
    for (std::string rest = rig_->verdict(); !rest.empty();) {
      const std::string word = rest.substr(0, rest.find(' '));
      rest = rest.size() == word.size() ? "" : rest.substr(word.size() + 1);
      const size_t equal = word.find('=');
      outcomes[word.substr(0, equal)] += equal == std::string::npos ? 1 : std::stoull(word.substr(equal + 1));
    }
    ASSERT_EQ(rig_->imbalance(), "");
  }
  if (HasFatalFailure()) return;
  // The failures happened, and the judge had work.
  EXPECT_EQ(strayed_, 0U);
  EXPECT_GT(private_queries_, 30'000U);
  EXPECT_GT(public_queries_, 10'000U);
  EXPECT_GT(judged_answers_, 1'000U);
  EXPECT_GT(judged_views_, 300U);
  EXPECT_GT(outcomes["query.refused_view"], 1'000U);
  EXPECT_GT(judged_chains_, 20U);
  for (const char* outcome :
       {"query.forwarded", "query.servfail_no_next_hop", "query.servfail_over_budget", "query.refused_loop",
        "response.returned", "response.blocked", "response.chased", "sweep.expired", "retry.sent", "guard.blocked",
        "guard.alarmed", "guard.unreadable", "guard.chain_cut", "guard.chain_alarmed"})
    EXPECT_GT(outcomes[outcome], 100U) << outcome;
  std::string text;
  for (const auto& [name, count] : outcomes) text += " " + name + "=" + std::to_string(count);
  std::printf("private queries %lu, others %lu, answers judged %lu, chains %lu;%s\n", private_queries_, public_queries_,
              judged_answers_, judged_chains_, text.c_str());
}

}  // namespace
}  // namespace penstock::test

// tests/fuzz/live/oracle.h - judges what leaves a live path: README.md lists what holds.
//
// It knows the rules as they were written (config/model.h) and matches names by walking all entries; it shares no code with the tables,
// the state or the stages of the path.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/fuzz/live/message.h"
#include "tests/fuzz/live/world.h"

namespace penstock::fuzz {

// A message on its way to an endpoint, that may be answered.
struct LiveSend {
  test::Frame frame;
  unsigned port = 0;
  unsigned endpoint = 0;  // of live_endpoints()
};

class LiveOracle {
 public:
  // What a client sends, before the path sees it. `port` is the one that it arrives on.
  void asked(unsigned client, unsigned port, const test::Frame& frame);
  // From now on these rules are in force.
  void loaded(unsigned rules);
  // A frame that left. What is wrong with it, or "". A message to an endpoint is added to sends().
  std::string judge(const test::Sent& sent);
  // Nothing is under way any more. What is missing, or "".
  std::string judge_end() const;

  std::deque<LiveSend>& sends() { return sends_; }

 private:
  // Who asks by what: what a client tells its answers by.
  using AskKey = std::tuple<unsigned, test::Mac, std::string, uint16_t, uint16_t>;  // port, MAC, address, port, id
  struct Ask {
    unsigned client = 0;
    bool is_known = false;  // the question could be read; so the rest says something
    bool answers_by_size = true;
    std::vector<uint8_t> question;
    LiveName name;
    uint16_t type = 0;
    bool has_opt = false;
    bool is_opaque = false;
    bool must_be_answered = false;
    unsigned size = 512;
    unsigned rules_since = 0;  // index into history_
    unsigned asked = 0;
    unsigned answered = 0;
  };
  // What the rules say of a name for a group.
  struct Verdict {
    const config::Rule* rule = nullptr;  // null: none, or the client is left out
    bool is_left_out = false;
    bool is_private = false;  // of the entry that decided, also by leaving out
  };

  const LiveRules& rules() const { return live_rules()[history_.back()]; }
  static Verdict match(const config::Model& model, const LiveName& name, const std::string& group);
  static bool reaches(const config::Model& model, const std::string& group, unsigned endpoint);

  std::string judge_send(const test::Frame& frame, unsigned port);
  std::string judge_answer(const test::Frame& frame, unsigned port);
  std::string judge_addresses(const Ask& ask, const LiveMessage& message) const;
  std::string judge_provenance(const Ask& ask, const LiveMessage& message) const;

  std::vector<unsigned> history_{0};  // rule sets in force, the last one now
  std::map<AskKey, Ask> asks_;
  std::set<std::string> groups_;  // of clients that have asked
  std::deque<LiveSend> sends_;
};

}  // namespace penstock::fuzz

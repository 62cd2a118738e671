// control/history/history.h - the last configurations that were in force: when, by whom, and what each changed.
//
// A dataplane that connects gets the same rules under a next number, and a reload of an unchanged file does as well: both are one
// entry, so that neither a restart loop nor a timer pushes out what somebody may want back.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/read/read_model.h"

namespace penstock::control {

constexpr size_t kMostGenerations = 16;

// Who put rules in force.
struct Origin {
  enum class How : uint8_t { start, signal, watch, command, rollback };
  How how = How::start;
  std::string who = {};  // "alice (uid 1000, pid 4242)"; empty: nobody typed it
};
// "start", "SIGHUP", "file watch", "reload" or "rollback".
const char* to_string(Origin::How);
// "reload by alice (uid 1000, pid 4242)", "SIGHUP"
std::string to_string(const Origin&);

struct Generation {
  uint64_t first = 0;  // numbers that these rules had, one behind the other
  uint64_t last = 0;
  int64_t at = 0;  // seconds since 1970
  Origin origin = {};
  std::string hash = {};       // content_hash() of the files
  std::string changes = {};    // against the entry before, in one line
  uint64_t restored = 0;       // of a rollback: `last` of the entry that it went back to
  std::string left_hash = {};  // of a rollback: of the file that it left, which is not taken again until it changes
  bool is_kept = false;        // a dataplane has taken the rules, and the files are kept
};

// The same for the same octets, in whatever folders they lie; 16 hexadecimal digits.
std::string content_hash(const std::vector<config::SourceFile>& files);

class History {
 public:
  // The newest last; at most kMostGenerations.
  const std::deque<Generation>& generations() const { return generations_; }
  // In force; null: there is none yet.
  const Generation* newest() const { return generations_.empty() ? nullptr : &generations_.back(); }
  // That had this number; null: none that is known.
  const Generation* find(uint64_t number) const;
  // Where a rollback goes without a number: the newest rules that were in force before those that are now, and are others. After a
  // rollback: before those that it went back to, so that a second one goes on and does not return to what was left. Null: there is none.
  const Generation* previous() const;
  // The newest is a rollback: the file on disk is not in force.
  const Generation* rollback() const;

  // New rules came into force. Those of the newest entry again are no entry of their own, unless they end a rollback. An entry that no
  // dataplane has taken makes room for them.
  void add(Generation);
  // The rules in force have got another number.
  void renumber(uint64_t generation);
  // They are kept from now on; of another hash: no longer in force.
  void set_kept(const std::string& hash);
  void drop_kept(const std::string& hash);

 private:
  friend tl::expected<History, std::string> parse_history(const std::string& text);
  std::deque<Generation> generations_;
};

std::string to_text(const History&);
tl::expected<History, std::string> parse_history(const std::string& text);

}  // namespace penstock::control

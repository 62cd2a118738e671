// control/changes/rule_changes.h - what one configuration would change against another, in words: names, pools, endpoints, clients, settings.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "config/model.h"

namespace penstock::control {

constexpr size_t kChangesShown = 1000;  // of a section, unless all are asked for
constexpr size_t kAllChanges = std::numeric_limits<size_t>::max();

enum class ChangeKind : uint8_t { added, removed, changed };
const char* to_string(ChangeKind);

struct Change {
  ChangeKind kind = ChangeKind::changed;
  std::string name;                  // "corp.example", "*.corp.example", "pool vpc", "lcores"
  std::vector<std::string> details;  // lines: what it is, was, or what is different
};

struct Section {
  const char* name = "";           // "zones", "pools", "endpoints", "clients" or "settings"
  std::array<size_t, 3> counts{};  // by ChangeKind
  std::vector<Change> changes;     // the first ones

  size_t count() const { return counts[0] + counts[1] + counts[2]; }
};

struct RuleChanges {
  std::vector<Section> sections;
  size_t count() const;
  // "zones: 2 added, 1 removed (a.example, b.example, c.example); pools: 1 changed (vpc)"; "nothing" when there is none.
  std::string line() const;
};

// `most`: changes that are put in words, a section. Fast where two long lists of names differ at one place. Names that are built in are
// told by their switch.
RuleChanges find_changes(const config::Model& before, const config::Model& next, size_t most = kChangesShown);

}  // namespace penstock::control

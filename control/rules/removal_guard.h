// control/rules/removal_guard.h - what a reload would take away from private zones.
//
// A config generator cut in half must not send private names to public DNS. A narrower zone may go while a wider private
// zone sends its names to the same pool. A new exception inside a private zone is held back like a removal: it sends
// names away that stayed inside. Pools, zone files and groups of clients are known again by their names. Where zones are for some
// clients only, what each group loses counts; that an address is taken out of a group counts only if it would see private names
// go to a pool that is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/model.h"
#include "control/rules/accepted_zones.h"

namespace penstock::control {

constexpr size_t kRemovalsShown = 20;

struct Removals {
  struct Item {
    std::string
        name;  // of a zone in presentation form ("*.x": the names below it), of a zones_file, "pool x", or "default"
    std::string what;  // "is removed: its names would go to pool corporate"
  };
  std::vector<Item> items;  // the first kRemovalsShown, in the order of the running configuration
  size_t count = 0;         // all of them
  explicit operator bool() const { return count != 0; }
};

Removals find_removals(const config::Model& running, const config::Model& next);
// The same against what a control before this one published.
Removals find_removals(const AcceptedZones&, const config::Model& next);

// How many names each zones_file has.
std::map<std::string, size_t> names_by_zones_file(const config::Model&);
// Indices of the entries without which the guard would see something else: private ones and what lies inside them.
std::vector<uint32_t> entries_that_guard(const config::Model&);

// One an item, then how many more there are. Empty when there are none.
std::vector<std::string> to_lines(const Removals& removals);
// The same with an end of line after each.
std::string to_text(const Removals& removals);

}  // namespace penstock::control

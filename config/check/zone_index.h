// config/check/zone_index.h - finds names among the entries of a model's zones: a sorted list of hashes, made for a
// million of them.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.h"

namespace penstock::config {

class ZoneIndex {
 public:
  using Wanted = std::function<bool(const ZoneNames::Entry&)>;
  // Of the entries that `wanted` takes, all when it is empty. `zones` must outlive the index and stay as it
  // is.
  explicit ZoneIndex(const ZoneNames& zones, const Wanted& wanted = {});

  // The entry of a name and a scope; null: none. The first one written, when there are several.
  const ZoneNames::Entry* find(std::string_view wire_name, Scope) const;
  // All entries of a name, as written.
  std::vector<const ZoneNames::Entry*> all(std::string_view wire_name) const;
  // The entry that decides for the names below, and by `with_apex` for the name itself, from the name's own
  // up to the top: the longest suffix wins. Null: none, the default decides.
  const ZoneNames::Entry* longest_match(std::string_view wire_name, bool with_apex) const;
  // Visits all entries of each name that has more than one, in the order they were written.
  void each_repeated(const std::function<void(const std::vector<const ZoneNames::Entry*>&)>& visit) const;
  bool empty() const { return sorted_.empty(); }

 private:
  using Hashed = std::pair<uint64_t, uint32_t>;  // hash of the name, index of the entry
  const ZoneNames& zones_;
  std::vector<Hashed> sorted_;
  std::vector<bool> label_counts_;  // that occur
};

}  // namespace penstock::config

#include "control/import/form/clients.h"

#include <algorithm>
#include <optional>
#include <set>

namespace penstock::imports {
namespace {

bool contains(const IpPrefix& outer, const IpPrefix& inner) {
  return outer.address.family == inner.address.family && outer.length <= inner.length && outer.contains(inner.address);
}

void collect(const ClientList& list, std::set<IpPrefix>& into) {
  for (const ClientElement& element : list) {
    into.insert(element.prefixes.begin(), element.prefixes.end());
    collect(element.nested, into);
  }
}

// What the list says of a client inside the prefix, but in no longer one that is written. Empty: nothing.
std::optional<bool> verdict(const ClientList& list, const IpPrefix& prefix) {
  for (const ClientElement& element : list) {
    const bool is_in = std::any_of(element.prefixes.begin(), element.prefixes.end(),
                                   [&](const IpPrefix& one) { return contains(one, prefix); }) ||
                       verdict(element.nested, prefix).value_or(false);
    if (is_in) return !element.is_negated;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::pair<IpPrefix, size_t>> first_list(const std::vector<ClientList>& lists) {
  std::set<IpPrefix> written;
  for (const ClientList& list : lists) collect(list, written);
  std::vector<IpPrefix> ordered(written.begin(), written.end());
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const IpPrefix& a, const IpPrefix& b) { return a.length < b.length; });
  std::vector<std::pair<IpPrefix, size_t>> result;
  for (const IpPrefix& prefix : ordered) {
    size_t first = lists.size();
    for (size_t i = lists.size(); i-- > 0;)
      if (verdict(lists[i], prefix).value_or(false)) first = i;
    size_t around = lists.size();
    for (const auto& [outer, list] : result)
      if (contains(outer, prefix)) around = list;  // shorter ones come first
    if (first != around) result.emplace_back(prefix, first);
  }
  return result;
}

IpPrefix all_clients(uint8_t family) {
  IpPrefix prefix;
  prefix.address.family = family;
  return prefix;
}

}  // namespace penstock::imports

// control/import/form/clients.h - lists of clients in which the first match decides, as ours in which the longest prefix does.
#pragma once

#include <utility>
#include <vector>

#include "control/import/form/source.h"

namespace penstock::imports {

struct ClientElement {
  bool is_negated = false;
  std::vector<IpPrefix> prefixes;
  std::vector<ClientElement> nested;  // matches where the list inside does
};
using ClientList = std::vector<ClientElement>;

// Which of `lists` is the first that has a client: its number, lists.size() for none. The longest prefix decides; those that would say what
// a shorter one says are left out.
std::vector<std::pair<IpPrefix, size_t>> first_list(const std::vector<ClientList>& lists);

IpPrefix all_clients(uint8_t family);

}  // namespace penstock::imports

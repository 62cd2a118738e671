// tests/control/admin/explain/entries.h - messages about cached answers, as a dataplane sends them.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "config/contract/image.h"
#include "config/contract/inquiry/browse.h"
#include "control/link/dataplane_link.h"

namespace penstock::control {

inline const std::string kAddress("\xc0\x0c\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\x0a\x10\x03\x04", 16);  // TTL 300

// An address of the name, stored 54.3 s ago.
inline config::CachedAnswer cached_address() {
  config::CachedAnswer told;
  told.rule = config::RuleIndex{0};
  told.identity = 7;
  told.age_ms = 54'300;
  told.ttl = 300;
  told.max_stale = 86'400;
  told.record_type = 1;
  told.record_class = 1;
  told.counts = {1, 0, 0};
  told.error = config::kNoError;
  told.bits = config::kAskedForRecursion;
  told.heat = 3;
  told.state = config::CachedState::fresh;
  return told;
}

inline void add_entry(BrowsedPages& pages, config::CachedAnswer told, const std::string& name,
                      const std::string& body) {
  const std::string wire = config::parse_name(name).value();
  told.name_length = static_cast<uint8_t>(wire.size());
  told.body_length = static_cast<uint16_t>(body.size());
  told.size = static_cast<uint32_t>((sizeof told + wire.size() + body.size() + 7) / 8 * 8);
  const size_t at = pages.entries.size();
  pages.entries.resize(at + told.size);
  std::memcpy(&pages.entries[at], &told, sizeof told);
  std::memcpy(&pages.entries[at + sizeof told], wire.data(), wire.size());
  std::memcpy(&pages.entries[at + sizeof told + wire.size()], body.data(), body.size());
  ++pages.head.entries;
}

}  // namespace penstock::control

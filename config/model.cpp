#include "config/model.h"

namespace penstock::config {

void ZoneNames::add(std::string_view wire_name, Scope scope, uint32_t rule, Where where) {
  entries.push_back({static_cast<uint32_t>(bytes.size()), rule, where, static_cast<uint8_t>(wire_name.size()), scope});
  bytes.append(wire_name);
}

}  // namespace penstock::config

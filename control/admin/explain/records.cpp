#include "control/admin/explain/records.h"

#include <ldns/ldns.h>
// ldns makes them ints in the absence of C99's.
#undef true
#undef false

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

namespace penstock::control {
namespace {

struct Free {
  void operator()(char* text) const { std::free(text); }
};
using Text = std::unique_ptr<char, Free>;

std::string line_of(ldns_rr* record, uint64_t age_s) {
  const uint32_t ttl = ldns_rr_ttl(record);
  ldns_rr_set_ttl(record, ttl > age_s ? static_cast<uint32_t>(ttl - age_s) : 0);
  const Text text(ldns_rr2str(record));
  std::string line = text ? text.get() : "";
  std::replace(line.begin(), line.end(), '\t', ' ');
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  return line;
}

}  // namespace

nlohmann::json record_lines(const ldns_struct_pkt& packet, uint64_t age_s) {
  nlohmann::json lines = nlohmann::json::array();
  for (const auto& [section, list] : {std::pair{"answer", ldns_pkt_answer(&packet)},
                                      {"authority", ldns_pkt_authority(&packet)},
                                      {"additional", ldns_pkt_additional(&packet)}})
    for (size_t i = 0; i < ldns_rr_list_rr_count(list); ++i)
      lines.push_back({{"section", section}, {"text", line_of(ldns_rr_list_rr(list, i), age_s)}});
  return lines;
}

std::string rcode_text(unsigned rcode) {
  const Text text(ldns_pkt_rcode2str(static_cast<ldns_pkt_rcode>(rcode)));
  return text ? text.get() : "RCODE " + std::to_string(rcode);
}

}  // namespace penstock::control

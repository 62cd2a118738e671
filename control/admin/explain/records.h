// control/admin/explain/records.h - records and rcodes as text, by ldns.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

struct ldns_struct_pkt;

namespace penstock::control {

// [{"section": "answer" | "authority" | "additional", "text": "a.example. 246 IN A 10.1.2.3"}]; TTLs less `age_s`, but not below 0.
nlohmann::json record_lines(const ldns_struct_pkt& packet, uint64_t age_s);
// "NOERROR" or "RCODE 17".
std::string rcode_text(unsigned rcode);

}  // namespace penstock::control

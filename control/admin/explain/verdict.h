// control/admin/explain/verdict.h - an endpoint's answer as JSON, and what the client gets for it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "config/contract/inquiry/question.h"
#include "config/model.h"

namespace penstock::control {

// {"rcode", "truncated", "octets", "records": [{"section", "text"}]}; null: it cannot be read.
nlohmann::json answer_report(std::span<const uint8_t> message);

// {"finding", "ok", "text", "client_gets"}: in the words of this file, by what the guard found. `pool` is the question's, `answer` as above.
nlohmann::json verdict_of(const config::Judged& judged, const nlohmann::json& answer, const config::Model& model,
                          const config::Pool& pool);
// The same when no answer came. `stale`: an expired answer may be given in its place.
nlohmann::json verdict_of_silence(const std::string& problem, bool stale);
// The same of an answer that was cut short over UDP.
nlohmann::json verdict_of_truncation(const config::Pool& pool);

}  // namespace penstock::control

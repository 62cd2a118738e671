// dataplane/inquiry/judge.h - what the guard says of an answer that control has received.
#pragma once

#include <cstdint>
#include <span>

#include "config/contract/inquiry/question.h"
#include "dataplane/tables/ruleset.h"

namespace penstock::inquiry {

// `answer` is untrusted, 65535 octets at most. `rules` may be nullptr.
config::Judged judge(const config::Judge& request, std::span<const uint8_t> answer, const tables::Ruleset* rules);

}  // namespace penstock::inquiry

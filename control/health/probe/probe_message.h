// control/health/probe/probe_message.h - the DNS query of a health probe, and what an answer to it says. Bytes
// only, by ldns.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/contract/name.h"
#include "config/model.h"

namespace penstock::control {

struct ProbeQuestion {
  config::WireName name;
  uint16_t type = 0;        // host order
  bool mixed_case = false;  // each probe draws which letters are capitals: in_mixed_case()
  bool operator==(const ProbeQuestion&) const = default;
};

// What every pool of the model is probed with, in the order of Model::pools: SOA of its name by config/check/probe_names.h, NS of
// the root.
std::vector<ProbeQuestion> probe_questions(const config::Model& model);

std::string to_string(const ProbeQuestion& question);

// Whether there are letters enough for both cases.
bool can_be_mixed(const config::WireName& name);
// The name with some capitals and some small letters, by the bits. It can_be_mixed().
config::WireName in_mixed_case(config::WireName name, uint64_t bits);

// Class IN, RD set, no EDNS; the name as it is spelled.
std::vector<uint8_t> build_probe(const ProbeQuestion& question, uint16_t id);

enum class ProbeVerdict : uint8_t {
  answers,    // well formed, ours, NOERROR or NXDOMAIN
  unhealthy,  // well formed, ours, another RCODE
  mismatch,   // not an answer to this query: another may still come
};

struct ProbeAnswer {
  ProbeVerdict verdict = ProbeVerdict::mismatch;
  std::string reason;        // "answers", "SERVFAIL", "answer with another id"
  bool echoes_case = false;  // the letters of the name came back as the question spells them
};

ProbeAnswer judge_answer(std::span<const uint8_t> answer, const ProbeQuestion& question, uint16_t id);

}  // namespace penstock::control

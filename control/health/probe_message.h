// control/health/probe_message.h - the DNS query of a health probe, and what an answer to it says. Bytes
// only, by ldns.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/model.h"
#include "config/name.h"

namespace penstock::control {

struct ProbeQuestion {
  config::WireName name;
  uint16_t type = 0;  // host order
  bool operator==(const ProbeQuestion&) const = default;
};

// What every pool of the model is probed with, in the order of Model::pools: SOA of its name by config/probe_names.h, NS of
// the root.
std::vector<ProbeQuestion> probe_questions(const config::Model& model);

std::string to_string(const ProbeQuestion& question);

// Class IN, RD set, no EDNS.
std::vector<uint8_t> build_probe(const ProbeQuestion& question, uint16_t id);

enum class ProbeVerdict : uint8_t {
  answers,    // well formed, ours, NOERROR or NXDOMAIN
  unhealthy,  // well formed, ours, another RCODE
  mismatch,   // not an answer to this query: another may still come
};

struct ProbeAnswer {
  ProbeVerdict verdict = ProbeVerdict::mismatch;
  std::string reason;  // "answers", "SERVFAIL", "answer with another id"
};

ProbeAnswer judge_answer(std::span<const uint8_t> answer, const ProbeQuestion& question, uint16_t id);

}  // namespace penstock::control

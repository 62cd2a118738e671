// control/verify/verify.h - the check of the article, made from this host: does every endpoint of a private zone give what it
// should?
//
// For `penstockctl verify`: it needs the configuration and no daemon. Queries leave by the host's own sockets, to the zone's own
// pool; to others only when that was asked for, and said before.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "config/model.h"

namespace penstock::control {

struct VerifyOptions {
  std::optional<config::WireName> name;    // empty: every private zone
  bool compare_default = false;            // ask the default pool too: the name leaves to it
  std::optional<std::string> resolv_conf;  // ask each resolver that this file lists
  std::chrono::milliseconds timeout{2000};
  uint16_t port = 53;  // another: tests
};

// {"ok", "zones": [{"zone", "question", "rule", "pool", "expect", "servers": [{"server", "role", "protocol", "ok", "verdict",
// "answer", "meaning", "absent", "addresses"}], "suggest", "not_offered"}]}, or {"ok": false, "error"}. `say` gets what must be known before a query leaves. Blocks.
nlohmann::json verify(const config::Model& model, const VerifyOptions& options,
                      const std::function<void(const std::string&)>& say);

std::string render_verify(const nlohmann::json& report, bool suggest);

}  // namespace penstock::control

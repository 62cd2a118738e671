#include "control/access/audit.h"

#include <spdlog/spdlog.h>

#include <array>

namespace penstock::control {
namespace {

constexpr size_t kMostOctets = 300;  // of what somebody else has written

// On one line, whatever it was: what would end the text is left out.
std::string quoted(const std::string& text) {
  std::string of = "\"";
  for (const char octet : text.substr(0, kMostOctets)) {
    const auto value = static_cast<unsigned char>(octet);
    of += value < 0x20 || value == 0x7f ? '?' : octet == '"' || octet == '\\' ? '\'' : octet;
  }
  return of + (text.size() > kMostOctets ? "...\"" : "\"");
}

}  // namespace

std::string audit_text(const AuditEvent& event) {
  static constexpr std::array kResults{"done", "failed", "denied"};
  std::string text = "audit:";
  if (event.uid >= 0)
    text += " user=" + (event.user.empty() ? "?" : event.user) + " uid=" + std::to_string(event.uid) +
            " pid=" + std::to_string(event.pid);
  text += " command=" + quoted(event.command) + " result=" + kResults.at(static_cast<size_t>(event.result)) +
          " generation_before=" + std::to_string(event.generation_before) +
          " generation_after=" + std::to_string(event.generation_after);
  if (!event.why.empty()) text += " why=" + quoted(event.why);
  return text;
}

void write_audit(const AuditEvent& event) {
  const auto own = spdlog::get("audit");
  const auto level = event.result == AuditEvent::Result::denied ? spdlog::level::warn : spdlog::level::info;
  (own ? own : spdlog::default_logger())->log(level, "{}", audit_text(event));
}

}  // namespace penstock::control

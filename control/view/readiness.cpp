#include "control/view/readiness.h"

#include <algorithm>

namespace penstock::control {
namespace {

constexpr std::chrono::seconds kWithoutDataplane{2};
constexpr std::chrono::seconds kWithoutNextHops{1};

}  // namespace

bool is_ready(const StatusView& view, std::chrono::steady_clock::duration up) {
  // Being compiled; or the dataplane refused them, and it must be possible to ask why.
  if (view.generation == 0) return !view.reloads.last_failure.empty() && up >= kWithoutDataplane;
  if (!view.is_published()) return up >= kWithoutDataplane;
  return up >= kWithoutNextHops || std::all_of(view.endpoints.begin(), view.endpoints.end(),
                                               [](const EndpointView& one) { return one.state.reachable != 0; });
}

std::string status_line(const StatusView& view) {
  std::string line = "generation " + std::to_string(view.generation);
  if (!view.hello)
    line += ", waiting for a dataplane at " + view.dataplane_socket;
  else
    line += view.is_published() ? " published" : " not published";
  if (const auto& refused = view.reloads.refused_file)
    line += "; the configuration on disk is REFUSED: " + refused->reasons.front();
  if (view.rollback)
    line += "; ROLLED BACK: the rules of generation " + std::to_string(view.rollback->restored) +
            ", not those of the file on disk";
  return line;
}

}  // namespace penstock::control

#include <iostream>

#include "control/admin/client.h"
#include "control/admin/subcommands/subcommands.h"

namespace penstock::control {

using nlohmann::json;

void print_json(const json& answer) {
  std::cout << answer.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

void Invocation::ask(const json& request, std::chrono::seconds timeout, std::string (*render)(const json&),
                     int (*verdict)(const json&)) {
  const auto answer = ask_control(socket, request, timeout);
  if (!answer) {
    if (as_json) print_json({{"ok", false}, {"error", answer.error()}});
    std::cerr << "penstockctl: " << answer.error() << '\n';
    status = kUsage;
    return;
  }
  const bool ok = answer->value("ok", false);
  if (as_json) {
    print_json(*answer);
  } else if (ok) {
    std::cout << render(*answer);
  } else {
    for (const json& detail : answer->value("details", json::array())) std::cerr << detail.get<std::string>() << '\n';
    std::cerr << "penstockctl: "
              << answer->value("error", "the command failed without a reason; see the log of penstock-control") << '\n';
  }
  status = ok ? verdict(*answer) : kFailed;
}

}  // namespace penstock::control

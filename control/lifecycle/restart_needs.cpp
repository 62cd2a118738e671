#include "control/lifecycle/restart_needs.h"

namespace penstock::control {
std::vector<std::string> unfollowed(const config::CounterPage& page) {
  std::vector<std::string> needs;
  if (page.interfaces_followed.get() == 0 && page.generation.get() != 0)
    needs.push_back(
        "changes on the ports' interfaces are not followed: restart penstock-dataplane after such a change");
  if (const uint64_t gone = page.ports_gone.get(); gone != 0)
    needs.push_back("the interface of " + std::to_string(gone) + (gone == 1 ? " port is" : " ports are") +
                    " gone: restart penstock-dataplane when it is back");
  if (const uint64_t missed = page.listen_not_followed.get(); missed != 0)
    needs.push_back(std::to_string(missed) +
                    " address changes on the ports' interfaces could not be followed (see the log of "
                    "penstock-dataplane): restart penstock-dataplane");
  return needs;
}

}  // namespace penstock::control

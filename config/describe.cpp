#include "config/read_model.h"

namespace penstock::config {
std::string describe(const Model&) {
  return {};
}
}  // namespace penstock::config

// tests/fuzz/read_model_fuzz.cpp - any text as a configuration: a model or findings, never both missing, and no crash.
#include <cstdlib>
#include <string>

#include "config/read/read_model.h"

using namespace penstock::config;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ReadModel read = read_model_text(std::string(reinterpret_cast<const char*>(data), size), "fuzz.yaml");
  bool error = false;
  for (const Finding& finding : read.findings) {
    error = error || finding.severity == Severity::error;
    if (to_text(finding).empty()) std::abort();
  }
  if (read.model.has_value() == error) std::abort();
  if (read.model && describe(*read.model).empty()) std::abort();
  return 0;
}

// tests/fuzz/import/reader_fuzz.cpp - any text as a configuration for `penstockctl import`: a remark that it is broken, or our YAML, which is
// then read, without a crash. Built once a format: PENSTOCK_READER is its function, PENSTOCK_FILE the file's name.
#include <cstdlib>

#include "config/read/read_model.h"
#include "control/import/readers/readers.h"
#include "control/import/write/yaml_writer.h"

using namespace penstock;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const imports::Files files{
      [&](const std::string& path) { return path == PENSTOCK_FILE ? std::optional(text) : std::nullopt; },
      [](const std::string& pattern) {
        return std::vector<std::string>(pattern == PENSTOCK_FILE ? 1 : 0, PENSTOCK_FILE);
      }};
  const imports::Source source = imports::PENSTOCK_READER({PENSTOCK_FILE}, files);
  if (source.is_broken()) return 0;
  const std::string yaml = imports::write_yaml(source).yaml;
  if (yaml.empty()) std::abort();
  config::read_model_text(yaml, "yaml", ".");  // refuses names that no query has
  return 0;
}

// config/files/last_good_config.h - the configuration that was taken last, kept on disk with all files that it names.
//
// A start that refuses the file on disk goes on with it. Each program keeps its own in dataplane.state_dir: the dataplane what it has
// started with, since it must not trust what a less privileged program wrote; control the rules that a dataplane acknowledged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/read/read_model.h"

namespace penstock::config {

struct LastGoodConfig {
  int64_t kept_at = 0;            // seconds since 1970
  std::vector<SourceFile> files;  // as ReadModel has them: the YAML first
};

// One text that people can read, too: a line before each file says its size and path, the last line is "end".
std::string to_text(const LastGoodConfig&);
// The error names what is wrong with it.
tl::expected<LastGoodConfig, std::string> parse_last_good_config(const std::string& text);

// `name`: of the file in state_dir.
tl::expected<void, std::string> save_last_good_config(const std::string& state_dir, const std::string& name,
                                                      std::vector<SourceFile> files);

struct LastGoodFound {
  std::string path;  // of the copy
  LastGoodConfig config;
};
// Looks for the copy of `config_file`, which need not be readable: in the state_dir that its text still names, in systemd's
// $STATE_DIRECTORY, in the default. A copy of another path is not taken. The error lists what was looked at.
tl::expected<LastGoodFound, std::string> find_last_good_config(const std::string& config_file, const std::string& name);

// One of another program, whoever wrote it: to be told of, not to be started with.
tl::expected<LastGoodConfig, std::string> peek_at_last_good_config(const std::string& state_dir,
                                                                   const std::string& name);

// The value of a `state_dir:` in a text that need not be YAML; empty: none is found.
std::string find_state_dir(const std::string& text);

constexpr const char* kLastGoodRules = "last-good.config";  // control's
constexpr const char* kLastGoodHost = "last-good.host";     // the dataplane's, of the YAML alone

}  // namespace penstock::config

// control/history/kept_rules.h - the history on disk, in the state folder: a list, and the files of each configuration, whole, once.
//
// Bounded: what only forgotten entries had is removed, and beside the two newest configurations there are at most kMostOctetsKept, the
// newest ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/read/read_model.h"
#include "control/history/history.h"

namespace penstock::control {

constexpr uint64_t kMostOctetsKept = uint64_t{256} << 20;

std::string history_folder(const std::string& state_dir);

// An empty one where there is none; one that is damaged is logged. An entry whose files are gone is not kept.
History read_history(const std::string& state_dir);
tl::expected<void, std::string> write_history(const std::string& state_dir, const History&);

// Does nothing where they are kept already.
tl::expected<void, std::string> keep_rules(const std::string& state_dir, const std::string& hash,
                                           const std::vector<config::SourceFile>& files);
// As they were read. The error names the file.
tl::expected<std::vector<config::SourceFile>, std::string> kept_rules(const std::string& state_dir,
                                                                      const std::string& hash);
// What has no room, or no entry, goes. `most`: octets.
void remove_forgotten(const std::string& state_dir, const History&, uint64_t most = kMostOctetsKept);

}  // namespace penstock::control

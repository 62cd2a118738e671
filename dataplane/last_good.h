// dataplane/last_good.h - what a dataplane that starts without control goes on with: the last good rules, and how their
// endpoints were reached.
//
// Both are files in dataplane.state_dir (config/files/own_files.h): a crash leaves the old ones, another user's are not loaded.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <tl/expected.hpp>

#include "config/contract/endpoint_state.h"

namespace penstock {

std::string last_good_path(const std::string& state_dir);
tl::expected<void, std::string> save_last_good(const std::string& state_dir, std::span<const std::byte> image);

// The slots of the page, with a checksum. Loaded slots have health `unknown`: what was up then may be down now.
tl::expected<void, std::string> save_endpoints(const std::string& state_dir, const config::EndpointStatePage& page);
// Before control or any lcore sees the page. The error says why there is nothing to load; the page is then as it was.
tl::expected<void, std::string> load_endpoints(const std::string& state_dir, config::EndpointStatePage& page);

}  // namespace penstock

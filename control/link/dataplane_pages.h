// control/link/dataplane_pages.h - the two shared pages that come with the dataplane's Hello, mapped and
// checked.
#pragma once

#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "config/contract/counters.h"
#include "config/contract/endpoint_state.h"

namespace penstock::control {

// The mapping lives as long as the pointer; the descriptor stays the caller's. The error says what is wrong
// with the page.
tl::expected<std::shared_ptr<const config::CounterPage>, std::string> map_counter_page(int fd);
tl::expected<std::shared_ptr<config::EndpointStatePage>, std::string> map_endpoint_state_page(int fd);

}  // namespace penstock::control

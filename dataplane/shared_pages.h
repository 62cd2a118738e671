// dataplane/shared_pages.h - the two pages shared with control, made by the dataplane and handed over on the link.
//
// They are memfds, so they live as long as either process maps them: a control that restarts finds the same counters, health
// words and next hops.
#pragma once

#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "config/contract/counters.h"
#include "config/contract/endpoint_state.h"

namespace penstock {

class SharedPages {
 public:
  static tl::expected<std::unique_ptr<SharedPages>, std::string> create(uint32_t lcores, uint32_t pending_capacity);
  ~SharedPages();
  SharedPages(const SharedPages&) = delete;
  SharedPages& operator=(const SharedPages&) = delete;

  config::CounterPage& counters() { return *counters_; }
  config::EndpointStatePage& endpoints() { return *endpoints_; }
  int counters_fd() const { return counters_fd_; }    // read-only for whoever it is sent to
  int endpoints_fd() const { return endpoints_fd_; }  // writable

 private:
  SharedPages() = default;
  config::CounterPage* counters_ = nullptr;
  config::EndpointStatePage* endpoints_ = nullptr;
  size_t counters_size_ = 0;
  int counters_fd_ = -1;
  int endpoints_fd_ = -1;
};

}  // namespace penstock

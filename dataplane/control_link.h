// dataplane/control_link.h - the dataplane's end of the link (config/contract/link.h): one control at a time, on the main thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include <tl/expected.hpp>

#include "config/contract/inquiry/browse.h"
#include "config/contract/link.h"
#include "config/contract/log_rate.h"
#include "config/files/descriptor.h"
#include "config/files/own_files.h"
#include "dataplane/publish.h"
#include "dataplane/shared_pages.h"

namespace penstock {

// What the link does with cached answers.
struct CachedAnswers {
  // Forgets them (state::AnswerCache::flush) and says how many.
  std::function<uint64_t(config::FlushScope, std::span<const uint8_t> name)> flush;
  // The message of inquiry::browse().
  std::function<std::vector<uint8_t>(const config::Browse&)> browse;
};

// Begins a capture, and ends it when control goes. The descriptor is for who reads; the error says why there is none.
struct CaptureSteps {
  std::function<tl::expected<config::Descriptor, std::string>(const config::CaptureRequest&)> begin;
  std::function<void(const std::string& reason)> end;
};

// Called around a publication with the endpoints that responses may come from: before it with those of the old and the new
// rules (an error refuses the new ones), and when the old queries are over with the new ones only.
using EndpointsChange = std::function<tl::expected<void, std::string>(std::span<const config::IpAddress>)>;

std::vector<config::IpAddress> endpoint_addresses(const tables::Ruleset& rules);

class ControlLink {
 public:
  // Listens on `path`, mode 0660; root, our own user and control's may connect. Refuses a path where another dataplane answers, or that is no
  // socket of ours. `hello` says ports and lcores.
  static tl::expected<ControlLink, std::string> listen(const std::string& path, const config::Hello& hello,
                                                       Publisher& rules, SharedPages& pages, std::string state_dir,
                                                       EndpointsChange change, CachedAnswers answers,
                                                       CaptureSteps capture);
  ControlLink(ControlLink&& other) noexcept;
  ControlLink& operator=(ControlLink&&) = delete;
  ~ControlLink();

  int listener() const { return listener_.fd(); }  // readable: call accept()
  int connection() const { return connection_; }   // readable: call serve(); -1: no control is connected
  void accept();
  void serve();
  // To be called at least a few times a second: what had to wait is done when its time has come.
  void tick(std::chrono::steady_clock::time_point now);

 private:
  ControlLink(config::ListeningSocket listener, const config::Hello& hello, Publisher& rules, SharedPages& pages,
              std::string state_dir, EndpointsChange change, CachedAnswers answers, CaptureSteps capture);
  void publish(const config::Publish& request, int memfd);
  void flush(const config::Flush& request);
  void start_capture(const config::StartCapture& request);
  void look_up(const config::Lookup& request);
  bool explain(const config::Message& message);
  void refuse(uint64_t generation, const std::string& reason);
  void hang_up(const std::string& why);

  config::ListeningSocket listener_;
  int connection_ = -1;
  config::Hello hello_;
  Publisher& rules_;
  SharedPages& pages_;
  std::string state_dir_;
  EndpointsChange change_;
  CachedAnswers answers_;
  CaptureSteps capture_;
  std::optional<std::chrono::steady_clock::time_point> narrow_at_;  // when responses from retired endpoints end
  // A control that comes and goes all the time must not fill the disk.
  config::LogRate link_lines_{20};
  config::LogRate rules_lines_{60};
};

}  // namespace penstock

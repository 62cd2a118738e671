// control/file_watch.h - says when one of a few files has changed, also when an editor or a deployment
// replaced it.
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace penstock::control {

class FileWatch {
 public:
  // `changed` comes once things have been quiet for 200 ms.
  FileWatch(asio::io_context&, std::function<void()> changed);

  // Watches the folders of these files, since editors write a new file and rename it over the old one.
  // Throws std::system_error when inotify cannot be had.
  void watch(const std::vector<std::string>& files);
  void stop();
  bool watching() const { return events_.is_open(); }

 private:
  void wait();
  bool concerns_us();

  std::function<void()> changed_;
  asio::posix::stream_descriptor events_;
  asio::steady_timer quiet_;
  std::map<int, std::set<std::string>> names_;  // by watch descriptor
};

}  // namespace penstock::control

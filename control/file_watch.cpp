#include "control/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>

namespace penstock::control {
namespace {

constexpr std::chrono::milliseconds kQuiet{200};

}  // namespace

FileWatch::FileWatch(asio::io_context& io, std::function<void()> changed)
    : changed_(std::move(changed)), events_(io), quiet_(io) {}

void FileWatch::watch(const std::vector<std::string>& files) {
  stop();
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "inotify");
  events_.assign(fd);
  for (const std::string& file : files) {
    const auto path = std::filesystem::absolute(file);
    const int folder = inotify_add_watch(fd, path.parent_path().c_str(), IN_CLOSE_WRITE | IN_MOVED_TO);
    if (folder < 0) throw std::system_error(errno, std::generic_category(), "watch " + path.parent_path().string());
    names_[folder].insert(path.filename().string());
    names_[folder].insert("..data");  // Kubernetes swaps this link and touches no file
  }
  wait();
}

void FileWatch::stop() {
  if (events_.is_open()) events_.close();
  names_.clear();
  quiet_.cancel();
}

void FileWatch::wait() {
  events_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code error) {
    if (error) return;
    if (concerns_us()) {
      quiet_.expires_after(kQuiet);
      quiet_.async_wait([this](std::error_code cancelled) {
        if (!cancelled) changed_();
      });
    }
    wait();
  });
}

bool FileWatch::concerns_us() {
  alignas(inotify_event) char buffer[16384];
  bool ours = false;
  ssize_t size = 0;
  while ((size = read(events_.native_handle(), buffer, sizeof buffer)) > 0) {
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      const auto names = names_.find(event->wd);
      ours |= (event->mask & IN_Q_OVERFLOW) != 0;
      ours |= event->len > 0 && names != names_.end() && names->second.contains(event->name);
    }
  }
  return ours;
}

}  // namespace penstock::control

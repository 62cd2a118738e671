#include "config/files/own_files.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace penstock::config {
namespace {

std::string with_errno(const std::string& what) {
  return what + ": " + strerror(errno);
}

uid_t trusted_owner = 0;

bool is_ours(uid_t user) {
  return user == 0 || user == geteuid() || user == trusted_owner;
}

bool is_ours(const struct stat& status) {
  return is_ours(status.st_uid);
}

std::string owner_of(const struct stat& status) {
  return "belongs to user " + std::to_string(status.st_uid);
}

std::string folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

tl::expected<void, std::string> check_one_folder(const std::string& folder) {
  struct stat status {};
  if (stat(folder.c_str(), &status) != 0) return tl::make_unexpected(with_errno(folder));
  if (!S_ISDIR(status.st_mode)) return tl::make_unexpected(folder + " is not a folder");
  if (!is_ours(status))
    return tl::make_unexpected(folder + " " + owner_of(status) + ", who could replace our files: chown root " + folder);
  if ((status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0)
    return tl::make_unexpected(folder + " is writable by everybody, who could replace our files: chmod o-w " + folder);
  return {};
}

// What a crash may have left under the name is in the way of O_EXCL.
int create_beside(const std::string& beside, mode_t mode) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const int fd = open(beside.c_str(), kFlags, mode);
  if (fd >= 0 || errno != EEXIST || unlink(beside.c_str()) != 0) return fd;
  return open(beside.c_str(), kFlags, mode);
}

tl::expected<void, std::string> remove_left_socket(const std::string& path, const sockaddr_un& address, int type,
                                                   const std::string& setting, const std::string& taken) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return tl::make_unexpected(with_errno(setting + " " + path));
  }
  if (!S_ISSOCK(status.st_mode))
    return tl::make_unexpected(setting + " " + path + " exists and is not a socket: give another path");
  if (!is_ours(status))
    return tl::make_unexpected(setting + " " + path + " " + owner_of(status) +
                               " and is not replaced: give another path");
  const int trial = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int answered = connect(trial, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  close(trial);
  if (answered == 0 || error == EAGAIN) return tl::make_unexpected(setting + " " + path + ": " + taken);
  if (error == EPROTOTYPE)
    return tl::make_unexpected(setting + " " + path + " is the socket of another program: give another path");
  if (error != ECONNREFUSED)
    return tl::make_unexpected(setting + " " + path + ": " + strerror(error) +
                               "; it is not replaced: give another path");
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return tl::make_unexpected(with_errno(setting + " " + path));
  return {};
}

}  // namespace

void trust_owner(uid_t user) {
  trusted_owner = user;
}

void trust_user(const char* name) {
  if (const passwd* user = getpwnam(name)) trust_owner(user->pw_uid);
}

bool has_own_peer(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && is_ours(peer.uid);
}

tl::expected<void, std::string> prepare_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return tl::make_unexpected(folder + ": " + error.message());
  const auto real = std::filesystem::canonical(folder, error);
  if (error) return tl::make_unexpected(folder + ": " + error.message());
  for (std::filesystem::path at = real;; at = at.parent_path()) {
    if (auto checked = check_one_folder(at.string()); !checked) return checked;
    if (at == at.root_path()) return {};
  }
}

tl::expected<void, std::string> replace_file(const std::string& path, std::span<const std::byte> content, mode_t mode) {
  if (auto prepared = prepare_folder(folder_of(path)); !prepared)
    return tl::make_unexpected(path + ": " + prepared.error());
  const std::string beside = path + ".new";
  const int fd = create_beside(beside, mode);
  if (fd < 0) return tl::make_unexpected(with_errno(beside));
  const auto fail = [&](const std::string& what) {
    auto text = with_errno(what);
    close(fd);
    unlink(beside.c_str());
    return tl::make_unexpected(std::move(text));
  };
  for (size_t written = 0; written < content.size();) {
    const ssize_t n = write(fd, content.data() + written, content.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(beside);
    written += static_cast<size_t>(n);
  }
  if (fsync(fd) != 0) return fail(beside);
  if (rename(beside.c_str(), path.c_str()) != 0) return fail(path);
  close(fd);
  return {};
}

tl::expected<int, FileError> open_own_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  const auto fail = [&](std::string text) {
    if (fd >= 0) close(fd);
    return tl::make_unexpected(FileError{false, std::move(text)});
  };
  if (fd < 0 && errno == ENOENT) return tl::make_unexpected(FileError{true, with_errno(path)});
  if (fd < 0 && errno == ELOOP) return fail(path + " is a link, which is not followed");
  if (fd < 0) return fail(with_errno(path));
  struct stat status {};
  if (fstat(fd, &status) != 0) return fail(with_errno(path));
  if (!S_ISREG(status.st_mode)) return fail(path + " is not a regular file");
  if (!is_ours(status)) return fail(path + " " + owner_of(status) + " and is not used: chown root " + path);
  if ((status.st_mode & S_IWOTH) != 0)
    return fail(path + " is writable by everybody and is not used: chmod o-w " + path);
  if (auto checked = prepare_folder(folder_of(path)); !checked) return fail(checked.error());
  return fd;
}

tl::expected<std::string, FileError> read_own_file(const std::string& path) {
  const auto fd = open_own_file(path);
  if (!fd) return tl::make_unexpected(fd.error());
  struct stat status {};
  std::string text(fstat(*fd, &status) == 0 ? static_cast<size_t>(status.st_size) : 0, '\0');
  size_t filled = 0;
  ssize_t n = 0;
  while (filled < text.size() && (n = read(*fd, text.data() + filled, text.size() - filled)) != 0) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    filled += static_cast<size_t>(n);
  }
  const std::string error = n < 0 ? with_errno(path) : "";
  close(*fd);
  if (!error.empty()) return tl::make_unexpected(FileError{false, error});
  text.resize(filled);
  return text;
}

tl::expected<ListeningSocket, std::string> ListeningSocket::open(const std::string& path, int type, mode_t mode,
                                                                 int backlog, const std::string& setting,
                                                                 const std::string& taken) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return tl::make_unexpected(setting + " " + path + " is too long for a socket path");
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (auto prepared = prepare_folder(folder_of(path)); !prepared)
    return tl::make_unexpected(setting + " " + path + ": " + prepared.error());
  if (auto removed = remove_left_socket(path, address, type, setting, taken); !removed)
    return tl::make_unexpected(removed.error());

  ListeningSocket listener(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "");
  if (listener.fd_ < 0) return tl::make_unexpected(with_errno(setting + " " + path));
  const mode_t before = umask(0777 & ~mode);
  const int bound = bind(listener.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  umask(before);
  errno = error;
  struct stat status {};
  if (bound != 0 || lstat(path.c_str(), &status) != 0) return tl::make_unexpected(with_errno(setting + " " + path));
  listener.path_ = path;
  listener.device_ = status.st_dev;
  listener.node_ = status.st_ino;
  if (::listen(listener.fd_, backlog) != 0) return tl::make_unexpected(with_errno(setting + " " + path));
  return listener;
}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      node_(other.node_) {}

ListeningSocket::~ListeningSocket() {
  if (fd_ >= 0) close(fd_);
  remove_name();
}

int ListeningSocket::release() {
  return std::exchange(fd_, -1);
}

void ListeningSocket::remove_name() {
  const std::string path = std::exchange(path_, {});
  struct stat status {};
  if (path.empty() || lstat(path.c_str(), &status) != 0) return;
  if (status.st_dev == device_ && status.st_ino == node_) unlink(path.c_str());
}

}  // namespace penstock::config

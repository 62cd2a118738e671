// config/files/own_files.h - files and sockets that our programs make. Nobody else can put something in their place, no link is
// followed, and nothing is removed that is not ours. "Ours" is root's or this user's.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include <tl/expected.hpp>

namespace penstock::config {

// Counts as ours as well from now on: the user of our other program.
void trust_owner(uid_t user);
// The same by name, before rights are given up; does nothing where this host has no such user.
void trust_user(const char* name);
// Whether the other end of a connected UNIX socket is ours.
bool has_own_peer(int socket);

// Makes the folder where it is missing. An error where somebody else could put files into it, or swap it or a folder above it: it
// names the folder and the command that mends it.
tl::expected<void, std::string> prepare_folder(const std::string& folder);

// Writes beside `path` and renames: a crash leaves the old file. Prepares the folder. The error names the file.
tl::expected<void, std::string> replace_file(const std::string& path, std::span<const std::byte> content, mode_t mode);

struct FileError {
  bool is_missing = false;
  std::string text;  // names the file
};
// A descriptor of the caller's, of a regular file of ours that nobody else may write, in a folder that prepare_folder() passes.
tl::expected<int, FileError> open_own_file(const std::string& path);
tl::expected<std::string, FileError> read_own_file(const std::string& path);

// A UNIX socket that listens, and its name in the file system.
class ListeningSocket {
 public:
  // `type`: SOCK_STREAM or SOCK_SEQPACKET; the socket does not block. What a program that has ended left at `path` is removed if it is a
  // socket of ours that nobody answers. `setting`: names the path in errors ("dataplane.socket"); `taken`: said where somebody answers.
  static tl::expected<ListeningSocket, std::string> open(const std::string& path, int type, mode_t mode, int backlog,
                                                         const std::string& setting, const std::string& taken);
  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket();  // close() and remove_name()

  int fd() const { return fd_; }
  // The descriptor is the caller's from now on.
  int release();
  // Unless another socket has the name by now.
  void remove_name();

 private:
  ListeningSocket(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  int fd_ = -1;
  std::string path_;  // empty: removed, or moved from
  dev_t device_ = 0;
  ino_t node_ = 0;
};

}  // namespace penstock::config

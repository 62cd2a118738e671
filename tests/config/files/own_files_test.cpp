// tests/config/files/own_files_test.cpp - what other users, links and crashes put in the way of our files and sockets.
#include "config/files/own_files.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace penstock::config {
namespace {

constexpr uid_t kSomebody = 65534;

class OwnFilesTest : public testing::Test {
 protected:
  OwnFilesTest() {
    std::string pattern = "/tmp/penstock-test.XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder = pattern;
  }
  ~OwnFilesTest() override { std::filesystem::remove_all(folder); }
  OwnFilesTest(const OwnFilesTest&) = delete;
  OwnFilesTest& operator=(const OwnFilesTest&) = delete;

  std::string at(const std::string& name) const { return folder + "/" + name; }
  static void put(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
  static std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static tl::expected<void, std::string> replace(const std::string& path, std::string_view text) {
    return replace_file(path, std::as_bytes(std::span(text)), 0600);
  }
  static tl::expected<ListeningSocket, std::string> listen(const std::string& path) {
    return ListeningSocket::open(path, SOCK_STREAM, 0660, 4, "dataplane.socket", "another one runs here");
  }

  std::string folder;
};

TEST_F(OwnFilesTest, AFileIsWrittenAndReadAgain) {
  const std::string path = at("state/of/ours");
  ASSERT_TRUE(replace(path, "one").has_value());
  ASSERT_TRUE(replace(path, "two").has_value());
  EXPECT_EQ(read_own_file(path).value(), "two");
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(at("state/of")), {}), 1);
  const auto missing = read_own_file(at("nothing"));
  ASSERT_FALSE(missing.has_value());
  EXPECT_TRUE(missing.error().is_missing);
}

TEST_F(OwnFilesTest, LinksAreReplacedNotFollowed) {
  put(at("precious"), "precious");
  for (const char* name : {"file", "file.new"}) {
    ASSERT_EQ(symlink(at("precious").c_str(), at(name).c_str()), 0);
    ASSERT_TRUE(replace(at("file"), "ours").has_value()) << name;
    EXPECT_EQ(content(at("precious")), "precious") << name;
    EXPECT_EQ(content(at("file")), "ours") << name;
    EXPECT_FALSE(std::filesystem::is_symlink(at("file")));
  }
  ASSERT_EQ(symlink(at("precious").c_str(), at("link").c_str()), 0);
  const auto read = read_own_file(at("link"));
  ASSERT_FALSE(read.has_value());
  EXPECT_FALSE(read.error().is_missing);
  EXPECT_NE(read.error().text.find("is a link"), std::string::npos) << read.error().text;
}

TEST_F(OwnFilesTest, WhatAnotherUserCouldHaveWrittenIsNotRead) {
  put(at("file"), "x");
  ASSERT_TRUE(read_own_file(at("file")).has_value());
  ASSERT_EQ(chmod(at("file").c_str(), 0666), 0);
  EXPECT_NE(read_own_file(at("file")).error().text.find("by everybody"), std::string::npos);
  ASSERT_EQ(chmod(at("file").c_str(), 0644), 0);
  ASSERT_EQ(mkfifo(at("pipe").c_str(), 0600), 0);
  EXPECT_NE(read_own_file(at("pipe")).error().text.find("not a regular file"), std::string::npos);
  ASSERT_EQ(chown(at("file").c_str(), kSomebody, kSomebody), 0) << "needs root";
  EXPECT_NE(read_own_file(at("file")).error().text.find("belongs to user 65534"), std::string::npos);
  trust_owner(kSomebody);
  EXPECT_TRUE(read_own_file(at("file")).has_value());
  trust_owner(0);
}

// Of whoever has connected, by the kernel's word.
TEST_F(OwnFilesTest, ThePeerOfASocketIsOurs) {
  const std::string path = at("socket");
  const auto listener = ListeningSocket::open(path, SOCK_SEQPACKET, 0666, 4, "socket", "taken");
  ASSERT_TRUE(listener.has_value());
  ASSERT_EQ(chmod(folder.c_str(), 0755), 0);
  const auto peer_of = [&](uid_t user) {
    const pid_t child = fork();
    if (child == 0) {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      path.copy(address.sun_path, sizeof address.sun_path - 1);
      if (setresuid(user, user, user) != 0) _exit(1);
      _exit(connect(socket(AF_UNIX, SOCK_SEQPACKET, 0), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    }
    int ended = 0;
    waitpid(child, &ended, 0);
    EXPECT_EQ(ended, 0);
    const int accepted = accept(listener->fd(), nullptr, nullptr);
    const bool is_own = has_own_peer(accepted);
    close(accepted);
    return is_own;
  };
  EXPECT_TRUE(peer_of(0));
  EXPECT_FALSE(peer_of(kSomebody)) << "needs root";
  trust_owner(kSomebody);
  EXPECT_TRUE(peer_of(kSomebody));
  trust_owner(0);
}

TEST_F(OwnFilesTest, AFolderIsRefusedWithTheCommandThatMendsIt) {
  struct Case {
    const char* description;
    mode_t mode;
    uid_t owner;
    const char* what;  // of the error; empty: the folder will do
  };
  const Case cases[] = {
      {.description = "ours", .mode = 0755, .owner = 0, .what = ""},
      {.description = "a group's", .mode = 0775, .owner = 0, .what = ""},
      {.description = "everybody's, but sticky, as /tmp", .mode = 01777, .owner = 0, .what = ""},
      {.description = "everybody's", .mode = 0777, .owner = 0, .what = ": chmod o-w "},
      {.description = "of another user", .mode = 0755, .owner = kSomebody, .what = ": chown root "},
  };
  for (const Case& c : cases) {
    const std::string outer = at("outer");
    std::filesystem::create_directories(outer + "/inner");
    ASSERT_EQ(chown(outer.c_str(), c.owner, 0), 0);
    ASSERT_EQ(chmod(outer.c_str(), c.mode), 0);
    // The folder above counts as much: what is in it can be renamed.
    for (const std::string& path : {outer, outer + "/inner"}) {
      const auto prepared = prepare_folder(path);
      EXPECT_EQ(prepared.has_value(), *c.what == '\0') << c.description << " " << path;
      if (!prepared) {
        EXPECT_NE(prepared.error().find(c.what + outer), std::string::npos) << prepared.error();
      }
      EXPECT_EQ(replace(path + "/file", "x").has_value(), *c.what == '\0') << c.description;
    }
  }
}

TEST_F(OwnFilesTest, ASocketLeftByAProgramThatEndedIsReplaced) {
  const std::string path = at("run/our.sock");
  const int left = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  std::filesystem::create_directories(at("run"));
  ASSERT_EQ(bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  close(left);
  {
    const auto listener = listen(path);
    ASSERT_TRUE(listener.has_value()) << listener.error();
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0660U);
    const auto second = listen(path);
    ASSERT_FALSE(second.has_value());
    EXPECT_NE(second.error().find("another one runs here"), std::string::npos);
    const auto other =
        ListeningSocket::open(path, SOCK_SEQPACKET, 0600, 4, "dataplane.socket", "another one runs here");
    ASSERT_FALSE(other.has_value());
    EXPECT_NE(other.error().find("another program"), std::string::npos) << other.error();
    EXPECT_TRUE(std::filesystem::exists(path)) << "the first one keeps its name";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(OwnFilesTest, WhatIsNoSocketOfOursStays) {
  put(at("file"), "precious");
  ASSERT_EQ(symlink(at("file").c_str(), at("link").c_str()), 0);
  std::filesystem::create_directory(at("folder"));
  for (const char* name : {"file", "link", "folder"}) {
    const auto listener = listen(at(name));
    ASSERT_FALSE(listener.has_value()) << name;
    EXPECT_NE(listener.error().find("dataplane.socket " + at(name)), std::string::npos) << listener.error();
    EXPECT_NE(listener.error().find("is not a socket"), std::string::npos) << listener.error();
  }
  EXPECT_EQ(content(at("file")), "precious");
  EXPECT_TRUE(std::filesystem::is_symlink(at("link")));
}

TEST_F(OwnFilesTest, TheNameOfASuccessorStays) {
  const std::string path = at("our.sock");
  {
    const auto listener = listen(path);
    ASSERT_TRUE(listener.has_value());
    std::filesystem::remove(path);
    put(path, "a successor's");
  }
  EXPECT_EQ(content(path), "a successor's");
}

}  // namespace
}  // namespace penstock::config

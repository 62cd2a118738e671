#include "config/contract/link.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace penstock::config::test {
namespace {

class Link : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends_), 0); }
  void TearDown() override {
    for (const int end : ends_)
      if (end >= 0) close(end);
  }
  int ends_[2] = {-1, -1};
};

TEST_F(Link, CarriesEachMessage) {
  Hello hello;
  hello.lcores = 3;
  hello.pid = 4711;
  std::strcpy(hello.port[7].name.data(), "corp");
  ASSERT_TRUE(send_message(ends_[0], hello).has_value());
  Refused refused;
  std::strcpy(refused.reason.data(), "the checksum is wrong");
  ASSERT_TRUE(send_message(ends_[0], refused).has_value());

  const auto first = receive_message(ends_[1]);
  ASSERT_TRUE(first.has_value()) << first.error();
  ASSERT_NE(first->as<Hello>(), nullptr);
  EXPECT_EQ(first->as<Hello>()->lcores, 3U);
  EXPECT_EQ(first->as<Hello>()->pid, 4711U);
  EXPECT_STREQ(first->as<Hello>()->port[7].name.data(), "corp");
  EXPECT_EQ(first->as<Publish>(), nullptr);
  const auto second = receive_message(ends_[1]);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->as<Hello>(), nullptr);
  ASSERT_NE(second->as<Refused>(), nullptr);
  EXPECT_STREQ(second->as<Refused>()->reason.data(), "the checksum is wrong");
}

TEST_F(Link, CarriesDescriptors) {
  const int memory = memfd_create("image", MFD_CLOEXEC);
  ASSERT_EQ(write(memory, "rules", 5), 5);
  ASSERT_TRUE(send_message(ends_[0], Publish{}, {memory, ends_[0]}).has_value());
  close(memory);
  const auto message = receive_message(ends_[1]);
  ASSERT_TRUE(message.has_value());
  ASSERT_EQ(message->fds.size(), 2U);
  char text[6] = {};
  EXPECT_EQ(pread(message->fds[0], text, 5, 0), 5);
  EXPECT_STREQ(text, "rules");
  EXPECT_TRUE(fcntl(message->fds[0], F_GETFD) & FD_CLOEXEC);
  for (const int fd : message->fds) close(fd);
}

TEST_F(Link, AMessageOfAnotherSizeOrTypeIsNone) {
  Publish publish;
  ASSERT_TRUE(send_message(ends_[0], &publish, sizeof publish - 1).has_value());
  const auto cut = receive_message(ends_[1]);
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->as<Publish>(), nullptr);
  publish.type = MessageType::found;
  ASSERT_TRUE(send_message(ends_[0], publish).has_value());
  const auto other = receive_message(ends_[1]);
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ(other->as<Publish>(), nullptr);
}

TEST_F(Link, AMessageThatIsTooLargeIsRefusedAndItsDescriptorsClosed) {
  const std::string large(kMaxMessage + 1, 'x');
  const int memory = memfd_create("image", MFD_CLOEXEC);
  ASSERT_TRUE(send_message(ends_[0], large.data(), large.size(), {memory}).has_value());
  close(memory);
  const int next_before = dup(ends_[0]);
  close(next_before);
  EXPECT_FALSE(receive_message(ends_[1]).has_value());
  const int next_after = dup(ends_[0]);
  close(next_after);
  EXPECT_EQ(next_after, next_before);  // no descriptor was left open
  EXPECT_FALSE(send_message(ends_[0], Publish{}, {0, 0, 0, 0, 0}).has_value());
}

TEST_F(Link, TheOtherSideMayGo) {
  close(ends_[0]);
  ends_[0] = -1;
  const auto message = receive_message(ends_[1]);
  ASSERT_TRUE(message.has_value());
  EXPECT_TRUE(message->bytes.empty());
  EXPECT_FALSE(send_message(ends_[1], Publish{}).has_value());  // an error, no SIGPIPE
}

}  // namespace
}  // namespace penstock::config::test

#include "control/rules/memfd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string_view>
#include <vector>

namespace penstock::control {
namespace {

TEST(Memfd, HoldsTheBytesAndCannotChange) {
  std::vector<std::byte> bytes(3 * 4096 + 17);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7);
  const auto memfd = seal_in_memfd(bytes);
  ASSERT_TRUE(memfd) << memfd.error();

  struct stat status {};
  ASSERT_EQ(fstat(memfd->fd(), &status), 0);
  EXPECT_EQ(static_cast<size_t>(status.st_size), bytes.size());
  void* mapped = mmap(nullptr, bytes.size(), PROT_READ, MAP_SHARED, memfd->fd(), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  EXPECT_EQ(std::memcmp(mapped, bytes.data(), bytes.size()), 0);
  munmap(mapped, bytes.size());

  EXPECT_EQ(fcntl(memfd->fd(), F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  EXPECT_EQ(pwrite(memfd->fd(), "x", 1, 0), -1);
  EXPECT_EQ(ftruncate(memfd->fd(), 1), -1);
  EXPECT_EQ(ftruncate(memfd->fd(), 1 << 20), -1);
  EXPECT_EQ(mmap(nullptr, 4096, PROT_WRITE, MAP_SHARED, memfd->fd(), 0), MAP_FAILED);
}

TEST(Memfd, ClosesItsDescriptorOnce) {
  auto memfd = seal_in_memfd({});
  ASSERT_TRUE(memfd) << memfd.error();
  const int fd = memfd->fd();
  Memfd moved = std::move(*memfd);
  EXPECT_EQ(memfd->fd(), -1);
  EXPECT_EQ(moved.fd(), fd);
  EXPECT_NE(fcntl(fd, F_GETFD), -1);
  { const Memfd gone = std::move(moved); }
  EXPECT_EQ(fcntl(fd, F_GETFD), -1);
}

}  // namespace
}  // namespace penstock::control

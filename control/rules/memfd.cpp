#include "control/rules/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace penstock::control {

Memfd::Memfd(Memfd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Memfd& Memfd::operator=(Memfd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Memfd::~Memfd() {
  if (fd_ >= 0) close(fd_);
}

tl::expected<Memfd, std::string> seal_in_memfd(std::span<const std::byte> image) {
  const auto fail = [](const char* what) {
    return tl::make_unexpected(std::string("rule image: ") + what + ": " + std::generic_category().message(errno));
  };
  Memfd memfd(memfd_create("penstock-rules", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (memfd.fd() < 0) return fail("memfd_create");
  while (!image.empty()) {
    const ssize_t written = write(memfd.fd(), image.data(), image.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail("write");
    image = image.subspan(static_cast<size_t>(written));
  }
  if (fcntl(memfd.fd(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
    return fail("seal");
  return memfd;
}

}  // namespace penstock::control

#include "control/link/dataplane_pages.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace penstock::control {
namespace {

// `T` is the page's struct, const for one that is only read. At least sizeof(T) bytes are mapped, and the
// whole file.
template <typename T>
tl::expected<std::shared_ptr<T>, std::string> map_file(int fd, const char* what, size_t& size) {
  struct stat file {};
  if (fstat(fd, &file) != 0) return tl::make_unexpected(std::string(what) + ": " + strerror(errno));
  size = static_cast<size_t>(file.st_size);
  if (size < sizeof(T))
    return tl::make_unexpected(std::string(what) + " is " + std::to_string(size) + " bytes, but needs at least " +
                               std::to_string(sizeof(T)));
  const int access = std::is_const_v<T> ? PROT_READ : PROT_READ | PROT_WRITE;
  void* memory = mmap(nullptr, size, access, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return tl::make_unexpected(std::string(what) + ": mmap: " + strerror(errno));
  return std::shared_ptr<T>(static_cast<T*>(memory),
                            [size](T* page) { munmap(const_cast<std::remove_const_t<T>*>(page), size); });
}

}  // namespace

tl::expected<std::shared_ptr<const config::CounterPage>, std::string> map_counter_page(int fd) {
  size_t size = 0;
  auto page = map_file<const config::CounterPage>(fd, "the counter page", size);
  if (!page) return page;
  const config::CounterPage& header = **page;
  if (header.magic != config::kCounterPageMagic)
    return tl::make_unexpected("the counter page is of another release of penstock-dataplane");
  if (header.lcores > config::kMaxLcores || header.page_size != config::counter_page_size(header.lcores) ||
      size < header.page_size)
    return tl::make_unexpected("the counter page is inconsistent: " + std::to_string(header.lcores) + " lcores in " +
                               std::to_string(size) + " bytes");
  return page;
}

tl::expected<std::shared_ptr<config::EndpointStatePage>, std::string> map_endpoint_state_page(int fd) {
  size_t size = 0;
  auto page = map_file<config::EndpointStatePage>(fd, "the endpoint state page", size);
  if (page && (*page)->magic != config::kEndpointStateMagic)
    return tl::make_unexpected("the endpoint state page is of another release of penstock-dataplane");
  return page;
}

}  // namespace penstock::control

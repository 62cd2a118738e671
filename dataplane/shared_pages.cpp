#include "dataplane/shared_pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <new>
#include <string_view>

#include "dataplane/state/clients/client_shares.h"
#include "dataplane/state/clients/rate_limits.h"
#include "dataplane/state/flights/chases.h"
#include "dataplane/state/flights/delivery.h"
#include "dataplane/state/lanes/rings.h"

namespace penstock {
namespace {

struct Page {
  int fd = -1;
  void* address = nullptr;
};

tl::expected<Page, std::string> make_page(const char* name, size_t size) {
  Page page;
  page.fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (page.fd < 0 || ftruncate(page.fd, static_cast<off_t>(size)) != 0)
    return tl::make_unexpected(std::string(name) + ": " + strerror(errno));
  // Present at once: an lcore that comes to a page for the first time must not wait for the kernel.
  page.address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, page.fd, 0);
  if (page.address == MAP_FAILED) return tl::make_unexpected(std::string(name) + ": " + strerror(errno));
  return page;
}

}  // namespace

tl::expected<std::unique_ptr<SharedPages>, std::string> SharedPages::create(uint32_t lcores,
                                                                            uint32_t pending_capacity) {
  std::unique_ptr<SharedPages> pages(new SharedPages);
  pages->counters_size_ = config::counter_page_size(lcores);
  const auto counters = make_page("penstock-counters", pages->counters_size_);
  if (!counters) return tl::make_unexpected(counters.error());
  pages->counters_fd_ = counters->fd;
  pages->counters_ = new (counters->address) config::CounterPage{};
  pages->counters_->page_size = pages->counters_size_;
  pages->counters_->lcores = lcores;
  pages->counters_->pending_capacity = pending_capacity;
  pages->counters_->waiting_capacity = pending_capacity;  // state::Lcore: as many as there may be queries in flight
  pages->counters_->delivery_capacity = pending_capacity;
  pages->counters_->answer_capacity = state::DeliveryQueue::kAnswers;
  pages->counters_->chase_capacity = state::ChasePool::kChases;
  pages->counters_->share_capacity = state::ClientShares::capacity();
  pages->counters_->rate_capacity = state::RateTable::capacity();
  pages->counters_->ring_capacity = state::kRingFrames;
  pages->counters_->started_at = static_cast<uint64_t>(time(nullptr));
  constexpr std::string_view kVersion = PENSTOCK_VERSION;
  static_assert(kVersion.size() < sizeof(config::CounterPage::version));
  std::copy(kVersion.begin(), kVersion.end(), pages->counters_->version.begin());
  pages->counters_->control_silent.set(1);  // until the first heartbeat
  pages->counters_->magic = config::kCounterPageMagic;
  // Our mapping stays writable, nobody can make another one that is, nor cut the page short under us.
  fcntl(pages->counters_fd_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);

  const auto endpoints = make_page("penstock-endpoints", sizeof(config::EndpointStatePage));
  if (!endpoints) return tl::make_unexpected(endpoints.error());
  pages->endpoints_fd_ = endpoints->fd;
  pages->endpoints_ = static_cast<config::EndpointStatePage*>(endpoints->address);
  pages->endpoints_->magic = config::kEndpointStateMagic;
  fcntl(pages->endpoints_fd_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  return pages;
}

SharedPages::~SharedPages() {
  if (counters_ != nullptr) munmap(counters_, counters_size_);
  if (endpoints_ != nullptr) munmap(endpoints_, sizeof(config::EndpointStatePage));
  if (counters_fd_ >= 0) close(counters_fd_);
  if (endpoints_fd_ >= 0) close(endpoints_fd_);
}

}  // namespace penstock

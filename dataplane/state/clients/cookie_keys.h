// dataplane/state/clients/cookie_keys.h - what the server cookies of a process are made with while the rules have no secret: one of its own, drawn
// at start and anew each day, and the time of day. The main thread writes, all lcores read.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

#include "dataplane/dns/cookie.h"

namespace penstock::state {

class CookieKeys {
 public:
  static constexpr uint64_t kRenewAfterNs = 86'400'000'000'000;

  // `now`: of the lcores' clock, ns; `unix_ns`: since 1970.
  CookieKeys(const dns::CookieSecret& secret, uint64_t now, uint64_t unix_ns) {
    set_clock(now, unix_ns);
    renew(secret, now);
    renew(secret, now);
  }

  void set_clock(uint64_t now, uint64_t unix_ns) { offset_.store(unix_ns - now, std::memory_order_relaxed); }
  bool is_to_be_renewed(uint64_t now) const { return now - renewed_at_ >= kRenewAfterNs; }
  // What was made with the secret before is good for as long as a cookie is.
  void renew(const dns::CookieSecret& secret, uint64_t now) {
    const unsigned next = current_.load(std::memory_order_relaxed) ^ 1U;
    std::array<uint64_t, 2> words;
    std::memcpy(words.data(), secret.data(), sizeof words);
    for (unsigned i = 0; i < 2; ++i) words_[next][i].store(words[i], std::memory_order_relaxed);
    since_.store(unix_seconds(now), std::memory_order_relaxed);
    current_.store(next, std::memory_order_release);
    renewed_at_ = now;
  }

  // Since 1970, modulo 2^32.
  uint32_t unix_seconds(uint64_t now) const {
    return static_cast<uint32_t>((now + offset_.load(std::memory_order_relaxed)) / 1'000'000'000);
  }
  dns::CookieSecret secret() const { return at(current_.load(std::memory_order_acquire)); }
  // What a cookie of that time was made with.
  dns::CookieSecret secret_of(uint32_t time) const {
    const unsigned current = current_.load(std::memory_order_acquire);
    return at(static_cast<int32_t>(time - since_.load(std::memory_order_relaxed)) < 0 ? current ^ 1U : current);
  }

 private:
  dns::CookieSecret at(unsigned place) const {
    const std::array<uint64_t, 2> words{words_[place][0].load(std::memory_order_relaxed),
                                        words_[place][1].load(std::memory_order_relaxed)};
    dns::CookieSecret secret;
    std::memcpy(secret.data(), words.data(), sizeof words);
    return secret;
  }

  std::atomic<uint64_t> offset_{0};
  std::atomic<uint32_t> since_{0};
  std::atomic<uint32_t> current_{0};
  std::array<std::array<std::atomic<uint64_t>, 2>, 2> words_{};
  uint64_t renewed_at_ = 0;
};

}  // namespace penstock::state

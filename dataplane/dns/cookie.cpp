#include "dataplane/dns/cookie.h"

#include <bit>
#include <cstring>

namespace penstock::dns {
namespace {

static_assert(std::endian::native == std::endian::little);

// The server's part: version, three reserved octets, time, hash. The hash covers what stands before it and the owner.
constexpr uint8_t kVersion = 1;
constexpr unsigned kTimeAt = kClientCookieSize + 4;
constexpr unsigned kHashAt = kClientCookieSize + 8;

struct State {
  uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void take(uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

uint64_t hash_of(const Cookie& cookie, const CookieSecret& secret, std::span<const uint8_t> owner) {
  std::array<uint8_t, kHashAt + kMostOwner> octets;
  std::memcpy(octets.data(), cookie.data(), kHashAt);
  std::memcpy(&octets[kHashAt], owner.data(), owner.size());
  return siphash24(secret, {octets.data(), kHashAt + owner.size()});
}

}  // namespace

uint64_t siphash24(const CookieSecret& secret, std::span<const uint8_t> octets) {
  uint64_t k0 = 0;
  uint64_t k1 = 0;
  std::memcpy(&k0, secret.data(), 8);
  std::memcpy(&k1, &secret[8], 8);
  State state{k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL, k0 ^ 0x6c7967656e657261ULL,
              k1 ^ 0x7465646279746573ULL};
  uint64_t last = uint64_t{octets.size()} << 56;
  for (; octets.size() >= 8; octets = octets.subspan(8)) {
    uint64_t word = 0;
    std::memcpy(&word, octets.data(), 8);
    state.take(word);
  }
  for (size_t i = 0; i < octets.size(); ++i) last |= uint64_t{octets[i]} << 8 * i;
  state.take(last);
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

void make_server_cookie(Cookie& cookie, const CookieSecret& secret, std::span<const uint8_t> owner, uint32_t now) {
  cookie[kClientCookieSize] = kVersion;
  std::memset(&cookie[kClientCookieSize + 1], 0, 3);
  const uint32_t time = __builtin_bswap32(now);
  std::memcpy(&cookie[kTimeAt], &time, 4);
  const uint64_t hash = hash_of(cookie, secret, owner);
  std::memcpy(&cookie[kHashAt], &hash, 8);
}

uint32_t time_of(const Cookie& cookie) {
  uint32_t time = 0;
  std::memcpy(&time, &cookie[kTimeAt], 4);
  return __builtin_bswap32(time);
}

bool is_server_cookie(const Cookie& cookie, const CookieSecret& secret, std::span<const uint8_t> owner, uint32_t now) {
  if (cookie[kClientCookieSize] != kVersion) return false;
  // Times are compared as serial numbers (RFC 1982).
  const auto age = static_cast<int32_t>(now - time_of(cookie));
  if (age > static_cast<int32_t>(kCookieGoodFor) || age < -static_cast<int32_t>(kCookieFromFuture)) return false;
  uint64_t hash = 0;
  std::memcpy(&hash, &cookie[kHashAt], 8);
  return hash == hash_of(cookie, secret, owner);
}

}  // namespace penstock::dns

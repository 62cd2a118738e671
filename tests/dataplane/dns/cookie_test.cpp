// tests/dataplane/dns/cookie_test.cpp - server cookies against the test vectors of RFC 9018, and how long they are good.
#include "dataplane/dns/cookie.h"

#include <gtest/gtest.h>

#include <charconv>
#include <numeric>
#include <string>
#include <vector>

#include "tests/support/frames.h"

namespace penstock::dns {
namespace {

using test::Bytes;

Bytes bytes_of(std::string_view hex) {
  Bytes bytes(hex.size() / 2);
  for (size_t i = 0; i < bytes.size(); ++i) std::from_chars(&hex[2 * i], &hex[2 * i] + 2, bytes[i], 16);
  return bytes;
}
template <size_t N>
std::array<uint8_t, N> array_of(std::string_view hex) {
  std::array<uint8_t, N> array{};
  const Bytes bytes = bytes_of(hex);
  std::copy_n(bytes.begin(), std::min(bytes.size(), N), array.begin());
  return array;
}

Bytes owner_of(const char* text) {
  const config::IpAddress address = test::address(text);
  return {address.bytes.begin(), address.bytes.begin() + (address.is_v4() ? 4 : 16)};
}

// The reference vectors of SipHash-2-4: the key 00 01 .. 0f, and as many octets 00 01 .. as said.
TEST(Cookie, SipHash) {
  CookieSecret secret;
  std::iota(secret.begin(), secret.end(), uint8_t{0});
  const std::pair<size_t, uint64_t> vectors[] = {
      {0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd},  {7, 0xab0200f58b01d137},
      {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5}, {63, 0x958a324ceb064572},
  };
  for (const auto& [size, hash] : vectors) {
    Bytes octets(size);
    std::iota(octets.begin(), octets.end(), uint8_t{0});
    EXPECT_EQ(siphash24(secret, octets), hash) << size;
  }
}

struct Vector {
  const char* what;
  const char* secret;
  const char* client;  // address
  const char* cookie;
  uint32_t time;
};
constexpr Vector kVectors[] = {
    {.what = "A.1",
     .secret = "e5e973e5a6b2a43f48e7dc849e37bfcf",
     .client = "198.51.100.100",
     .cookie = "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
     .time = 1559731985},
    {.what = "A.2",
     .secret = "e5e973e5a6b2a43f48e7dc849e37bfcf",
     .client = "198.51.100.100",
     .cookie = "2464c4abcf10c957010000005cf7a871d4a564a1442aca77",
     .time = 1559734385},
    {.what = "A.3",
     .secret = "e5e973e5a6b2a43f48e7dc849e37bfcf",
     .client = "203.0.113.203",
     .cookie = "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e",
     .time = 1559734700},
    {.what = "A.4, old secret",
     .secret = "dd3bdf9344b678b185a6f5cb60fca715",
     .client = "2001:db8:220:1:59de:d0f4:8769:82b8",
     .cookie = "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
     .time = 1559741817},
    {.what = "A.4, new secret",
     .secret = "445536bcd2513298075a5d379663c962",
     .client = "2001:db8:220:1:59de:d0f4:8769:82b8",
     .cookie = "22681ab97d52c298010000005cf7c609a6bb79d16625507a",
     .time = 1559741961},
};

TEST(Cookie, TheVectorsOfRfc9018) {
  for (const Vector& vector : kVectors) {
    SCOPED_TRACE(vector.what);
    const auto secret = array_of<16>(vector.secret);
    const auto expected = array_of<24>(vector.cookie);
    Cookie cookie{};
    std::copy_n(expected.begin(), kClientCookieSize, cookie.begin());
    make_server_cookie(cookie, secret, owner_of(vector.client), vector.time);
    EXPECT_EQ(test::to_hex(cookie), test::to_hex(expected));
    EXPECT_EQ(time_of(cookie), vector.time);
    EXPECT_TRUE(is_server_cookie(expected, secret, owner_of(vector.client), vector.time));
  }
}

// A.3 begins with reserved octets that another server of the same secret has written: they are covered, whatever they are.
TEST(Cookie, ReservedOctetsOfAnotherServer) {
  const auto secret = array_of<16>("e5e973e5a6b2a43f48e7dc849e37bfcf");
  auto cookie = array_of<24>("fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5");
  EXPECT_TRUE(is_server_cookie(cookie, secret, owner_of("203.0.113.203"), 1559727985));
  cookie[9] = 0;
  EXPECT_FALSE(is_server_cookie(cookie, secret, owner_of("203.0.113.203"), 1559727985));
}

TEST(Cookie, NoOctetMayBeAnother) {
  const Vector& vector = kVectors[0];
  const auto secret = array_of<16>(vector.secret);
  const Bytes owner = owner_of(vector.client);
  for (size_t bit = 0; bit < size_t{8} * 24; ++bit) {
    auto cookie = array_of<24>(vector.cookie);
    cookie[bit / 8] = static_cast<uint8_t>(cookie[bit / 8] ^ 1U << bit % 8);
    EXPECT_FALSE(is_server_cookie(cookie, secret, owner, vector.time)) << bit;
  }
  const auto cookie = array_of<24>(vector.cookie);
  EXPECT_FALSE(is_server_cookie(cookie, array_of<16>(kVectors[3].secret), owner, vector.time));
  EXPECT_FALSE(is_server_cookie(cookie, secret, owner_of("198.51.100.101"), vector.time));
}

// RFC 9018 section 4.3, in serial numbers: an hour, and five minutes ahead, over the turn of 2^32 as well.
TEST(Cookie, TheTimeThatItIsGoodFor) {
  const auto secret = array_of<16>(kVectors[0].secret);
  const Bytes owner = owner_of("198.51.100.100");
  for (const uint32_t made : {1559731985U, 0xffffffffU, 5U}) {
    Cookie cookie = array_of<24>("2464c4abcf10c957");
    make_server_cookie(cookie, secret, owner, made);
    for (const auto& [later, good] :
         {std::pair{0, true}, {3600, true}, {3601, false}, {-300, true}, {-301, false}, {0x7fffffff, false}})
      EXPECT_EQ(is_server_cookie(cookie, secret, owner, made + static_cast<uint32_t>(later)), good)
          << made << ' ' << later;
  }
}

}  // namespace
}  // namespace penstock::dns

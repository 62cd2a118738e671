#include "dataplane/state/clients/rate_limits.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace penstock::state {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kBegin = 1000 * kSecond;

AddressBytes v4(uint32_t number) {
  AddressBytes address{};
  for (unsigned i = 0; i < 4; ++i) address[i] = static_cast<uint8_t>(number >> (24 - 8 * i));
  return address;
}

AddressBytes v6(uint64_t high, uint64_t low) {
  AddressBytes address{};
  for (unsigned i = 0; i < 8; ++i) {
    address[i] = static_cast<uint8_t>(high >> (56 - 8 * i));
    address[8 + i] = static_cast<uint8_t>(low >> (56 - 8 * i));
  }
  return address;
}

struct SameClientCase {
  const char* what;
  AddressBytes a, b;
  uint8_t family;
  bool same_client, same_answer;
};
const SameClientCase kSameClient[] = {
    {.what = "the same IPv4 address",
     .a = v4(0x0a000001),
     .b = v4(0x0a000001),
     .family = 4,
     .same_client = true,
     .same_answer = true},
    {.what = "neighbours in a /24",
     .a = v4(0x0a000001),
     .b = v4(0x0a0000fe),
     .family = 4,
     .same_client = false,
     .same_answer = true},
    {.what = "next /24",
     .a = v4(0x0a000001),
     .b = v4(0x0a000101),
     .family = 4,
     .same_client = false,
     .same_answer = false},
    {.what = "hosts of one /64",
     .a = v6(0xfd00'0000'0000'0001, 1),
     .b = v6(0xfd00'0000'0000'0001, 2),
     .family = 6,
     .same_client = false,
     .same_answer = true},
    {.what = "/64s of one /56",
     .a = v6(0xfd00'0000'0000'0001, 1),
     .b = v6(0xfd00'0000'0000'00ff, 1),
     .family = 6,
     .same_client = false,
     .same_answer = true},
    {.what = "next /56",
     .a = v6(0xfd00'0000'0000'0001, 1),
     .b = v6(0xfd00'0000'0000'0101, 1),
     .family = 6,
     .same_client = false,
     .same_answer = false},
};

TEST(RateLimits, WhatCountsAsOneClient) {
  const RateLimits limits(0x5eed);
  for (const SameClientCase& one : kSameClient) {
    const auto client = [&](const AddressBytes& address) {
      return limits.key_of_client(address, one.family, ClientLevel::host);
    };
    const auto answer = [&](const AddressBytes& address) { return limits.key_of_answer(address, one.family, 7); };
    EXPECT_EQ(client(one.a) == client(one.b), one.same_client) << one.what;
    EXPECT_EQ(answer(one.a) == answer(one.b), one.same_answer) << one.what;
  }
  EXPECT_NE(limits.key_of_answer(v4(1), 4, 7), limits.key_of_answer(v4(1), 4, 8));
  EXPECT_NE(limits.key_of_client(v6(0xfd00'0000'0000'0001, 1), 6, ClientLevel::host, 1),
            limits.key_of_client(v6(0xfd00'0000'0000'0001, 1), 6, ClientLevel::host, 2));
  AddressBytes same_octets = v4(0x0a000001);
  EXPECT_NE(limits.key_of_client(same_octets, 4, ClientLevel::host),
            limits.key_of_client(same_octets, 6, ClientLevel::host))
      << "of another family";
  EXPECT_NE(limits.key_of_client(v4(1), 4, ClientLevel::host),
            RateLimits(1).key_of_client(v4(1), 4, ClientLevel::host));
}

// Of an IPv6 LAN one host has its rate, all of its hosts four times as much, all LANs of its site sixteen times.
TEST(RateLimits, AHostItsNetworkAndItsSite) {
  const auto limits = std::make_unique<RateLimits>(0x5eed);
  constexpr uint32_t kRate = 100;
  const auto take = [&](uint64_t network, uint64_t host, unsigned times) {
    unsigned taken = 0;
    for (unsigned i = 0; i < times; ++i)
      taken += limits->take_of_client(v6(0xfd00'0000'0000'0000 | network, host), 6, 0, false, kRate, kBegin) ? 1 : 0;
    return taken;
  };
  EXPECT_EQ(take(1, 1, 1000), kRate);
  EXPECT_EQ(take(1, 2, 50), 50U) << "a neighbour of the one who took all";
  unsigned lan = 0;
  for (uint64_t host = 3; host < 100; ++host) lan += take(1, host, 20);
  EXPECT_EQ(lan, 4 * kRate - kRate - 50);
  unsigned site = 0;
  for (uint64_t network = 2; network < 100; ++network) site += take(network, 1, kRate);
  EXPECT_EQ(site, 12 * kRate);
  EXPECT_EQ(take(0x100, 1, 50), 50U) << "another site";
}

// What comes from a proved address has a bucket that nobody else can spend.
TEST(RateLimits, AProvedAddressHasBucketsOfItsOwn) {
  const auto limits = std::make_unique<RateLimits>(0x5eed);
  for (unsigned i = 0; i < 1000; ++i) {
    limits->take_of_client(v4(0x0a000001), 4, 3, false, 50, kBegin);
    limits->take_of_group(3, false, 50, kBegin);
  }
  EXPECT_FALSE(limits->take_of_client(v4(0x0a000001), 4, 3, false, 50, kBegin));
  EXPECT_FALSE(limits->take_of_group(3, false, 50, kBegin));
  for (unsigned i = 0; i < 50; ++i) {
    EXPECT_TRUE(limits->take_of_client(v4(0x0a000001), 4, 3, true, 50, kBegin));
    EXPECT_TRUE(limits->take_of_group(3, true, 50, kBegin));
  }
  EXPECT_FALSE(limits->take_of_client(v4(0x0a000001), 4, 3, true, 50, kBegin));
}

TEST(ProvedAddresses, AreKnownForMinutes) {
  ProvedAddresses proved;
  proved.note(0x1234'5678'0000'0001, kBegin);
  EXPECT_TRUE(proved.holds(0x1234'5678'0000'0001, kBegin));
  EXPECT_TRUE(proved.holds(0x1234'5678'0000'0001, kBegin + 290 * kSecond));
  EXPECT_FALSE(proved.holds(0x1234'5678'0000'0001, kBegin + 310 * kSecond));
  EXPECT_FALSE(proved.holds(0x1234'5679'0000'0001, kBegin));
  EXPECT_FALSE(proved.holds(0x1234'5678'0000'0002, kBegin));
}

// Against a naive window: never more than the rate and one second's worth in any second, and all of the rate is to be had.
TEST(RateLimits, ASecondHasItsRateAndOneBurst) {
  for (const uint32_t rate : {1U, 7U, 100U, 3'000U, 1'000'000U}) {
    const auto table = std::make_unique<RateTable>();
    std::mt19937_64 random(rate);
    std::deque<uint64_t> granted;
    uint64_t now = kBegin;
    uint64_t all = 0;
    const uint64_t asked = std::min<uint64_t>(rate * 40ULL, 400'000);
    for (uint64_t i = 0; i < asked; ++i) {
      now += random() % (2 * kSecond / (4ULL * rate) + 1);  // four times the rate
      if (!table->take(42, rate, now)) continue;
      ++all;
      granted.push_back(now);
      while (granted.front() + kSecond <= now) granted.pop_front();
      ASSERT_LE(granted.size(), 2ULL * rate) << rate;
    }
    const double seconds = static_cast<double>(now - kBegin) / kSecond;
    EXPECT_LE(static_cast<double>(all), rate * (seconds + 1) + 1) << rate;
    EXPECT_GE(static_cast<double>(all), rate * seconds * 0.98 - 1) << rate;
  }
}

TEST(RateLimits, AFullBucketHoldsExactlyOneSecond) {
  const auto table = std::make_unique<RateTable>();
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(table->take(9, 50, kBegin)) << i;
  EXPECT_FALSE(table->take(9, 50, kBegin));
  EXPECT_TRUE(table->is_spent(9, 50, kBegin));
  EXPECT_FALSE(table->is_spent(9, 50, kBegin + kSecond / 50));
  EXPECT_TRUE(table->take(9, 50, kBegin + kSecond / 50));
  EXPECT_FALSE(table->take(9, 50, kBegin + kSecond / 50));
  EXPECT_FALSE(table->is_spent(10, 50, kBegin));  // nobody has heard of it
  EXPECT_EQ(table->in_use(kBegin), 1U);
  EXPECT_EQ(table->in_use(kBegin + 3 * kSecond), 0U);
}

// Millions of addresses that come once, beside one at its limit and honest ones below theirs. At 2 queries/s more of them come in
// half a second, that each one's query counts, than there are places.
TEST(RateLimits, RandomAddressesNeitherFreeTheNoisyNorHurtTheOthers) {
  struct Case {
    uint32_t rate;
    unsigned honest;  // clients that ask once in so many ms together
    uint32_t least_in_use;
  };
  for (const Case& one : {Case{100, 100, 4'000}, Case{2, 1000, RateTable::capacity() * 9 / 10}}) {
    const auto limits = std::make_unique<RateLimits>(0x5eed);
    std::mt19937 random(1);
    uint64_t noisy = 0;
    uint64_t hurt = 0;
    uint64_t now = kBegin;
    constexpr unsigned kSeconds = 5;
    for (unsigned ms = 0; ms < kSeconds * 1000; ++ms) {
      now += 1'000'000;
      for (unsigned i = 0; i < 500; ++i)
        limits->clients.take(limits->key_of_client(v4(0xac000000U | random() % 0xffffff), 4, ClientLevel::host),
                             one.rate, now);
      for (unsigned i = 0; i < 5; ++i)
        noisy +=
            limits->clients.take(limits->key_of_client(v4(0x0a000001), 4, ClientLevel::host), one.rate, now) ? 1 : 0;
      const uint64_t honest = limits->key_of_client(v4(0x0a010000 + ms % one.honest), 4, ClientLevel::host);
      hurt += limits->clients.take(honest, one.rate, now) ? 0 : 1;
    }
    EXPECT_EQ(hurt, 0U) << one.rate;
    EXPECT_LE(noisy, one.rate * (kSeconds + 1U) + one.rate / 5) << one.rate;
    EXPECT_GE(noisy, uint64_t{one.rate} * kSeconds) << one.rate;
    EXPECT_GT(limits->clients.in_use(now), one.least_in_use) << one.rate;
  }
}

// One client's queries come in on several lcores.
TEST(RateLimits, SeveralLcoresShareABucket) {
  constexpr uint32_t kRate = 20'000;
  const auto limits = std::make_unique<RateLimits>(0x5eed);
  std::atomic<uint64_t> granted{0};
  std::atomic<uint64_t> of_group{0};
  std::vector<std::thread> lcores;
  for (int lcore = 0; lcore < 3; ++lcore)
    lcores.emplace_back([&] {
      for (uint64_t now = kBegin; now < kBegin + 3 * kSecond; now += 20'000) {
        granted +=
            limits->clients.take(limits->key_of_client(v4(0x0a000001), 4, ClientLevel::host), kRate, now) ? 1 : 0;
        of_group += limits->take_of_group(3, false, kRate, now) ? 1 : 0;
      }
    });
  for (std::thread& lcore : lcores) lcore.join();
  // Clocks of the three differ as their progress does: one that is behind finds the bucket spent.
  EXPECT_LE(granted, kRate * 4ULL + 3);
  EXPECT_LE(of_group, kRate * 4ULL + 3);
  EXPECT_GT(granted, kRate * 2ULL);
}

}  // namespace
}  // namespace penstock::state

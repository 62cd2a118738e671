// tests/dataplane/capture/record_ring_test.cpp - copies of frames between an lcore and the main thread: order, fullness, the end of the
// memory, and two threads at once.
#include "dataplane/capture/record_ring.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace penstock::capture {
namespace {

// Its octets tell its number and length.
std::vector<uint8_t> frame(uint64_t number, uint32_t length) {
  return std::vector<uint8_t>(length, static_cast<uint8_t>(number * 7 + length));
}

bool push(RecordRing& ring, uint64_t number, uint32_t length) {
  const Record record{.stamp = number,
                      .length = length,
                      .wire_length = length + 1,
                      .port = static_cast<uint8_t>(number % 8),
                      .direction = Direction::sent,
                      .reserved = 0,
                      .reserved_too = 0};
  return ring.push(record, frame(number, length).data());
}

// Takes the oldest off, which must be this one.
bool pop(RecordRing& ring, uint64_t number, uint32_t length) {
  const Record* record = ring.front();
  if (record == nullptr || record->stamp != number || record->length != length || record->wire_length != length + 1)
    return false;
  const std::vector<uint8_t> expected = frame(number, length);
  const bool is_same = std::equal(expected.begin(), expected.end(), record->frame().begin());
  ring.pop();
  return is_same;
}

uint32_t length_of(uint64_t number) {
  return static_cast<uint32_t>(60 + number * 37 % 1400);
}

TEST(RecordRing, KeepsTheOrderAroundItsEnd) {
  RecordRing ring(8192);
  EXPECT_EQ(ring.front(), nullptr);
  uint64_t in = 0;
  for (uint64_t out = 0; out < 2000; ++out) {
    while (push(ring, in, length_of(in))) ++in;
    EXPECT_GE(in - out, 4U);
    ASSERT_TRUE(pop(ring, out, length_of(out))) << out;
  }
}

// Records of every size, so that what is left at the end has every size, too: none at all, less than a record's head, and more.
TEST(RecordRing, SkipsWhatIsLeftAtItsEnd) {
  for (uint32_t length = 1; length < 300; ++length) {
    RecordRing ring(1024);
    for (uint64_t number = 0; number < 50; ++number) {
      ASSERT_TRUE(push(ring, number, length));
      ASSERT_TRUE(pop(ring, number, length)) << number << " of " << length << " octets";
      ASSERT_EQ(ring.front(), nullptr);
    }
  }
}

TEST(RecordRing, IsFullAndRefusesWithoutHarm) {
  RecordRing ring(1024);
  ASSERT_TRUE(push(ring, 1, 600));
  EXPECT_FALSE(push(ring, 2, 600));
  EXPECT_TRUE(push(ring, 3, 300));
  EXPECT_FALSE(push(ring, 4, 2000));
  EXPECT_TRUE(pop(ring, 1, 600));
  EXPECT_TRUE(pop(ring, 3, 300));
  EXPECT_EQ(ring.front(), nullptr);
}

TEST(RecordRing, TwoThreads) {
  constexpr uint64_t kRecords = 100'000;
  RecordRing ring(1 << 14);
  std::thread writer([&] {
    for (uint64_t number = 0; number < kRecords; ++number)
      while (!push(ring, number, length_of(number))) std::this_thread::yield();
  });
  bool in_order = true;
  for (uint64_t number = 0; number < kRecords; ++number) {
    while (ring.front() == nullptr) std::this_thread::yield();
    in_order = pop(ring, number, length_of(number)) && in_order;
  }
  writer.join();
  EXPECT_TRUE(in_order);
}

}  // namespace
}  // namespace penstock::capture

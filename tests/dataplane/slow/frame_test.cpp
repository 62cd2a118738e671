// tests/dataplane/slow/frame_test.cpp - a message in a frame and out again, up to the longest.
#include "dataplane/slow/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "config/contract/address.h"

namespace penstock::slow {
namespace {

struct Frame {
  std::vector<uint8_t> buffer = std::vector<uint8_t>(kLongestMessage + path::kMessageOffset);
  alignas(64) rte_mbuf mbuf;
  Frame() {
    std::memset(static_cast<void*>(&mbuf), 0, sizeof mbuf);
    mbuf.buf_addr = buffer.data();
    mbuf.buf_len = static_cast<uint16_t>(buffer.size());
    mbuf.nb_segs = 1;
  }
};

Endpoints between(const char* from, const char* to) {
  const auto source = config::parse_address(from).value();
  return {.source = source.bytes,
          .destination = config::parse_address(to).value().bytes,
          .source_port = 54321,
          .destination_port = 53,
          .family = source.family};
}

TEST(Frame, AMessageComesOutAsItWentIn) {
  const state::StreamPeer peer{state::PeerKind::connection, 0xabcdef, 0x1234};
  for (const size_t length : {size_t{0}, size_t{12}, size_t{13}, size_t{1500}, kLongestMessage}) {
    for (const auto& ends : {between("10.0.0.1", "10.0.0.2"), between("fd00::1", "fd00::2")}) {
      SCOPED_TRACE(std::to_string(length) + " octets over IPv" + std::to_string(ends.family));
      std::vector<uint8_t> message(length);
      for (size_t i = 0; i < length; ++i) message[i] = static_cast<uint8_t>(i * 7);
      Frame frame;
      ASSERT_TRUE(write_frame(frame.mbuf, message, peer.mac(), ends));
      Outgoing read;
      ASSERT_TRUE(read_frame(frame.mbuf, read));
      EXPECT_TRUE(std::ranges::equal(read.message, message));
      EXPECT_EQ(read.between.source, ends.source);
      EXPECT_EQ(read.between.destination, ends.destination);
      EXPECT_EQ(read.between.source_port, 54321);
      EXPECT_EQ(read.between.destination_port, 53);
      const uint8_t* source_mac = frame.buffer.data() + frame.mbuf.data_off + 6;
      EXPECT_EQ(state::StreamPeer::of(source_mac).place, peer.place);
      EXPECT_EQ(state::StreamPeer::of(source_mac).generation, peer.generation);
      EXPECT_EQ(source_mac[0] & 1, 0) << "no group's";
    }
  }
}

TEST(Frame, WhatDoesNotFitIsNotWritten) {
  Frame frame;
  const std::vector<uint8_t> message(kLongestMessage + 1);
  EXPECT_FALSE(write_frame(frame.mbuf, message, state::kEndpointMac, between("10.0.0.1", "10.0.0.2")));
  frame.mbuf.buf_len = 200;
  EXPECT_FALSE(write_frame(frame.mbuf, {message.data(), 73}, state::kEndpointMac, between("10.0.0.1", "10.0.0.2")));
  EXPECT_TRUE(write_frame(frame.mbuf, {message.data(), 72}, state::kEndpointMac, between("10.0.0.1", "10.0.0.2")));
}

TEST(Frame, WhatIsCutShortIsNotRead) {
  Frame frame;
  const std::vector<uint8_t> message(12);
  for (const auto& ends : {between("10.0.0.1", "10.0.0.2"), between("fd00::1", "fd00::2")}) {
    ASSERT_TRUE(write_frame(frame.mbuf, message, state::kEndpointMac, ends));
    const uint16_t whole = frame.mbuf.data_len;
    Outgoing read;
    for (uint16_t length = 0; length < whole - 12; ++length) {
      frame.mbuf.data_len = length;
      EXPECT_FALSE(read_frame(frame.mbuf, read)) << length;
    }
    frame.mbuf.data_len = whole;
    frame.buffer[frame.mbuf.data_off + 12] = 0x81;  // a tag
    EXPECT_FALSE(read_frame(frame.mbuf, read));
  }
}

}  // namespace
}  // namespace penstock::slow

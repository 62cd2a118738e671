// bench/traffic.h - the same queries and responses for all that measures the path: frames, and mbufs as a pool lays them.
#pragma once

#include <rte_mbuf.h>

#include <cstring>
#include <memory>
#include <span>
#include <string>

#include "tests/support/messages.h"
#include "tests/support/path_rig.h"

namespace penstock::bench {

constexpr unsigned kBurst = state::kBurst;

// Mbufs in one piece of memory, each beside its data.
class Mbufs {
 public:
  explicit Mbufs(size_t count) : memory_(new Block[count]), count_(count) {
    for (size_t i = 0; i < count; ++i) {
      std::memset(static_cast<void*>(&memory_[i].mbuf), 0, sizeof(rte_mbuf));
      memory_[i].mbuf.buf_addr = memory_[i].data;
      memory_[i].mbuf.buf_len = kBuffer;
    }
  }
  rte_mbuf* fill(size_t index, const test::Bytes& bytes) {
    rte_mbuf& frame = memory_[index % count_].mbuf;
    frame.data_off = kHeadroom;
    frame.nb_segs = 1;
    frame.refcnt = 1;
    frame.data_len = static_cast<uint16_t>(bytes.size());
    frame.pkt_len = frame.data_len;
    std::memcpy(memory_[index % count_].data + kHeadroom, bytes.data(), bytes.size());
    return &frame;
  }

 private:
  static constexpr uint16_t kHeadroom = 128;
  static constexpr size_t kBuffer = 2048;
  struct alignas(64) Block {
    rte_mbuf mbuf;
    uint8_t data[kBuffer];
  };
  std::unique_ptr<Block[]> memory_;
  size_t count_;
};

// A client's frame; each number asks for a name of its own, so that none joins another.
inline test::Bytes query(size_t number) {
  test::Frame asked;
  asked.source_mac = test::mac(0xc1);
  asked.destination_mac = test::mac(0xa0);
  asked.source = test::address("192.168.10.20");
  asked.destination = test::address("192.168.10.86");
  asked.source_port = 40000;
  asked.destination_port = 53;
  asked.payload = test::write(test::DnsQuery{
      .id = static_cast<uint16_t>(number),
      .flags = 0x0100,
      .question = {.name = "d-sq9d" + std::to_string(1'000'000 + number) + ".Studio.us-east-1.sagemaker.aws"},
      .opt = test::Opt{}});
  return test::write(asked);
}

// The frame of the endpoint's response to a query's that left: an address, and its own OPT.
inline test::Bytes response(std::span<const uint8_t> sent) {
  test::Frame left = test::read(sent).value();
  std::swap(left.source_mac, left.destination_mac);
  std::swap(left.source, left.destination);
  std::swap(left.source_port, left.destination_port);
  left.payload =
      test::write(test::TestResponse{.answer = {{}}, .authority = {}, .additional = {}}, left.payload, test::Opt{});
  return test::write(left);
}

}  // namespace penstock::bench

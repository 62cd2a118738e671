// control/capture/block_reader.h - follows the blocks of a pcap-ng stream as it goes by: how many octets are whole blocks, and what the
// dataplane says of the capture in them (dataplane/capture/pcapng.h).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace penstock::control {

class BlockReader {
 public:
  // The next octets of the stream, cut anywhere.
  void read(std::span<const uint8_t> octets);

  uint64_t whole() const { return whole_; }      // octets, up to the end of the last whole block
  uint64_t packets() const { return packets_; }  // whole ones
  // By the statistics at the end; is_complete() says whether they have come.
  bool is_complete() const { return is_complete_; }
  uint64_t matched() const { return matched_; }
  uint64_t lost() const { return lost_; }
  const std::string& ended() const { return ended_; }  // a sentence: why

 private:
  void end_block();
  void read_statistics();

  std::array<uint8_t, 8> head_{};
  size_t head_size_ = 0;
  uint32_t type_ = 0;
  uint64_t left_ = 0;          // octets of the block
  std::vector<uint8_t> kept_;  // of a block of statistics
  uint64_t seen_ = 0;
  uint64_t whole_ = 0;
  uint64_t packets_ = 0;
  bool is_complete_ = false;
  uint64_t matched_ = 0;
  uint64_t lost_ = 0;
  std::string ended_;
};

}  // namespace penstock::control

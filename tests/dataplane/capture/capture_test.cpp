// tests/dataplane/capture/capture_test.cpp - a capture from frames to the stream: its blocks, its order, its bounds, and its ends.
#include "dataplane/capture/capture.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rte_mbuf.h>
#include <sys/socket.h>

#include <cstring>

#include "tests/support/frames.h"

namespace penstock::capture {
namespace {

using std::chrono::seconds;
using test::address;

struct Block {
  uint32_t type;
  Bytes body;
  uint32_t number(size_t at) const {
    uint32_t value = 0;
    std::memcpy(&value, body.data() + at, sizeof value);
    return value;
  }
  std::string text() const { return {body.begin(), body.end()}; }
};
constexpr uint32_t kSection = 0x0a0d0d0a, kInterface = 1, kStatistics = 5, kPacket = 6;

// Whole blocks, each with its length before and behind it; anything else fails.
std::vector<Block> blocks_of(const Bytes& stream) {
  std::vector<Block> blocks;
  const auto number = [&](size_t at) {
    uint32_t value = 0;
    if (at + sizeof value <= stream.size()) std::memcpy(&value, stream.data() + at, sizeof value);
    return value;
  };
  for (size_t at = 0; at < stream.size();) {
    const uint32_t length = number(at + 4);
    if (length < 12 || length % 4 != 0 || length > stream.size() - at || number(at + length - 4) != length) {
      ADD_FAILURE() << "no block at octet " << at << " of " << stream.size();
      break;
    }
    const auto begin = stream.begin() + static_cast<std::ptrdiff_t>(at);
    blocks.push_back({number(at), Bytes(begin + 8, begin + length - 4)});
    at += length;
  }
  return blocks;
}

size_t count(const std::vector<Block>& blocks, uint32_t type) {
  return static_cast<size_t>(
      std::count_if(blocks.begin(), blocks.end(), [&](const Block& one) { return one.type == type; }));
}

class CaptureTest : public testing::Test {
 protected:
  CaptureTest() {
    host.port_count = 2;
    host.add_listen(address("192.168.10.86"));
    in_force.store(&host);
    std::strcpy(request.words.data(), "clients, client 10.0.0.0/8");
  }
  void begin() {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    reader = config::Descriptor(ends[1]);
    fcntl(reader.get(), F_SETFL, O_NONBLOCK);
    capture.emplace(request, std::vector<CapturedPort>{{"corp", "on the host: eth0"}, {"dx", ""}}, 2, in_force,
                    config::Descriptor(ends[0]), start);
  }
  // A query of this client, of about so many octets, seen by an lcore on a port.
  void see(unsigned lcore, uint8_t port, const char* client, unsigned padding = 0) {
    test::DnsQuery query;
    query.question.name = "a.example";
    test::Frame written;
    written.source = address(client);
    written.destination = address("192.168.10.86");
    written.source_port = 40000;
    written.destination_port = 53;
    written.payload = write(query);
    written.padding = padding;
    test::Bytes bytes = write(written);
    rte_mbuf frame{};
    frame.buf_addr = bytes.data();
    frame.data_len = static_cast<uint16_t>(bytes.size());
    frame.pkt_len = frame.data_len;
    frame.nb_segs = 1;
    rte_mbuf* frames[] = {&frame};
    capture->view(lcore, port).look(frames, Direction::received);
  }
  // What is settled goes into the stream, and is read.
  void move(bool is_read = true) {
    capture->move(
        {.now = __builtin_ia32_rdtsc() + 10'000'000, .unix_now_ns = 1'800'000'000'000'000'000, .ns_per_cycle = 1});
    std::array<uint8_t, 65536> piece;
    for (ssize_t came = 0; is_read && (came = recv(reader.get(), piece.data(), piece.size(), 0)) > 0;)
      stream.insert(stream.end(), piece.begin(), piece.begin() + came);
  }
  void end(const std::string& reason) {
    capture->end(reason, start);
    move();
  }

  const Capture::Time start = std::chrono::steady_clock::now();
  tables::LocalHost host;
  Capture::Host in_force{nullptr};
  config::CaptureRequest request;
  config::Descriptor reader;
  std::optional<Capture> capture;
  Bytes stream;
};

TEST_F(CaptureTest, WritesWhatLcoresSawOldestFirst) {
  begin();
  for (const char* client : {"10.0.0.1", "10.0.0.3", "10.0.0.5"}) {
    see(0, 0, client);
    see(1, 1, client);
  }
  EXPECT_EQ(capture->reason(start), "");
  end("the test ends it");
  EXPECT_TRUE(capture->is_over(start));
  const std::vector<Block> blocks = blocks_of(stream);
  ASSERT_EQ(blocks.size(), 1U + 2U + 6U + 2U);
  EXPECT_EQ(blocks[0].type, kSection);
  EXPECT_NE(blocks[0].text().find("captured: clients, client 10.0.0.0/8"), std::string::npos);
  EXPECT_EQ(count(blocks, kInterface), 2U);
  EXPECT_NE(blocks[1].text().find("corp"), std::string::npos);
  uint64_t before = 0;
  for (unsigned i = 0; i < 6; ++i) {
    const Block& packet = blocks[3 + i];
    EXPECT_EQ(packet.type, kPacket);
    EXPECT_EQ(packet.number(0), i % 2) << "the port";
    const uint64_t time = uint64_t{packet.number(4)} << 32 | packet.number(8);
    EXPECT_GE(time, before);
    before = time;
    EXPECT_EQ(packet.body[20 + 29], 1 + i / 2 * 2) << "the client's last octet";
    EXPECT_EQ(packet.number(packet.body.size() - 8), 1U) << "received";
  }
  EXPECT_NE(blocks[9].text().find("the capture ended because the test ends it"), std::string::npos);
  EXPECT_EQ(blocks[10].type, kStatistics);
}

TEST_F(CaptureTest, KeepsWhatMayHaveAnOlderOneBehindIt) {
  begin();
  see(0, 0, "10.0.0.1");
  capture->move({.now = __builtin_ia32_rdtsc(), .unix_now_ns = 1, .ns_per_cycle = 1});
  EXPECT_EQ(capture->written(), 0U);
  move();
  EXPECT_EQ(capture->written(), 1U);
}

TEST_F(CaptureTest, EndsByEachBound) {
  request.packets = 3;
  begin();
  for (int i = 0; i < 5; ++i) see(0, 0, "10.0.0.1");
  move();
  EXPECT_EQ(capture->reason(start), "its 3 packets were written");
  end("bound");
  EXPECT_EQ(count(blocks_of(stream), kPacket), 3U);
  EXPECT_TRUE(capture->is_over(start));

  stream.clear();
  request.packets = 0;
  request.bytes = config::kMinCaptureBytes;
  begin();
  for (int i = 0; i < 1000; ++i) see(0, 0, "10.0.0.1");
  move();
  EXPECT_EQ(capture->reason(start), "its 65536 octets were written");
  end("bound");
  EXPECT_LE(stream.size(), 65536U);
  EXPECT_GT(stream.size(), 64000U);
  EXPECT_EQ(count(blocks_of(stream), kStatistics), 2U);

  request.seconds = 7;
  begin();
  EXPECT_EQ(capture->reason(start + seconds(6)), "");
  EXPECT_EQ(capture->reason(start + seconds(7)), "its 7 s were over");
}

TEST_F(CaptureTest, EndsWithItsReader) {
  begin();
  see(0, 0, "10.0.0.1");
  shutdown(reader.get(), SHUT_WR);
  EXPECT_EQ(capture->reason(start), "it was ended where it was started");
  end("reader");
  EXPECT_EQ(count(blocks_of(stream), kPacket), 1U) << "what lcores had copied is written";
  EXPECT_TRUE(capture->is_over(start));

  begin();
  move();
  see(0, 0, "10.0.0.1");
  reader = {};
  move(false);
  EXPECT_NE(capture->reason(start), "");
  capture->end("it is gone", start);
  EXPECT_TRUE(capture->is_over(start));
}

// Its reader stops: nothing waits, what does not fit is counted, and the file is whole.
TEST_F(CaptureTest, CountsWhatItHasNoRoomFor) {
  begin();
  uint64_t matched = 0;
  while (capture->lost() < 10) {
    see(0, 0, "10.0.0.1", 1400);
    ++matched;
    if (matched % 1000 == 0) move(false);
  }
  EXPECT_TRUE(capture->is_waiting_for_reader());
  EXPECT_GT(matched, 5000U);
  capture->end("the test ends it", start);
  EXPECT_FALSE(capture->is_over(start)) << "its reader has some time";
  EXPECT_TRUE(capture->is_over(start + seconds(3))) << "but not for ever";
  while (!capture->is_over(start)) move();
  EXPECT_EQ(count(blocks_of(stream), kPacket), matched - 10);
  EXPECT_EQ(capture->written() + capture->lost(), matched);
  const std::vector<Block> blocks = blocks_of(stream);
  const Block& statistics = blocks.at(blocks.size() - 2);
  const std::string dropped{5, 0, 8, 0, 10, 0, 0, 0};
  EXPECT_NE(statistics.text().find(dropped), std::string::npos);
}

}  // namespace
}  // namespace penstock::capture

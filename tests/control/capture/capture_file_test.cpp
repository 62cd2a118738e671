// tests/control/capture/capture_file_test.cpp - a stream of pcap-ng becomes a file of whole blocks, however it ends. The blocks are those
// that the dataplane writes.
#include "control/capture/capture_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <thread>

#include "control/capture/block_reader.h"
#include "dataplane/capture/pcapng.h"

namespace penstock::control {
namespace {

using capture::Bytes;

struct Packet {
  capture::Record record;
  std::array<uint8_t, 72> frame;
};

Bytes packets(unsigned count) {
  Bytes out;
  capture::put_section(out, "penstock-dataplane", "captured: clients");
  capture::put_interface(out, "corp", "");
  for (unsigned i = 0; i < count; ++i) {
    Packet packet{};
    packet.record.length = 61 + i % 8;
    capture::put_packet(out, packet.record, i);
  }
  return out;
}

Bytes with_statistics(Bytes out) {
  capture::put_statistics(out, 0, {.begin_ns = 1, .end_ns = 2, .matched = 12, .lost = 2, .written = 10},
                          "the capture ended because of us");
  capture::put_statistics(out, 1, {.begin_ns = 1, .end_ns = 2, .matched = 5, .lost = 1, .written = 4}, "");
  return out;
}

TEST(BlockReader, CountsWhereverTheStreamIsCut) {
  const Bytes stream = with_statistics(packets(10));
  for (size_t piece = 1; piece < 200; ++piece) {
    BlockReader reader;
    for (size_t at = 0; at < stream.size(); at += piece)
      reader.read(std::span(stream).subspan(at, std::min(piece, stream.size() - at)));
    ASSERT_EQ(reader.packets(), 10U) << piece;
    ASSERT_EQ(reader.whole(), stream.size());
    ASSERT_TRUE(reader.is_complete());
    ASSERT_EQ(reader.matched(), 17U);
    ASSERT_EQ(reader.lost(), 3U);
    ASSERT_EQ(reader.ended(), "the capture ended because of us");
  }
}

TEST(BlockReader, EndsBehindTheLastWholeBlock) {
  const size_t nine = packets(9).size();
  const Bytes ten = packets(10);
  for (size_t end = nine; end < ten.size(); ++end) {
    BlockReader reader;
    reader.read(std::span(ten).first(end));
    ASSERT_EQ(reader.whole(), nine);
    ASSERT_EQ(reader.packets(), 9U);
    ASSERT_FALSE(reader.is_complete());
  }
}

class CopyCapture : public testing::Test {
 protected:
  CopyCapture() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    dataplane = config::Descriptor(ends[0]);
    stream = config::Descriptor(ends[1]);
  }
  size_t size() const {
    struct stat status {};
    fstat(file.get(), &status);
    return static_cast<size_t>(status.st_size);
  }

  config::Descriptor dataplane, stream;
  config::Descriptor file{memfd_create("capture", MFD_CLOEXEC)};
  std::atomic<bool> stop{false};
};

TEST_F(CopyCapture, SaysWhatTheDataplaneSays) {
  const Bytes bytes = with_statistics(packets(10));
  ASSERT_EQ(send(dataplane.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  dataplane = {};
  const CaptureResult result = copy_capture(stream.get(), file.get(), stop);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.packets, 10U);
  EXPECT_EQ(result.matched, 17U);
  EXPECT_EQ(result.lost, 3U);
  EXPECT_EQ(result.bytes, bytes.size());
  EXPECT_EQ(size(), bytes.size());
}

TEST_F(CopyCapture, LeavesWholeBlocksOfADataplaneThatDied) {
  const Bytes bytes = packets(10);
  ASSERT_EQ(send(dataplane.get(), bytes.data(), bytes.size() - 5, 0), static_cast<ssize_t>(bytes.size() - 5));
  dataplane = {};
  const CaptureResult result = copy_capture(stream.get(), file.get(), stop);
  EXPECT_EQ(result.packets, 9U);
  EXPECT_EQ(size(), packets(9).size());
  EXPECT_NE(result.ended.find("without its statistics"), std::string::npos);
}

TEST_F(CopyCapture, AsksForTheEndWhenItIsStopped) {
  stop = true;
  std::thread other([this] {
    char end = 0;
    EXPECT_EQ(recv(dataplane.get(), &end, 1, 0), 0) << "it is told to end";
    const Bytes bytes = with_statistics(packets(3));
    EXPECT_EQ(send(dataplane.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    dataplane = {};
  });
  const CaptureResult result = copy_capture(stream.get(), file.get(), stop);
  other.join();
  EXPECT_EQ(result.packets, 3U);
  EXPECT_EQ(result.ended, "the capture ended because of us");
}

TEST_F(CopyCapture, SaysThatTheFileTakesNoMore) {
  const config::Descriptor full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  const Bytes bytes = with_statistics(packets(3));
  ASSERT_EQ(send(dataplane.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  const CaptureResult result = copy_capture(stream.get(), full.get(), stop);
  EXPECT_EQ(result.error, "cannot write the capture: No space left on device");
  EXPECT_EQ(result.packets, 0U);
}

}  // namespace
}  // namespace penstock::control

#include "control/capture/capture_file.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "control/capture/block_reader.h"

namespace penstock::control {
namespace {

constexpr size_t kPiece = 256 * 1024;
constexpr int kLook = 100;  // ms: so soon `stop` is seen
constexpr std::chrono::seconds kPatience{5};

bool write_all(int file, std::span<const uint8_t> octets) {
  while (!octets.empty()) {
    const ssize_t written = write(file, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    octets = octets.subspan(static_cast<size_t>(written));
  }
  return true;
}

bool is_readable(int stream) {
  pollfd waiting{stream, POLLIN, 0};
  return poll(&waiting, 1, kLook) > 0;
}

// False: the stream has ended, or the file takes no more, which `result` says.
bool copy_piece(int stream, int file, std::span<uint8_t> room, BlockReader& blocks, CaptureResult& result) {
  const ssize_t came = recv(stream, room.data(), room.size(), 0);
  if (came < 0 && errno == EINTR) return true;
  if (came <= 0) return false;
  const auto octets = room.first(static_cast<size_t>(came));
  if (!write_all(file, octets)) {
    result.error = std::string("cannot write the capture: ") + strerror(errno);
    return false;
  }
  blocks.read(octets);
  return true;
}

}  // namespace

CaptureResult copy_capture(int stream, int file, const std::atomic<bool>& stop) {
  CaptureResult result;
  BlockReader blocks;
  std::vector<uint8_t> room(kPiece);
  std::optional<std::chrono::steady_clock::time_point> stopped_at;
  for (;;) {
    if (stop && !stopped_at) {
      shutdown(stream, SHUT_WR);
      stopped_at = std::chrono::steady_clock::now();
    }
    if (stopped_at && std::chrono::steady_clock::now() - *stopped_at > kPatience) break;
    if (is_readable(stream) && !copy_piece(stream, file, room, blocks, result)) break;
  }
  result.packets = blocks.packets();
  result.matched = blocks.is_complete() ? blocks.matched() : blocks.packets();
  result.lost = blocks.lost();
  result.bytes = blocks.whole();
  result.ended = blocks.is_complete() ? blocks.ended()
                                      : "the capture ended without its statistics: the dataplane is gone, or hangs";
  // Of a pipe this is an error, and of no matter.
  if (ftruncate(file, static_cast<off_t>(blocks.whole())) != 0 && errno == ENOSPC) result.error = strerror(errno);
  return result;
}

}  // namespace penstock::control

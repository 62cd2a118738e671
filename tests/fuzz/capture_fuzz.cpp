// tests/fuzz/capture_fuzz.cpp - a capture's filter reads no octet behind a frame, and misses nothing that the path takes for a query or a
// response. Inputs are those of path_fuzz: the frame stands behind three octets.
#include <rte_mbuf.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "dataplane/capture/frame_filter.h"
#include "dataplane/path/frame/classify.h"

namespace {

using namespace penstock;

tables::LocalHost make_host() {
  tables::LocalHost host;
  host.port_count = 1;
  host.ports[0].accepts_partial_checksum = true;
  host.add_listen(*config::parse_address("192.168.10.86"));
  host.add_listen(*config::parse_address("fd00::86"));
  host.deal_source_ports(16384, 4096, 2);
  return host;
}

bool is_ours(config::ClassifyOutcome outcome) {
  return outcome == config::ClassifyOutcome::query || outcome == config::ClassifyOutcome::response ||
         outcome == config::ClassifyOutcome::fragment;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const tables::LocalHost host = make_host();
  static const capture::FrameFilter all{config::CaptureRequest{}};
  static const capture::FrameFilter named{[] {
    config::CaptureRequest request;
    request.name = {1, 'a'};
    request.name_length = 3;
    return request;
  }()};
  if (size < 3) return 0;
  std::vector<uint8_t> bytes(data + 3, data + size);  // of its own, so that ASan sees its end
  rte_mbuf frame{};
  frame.buf_addr = bytes.data();
  frame.data_len = static_cast<uint16_t>(bytes.size());
  frame.pkt_len = frame.data_len;
  frame.nb_segs = 1;
  path::Packet packet{};
  const auto outcome = path::classify(frame, 0, host, packet);
  const bool is_taken = all.passes(bytes, capture::Direction::received, 0, host);
  const bool is_named = named.passes(bytes, capture::Direction::received, 0, host);
  (void)all.passes(bytes, capture::Direction::sent, 0, host);
  if ((is_ours(outcome) && !is_taken) || (is_named && !is_taken)) {
    std::fputs("the capture misses what the path takes\n", stderr);
    std::abort();
  }
  return 0;
}

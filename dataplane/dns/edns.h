// dataplane/dns/edns.h - the OPT record: read, taken out, written, its options walked (RFC 6891 section 6.1).
//
// An OPT is a matter between two hops. What a client sends goes no further, and neither does what an endpoint sends: each hop
// gets one of ours. Nothing here reads or writes outside the bytes that it is given.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace penstock::dns {

constexpr unsigned kOptSize = 11;  // octets, without options

constexpr uint16_t kOptionNsid = 3;            // RFC 5001
constexpr uint16_t kOptionClientSubnet = 8;    // RFC 7871
constexpr uint16_t kOptionCookie = 10;         // RFC 7873
constexpr uint16_t kOptionKeepalive = 11;      // RFC 7828
constexpr uint16_t kOptionExtendedError = 15;  // RFC 8914

struct Opt {
  uint16_t begin = 0;   // offset of its owner in the message; 0: there is none
  uint16_t end = 0;     // offset behind it
  uint16_t behind = 0;  // records that follow it
  uint16_t udp_size = 0;
  uint8_t extended_rcode = 0;  // upper eight bits of the rcode
  uint8_t version = 0;
  bool dnssec_ok = false;

  bool has_options() const { return end - begin > static_cast<int>(kOptSize); }
};

// Of the OPT whose owner is at `begin`, a whole record with `behind` records behind it. Field by field, where it is to be: a struct that
// is returned is copied in one piece, which waits for the stores of its fields.
inline void read_opt(const uint8_t* message, unsigned begin, unsigned behind, Opt& opt) {
  const uint8_t* at = message + begin;
  opt.begin = static_cast<uint16_t>(begin);
  opt.end = static_cast<uint16_t>(begin + kOptSize + (at[9] << 8 | at[10]));
  opt.behind = static_cast<uint16_t>(behind);
  opt.udp_size = static_cast<uint16_t>(at[3] << 8 | at[4]);
  opt.extended_rcode = at[5];
  opt.version = at[6];
  opt.dnssec_ok = (at[7] & 0x80) != 0;
}

enum class OptSearch : uint8_t {
  none,
  found,
  wrong,  // two of them, one outside the additional section, one whose owner is not the root, or beside a signature (TSIG)
  unreadable,  // the records cannot be walked to their end
};
// In a message whose question section ends at `begin`, at least kHeaderSize. `end`: where its records end, unless they are
// unreadable or the OPT is wrong.
OptSearch find_opt(std::span<const uint8_t> message, unsigned begin, Opt& opt, unsigned& end);

// Takes the OPT out and counts it no more. Records behind it move up, and with them what points at them. The length that is
// left of the message; 0, and nothing has changed: something points into the OPT, or what follows it cannot be read.
unsigned remove_opt(std::span<uint8_t> message, const Opt& opt);

// Writes kOptSize octets: an OPT of version 0 that announces `options_length` octets of options, which the caller writes.
inline void write_opt(uint8_t* at, uint16_t udp_size, uint8_t extended_rcode, bool dnssec_ok, unsigned options_length) {
  constexpr uint64_t kRootAndType = 41;
  const uint64_t begin = kRootAndType << 40 | uint64_t{udp_size} << 24 | uint64_t{extended_rcode} << 16;  // version 0
  const uint64_t first = __builtin_bswap64(begin | (dnssec_ok ? 0x80 : 0));
  const uint32_t last = __builtin_bswap32((dnssec_ok ? 0x80000000 : 0) | (options_length & 0xffff));
  std::memcpy(at, &first, 8);
  std::memcpy(at + kOptSize - 4, &last, 4);
}

struct Option {
  uint16_t code;
  std::span<const uint8_t> whole;  // code and length included

  std::span<const uint8_t> data() const { return whole.subspan(4); }
};

//   Options options(message, opt);
//   for (Option option; options.next(option);) ...
//   if (options.malformed()) ...            // what came before was whole nevertheless
class Options {
 public:
  Options(std::span<const uint8_t> message, const Opt& opt)
      : left_(message.subspan(opt.begin + kOptSize, opt.end - opt.begin - kOptSize)) {}

  bool next(Option& option);
  bool malformed() const { return !left_.empty(); }  // once next() has said that there is no more

 private:
  std::span<const uint8_t> left_;
};

}  // namespace penstock::dns

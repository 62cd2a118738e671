// dataplane/path/guard/leak.h - what must not reach a client in an answer for a private name. Pure; the fast path and the slow use it alike.
//
// A leak is an address outside the networks that the rule expects (A, AAAA and the hints of SVCB and HTTPS), or a chain that
// ends in this response, outside every private zone, without an address: the client would ask for its end elsewhere. NODATA
// and NXDOMAIN are none. A chain through a foreign name is right as long as the addresses behind it are. An address in 64:ff9b::/96 (RFC
// 6052) is judged by the IPv4 address inside, unless a network of IPv6 has it.
//
// A family of which nobody wrote a network is withheld: the clients hear that there is no such address, not that the name fails, as
// that would take the other family from those who ask for both.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/path/guard/chain.h"
#include "dataplane/tables/ruleset.h"

namespace penstock::path {

enum class LeakKind : uint8_t {
  none,
  address,
  withheld,    // only addresses of a family that is withheld, each a record of the type that was asked for
  beside,      // the same, behind an answer section without a leak
  chain,       // out of the private zones, and no address at its end
  unreadable,  // a record is cut short, or the name of one that matters cannot be read
};

struct Leak {
  LeakKind kind = LeakKind::none;
  uint8_t family = 0;  // 4 or 6: of the address, where there is one
  std::array<uint8_t, 16> address{};
};

// `message` is the response to a question of `question_length` octets, which it repeats; `rule` is the rule of its name for the
// client, who is of `group`.
Leak find_leak(const tables::Ruleset& rules, const config::ImageRule& rule, uint16_t group,
               std::span<const uint8_t> message, unsigned question_length);

// Whether the address lies in one of the networks. The octets are an address of the family, in network order.
bool lies_inside(std::span<const config::ImagePrefix> networks, uint8_t family, const uint8_t* address);

}  // namespace penstock::path

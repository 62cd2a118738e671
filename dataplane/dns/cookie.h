// dataplane/dns/cookie.h - DNS cookies (RFC 7873) of a server, made as all servers make them (RFC 9018): the client's, a time and the
// client's address under a secret. Who shows one again has received what was sent to that address.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace penstock::dns {

constexpr unsigned kClientCookieSize = 8;
constexpr unsigned kServerCookieSize = 16;
constexpr unsigned kLeastServerCookie = 8;  // octets of anybody's (RFC 7873 section 4)
constexpr unsigned kMostServerCookie = 32;

using CookieSecret = std::array<uint8_t, 16>;
// The client's and, behind it, the server's: the data of an option that leaves to a client.
using Cookie = std::array<uint8_t, kClientCookieSize + kServerCookieSize>;

constexpr uint32_t kCookieGoodFor = 3600;  // s (RFC 9018 section 4.3)
constexpr uint32_t kCookieRenewAfter = 1800;
constexpr uint32_t kCookieFromFuture = 300;  // clocks of several servers may differ

// SipHash-2-4 as the number that its eight octets are, the least first.
uint64_t siphash24(const CookieSecret& secret, std::span<const uint8_t> octets);

// Writes the server's part behind the client's. `owner`: whom it is for, kMostOwner octets at most, which the RFC has as the client's address
// and nothing else. `now`: seconds since 1970, modulo 2^32.
constexpr unsigned kMostOwner = 24;
void make_server_cookie(Cookie& cookie, const CookieSecret& secret, std::span<const uint8_t> owner, uint32_t now);

// Was the server's part made so, and has it not expired? In a time that does not depend on how much of it is right.
bool is_server_cookie(const Cookie& cookie, const CookieSecret& secret, std::span<const uint8_t> owner, uint32_t now);

// When it was made, as it says: seconds since 1970, modulo 2^32.
uint32_t time_of(const Cookie& cookie);

}  // namespace penstock::dns

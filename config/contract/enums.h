// config/contract/enums.h - words of the configuration that the dataplane acts on. Their numbers are in the image, so new ones go last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace penstock::config {

enum class PortKind : uint8_t { af_xdp, af_packet, pci, vdev };

enum class Idle : uint8_t { adaptive, busy };

// What becomes of a query above a limit. Truncated: an empty answer with TC, so that an honest client comes back by TCP.
enum class OverRate : uint8_t { truncate, refuse, drop };

enum class PoolKind : uint8_t { recursive, route53_inbound };

// How a pool's queries are dealt to its endpoints.
enum class Policy : uint8_t {
  least_outstanding,  // the less busy of two drawn at random
  round_robin,
  weighted,  // at random, by Endpoint::weight
  ordered,   // the first that is healthy
};

// How many queries may be under way on one TCP connection to an endpoint. Automatic: many, until it turns out that it does not bear them.
enum class Pipelining : uint8_t { automatic, on, off };

enum class Action : uint8_t {
  forward,
  nxdomain,
  nodata,
  refused,
  records,    // from Rule::records
  addresses,  // each name has Rule::addresses
};

// What becomes of an answer for a private name that has an address outside Rule::expect.
enum class OnLeak : uint8_t { servfail, alarm };

// What becomes of a chain of CNAMEs, in an answer for a name that is not private, that leads into the rule's private zone.
enum class CnameInto : uint8_t { chase, alarm, pass };

// From which level on lines are written to the log.
enum class LogLevel : uint8_t { debug, info, warning, error };

// What becomes of a client that a zone is not for.
enum class Otherwise : uint8_t {
  refuse,
  next,  // the next entry that the name matches decides
};

// Whether the value is a word of its enum: the compiler writes "config::Policy::ordered", and "(config::Policy)4" of one that is not.
template <auto kValue>
constexpr bool is_word() {
  const std::string_view name = __PRETTY_FUNCTION__;
  const char behind = name[name.rfind(')') + 1];
  return behind < '0' || behind > '9';
}
template <typename Enum, size_t kFrom = 0>
constexpr size_t count_words() {
  if constexpr (is_word<static_cast<Enum>(kFrom)>())
    return count_words<Enum, kFrom + 1>();
  else
    return kFrom;
}
// How many words an enum has: tables with an entry for each are held against it.
template <typename Enum>
inline constexpr size_t kCountOf = count_words<Enum>();

}  // namespace penstock::config

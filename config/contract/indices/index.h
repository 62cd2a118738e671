// config/contract/indices/index.h - numbers of endpoints, endpoint slots, pools and rules: each is a type of its own, so that none is
// taken for another.
//
// They are as large as their number and trivially copyable, so they stand in the flat structs of the image and of the pages. A value
// says nothing of its range: the image is untrusted until tables::Ruleset::open() has checked it.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace penstock::config {

template <typename Tag, typename Number>
class Index {
 public:
  using Rep = Number;

  Index() = default;  // as of a bare integer: Index{} is 0, and in a flat struct it costs nothing
  explicit constexpr Index(Number number) : number_(number) {}
  // Not from another kind of index.
  template <typename OtherTag, typename OtherNumber>
  explicit Index(Index<OtherTag, OtherNumber>) = delete;

  constexpr Number value() const { return number_; }

  constexpr bool operator==(const Index&) const = default;
  constexpr auto operator<=>(const Index&) const = default;
  constexpr Index& operator++() {
    ++number_;
    return *this;
  }

 private:
  Number number_;
};

// Of the image's endpoints, pools and rules; a slot: of the endpoint state page and of the per-endpoint counters.
using EndpointIndex = Index<struct EndpointIndexTag, uint32_t>;
using EndpointSlot = Index<struct EndpointSlotTag, uint16_t>;
using PoolIndex = Index<struct PoolIndexTag, uint32_t>;
using RuleIndex = Index<struct RuleIndexTag, uint32_t>;

constexpr EndpointIndex kNoEndpoint{0xffffffff};
constexpr EndpointSlot kNoEndpointSlot{0xffff};
constexpr PoolIndex kNoPool{0xffffffff};
constexpr RuleIndex kNoRule{0xffffffff};

}  // namespace penstock::config

template <typename Tag, typename Number>
struct std::hash<penstock::config::Index<Tag, Number>> {
  size_t operator()(penstock::config::Index<Tag, Number> index) const noexcept {
    return std::hash<Number>{}(index.value());
  }
};

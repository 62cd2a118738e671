// config/contract/indices/indexed.h - ranges of one kind of index, and spans and arrays whose places are of one kind.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

#include "config/contract/indices/index.h"

namespace penstock::config {

// `count` indices from `first`, to be walked through.
template <typename Kind>
class IndexRange {
 public:
  class Iterator {
   public:
    constexpr explicit Iterator(Kind at) : at_(at) {}
    constexpr Kind operator*() const { return at_; }
    constexpr Iterator& operator++() {
      ++at_;
      return *this;
    }
    constexpr bool operator==(const Iterator&) const = default;

   private:
    Kind at_;
  };

  constexpr IndexRange(Kind first, size_t count)
      : first_(first), end_(static_cast<typename Kind::Rep>(first.value() + count)) {}

  constexpr Iterator begin() const { return Iterator(first_); }
  constexpr Iterator end() const { return Iterator(end_); }

 private:
  Kind first_;
  Kind end_;
};

// A span whose places are of one kind of index. As unchecked as a span.
template <typename Kind, typename T>
class IndexedSpan {
 public:
  constexpr IndexedSpan() = default;
  constexpr explicit IndexedSpan(std::span<T> all) : all_(all) {}
  template <typename Other>
  requires std::is_convertible_v<std::span<Other>, std::span<T>>
  constexpr IndexedSpan(IndexedSpan<Kind, Other> other) : all_(other.plain()) {}  // NOLINT: as of spans

  constexpr T& operator[](Kind index) const { return all_[index.value()]; }
  constexpr bool has(Kind index) const { return index.value() < all_.size(); }
  // What stands at `first` and behind it.
  constexpr std::span<T> part(Kind first, size_t count) const { return all_.subspan(first.value(), count); }

  constexpr size_t size() const { return all_.size(); }
  constexpr auto begin() const { return all_.begin(); }
  constexpr auto end() const { return all_.end(); }
  constexpr IndexRange<Kind> indices() const { return {Kind{0}, all_.size()}; }
  constexpr std::span<T> plain() const { return all_; }

 private:
  std::span<T> all_;
};

// The same of an array; laid out as one.
template <typename Kind, typename T, size_t N>
struct IndexedArray {
  std::array<T, N> all;

  constexpr T& operator[](Kind index) { return all[index.value()]; }
  constexpr const T& operator[](Kind index) const { return all[index.value()]; }
  constexpr bool has(Kind index) const { return index.value() < N; }
  // What stands at `first` and behind it.
  constexpr std::span<T> part(Kind first, size_t count) { return std::span<T>(all).subspan(first.value(), count); }
  constexpr std::span<const T> part(Kind first, size_t count) const {
    return std::span<const T>(all).subspan(first.value(), count);
  }
  constexpr void fill(const T& value) { all.fill(value); }

  constexpr size_t size() const { return N; }
  constexpr auto begin() { return all.begin(); }
  constexpr auto end() { return all.end(); }
  constexpr auto begin() const { return all.begin(); }
  constexpr auto end() const { return all.end(); }
  constexpr IndexRange<Kind> indices() const { return {Kind{0}, N}; }
};

}  // namespace penstock::config

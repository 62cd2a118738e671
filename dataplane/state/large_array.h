// dataplane/state/large_array.h - memory of one lcore, taken at start: on huge pages where the kernel gives them.
//
// What is in it is found at random, and a page walk for each look would cost more than all the rest.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace penstock::state {

struct FreeLarge {
  void operator()(void* memory) const { std::free(memory); }
};
template <typename T>
using LargeArray = std::unique_ptr<T[], FreeLarge>;

// At start only (files named *_memory.cpp). 64-byte aligned or better; throws std::bad_alloc.
void* take_large(size_t bytes);

template <typename T>
LargeArray<T> make_large(size_t count) {
  T* first = static_cast<T*>(take_large(count * sizeof(T)));
  std::uninitialized_value_construct_n(first, count);
  return LargeArray<T>(first);
}

}  // namespace penstock::state

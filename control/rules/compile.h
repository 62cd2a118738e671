// control/rules/compile.h - a model into the rule image that the dataplane forwards by (config/contract/image.h).
//
// Rules, pools and endpoints keep their order: an index into Model::rules or Model::pools is the index in the
// image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/contract/image.h"
#include "config/model.h"

namespace penstock::control {

// An image is read in place, so its first byte lies on a cache line.
template <typename T>
struct ImageAllocator {
  using value_type = T;
  ImageAllocator() = default;
  template <typename U>
  ImageAllocator(const ImageAllocator<U>&) {}
  T* allocate(size_t n) {
    return static_cast<T*>(::operator new (n * sizeof(T), std::align_val_t{config::kImageAlignment}));
  }
  void deallocate(T* at, size_t) { ::operator delete (at, std::align_val_t{config::kImageAlignment}); }
  bool operator==(const ImageAllocator&) const = default;
};
using ImageBytes = std::vector<std::byte, ImageAllocator<std::byte>>;

struct Compiled {
  ImageBytes image;
  uint64_t generation = 0;
  uint64_t checksum = 0;
  uint64_t loop_token = 0;
  uint32_t zones = 0;  // distinct names
};

// The slot of the endpoint state page that an endpoint has; below kMaxEndpoints, no slot twice.
using SlotOf = std::function<config::EndpointSlot(const config::Pool&, const config::Endpoint&)>;

// The error is one line. `hash_key` is for tests that want the same image twice; otherwise it is drawn anew.
tl::expected<Compiled, std::string> compile(const config::Model& model, uint64_t generation, const SlotOf& slot_of,
                                            std::optional<uint64_t> hash_key = {});

}  // namespace penstock::control

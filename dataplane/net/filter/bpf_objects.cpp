// dataplane/net/filter/bpf_objects.cpp - takes in the objects that clang compiled for BPF; CMake gives their paths.
#include "dataplane/net/filter/bpf_objects.h"

#define PENSTOCK_INCLUDE_BINARY(symbol, path) \
  asm(".pushsection .rodata\n"                \
      ".balign 16\n"                          \
      ".global " #symbol "\n" #symbol         \
      ":\n"                                   \
      ".incbin \"" path                       \
      "\"\n"                                  \
      ".global " #symbol "_end\n" #symbol     \
      "_end:\n"                               \
      ".popsection\n")

PENSTOCK_INCLUDE_BINARY(penstock_filter_object, PENSTOCK_FILTER_OBJECT);
PENSTOCK_INCLUDE_BINARY(penstock_decoy_object, PENSTOCK_DECOY_OBJECT);

extern "C" {
extern const std::byte penstock_filter_object[];
extern const std::byte penstock_filter_object_end[];
extern const std::byte penstock_decoy_object[];
extern const std::byte penstock_decoy_object_end[];
}

namespace penstock::net {

std::span<const std::byte> filter_object() {
  return {penstock_filter_object, penstock_filter_object_end};
}
std::span<const std::byte> decoy_object() {
  return {penstock_decoy_object, penstock_decoy_object_end};
}

}  // namespace penstock::net

// dataplane/net/filter/bpf_objects.h - the compiled XDP programs, carried inside the binary.
#pragma once

#include <cstddef>
#include <span>

namespace penstock::net {

std::span<const std::byte> filter_object();  // filter.bpf.c as ELF
std::span<const std::byte> decoy_object();   // decoy.bpf.c as ELF

}  // namespace penstock::net

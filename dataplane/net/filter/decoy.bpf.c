// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// dataplane/net/filter/decoy.bpf.c - what the AF_XDP driver is given to attach until our filter takes its place:
// passes everything.
//
// The driver wants a program of its own with a map of this name. One it attached it would attach again for
// each ethdev, and refuse the second on one interface; and it keeps the maps to itself (README.md).
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_XSKMAP);
  __uint(max_entries, 256);
  __type(key, __u32);
  __type(value, __u32);
} xsks_map SEC(".maps");

SEC("xdp")
int penstock_decoy(struct xdp_md* ctx) {
  (void)ctx;
  return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

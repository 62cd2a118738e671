// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// dataplane/net/filter/filter.bpf.c - the XDP filter: our UDP goes to the queue's AF_XDP socket, all the rest to the
// kernel.
//
// Ours is UDP to a listen address, port 53, and UDP from port 53 of an endpoint to one of our source ports:
// over IPv4 without options or fragments, or over IPv6 with UDP as its first next header; with or without one
// 802.1Q tag. A response with IPv4 options or IPv6 extension headers is dropped: no server sends one, and the kernel would tell the
// endpoint that our port is unreachable. Of a response that came in fragments the first is ours too: it says which query has to be asked again over TCP, and
// without it the kernel never has a whole datagram to refuse. Of a client that the dataplane has found to flood us with what it turns
// away (`policed`), only so much passes: the ring is for the others as well. A frame to another host's MAC - a switch floods it, or the
// card is promiscuous - is the kernel's, which drops it or knows whose it is. With empty maps nothing is ours. Where a queue has no
// socket any more, the frame passes to the kernel.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define DNS_PORT 53
#define ADDRESSES 4096
#define QUEUES 256
#define MACS 256
#define EXTENSIONS 3  // headers of IPv6 before UDP that are stepped over
#define POLICED 1024
#define WINDOW_SHIFT 23  // windows of 8.4 ms

struct address {
  __u32 words[4];  // network order; IPv4 as ::ffff:a.b.c.d
};

struct port_range {
  __u32 first;  // host order
  __u32 count;
};

struct fragment_header {
  __u8 next_header;
  __u8 reserved;
  __be16 offset;  // in 8 octets, in the upper 13 bits; the lowest says that more follow
  __be32 identification;
};

struct extension_header {
  __u8 next_header;
  __u8 length;  // in 8 octets, less one
};

struct vlan_tag {
  __be16 tci;
  __be16 ethertype;
};

struct {
  __uint(type, BPF_MAP_TYPE_XSKMAP);
  __uint(max_entries, QUEUES);
  __type(key, __u32);
  __type(value, __u32);
} xsks_map SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, ADDRESSES);
  __type(key, struct address);
  __type(value, __u8);
} listen SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, ADDRESSES);
  __type(key, struct address);
  __type(value, __u8);
} endpoints SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct port_range);
} source_ports SEC(".maps");

struct mac {
  __u8 octets[8];  // the last two are 0
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, MACS);
  __type(key, struct mac);
  __type(value, __u8);
} macs SEC(".maps");

// A group's address is nobody's: the dataplane counts such frames and drops them, and the kernel would not.
static __always_inline int is_for_another_host(const struct ethhdr* ethernet) {
  struct mac to = {};
  if (ethernet->h_dest[0] & 1) return 0;
  __builtin_memcpy(to.octets, ethernet->h_dest, ETH_ALEN);
  return !bpf_map_lookup_elem(&macs, &to);
}

// Of a client: an IPv4 address, or the network of an IPv6 one, its first 64 bits (state/clients/client_network.h). Written by several CPUs
// at once it counts a little too little.
struct allowance {
  __u64 window;
  __u32 passed;  // in it
  __u32 most;    // may pass in one; the dataplane's word, as the keys are
  __u64 dropped;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, POLICED);
  __type(key, struct address);
  __type(value, struct allowance);
} policed SEC(".maps");

// How many there are: nobody is looked for while there is none.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} policed_count SEC(".maps");

static __always_inline int is_too_much(struct address client) {
  __u32 zero = 0;
  __u32* count = bpf_map_lookup_elem(&policed_count, &zero);
  if (!count || *count == 0) return 0;
  if (client.words[0] || client.words[1] || client.words[2] != bpf_htonl(0xffff)) client.words[2] = client.words[3] = 0;
  struct allowance* allowance = bpf_map_lookup_elem(&policed, &client);
  if (!allowance) return 0;
  __u64 window = bpf_ktime_get_ns() >> WINDOW_SHIFT;
  if (allowance->window != window) {
    allowance->window = window;
    allowance->passed = 0;
  }
  if (allowance->passed >= allowance->most) {
    ++allowance->dropped;
    return 1;
  }
  ++allowance->passed;
  return 0;
}

SEC("xdp")
int penstock_filter(struct xdp_md* ctx) {
  void* at = (void*)(long)ctx->data;
  void* end = (void*)(long)ctx->data_end;

  struct ethhdr* ethernet = at;
  if ((void*)(ethernet + 1) > end) return XDP_PASS;
  __be16 ethertype = ethernet->h_proto;
  at = ethernet + 1;
  if (ethertype == bpf_htons(ETH_P_8021Q)) {
    struct vlan_tag* tag = at;
    if ((void*)(tag + 1) > end) return XDP_PASS;
    ethertype = tag->ethertype;
    at = tag + 1;
  }

  struct address source = {};
  struct address destination = {};
  int is_fragment = 0;
  int has_options = 0;
  if (ethertype == bpf_htons(ETH_P_IP)) {
    struct iphdr* ip = at;
    if ((void*)(ip + 1) > end) return XDP_PASS;
    if (ip->version != 4 || ip->ihl < 5 || ip->protocol != IPPROTO_UDP) return XDP_PASS;
    has_options = ip->ihl != 5;
    // Later fragments have no ports: the kernel keeps them until it has the first, or not.
    if (ip->frag_off & bpf_htons(0x1fff)) return XDP_PASS;
    is_fragment = (ip->frag_off & bpf_htons(0x2000)) != 0;
    source.words[2] = destination.words[2] = bpf_htonl(0xffff);
    source.words[3] = ip->saddr;
    destination.words[3] = ip->daddr;
    at = (void*)ip + 4 * ip->ihl;
  } else if (ethertype == bpf_htons(ETH_P_IPV6)) {
    struct ipv6hdr* ip = at;
    if ((void*)(ip + 1) > end) return XDP_PASS;
    if (ip->version != 6) return XDP_PASS;
    __builtin_memcpy(&source, &ip->saddr, sizeof source);
    __builtin_memcpy(&destination, &ip->daddr, sizeof destination);
    at = ip + 1;
    __u8 next = ip->nexthdr;
#pragma unroll
    for (int i = 0; i < EXTENSIONS; ++i) {
      if (next != IPPROTO_HOPOPTS && next != IPPROTO_DSTOPTS && next != IPPROTO_ROUTING) break;
      struct extension_header* extension = at;
      if ((void*)(extension + 1) > end) return XDP_PASS;
      has_options = 1;
      next = extension->next_header;
      at += 8 * (1 + extension->length);
    }
    if (next == IPPROTO_FRAGMENT) {
      struct fragment_header* fragment = at;
      if ((void*)(fragment + 1) > end) return XDP_PASS;
      if (fragment->offset & bpf_htons(0xfff8)) return XDP_PASS;
      next = fragment->next_header;
      is_fragment = 1;
      at = fragment + 1;
    }
    if (next != IPPROTO_UDP) return XDP_PASS;
  } else {
    return XDP_PASS;
  }

  struct udphdr* udp = at;
  if ((void*)(udp + 1) > end) return XDP_PASS;
  // A fragmented query, or one with options: the kernel reads it and the slow lane answers.
  if (udp->dest == bpf_htons(DNS_PORT) && !is_fragment && !has_options && bpf_map_lookup_elem(&listen, &destination)) {
    if (is_for_another_host(ethernet)) return XDP_PASS;
    if (is_too_much(source)) return XDP_DROP;
    return bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS);
  }
  if (udp->source != bpf_htons(DNS_PORT)) return XDP_PASS;
  __u32 zero = 0;
  struct port_range* ports = bpf_map_lookup_elem(&source_ports, &zero);
  // A port below the first wraps round to a large number.
  if (!ports || bpf_ntohs(udp->dest) - ports->first >= ports->count) return XDP_PASS;
  if (!bpf_map_lookup_elem(&endpoints, &source) || is_for_another_host(ethernet)) return XDP_PASS;
  if (has_options) return XDP_DROP;
  return bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

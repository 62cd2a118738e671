// dataplane/privileges.h - what a thread may do once its work is to read packets: capabilities(7) are a thread's own.
#pragma once

namespace penstock {

// For polling lcores, before their first packet: their sockets and queues are open, nothing more is needed. False when the
// kernel would not.
bool drop_all_privileges();

// For the main thread, once ports, filter and sockets are open. Kept: CAP_NET_ADMIN, to take the nft rules of af_packet ports
// away at the end, and CAP_NET_BIND_SERVICE, to listen on an address that comes later. The XDP filter's maps are changed through descriptors that stay open.
bool drop_startup_privileges();

}  // namespace penstock

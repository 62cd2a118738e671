// dataplane/slow/arrivals.h - by which interface of the kernel something came in: what is behind a VLAN that is not served is kept out.
#pragma once

#include <span>

namespace penstock::slow {

// Has the kernel drop what comes to a UDP socket by these, by index, 2000 at most; none: takes all again. Needs no right. (On a TCP
// socket Linux 6.18 wants CAP_NET_ADMIN for it.)
void keep_out(int socket, std::span<const int> interfaces);

// Has the connections that a listener takes know interface_of() them.
void note_interfaces(int listener);
// Index of the interface that a TCP connection came by; 0: not known.
int interface_of(int connection);

}  // namespace penstock::slow

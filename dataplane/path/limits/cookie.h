// dataplane/path/limits/cookie.h - the cookie of a client's query (RFC 7873): what it proves of the address, and what the answer's is.
//
// An answer leaves to the MAC that asked, so whoever is on a client's segment can hear what is said to its address. A cookie of our own secret
// is therefore good only from the MAC and VLAN that it was sent to; one that left by the kernel (over TCP) from any, as the kernel looks up
// where its neighbour is. Which of several servers has made one of a shared secret nobody can see, and each sees another router's MAC.
#pragma once

#include "dataplane/path/work.h"

namespace penstock::path {

// For a query whose OPT has a cookie and was understood, before anything is decided for it: sets the cookie of its answer, and work.proof if
// the client's proves its address.
void read_cookie(const state::Lcore& lcore, QueryWork& work);

}  // namespace penstock::path

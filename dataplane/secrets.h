// dataplane/secrets.h - random octets of the kernel: seeds of hashes and of lcores, and the secret of cookies.
#pragma once

#include <cstddef>

#include "dataplane/dns/cookie.h"

namespace penstock {

// Throws when the kernel has none.
void draw_random(void* into, size_t size);
dns::CookieSecret draw_cookie_secret();

}  // namespace penstock

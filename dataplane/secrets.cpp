#include "dataplane/secrets.h"

#include <sys/random.h>

#include <stdexcept>

namespace penstock {

void draw_random(void* into, size_t size) {
  if (getrandom(into, size, 0) != static_cast<ssize_t>(size))
    throw std::runtime_error("getrandom: the kernel gave no random numbers");
}

dns::CookieSecret draw_cookie_secret() {
  dns::CookieSecret secret;
  draw_random(secret.data(), secret.size());
  return secret;
}

}  // namespace penstock

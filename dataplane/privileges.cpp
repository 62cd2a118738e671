#include "dataplane/privileges.h"

#include <cap-ng.h>
#include <sys/prctl.h>

#include <initializer_list>

namespace penstock {

bool drop_all_privileges() {
  capng_clear(CAPNG_SELECT_CAPS);
  return capng_apply(CAPNG_SELECT_CAPS) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

bool drop_startup_privileges() {
  capng_clear(CAPNG_SELECT_CAPS);
  for (const unsigned kept : {CAP_NET_ADMIN, CAP_NET_BIND_SERVICE})
    capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED), kept);
  return capng_apply(CAPNG_SELECT_CAPS) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

}  // namespace penstock

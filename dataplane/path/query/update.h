// dataplane/path/query/update.h - messages that are one server's and one client's matter: UPDATE, TKEY, and what is signed.
//
// Their octets are covered by a signature, or the server keeps what came before (RFC 2930, 3645), so nothing is changed but the id,
// all of a client's go to the same endpoint, and none is shared, remembered or sent to another one. Whoever sends one repeats it.
#pragma once

#include "dataplane/path/work.h"

namespace penstock::path {

// A TKEY or signed query of the forwarding rule `rule`: to the rule's own pool, but for TKEY about a name that is not private, which
// prepares an update and goes where those go.
config::QueryOutcome pass_query(state::Lcore& lcore, QueryWork& work, config::RuleIndex rule);

// An UPDATE (RFC 2136), when the rules pass them: to their pool, unless it names something private.
config::QueryOutcome handle_update(state::Lcore& lcore, QueryWork& work);

}  // namespace penstock::path

// dataplane/path/choose/ordered.cpp - the first that can take it: the others wait until it cannot.
#include "dataplane/path/choose/policies.h"

namespace penstock::path {

config::EndpointIndex pick_ordered(state::Lcore&, const state::Candidates& among) {
  return among.endpoints.front();
}

}  // namespace penstock::path

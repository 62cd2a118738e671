// dataplane/path/choose/round_robin.cpp - one after the other; each lcore keeps its own turn.
#include "dataplane/path/choose/policies.h"

namespace penstock::path {

config::EndpointIndex pick_round_robin(state::Lcore&, const state::Candidates& among) {
  if (among.turn >= among.endpoints.size()) among.turn = 0;
  return among.endpoints[among.turn++];
}

}  // namespace penstock::path

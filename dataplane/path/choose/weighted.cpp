// dataplane/path/choose/weighted.cpp - at random, each as often as its weight says.
#include "dataplane/path/choose/policies.h"

namespace penstock::path {

config::EndpointIndex pick_weighted(state::Lcore& lcore, const state::Candidates& among) {
  const uint64_t high = lcore.random.next();
  return among.endpoints[state::draw(among.shares, high << 32 | lcore.random.next())];
}

}  // namespace penstock::path

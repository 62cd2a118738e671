// dataplane/path/choose/least_outstanding.cpp - the less busy of two drawn at random.
//
// No endpoint gets all of the load, however near it is, and one that stops answering gets little: what it owes is outstanding.
#include "dataplane/path/choose/policies.h"

namespace penstock::path {

config::EndpointIndex pick_least_outstanding(state::Lcore& lcore, const state::Candidates& among) {
  const auto count = static_cast<uint32_t>(among.endpoints.size());
  const uint32_t number = lcore.random.next();
  const uint32_t first = (number & 0xffff) * count >> 16;
  const config::EndpointIndex one = among.endpoints[first];
  if (count == 1) return one;
  uint32_t second = (number >> 16) * (count - 1) >> 16;
  second += second >= first ? 1 : 0;
  const config::EndpointIndex other = among.endpoints[second];
  return lcore.endpoints.outstanding[lcore.endpoints.hops[other].slot] <
                 lcore.endpoints.outstanding[lcore.endpoints.hops[one].slot]
             ? other
             : one;
}

}  // namespace penstock::path

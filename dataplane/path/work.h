// dataplane/path/work.h - a client's query on its way through the stages: what each of them has found out.
#pragma once

#include "dataplane/dns/keep.h"
#include "dataplane/dns/message.h"
#include "dataplane/path/frame/packet.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

struct QueryWork {
  Packet packet;
  dns::QueryVerdict verdict;
  bool is_likely;       // its answer seems to be remembered
  bool is_probed;       // probe is valid
  tables::Probe probe;  // valid when verdict is ok and there are rules
  dns::Query query;
  uint64_t question_hash;  // state::hash_question()
  uint32_t flight_hash;    // valid as probe is
  state::Proof proof;      // that its source is its sender's
  bool has_good_cookie;    // of ours, and not expired
  bool shared;             // the hash is the question's; if not, that of this very message
  uint32_t weight;         // of the client's group; valid once it may ask, as is the next
  uint16_t group;
  config::RuleIndex rule;  // kNoRule until one is found
  uint16_t id;             // of the message, as are the next two, valid when has_question()
  uint16_t type;
  uint16_t query_class;
  uint16_t opt_length;  // of our OPT, once to_endpoints() has written it; 0 before
  uint32_t
      response_rate;  // answers/s of one kind where this one goes (path/limits/limit.h), 0: any; set first of all, as is the next
  bool tries;          // it is the one that asks a pool which fails or is silent, to see whether somebody is back
  bool has_stale;      // lcore.memory.recalled is an expired answer to it; valid once it is to be forwarded
  dns::Giving giving;  // how to give that out

  bool has_question() const {
    return verdict == dns::QueryVerdict::ok || verdict == dns::QueryVerdict::update ||
           verdict == dns::QueryVerdict::bad_version;
  }
};

}  // namespace penstock::path

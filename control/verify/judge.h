// control/verify/judge.h - what an endpoint's answer for a private name means for the people who ask for it. Pure.
//
// Its judgement of addresses is written apart from the dataplane's leak guard (dataplane/path/guard/guard): a second opinion.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/model.h"

struct ldns_struct_pkt;

namespace penstock::control {

enum class Finding : uint8_t {
  good,           // every address lies where it should
  nothing_asked,  // the zone is there, the answer has no address (a zone's SOA)
  no_data,        // the name is there without an address
  nxdomain,
  outside,   // an address outside `expect`
  withheld,  // addresses of a family of which `expect` has no network: clients are told that there is none
  refused,
  failed,  // SERVFAIL or another rcode
  silent,
};

struct Judgement {
  Finding finding = Finding::silent;
  std::vector<config::IpAddress> addresses;  // of the answer section
  std::vector<config::IpAddress> outside;    // those that `expect` does not hold
  std::string text;                          // "10.16.110.189, 10.16.46.208" or "NXDOMAIN"
  std::string meaning;                       // what to look at; empty when it is good
  // The endpoint has no answer of its own: it says that there is no such name, or has the public addresses only.
  bool is_absent() const {
    return finding == Finding::nxdomain || (finding == Finding::outside && outside.size() == addresses.size());
  }
  bool ok() const { return finding == Finding::good || finding == Finding::nothing_asked; }
};

// `wants_address`: the question was for A or AAAA. `rule` is that of the name.
Judgement judge(const ldns_struct_pkt& answer, const config::Rule& rule, bool wants_address);
// No answer came, `problem` says why.
Judgement judge_silence(const std::string& problem, bool tcp);

// The networks to write as `expect:`, a /24 or /64 for each address.
std::vector<config::IpPrefix> suggest_networks(const std::vector<config::IpAddress>& addresses);

}  // namespace penstock::control

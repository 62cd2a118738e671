#include "config/read/keys.h"

#include <algorithm>
#include <iterator>

namespace penstock::config {
namespace {

// In the order of Place.
constexpr PlaceText kTexts[] = {
    {"Top level", "The keys at the top of the file."},
    {"ports[]", "One network port."},
    {"clients", "Who may ask, and how much."},
    {"clients.groups.NAME", "A group of clients with limits or names of its own."},
    {"pools.NAME", "Servers that know the same names. A query goes to one of them."},
    {"pools.NAME.endpoints[]", "One server. An address alone is short for `{address: ADDRESS}`."},
    {"pools.NAME.cache", "How long answers of the pool are cached. `cache: off` caches none."},
    {"pools.NAME.health", "Probes of each endpoint."},
    {"pools.NAME.tcp", "TCP connections to the endpoints."},
    {"studio[]", "SageMaker Studio of one account in one region."},
    {"studio[].suffix", "Domains of an AWS partition that this version does not know."},
    {"zones[]",
     "Names, with one of `zone`, `name` and `zones_file`, and one of `pool`, `answer`, `records` and "
     "`zone_file`."},
    {"default", "All names that no other entry has."},
    {"metrics", "Prometheus metrics over HTTP or HTTPS. `metrics: off` exports none."},
    {"metrics.tls", "Certificate and key of the metrics port."},
    {"metrics.users[]", "Who may read the metrics."},
    {"dataplane", "The process that forwards."},
    {"dataplane.source_ports", "UDP source ports of queries to endpoints."},
    {"dataplane.tcp", "TCP connections of clients."},
    {"control", "The process that reads the file, probes endpoints and serves `penstockctl`."},
    {"log", "What is written down."},
    {"log.queries", "The query log."},
    {"log.dnstap", "A dnstap collector."},
    {"log.dnstap.tls", "TLS to the dnstap collector."},
};
static_assert(std::size(kTexts) == kPlaces);

constexpr bool is_in_order() {
  for (size_t place = 0; place < kPlaces; ++place)
    if (keys_of(static_cast<Place>(place)).empty()) return false;
  for (size_t i = 1; i < std::size(kKeys); ++i) {
    if (kKeys[i].place < kKeys[i - 1].place) return false;
    for (size_t j = 0; j < i; ++j)
      if (kKeys[j].place == kKeys[i].place && kKeys[j].name == kKeys[i].name) return false;
  }
  return true;
}
static_assert(is_in_order(), "each place has keys, all at one place of the table, none twice");

}  // namespace

PlaceText text_of(Place place) {
  return kTexts[static_cast<size_t>(place)];
}

}  // namespace penstock::config

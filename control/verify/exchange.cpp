#include "control/verify/exchange.h"

#include <ldns/ldns.h>
// ldns makes them ints in the absence of C99's.
#undef true
#undef false

#include <new>

namespace penstock::control {
namespace {

struct ResolverFree {
  void operator()(ldns_resolver* resolver) const { ldns_resolver_deep_free(resolver); }
};
struct RdfFree {
  void operator()(ldns_rdf* rdf) const { ldns_rdf_deep_free(rdf); }
};
using Rdf = std::unique_ptr<ldns_rdf, RdfFree>;

Rdf to_rdf(const config::IpAddress& address) {
  Rdf rdf(ldns_rdf_new_frm_data(address.is_v4() ? LDNS_RDF_TYPE_A : LDNS_RDF_TYPE_AAAA, address.is_v4() ? 4 : 16,
                                address.bytes.data()));
  if (!rdf) throw std::bad_alloc();
  return rdf;
}

}  // namespace

void PacketFree::operator()(ldns_struct_pkt* packet) const {
  ldns_pkt_free(packet);
}

Exchange ask(const Server& server, const config::WireName& name, uint16_t type, bool tcp,
             std::chrono::milliseconds timeout) {
  const std::unique_ptr<ldns_resolver, ResolverFree> resolver(ldns_resolver_new());
  const Rdf dname(ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, name.size(), name.data()));
  if (!resolver || !dname) throw std::bad_alloc();
  ldns_resolver_push_nameserver(resolver.get(), to_rdf(server.address).get());
  if (server.source) ldns_resolver_set_source(resolver.get(), to_rdf(*server.source).release());
  ldns_resolver_set_port(resolver.get(), server.port);
  ldns_resolver_set_usevc(resolver.get(), tcp);
  ldns_resolver_set_retry(resolver.get(), 1);
  ldns_resolver_set_fallback(resolver.get(), 0);
  ldns_resolver_set_igntc(resolver.get(), 1);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  ldns_resolver_set_timeout(resolver.get(), {seconds.count(), (timeout - seconds).count() * 1000});

  ldns_pkt* packet = nullptr;
  const ldns_status status = ldns_resolver_send(&packet, resolver.get(), dname.get(), static_cast<ldns_rr_type>(type),
                                                LDNS_RR_CLASS_IN, LDNS_RD);
  if (status == LDNS_STATUS_OK && packet != nullptr) return {AnswerPacket(packet), ""};
  ldns_pkt_free(packet);
  if (status == LDNS_STATUS_OK || status == LDNS_STATUS_ERR || status == LDNS_STATUS_NETWORK_ERR)
    return {nullptr, "no answer in " + std::to_string(timeout.count()) + " ms"};
  return {nullptr, ldns_get_errorstr_by_id(status)};
}

}  // namespace penstock::control

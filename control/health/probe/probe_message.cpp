#include "control/health/probe/probe_message.h"

#include <ldns/ldns.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "config/check/probe_names.h"

namespace penstock::control {
namespace {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Packet = std::unique_ptr<ldns_pkt, Freer<ldns_pkt_free>>;
using Rdf = std::unique_ptr<ldns_rdf, Freer<ldns_rdf_deep_free>>;
using Text = std::unique_ptr<char, Freer<std::free>>;

Rdf to_dname(const config::WireName& name) {
  Rdf dname(ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, name.size(), name.data()));
  if (!dname) throw std::bad_alloc();
  return dname;
}

bool is_letter(char octet) {
  return std::isalpha(static_cast<unsigned char>(octet)) != 0;
}

std::string rcode_text(ldns_pkt_rcode rcode) {
  const Text text(ldns_pkt_rcode2str(rcode));
  return text ? text.get() : "RCODE " + std::to_string(rcode);
}

}  // namespace

std::vector<ProbeQuestion> probe_questions(const config::Model& model) {
  std::vector<ProbeQuestion> questions;
  for (config::WireName& name : config::probe_names(model)) {
    const bool root = name.size() == 1;
    const bool mixed_case = model.pools[questions.size()].randomise_case && can_be_mixed(name);
    questions.push_back(
        {std::move(name), static_cast<uint16_t>(root ? LDNS_RR_TYPE_NS : LDNS_RR_TYPE_SOA), mixed_case});
  }
  return questions;
}

std::string to_string(const ProbeQuestion& question) {
  const Text type(ldns_rr_type2str(static_cast<ldns_rr_type>(question.type)));
  return config::to_text(question.name) + " " + (type ? type.get() : std::to_string(question.type));
}

bool can_be_mixed(const config::WireName& name) {
  return std::count_if(name.begin(), name.end(), is_letter) >= 2;
}

// Length octets are below 'A'.
config::WireName in_mixed_case(config::WireName name, uint64_t bits) {
  char* first = nullptr;
  bool has_small = false;
  bool has_capital = false;
  for (char& octet : name) {
    if (!is_letter(octet)) continue;
    if (first == nullptr) first = &octet;
    octet = static_cast<char>((bits & 1) != 0 ? octet & ~0x20 : octet | 0x20);
    bits = bits >> 1 | bits << 63;
    (std::islower(static_cast<unsigned char>(octet)) != 0 ? has_small : has_capital) = true;
  }
  if (has_small != has_capital) *first = static_cast<char>(*first ^ 0x20);
  return name;
}

std::vector<uint8_t> build_probe(const ProbeQuestion& question, uint16_t id) {
  const Packet packet(ldns_pkt_query_new(to_dname(question.name).release(), static_cast<ldns_rr_type>(question.type),
                                         LDNS_RR_CLASS_IN, LDNS_RD));
  if (!packet) throw std::bad_alloc();
  ldns_pkt_set_id(packet.get(), id);
  uint8_t* wire = nullptr;
  size_t size = 0;
  const ldns_status status = ldns_pkt2wire(&wire, packet.get(), &size);
  if (status != LDNS_STATUS_OK) throw std::runtime_error(ldns_get_errorstr_by_id(status));
  const std::unique_ptr<uint8_t, Freer<std::free>> owned(wire);
  return {wire, wire + size};
}

ProbeAnswer judge_answer(std::span<const uint8_t> answer, const ProbeQuestion& question, uint16_t id) {
  ldns_pkt* parsed = nullptr;
  if (ldns_wire2pkt(&parsed, answer.data(), answer.size()) != LDNS_STATUS_OK) {
    return {ProbeVerdict::mismatch, "malformed answer"};
  }
  const Packet packet(parsed);
  if (ldns_pkt_id(parsed) != id) return {ProbeVerdict::mismatch, "answer with another ID"};
  if (!ldns_pkt_qr(parsed)) return {ProbeVerdict::mismatch, "got a query back instead of an answer"};
  if (ldns_pkt_get_opcode(parsed) != LDNS_PACKET_QUERY) return {ProbeVerdict::mismatch, "answer with another opcode"};
  const ldns_pkt_rcode rcode = ldns_pkt_get_rcode(parsed);
  const ldns_rr_list* asked = ldns_pkt_question(parsed);
  const size_t count = ldns_rr_list_rr_count(asked);
  // FORMERR, NOTIMP and REFUSED may come without the question; they are failures all the same.
  if (count != 0 || rcode == LDNS_RCODE_NOERROR || rcode == LDNS_RCODE_NXDOMAIN) {
    const ldns_rr* rr = count == 1 ? ldns_rr_list_rr(asked, 0) : nullptr;
    if (rr == nullptr || ldns_rr_get_type(rr) != question.type || ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN ||
        ldns_dname_compare(ldns_rr_owner(rr), to_dname(question.name).get()) != 0) {
      return {ProbeVerdict::mismatch, "answer to another question"};
    }
  }
  if (rcode == LDNS_RCODE_NOERROR || rcode == LDNS_RCODE_NXDOMAIN) {
    constexpr size_t kHeader = 12;
    const bool echoes = answer.size() >= kHeader + question.name.size() &&
                        std::memcmp(answer.data() + kHeader, question.name.data(), question.name.size()) == 0;
    return {ProbeVerdict::answers, "answers", echoes};
  }
  return {ProbeVerdict::unhealthy, rcode_text(rcode)};
}

}  // namespace penstock::control

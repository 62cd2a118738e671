#include "control/queries/query_filter.h"

#include <nlohmann/json.hpp>

#include "config/contract/decisions/rcode.h"
#include "control/queries/query_names.h"

namespace penstock::control {
namespace {

using nlohmann::json;

bool is_within(const config::WireName& name, const config::WireName& zone) {
  if (name.size() < zone.size()) return false;
  for (size_t at = 0; at < name.size(); at += size_t{static_cast<uint8_t>(name[at])} + 1) {
    if (name.size() - at == zone.size()) return name.compare(at, zone.size(), zone) == 0;
    if (name[at] == 0) break;
  }
  return false;
}

std::string text_in(const json& request, const char* key) {
  const auto member = request.find(key);
  return member != request.end() && member->is_string() ? member->get<std::string>() : "";
}

tl::expected<void, std::string> read_match(const std::string& text, QueryFilter& filter) {
  if (const auto network = config::parse_prefix(text)) {
    filter.clients = config::mapped_v4(*network).value_or(*network);
    return {};
  }
  if (const auto address = config::parse_address(text)) {
    const config::IpPrefix host{*address, static_cast<uint8_t>(address->family == 6 ? 128 : 32)};
    filter.clients = config::mapped_v4(host).value_or(host);
    return {};
  }
  const auto name = config::parse_name(text);
  if (!name)
    return tl::make_unexpected("'" + text +
                               "' is neither a domain name, nor the address or network of a client: " + name.error());
  filter.zone = *name;
  return {};
}

}  // namespace

bool is_within(const config::IpAddress& address, const config::IpPrefix& network) {
  if (address.family != network.address.family) return false;
  for (unsigned bit = 0; bit < network.length; bit += 8) {
    const unsigned left = network.length - bit;
    const unsigned mask = left >= 8 ? 0xffU : 0xff00U >> left & 0xffU;
    if (((address.bytes[bit / 8] ^ network.address.bytes[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

config::WireName folded_name(const config::NotedDecision& noted) {
  config::WireName name(reinterpret_cast<const char*>(noted.name.data()), noted.decision.name_length);
  for (char& octet : name)
    if (octet >= 'A' && octet <= 'Z') octet = static_cast<char>(octet + ('a' - 'A'));
  return name;
}

bool QueryFilter::passes(const config::NotedDecision& noted) const {
  const config::Decision& decision = noted.decision;
  if (rcode && decision.rcode != *rcode) return false;
  if (type && (decision.type != *type || decision.name_length == 0)) return false;
  if (slower_than_us && decision.took_us < *slower_than_us) return false;
  if (clients && !is_within(client_of(decision), *clients)) return false;
  if (!outcome.empty() && outcome_of(decision) != outcome) return false;
  return !zone || is_within(folded_name(noted), *zone);
}

tl::expected<QueryFilter, std::string> read_filter(const json& request) {
  QueryFilter filter;
  if (const std::string text = text_in(request, "match"); !text.empty())
    if (const auto read = read_match(text, filter); !read) return tl::make_unexpected(read.error());
  if (const std::string text = text_in(request, "type"); !text.empty()) {
    filter.type = type_number(text);
    if (!filter.type)
      return tl::make_unexpected("'" + text + "' is not a record type: give A, AAAA, HTTPS, TYPE65 ...");
  }
  if (const std::string text = text_in(request, "rcode"); !text.empty()) {
    filter.rcode = config::rcode_number(text);
    if (!filter.rcode)
      return tl::make_unexpected("'" + text + "' is not an rcode: give NOERROR, SERVFAIL, NXDOMAIN, REFUSED ..., or " +
                                 "none for queries without an answer");
  }
  filter.outcome = text_in(request, "outcome");
  if (!filter.outcome.empty() && !is_outcome(filter.outcome))
    return tl::make_unexpected("'" + filter.outcome +
                               "' is not an outcome: give answered_cached, returned, expired ..., as tail shows them");
  if (const auto slow = request.find("slow_ms"); slow != request.end() && slow->is_number())
    filter.slower_than_us = static_cast<uint32_t>(std::clamp(slow->get<double>(), 0.0, 4e6) * 1000);
  return filter;
}

}  // namespace penstock::control

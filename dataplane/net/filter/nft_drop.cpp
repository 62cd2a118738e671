// dataplane/net/filter/nft_drop.cpp - writes nft's own language and has libnftables run it.
#include "dataplane/net/filter/nft_drop.h"

#include <nftables/libnftables.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <utility>

namespace penstock::net {
namespace {

std::string table(const std::string& interface) {
  std::string name = "penstock_" + interface;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return "netdev " + name;
}

// "add" first: "delete" alone would be an error when there is none.
std::string removal(const std::string& interface, NftTable before) {
  return "add table " + table(interface) + (before == NftTable::ours ? " { flags owner; }" : "") + "\ndelete table " +
         table(interface) + "\n";
}

std::string set_of(const std::vector<config::IpAddress>& addresses, uint8_t family) {
  std::string text;
  for (const auto& address : addresses) {
    if (address.family == family) text += (text.empty() ? "" : ", ") + config::to_string(address);
  }
  return text;
}

std::string set_of(const std::vector<Mac>& macs) {
  std::string text;
  for (const Mac& mac : macs) {
    std::array<char, 18> one{};
    std::snprintf(one.data(), one.size(), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
                  mac[5]);
    text += (text.empty() ? "" : ", ") + std::string(one.data());
  }
  return text;
}

}  // namespace

std::string nft_commands(const std::string& interface, const FilterRules& rules, NftTable before) {
  // The same frames as the XDP filter takes: queries without options and fragments, UDP right behind the IP header.
  const std::string v4 = "    ip hdrlength 5 ip frag-off & 0x3fff == 0 ip protocol udp ";
  const std::string v6 = "    ip6 nexthdr udp ";
  // Of responses the first fragment too: it is asked again over TCP, and the kernel never has a whole datagram to refuse. Nor one
  // with options or extension headers, which nobody takes.
  const std::string v4_first = "    ip frag-off & 0x1fff == 0 ip protocol udp ";
  const std::string v6_any = "    meta protocol ip6 meta l4proto udp ";
  std::string lines;
  // To another host's MAC it is not ours, and a bridge of this host may have to pass it on.
  if (!rules.macs.empty())
    lines += "    ether daddr & 01:00:00:00:00:00 == 0 ether daddr != { " + set_of(rules.macs) + " } accept\n";
  if (const auto listen = set_of(rules.listen, 4); !listen.empty()) {
    lines += v4 + "ip daddr { " + listen + " } udp dport 53 drop\n";
  }
  if (const auto listen = set_of(rules.listen, 6); !listen.empty()) {
    lines += v6 + "ip6 daddr { " + listen + " } udp dport 53 drop\n";
  }
  if (rules.source_ports.count > 0) {
    const unsigned last = rules.source_ports.first + rules.source_ports.count - 1u;
    const std::string ours = " } udp sport 53 udp dport " + std::to_string(rules.source_ports.first) + "-" +
                             std::to_string(last) + " drop\n";
    if (const auto from = set_of(rules.endpoints, 4); !from.empty()) lines += v4_first + "ip saddr { " + from + ours;
    if (const auto from = set_of(rules.endpoints, 6); !from.empty()) lines += v6_any + "ip6 saddr { " + from + ours;
  }
  return removal(interface, before) + "table " + table(interface) +
         " {\n  flags owner\n  chain ingress {\n    type filter hook ingress device \"" + interface +
         "\" priority -500; policy accept;\n" + lines + "  }\n}\n";
}

void NftDrop::FreeContext::operator()(nft_ctx* nft) const {
  nft_ctx_free(nft);
}

NftDrop::NftDrop(std::string interface) : interface_(std::move(interface)) {}

tl::expected<void, std::string> NftDrop::set(const FilterRules& rules) {
  if (!nft_) {
    nft_.reset(nft_ctx_new(NFT_CTX_DEFAULT));
    if (!nft_) return tl::make_unexpected("nft: no context");
    nft_ctx_buffer_error(nft_.get());
    nft_ctx_buffer_output(nft_.get());
  }
  if (nft_run_cmd_from_buffer(nft_.get(), nft_commands(interface_, rules, table_).c_str()) == 0) {
    table_ = NftTable::ours;
    return {};
  }
  std::string error = nft_ctx_get_error_buffer(nft_.get());
  error.resize(std::min(error.find('\n'), error.size()));
  if (error.find("not permitted") != std::string::npos) {
    error = "table " + table(interface_) + " belongs to another process, or CAP_NET_ADMIN is missing: " + error;
  }
  return tl::make_unexpected("nft: " + error);
}

}  // namespace penstock::net

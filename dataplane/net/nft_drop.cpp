// dataplane/net/nft_drop.cpp - writes nft's own language and has libnftables run it.
#include "dataplane/net/nft_drop.h"

#include <nftables/libnftables.h>

#include <cctype>
#include <memory>
#include <utility>

namespace penstock::net {
namespace {

tl::expected<void, std::string> run(const std::string& commands) {
  const std::unique_ptr<nft_ctx, decltype(&nft_ctx_free)> nft(nft_ctx_new(NFT_CTX_DEFAULT), nft_ctx_free);
  if (!nft) return tl::make_unexpected("nft: no context");
  nft_ctx_buffer_error(nft.get());
  nft_ctx_buffer_output(nft.get());
  if (nft_run_cmd_from_buffer(nft.get(), commands.c_str()) == 0) return {};
  return tl::make_unexpected(std::string("nft: ") + nft_ctx_get_error_buffer(nft.get()));
}

std::string table(const std::string& interface) {
  std::string name = "penstock_" + interface;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return "netdev " + name;
}

// "add" first: "delete" alone would be an error when there is none.
std::string removal(const std::string& interface) {
  return "add table " + table(interface) + "\ndelete table " + table(interface) + "\n";
}

std::string set_of(const std::vector<config::IpAddress>& addresses, uint8_t family) {
  std::string text;
  for (const auto& address : addresses) {
    if (address.family == family) text += (text.empty() ? "" : ", ") + config::to_string(address);
  }
  return text;
}

}  // namespace

std::string nft_commands(const std::string& interface, const FilterRules& rules) {
  // The same frames as the XDP filter takes: no options, no fragments, UDP right behind the IP header.
  const std::string v4 = "    ip hdrlength 5 ip frag-off & 0x3fff == 0 ip protocol udp ";
  const std::string v6 = "    ip6 nexthdr udp ";
  std::string lines;
  if (const auto listen = set_of(rules.listen, 4); !listen.empty()) {
    lines += v4 + "ip daddr { " + listen + " } udp dport 53 drop\n";
  }
  if (const auto listen = set_of(rules.listen, 6); !listen.empty()) {
    lines += v6 + "ip6 daddr { " + listen + " } udp dport 53 drop\n";
  }
  if (rules.source_ports.count > 0) {
    const unsigned last = rules.source_ports.first + rules.source_ports.count - 1u;
    const std::string ours = "udp sport 53 udp dport " + std::to_string(rules.source_ports.first) + "-" +
                             std::to_string(last) + " drop\n";
    lines += v4 + ours + v6 + ours;
  }
  return removal(interface) + "table " + table(interface) +
         " {\n  chain ingress {\n    type filter hook ingress device \"" + interface +
         "\" priority -500; policy accept;\n" + lines + "  }\n}\n";
}

NftDrop::NftDrop(std::string interface) : interface_(std::move(interface)) {}
NftDrop::NftDrop(NftDrop&& other) noexcept : interface_(std::exchange(other.interface_, {})) {}
NftDrop::~NftDrop() {
  if (!interface_.empty()) static_cast<void>(remove());
}

tl::expected<void, std::string> NftDrop::set(const FilterRules& rules) {
  return run(nft_commands(interface_, rules));
}
tl::expected<void, std::string> NftDrop::remove() {
  return run(removal(interface_));
}

}  // namespace penstock::net

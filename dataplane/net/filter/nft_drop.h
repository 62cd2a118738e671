// dataplane/net/filter/nft_drop.h - nft ingress rules: the kernel must not answer the UDP that an af_packet port takes.
#pragma once

#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "dataplane/net/filter/filter_rules.h"

struct nft_ctx;

namespace penstock::net {

// Whose table of our name may be there.
enum class NftTable { anybody, ours };

// One table, `netdev penstock_IF`, and nobody else's. Packet sockets see frames before it. It has the flag "owner"
// (Linux 5.12): nobody else can change it, and the kernel removes it when this object or its process ends, by kill -9
// too.
class NftDrop {
 public:
  explicit NftDrop(std::string interface);

  // Replaces the table in one transaction, at the first call also one of our name that has no owner. Needs
  // CAP_NET_ADMIN.
  tl::expected<void, std::string> set(const FilterRules&);

 private:
  struct FreeContext {
    void operator()(nft_ctx*) const;
  };
  std::string interface_;
  std::unique_ptr<nft_ctx, FreeContext> nft_;  // its netlink socket owns the table
  NftTable table_ = NftTable::anybody;
};

// The commands that set() runs, for tests.
std::string nft_commands(const std::string& interface, const FilterRules&, NftTable before);

}  // namespace penstock::net

// dataplane/net/nft_drop.h - an nft ingress rule that keeps the kernel from answering the UDP that an
// af_packet port takes.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "dataplane/net/filter_rules.h"

namespace penstock::net {

// One table, `netdev penstock_IF`, and nobody else's. Packet sockets see frames before it.
class NftDrop {
 public:
  explicit NftDrop(std::string interface);
  NftDrop(NftDrop&&) noexcept;
  NftDrop& operator=(NftDrop&&) = delete;
  ~NftDrop();  // removes the table

  // Replaces the table, also one that a killed process left, in one transaction. Needs CAP_NET_ADMIN.
  tl::expected<void, std::string> set(const FilterRules&);
  tl::expected<void, std::string> remove();

 private:
  std::string interface_;  // empty: moved from
};

// The commands that set() runs, for tests.
std::string nft_commands(const std::string& interface, const FilterRules&);

}  // namespace penstock::net

// dataplane/assembly/ports.cpp - what is of DPDK: the EAL with its lcores, the pools of frames, the ports; and the pages that show it.
#include <rte_mempool.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "dataplane/assembly/assembly.h"

namespace penstock::assembly {
namespace {

unsigned choose_lcores(const config::Model& model) {
  if (model.lcores) return *model.lcores;
  const auto cpus = static_cast<unsigned>(net::usable_cpus().size());
  unsigned widest = 1;
  for (const config::Port& port : model.ports)
    widest = std::max(widest, net::count_queues({&port, 1}, std::max(cpus, 2U) - 1));
  return std::max(1U, std::min(cpus > 1 ? cpus - 1 : 1U, widest));
}

Step make_pools(Parts& parts, uint32_t mbufs) {
  auto pool = net::create_mbuf_pool({.mbufs = mbufs,
                                     .page_bound = !parts.eal.hugepages && net::may_zero_copy(parts.model.ports),
                                     .share_cpus = parts.eal.lcores_share_cpus});
  if (!pool) return tl::make_unexpected(pool.error());
  parts.pool = std::move(*pool);
  auto stream_pool = net::StreamPool::create();
  if (!stream_pool) return tl::make_unexpected(stream_pool.error());
  parts.stream_pool = std::move(*stream_pool);
  return {};
}

}  // namespace

Step open_ports(Parts& parts) {
  const config::Model& model = parts.model;
  const unsigned lcores = choose_lcores(model);
  if (lcores > config::kMaxLcores)
    return tl::make_unexpected("lcores: " + std::to_string(lcores) + " are more than " +
                               std::to_string(config::kMaxLcores));
  const uint32_t mbufs = net::mbufs_needed(net::count_queues(model.ports, lcores), lcores);
  auto eal = net::start_eal({.polling_lcores = lcores,
                             .cpus = {},
                             .memory_bytes = net::memory_for(mbufs),
                             .pci = net::pci_addresses(model.ports),
                             .extra = model.dataplane.eal});
  if (!eal) return tl::make_unexpected(eal.error());
  parts.eal = *eal;
  spdlog::info("{}", parts.eal.summary);
  if (auto made = make_pools(parts, mbufs); !made) return made;
  auto ports = net::Ports::open(model.ports, lcores, parts.pool.get());
  if (!ports) return tl::make_unexpected(ports.error());
  parts.ports = std::make_unique<net::Ports>(std::move(*ports));
  return {};
}

Step make_pages(Parts& parts) {
  auto pages = SharedPages::create(static_cast<uint32_t>(parts.eal.polling_lcores.size()),
                                   parts.model.dataplane.pending / 4 * 3);
  if (!pages) return tl::make_unexpected(pages.error());
  parts.pages = std::move(*pages);
  parts.pages->counters().mbuf_capacity = parts.pool->size;
  parts.pages->counters().ports_used = static_cast<uint32_t>(parts.ports->all().size());
  return {};
}

}  // namespace penstock::assembly

// tests/dataplane/net/port_probe.cpp - opens ports as the dataplane does and answers every query by itself: no DNS, no rules.
//
//   port_probe --lcores 2 --port af_xdp:eth0 --listen 10.0.0.1 --endpoint 10.0.1.1 --source-ports 20000,100
//
// It says "ready" and then reads lines: "stats" (it answers a line of JSON), "endpoint ADDRESS FIRST COUNT" (the filter's
// rules from now on), "drop privileges", "quit". It ends with the end of its input, too.
// With more than one lcore each frame goes over a ring to the next lcore, which answers on its own queue, or without one
// over a ring to the owner of the queue it came from.
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_launch.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>
#include <rte_udp.h>

#include "dataplane/net/eal.h"
#include "dataplane/net/kernel/door.h"
#include "dataplane/net/pools/mbuf_pool.h"
#include "dataplane/net/ports.h"

using namespace penstock;

namespace {

constexpr unsigned kBurst = 32;

struct Arguments {
  std::vector<config::Port> ports;
  unsigned lcores = 1;
  bool page_bound = false;
  bool default_pool = false;  // as rte_pktmbuf_pool_create() makes it: to see the test of the pool fail
  std::vector<unsigned> cpus;
  std::string door_netns;
  net::FilterRules rules;
};

config::Port parse_port(const std::string& text, size_t index) {
  const std::map<std::string, config::PortKind> kinds{{"af_xdp", config::PortKind::af_xdp},
                                                      {"af_packet", config::PortKind::af_packet},
                                                      {"pci", config::PortKind::pci},
                                                      {"vdev", config::PortKind::vdev}};
  const size_t colon = text.find(':');
  config::Port port;
  port.name.append("p").append(std::to_string(index)).append("x").append(std::to_string(getpid() % 100000));
  port.kind = kinds.at(text.substr(0, colon));
  port.device = text.substr(colon + 1);
  return port;
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string key = argv[i];
    const auto value = [&] { return std::string(argv[++i]); };
    if (key == "--page-bound") arguments.page_bound = true;
    if (key == "--default-pool") arguments.default_pool = true;
    if (key == "--lcores") arguments.lcores = static_cast<unsigned>(std::stoul(value()));
    if (key == "--port") arguments.ports.push_back(parse_port(value(), arguments.ports.size()));
    if (key == "--listen") arguments.rules.listen.push_back(config::parse_address(value()).value());
    if (key == "--endpoint") arguments.rules.endpoints.push_back(config::parse_address(value()).value());
    if (key == "--source-ports") {
      unsigned first = 0;
      unsigned count = 0;
      std::sscanf(value().c_str(), "%u,%u", &first, &count);
      arguments.rules.source_ports = {static_cast<uint16_t>(first), static_cast<uint16_t>(count)};
    }
  }
  return arguments;
}

struct Item {  // what travels between lcores: the mbuf, its queue kept in the mbuf's own fields
  static void keep(rte_mbuf* mbuf, unsigned queue) { mbuf->hash.usr = queue; }
  static unsigned queue(const rte_mbuf* mbuf) { return mbuf->hash.usr; }
};

struct alignas(64) Lcore {
  std::vector<unsigned> queues;  // indices into Shared::queues
  rte_ring* work = nullptr;      // frames to be answered here
  rte_ring* done = nullptr;      // frames to be sent here
  std::atomic<uint64_t> received{0}, queries{0}, responses{0}, strangers{0}, sent{0}, lost{0}, to_door{0};
};

struct Shared {
  std::vector<net::Queue> queues;
  std::vector<std::atomic<uint64_t>> received_by_queue;
  std::vector<unsigned> owner;
  std::vector<std::unique_ptr<Lcore>> lcores;
  rte_ring* door = nullptr;       // to the kernel
  rte_ring* from_door = nullptr;  // from it
  uint64_t door_took = 0;         // the main thread's
  std::atomic<bool> stop{false};
  explicit Shared(size_t n) : received_by_queue(n) {}
};

enum class Kind { query, response, stranger };

struct Parsed {
  rte_ipv4_hdr* v4 = nullptr;
  rte_ipv6_hdr* v6 = nullptr;
  rte_udp_hdr* udp = nullptr;
  Kind kind = Kind::stranger;
};

Parsed parse(rte_mbuf* mbuf) {
  Parsed parsed;
  auto* at = rte_pktmbuf_mtod(mbuf, char*);
  auto* ethernet = reinterpret_cast<rte_ether_hdr*>(at);
  uint16_t type = ethernet->ether_type;
  at += sizeof *ethernet;
  if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN)) {
    type = reinterpret_cast<rte_vlan_hdr*>(at)->eth_proto;
    at += sizeof(rte_vlan_hdr);
  }
  if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)) {
    parsed.v4 = reinterpret_cast<rte_ipv4_hdr*>(at);
    if (parsed.v4->next_proto_id != IPPROTO_UDP) return parsed;
    parsed.udp = reinterpret_cast<rte_udp_hdr*>(at + rte_ipv4_hdr_len(parsed.v4));
  } else if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6)) {
    parsed.v6 = reinterpret_cast<rte_ipv6_hdr*>(at);
    if (parsed.v6->proto != IPPROTO_UDP) return parsed;
    parsed.udp = reinterpret_cast<rte_udp_hdr*>(parsed.v6 + 1);
  } else {
    return parsed;
  }
  if (parsed.udp->dst_port == rte_cpu_to_be_16(53))
    parsed.kind = Kind::query;
  else if (parsed.udp->src_port == rte_cpu_to_be_16(53))
    parsed.kind = Kind::response;
  return parsed;
}

// Back to where it came from, with QR set.
void answer(rte_mbuf* mbuf, const Parsed& parsed) {
  auto* ethernet = rte_pktmbuf_mtod(mbuf, rte_ether_hdr*);
  std::swap(ethernet->src_addr, ethernet->dst_addr);
  const uint16_t asked_from = parsed.udp->src_port;  // packed: no references
  parsed.udp->src_port = parsed.udp->dst_port;
  parsed.udp->dst_port = asked_from;
  reinterpret_cast<uint8_t*>(parsed.udp + 1)[2] |= 0x80;
  parsed.udp->dgram_cksum = 0;
  if (parsed.v4 != nullptr) {
    const uint32_t client = parsed.v4->src_addr;
    parsed.v4->src_addr = parsed.v4->dst_addr;
    parsed.v4->dst_addr = client;
    parsed.udp->dgram_cksum = rte_ipv4_udptcp_cksum(parsed.v4, parsed.udp);
  } else {
    std::swap(parsed.v6->src_addr, parsed.v6->dst_addr);
    parsed.udp->dgram_cksum = rte_ipv6_udptcp_cksum(parsed.v6, parsed.udp);
  }
}

void add(std::atomic<uint64_t>& counter, uint64_t n) {
  counter.fetch_add(n, std::memory_order_relaxed);
}

void send_on(Shared& shared, Lcore& lcore, unsigned queue, rte_mbuf* mbuf) {
  if (net::send(shared.queues[queue], &mbuf, 1) == 1) {
    add(lcore.sent, 1);
  } else {
    add(lcore.lost, 1);
    rte_pktmbuf_free(mbuf);
  }
}

void work_on(Shared& shared, Lcore& lcore, rte_mbuf* mbuf) {
  const unsigned queue = Item::queue(mbuf);
  const Parsed parsed = parse(mbuf);
  if (parsed.kind == Kind::query) {
    add(lcore.queries, 1);
    answer(mbuf, parsed);
    // Sent on a queue of this lcore if it has one of the port: what one lcore took from the pool another gives back, so that the
    // buffers go round through the whole pool. Sent by the lcore that received them they would come from its cache again.
    for (unsigned own : lcore.queues) {
      if (shared.queues[own].port == shared.queues[queue].port) return send_on(shared, lcore, own, mbuf);
    }
    Lcore& owner = *shared.lcores[shared.owner[queue]];
    if (rte_ring_enqueue(owner.done, mbuf) == 0) return;
    add(lcore.lost, 1);
  } else {
    add(parsed.kind == Kind::response ? lcore.responses : lcore.strangers, 1);
    if (shared.door != nullptr && rte_ring_enqueue(shared.door, mbuf) == 0) return add(lcore.to_door, 1);
  }
  rte_pktmbuf_free(mbuf);
}

struct Launch {
  Shared* shared;
  unsigned index;
};

int poll_queues(void* argument) {
  const auto& launch = *static_cast<Launch*>(argument);
  Shared& shared = *launch.shared;
  Lcore& lcore = *shared.lcores[launch.index];
  Lcore& next = *shared.lcores[(launch.index + 1) % shared.lcores.size()];
  rte_mbuf* mbufs[kBurst];
  auto** objects = reinterpret_cast<void**>(mbufs);
  while (!shared.stop.load(std::memory_order_relaxed)) {
    for (unsigned queue : lcore.queues) {
      const unsigned n = net::receive(shared.queues[queue], mbufs, kBurst);
      add(lcore.received, n);
      add(shared.received_by_queue[queue], n);
      for (unsigned i = 0; i < n; ++i) {
        Item::keep(mbufs[i], queue);
        if (&next == &lcore) {
          work_on(shared, lcore, mbufs[i]);
        } else if (rte_ring_enqueue(next.work, mbufs[i]) != 0) {
          add(lcore.lost, 1);
          rte_pktmbuf_free(mbufs[i]);
        }
      }
    }
    const unsigned work = rte_ring_dequeue_burst(lcore.work, objects, kBurst, nullptr);
    for (unsigned i = 0; i < work; ++i) work_on(shared, lcore, mbufs[i]);
    const unsigned done = rte_ring_dequeue_burst(lcore.done, objects, kBurst, nullptr);
    for (unsigned i = 0; i < done; ++i) send_on(shared, lcore, Item::queue(mbufs[i]), mbufs[i]);
    if (launch.index == 0 && shared.from_door != nullptr && !lcore.queues.empty()) {
      const unsigned n = rte_ring_dequeue_burst(shared.from_door, objects, kBurst, nullptr);
      for (unsigned i = 0; i < n; ++i) send_on(shared, lcore, lcore.queues[0], mbufs[i]);
    }
  }
  return 0;
}

rte_ring* ring(const char* name, unsigned index) {
  const std::string full = std::string(name).append(std::to_string(index));
  return rte_ring_create(full.c_str(), 4096, SOCKET_ID_ANY, 0);
}

std::string json(const Shared& shared, rte_mempool* pool, net::Ports& ports) {
  std::map<std::string, uint64_t> sums;
  for (const auto& lcore : shared.lcores) {
    sums["received"] += lcore->received;
    sums["queries"] += lcore->queries;
    sums["responses"] += lcore->responses;
    sums["strangers"] += lcore->strangers;
    sums["sent"] += lcore->sent;
    sums["lost"] += lcore->lost;
    sums["to_door"] += lcore->to_door;
  }
  sums["in_use"] = rte_mempool_in_use_count(pool);
  const net::PortLosses losses = ports.losses().at(0);
  sums["receive_missed"] = losses.receive_missed;
  sums["receive_errors"] = losses.receive_errors;
  sums["receive_no_mbuf"] = losses.receive_no_mbuf;
  sums["transmit_errors"] = losses.transmit_errors;
  if (const net::Door* door = ports.door(0)) sums["door_alive"] = door->alive() ? 1 : 0;
  sums["door_took"] = shared.door_took;
  std::ostringstream out;
  out << "{";
  for (const auto& [key, value] : sums) out << "\"" << key << "\": " << value << ", ";
  out << "\"by_queue\": [";
  for (size_t i = 0; i < shared.received_by_queue.size(); ++i) {
    out << (i > 0 ? ", " : "") << shared.received_by_queue[i].load();
  }
  out << "], \"interface\": \"" << ports.all().at(0).interface << "\"}";
  return out.str();
}

void serve_door(Shared& shared, net::Door& door, rte_mempool* pool) {
  rte_mbuf* mbufs[kBurst];
  auto** objects = reinterpret_cast<void**>(mbufs);
  const unsigned up = rte_ring_dequeue_burst(shared.door, objects, kBurst, nullptr);
  if (up > 0) shared.door_took += door.deliver({mbufs, up});
  const unsigned down = door.collect(mbufs, kBurst, pool);
  for (unsigned i = 0; i < down; ++i) {
    if (rte_ring_enqueue(shared.from_door, mbufs[i]) != 0) rte_pktmbuf_free(mbufs[i]);
  }
}

std::vector<std::vector<net::Mac>> macs_of(const net::Ports& ports) {
  std::vector<std::vector<net::Mac>> macs;
  for (const net::OpenPort& port : ports.all()) macs.push_back({port.mac});
  return macs;
}

void serve_input(Shared& shared, net::Ports& ports, rte_mempool* pool) {
  std::string line;
  net::Door* door = ports.door(0);
  while (true) {
    pollfd wait[2] = {{STDIN_FILENO, POLLIN, 0}, {door != nullptr ? door->fd() : -1, POLLIN, 0}};
    ::poll(wait, 2, door != nullptr ? 1 : 100);
    if (door != nullptr) serve_door(shared, *door, pool);
    if ((wait[0].revents & (POLLIN | POLLHUP)) == 0) continue;
    if (!std::getline(std::cin, line) || line == "quit") return;
    if (line == "drop privileges") {
      std::cout << (setresuid(65534, 65534, 65534) == 0 ? "dropped" : std::strerror(errno)) << std::endl;
    }
    if (line == "stats") std::cout << json(shared, pool, ports) << std::endl;
    net::FilterRules rules;  // "endpoint ADDRESS FIRST COUNT": the rules from now on, no listen address
    std::istringstream words(line);
    std::string verb;
    std::string address;
    if (words >> verb >> address >> rules.source_ports.first >> rules.source_ports.count && verb == "endpoint") {
      rules.endpoints.push_back(config::parse_address(address).value());
      const auto set = ports.set_filter(rules, macs_of(ports));
      std::cout << (set ? "set" : set.error()) << std::endl;
    }
  }
}

int fail(const std::string& error) {
  std::cout << "error: " << error << std::endl;
  return 1;
}

int run(const Arguments& arguments) {
  const uint32_t mbufs = net::mbufs_needed(net::count_queues(arguments.ports, arguments.lcores), arguments.lcores);
  // The default pool needs a page for each buffer.
  const size_t memory = arguments.default_pool ? size_t{mbufs} * 4096 + (64 << 20) : net::memory_for(mbufs);
  auto eal = net::start_eal({.program = "port_probe",
                             .polling_lcores = arguments.lcores,
                             .cpus = arguments.cpus,
                             .memory_bytes = memory,
                             .pci = {},
                             .extra = {}});
  if (!eal) return fail(eal.error());
  std::cout << eal->summary << std::endl;
  net::PoolPointer pool;
  if (arguments.default_pool) {
    pool.reset(rte_pktmbuf_pool_create("default", mbufs, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY));
  } else {
    auto made = net::create_mbuf_pool({mbufs, arguments.page_bound, eal->lcores_share_cpus});
    if (!made) return fail(made.error());
    pool = *std::move(made);
  }
  {
    auto ports = net::Ports::open(arguments.ports, arguments.lcores, pool.get());
    if (!ports) return fail(ports.error());
    if (auto set = ports->set_filter(arguments.rules, macs_of(*ports)); !set) return fail(set.error());

    std::vector<net::Queue> queues;
    for (const auto& port : ports->all()) queues.insert(queues.end(), port.queues.begin(), port.queues.end());
    Shared shared(queues.size());
    shared.queues = queues;
    for (unsigned i = 0; i < arguments.lcores; ++i) {
      shared.lcores.push_back(std::make_unique<Lcore>());
      shared.lcores[i]->work = ring("work", i);
      shared.lcores[i]->done = ring("done", i);
    }
    for (unsigned queue = 0; queue < queues.size(); ++queue) {
      shared.owner.push_back(queue % arguments.lcores);
      shared.lcores[queue % arguments.lcores]->queues.push_back(queue);
    }
    if (ports->door(0) != nullptr) {
      shared.door = ring("door", 0);
      shared.from_door = ring("from_door", 0);
    }
    std::vector<Launch> launches;
    for (unsigned i = 0; i < arguments.lcores; ++i) launches.push_back({&shared, i});
    for (unsigned i = 0; i < arguments.lcores; ++i) {
      rte_eal_remote_launch(poll_queues, &launches[i], eal->polling_lcores[i]);
    }
    std::cout << "ready" << std::endl;
    serve_input(shared, *ports, pool.get());
    shared.stop = true;
    rte_eal_mp_wait_lcore();
  }
  pool.reset();
  net::stop_eal();
  std::cout << "closed" << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run(parse(argc, argv));
}

// dataplane/dataplane.cpp - the parts of the process in the order in which they start, run and end. Longer than most: each step needs
// what the ones before it made, and they read as one.
#include "dataplane/dataplane.h"

#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <spdlog/spdlog.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "config/contract/image.h"
#include "config/files/own_files.h"
#include "config/source_ports.h"
#include "confine/confine.h"
#include "dataplane/last_good.h"
#include "dataplane/state/lanes/stream_peer.h"

namespace penstock {
namespace {

constexpr auto kLateResponses = std::chrono::seconds(5);
constexpr uint64_t kSilenceNs = 5'000'000'000;  // DESIGN.md: then `down` is ignored

unsigned choose_lcores(const config::Model& model) {
  if (model.lcores) return *model.lcores;
  const auto cpus = static_cast<unsigned>(net::usable_cpus().size());
  unsigned widest = 1;
  for (const config::Port& port : model.ports)
    widest = std::max(widest, net::count_queues({&port, 1}, std::max(cpus, 2U) - 1));
  return std::max(1U, std::min(cpus > 1 ? cpus - 1 : 1U, widest));
}

// Empty: the kernel does not say it whole.
std::string name_of_host() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// As Worker::run() reads it.
uint64_t lcore_clock_ns() {
  return static_cast<uint64_t>(static_cast<double>(rte_rdtsc()) * (1e9 / static_cast<double>(rte_get_tsc_hz())));
}

std::vector<net::Mac> macs_of(const tables::LocalPort& port) {
  std::vector<net::Mac> macs{port.mac};
  macs.insert(macs.end(), port.more_macs.begin(), port.more_macs.begin() + port.more_mac_count);
  return macs;
}

std::vector<std::string> macs_in_words(const tables::LocalPort& port) {
  std::vector<std::string> words;
  for (const net::Mac& mac : macs_of(port)) words.push_back(fmt::format("{:02x}", fmt::join(mac, ":")));
  return words;
}

void draw_random(void* into, size_t size) {
  if (getrandom(into, size, 0) != static_cast<ssize_t>(size))
    throw std::runtime_error("getrandom: the kernel gave no random numbers");
}

dns::CookieSecret draw_cookie_secret() {
  dns::CookieSecret secret;
  draw_random(secret.data(), secret.size());
  return secret;
}

uint64_t unix_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

int run_worker(void* worker) {
  static_cast<Worker*>(worker)->run();
  return 0;
}

}  // namespace

tl::expected<std::unique_ptr<Dataplane>, std::string> Dataplane::start(const config::Model& model) {
  std::unique_ptr<Dataplane> dataplane(new Dataplane(model));
  if (auto opened = dataplane->open_ports(); !opened) return tl::make_unexpected(opened.error());
  if (auto described = dataplane->describe_host(); !described) return tl::make_unexpected(described.error());
  auto pages = SharedPages::create(static_cast<uint32_t>(dataplane->eal_.polling_lcores.size()),
                                   model.dataplane.pending / 4 * 3);
  if (!pages) return tl::make_unexpected(pages.error());
  dataplane->pages_ = std::move(*pages);
  dataplane->pages_->counters().mbuf_capacity = dataplane->pool_->size;
  dataplane->pages_->counters().ports_used = static_cast<uint32_t>(dataplane->ports_->all().size());
  dataplane->make_workers();
  dataplane->open_slow_lane();
  if (auto loaded = dataplane->load_last_good(); !loaded) return tl::make_unexpected(loaded.error());
  if (auto opened = dataplane->open_link(); !opened) return tl::make_unexpected(opened.error());
  dataplane->watch_neighbours();
  dataplane->watch_host();
  dataplane->launch();
  return dataplane;
}

tl::expected<void, std::string> Dataplane::open_ports() {
  const unsigned lcores = choose_lcores(model_);
  if (lcores > config::kMaxLcores)
    return tl::make_unexpected("lcores: " + std::to_string(lcores) + " are more than " +
                               std::to_string(config::kMaxLcores));
  const uint32_t mbufs = net::mbufs_needed(net::count_queues(model_.ports, lcores), lcores);
  auto eal = net::start_eal({.polling_lcores = lcores,
                             .cpus = {},
                             .memory_bytes = net::memory_for(mbufs),
                             .pci = net::pci_addresses(model_.ports),
                             .extra = model_.dataplane.eal});
  if (!eal) return tl::make_unexpected(eal.error());
  eal_ = *eal;
  spdlog::info("{}", eal_.summary);
  auto pool = net::create_mbuf_pool({.mbufs = mbufs,
                                     .page_bound = !eal_.hugepages && net::may_zero_copy(model_.ports),
                                     .share_cpus = eal_.lcores_share_cpus});
  if (!pool) return tl::make_unexpected(pool.error());
  pool_ = std::move(*pool);
  auto stream_pool = net::StreamPool::create();
  if (!stream_pool) return tl::make_unexpected(stream_pool.error());
  stream_pool_ = std::move(*stream_pool);
  auto ports = net::Ports::open(model_.ports, lcores, pool_.get());
  if (!ports) return tl::make_unexpected(ports.error());
  ports_ = std::make_unique<net::Ports>(std::move(*ports));
  return {};
}

tl::expected<void, std::string> Dataplane::describe_host() {
  const auto& ports = ports_->all();
  std::vector<config::IpAddress> listen = model_.listen;
  start_host_ = std::make_unique<tables::LocalHost>();
  tables::LocalHost& host = *start_host_;
  host.port_count = static_cast<unsigned>(ports.size());
  for (size_t i = 0; i < ports.size(); ++i) {
    const net::OpenPort& port = ports[i];
    host.ports[i] = {.mac = port.mac,
                     .accepts_partial_checksum = port.checksum_partial,
                     .mtu = port.mtu,
                     .sees_own_frames = port.kind == config::PortKind::af_packet,
                     .has_door = ports_->door(i) != nullptr};
    HostFollower::start(followed(i), host.ports[i]);
    if (!model_.listen.empty()) continue;
    std::copy_if(port.addresses.begin(), port.addresses.end(), std::back_inserter(listen),
                 [](const auto& address) { return !config::is_link_local(address); });
  }
  host.identity.set(model_.dataplane.identity ? *model_.dataplane.identity : name_of_host());
  host.software.set(model_.dataplane.version);
  host.tcp_keepalive = static_cast<uint16_t>(model_.dataplane.tcp.idle_timeout.count() / 100);
  host.ports[host.stream_port()].mac = state::kStreamPortMac;
  if (listen.empty())
    spdlog::warn("no address to listen on yet: nothing is answered until the interface of a port has one");
  for (const config::IpAddress& address : listen) {
    if (!host.add_listen(address))
      return tl::make_unexpected("more than " + std::to_string(tables::LocalHost::kMaxListen) +
                                 " addresses to listen on");
    spdlog::info("listening on {} port 53", config::to_string(address));
    warn_of_neighbours(address);
  }
  const auto lcores = static_cast<unsigned>(eal_.polling_lcores.size());
  source_ports_ = config::choose_source_ports(model_.dataplane);
  source_ports_.count = static_cast<uint16_t>(source_ports_.count / lcores * lcores);
  const unsigned each = source_ports_.count / lcores;
  const char* chosen_by =
      model_.dataplane.source_ports ? "dataplane.source_ports leaves" : "net.ipv4.ip_local_port_range leaves";
  if (each == 0)
    return tl::make_unexpected(std::string(chosen_by) + " too few source ports: each lcore needs at least one");
  if (each < 1024)
    spdlog::warn("{} {} source ports per lcore: fewer than 1024 are easy to guess (RFC 5452)", chosen_by, each);
  host.deal_source_ports(source_ports_.first, source_ports_.count, lcores);
  host_ = std::make_unique<tables::LocalHost>(host);
  return {};
}

HostFollower::Port Dataplane::followed(size_t port) const {
  const net::OpenPort& open = ports_->all()[port];
  const config::Port& written = model_.ports[port];
  return {.interface = open.ifindex,
          .is_kernels = open.kernel_sees_frames,
          .vlans = written.vlans,
          .is_strict = written.strict_reverse_path,
          .gateways = written.gateways};
}

void Dataplane::watch_host() {
  std::vector<HostFollower::Port> ports;
  for (size_t i = 0; i < ports_->all().size(); ++i) ports.push_back(followed(i));
  const bool is_strict = std::any_of(ports.begin(), ports.end(), [](const auto& port) { return port.is_strict; });
  host_follower_ = HostFollower(std::move(ports), model_.listen.empty());
  if (auto watch = net::InterfaceWatch::open(is_strict))
    interfaces_ = std::move(*watch);
  else
    spdlog::warn("changes on the ports' interfaces are not followed until a restart: {}", watch.error());
  pages_->counters().interfaces_followed.set(interfaces_ ? 1 : 0);
  pages_->counters().listen_addresses.set(host_->listen().size());
}

// When the kernel has said something, and once a second for what could not be done before. Who answers ARP under ever new MACs must not
// have us make ever new tables.
void Dataplane::follow_host(std::chrono::steady_clock::time_point now) {
  if (!interfaces_) return;
  host_is_old_ = interfaces_->read() || host_is_old_;
  const bool is_due = now - host_followed_at_ >= std::chrono::seconds(1);
  const bool may_change = host_is_old_ && now - host_changed_at_ >= std::chrono::milliseconds(50);
  if (interfaces_->table() == nullptr || (!is_due && !may_change)) return;
  if (is_due) host_followed_at_ = now;
  host_is_old_ = false;
  auto next = std::make_unique<tables::LocalHost>(*host_);
  ++next->version;
  if (const auto change = host_follower_.follow(*interfaces_->table(), *next, now)) {
    host_changed_at_ = now;
    put_in_force(change, std::move(next));
  } else if (filter_is_old_) {
    renew_filter();
  }
  slow_lane_->keep_out(host_follower_.kept_out());
  if (is_due) call_gateways(now);
  const auto listen = host_->listen();
  config::CounterPage& counters = pages_->counters();
  counters.listen_addresses.set(static_cast<uint64_t>(std::count_if(
      listen.begin(), listen.end(), [](const config::IpAddress& address) { return address.family != 0; })));
  counters.listen_not_followed.set(not_listened_.size() + host_follower_.without_place() + (filter_is_old_ ? 1 : 0));
  counters.ports_gone.set(host_follower_.ports_gone());
}

// Frames of ours leave beside the kernel, so it may not know a gateway, or believe for long in a MAC that is no longer its own.
void Dataplane::call_gateways(std::chrono::steady_clock::time_point now) {
  uint64_t refused = 0;
  for (uint32_t i = 0; i < eal_.polling_lcores.size(); ++i)
    refused += pages_->counters().lcore[i].classify[config::ClassifyOutcome::other_path].get();
  const bool is_doubtful = refused != paths_refused_ && now - gateways_called_at_ >= std::chrono::seconds(5);
  if (is_doubtful) {
    paths_refused_ = refused;
    gateways_called_at_ = now;
  }
  size_t unknown = 0;
  for (const HostFollower::Gateway& gateway : host_follower_.gateways()) {
    unknown += gateway.is_known ? 0 : 1;
    if (!gateway.is_known || is_doubtful) net::call_neighbour(gateway.interface, gateway.address);
  }
  pages_->counters().gateways_unknown.set(unknown);
}

// The lcores know an address before the filter sends them what is for it, and a MAC as well.
void Dataplane::put_in_force(const HostFollower::Change& change, std::unique_ptr<const tables::LocalHost> next) {
  plant_->host.store(next.get(), std::memory_order_release);
  publisher_->wait_for_lcores("new addresses of the ports wait");
  host_ = std::move(next);
  for (const config::IpAddress& address : change.removed) {
    slow_lane_->leave(address);
    std::erase(not_listened_, address);
    address_lines_.write(spdlog::level::warn, "{} is no longer on a port's interface: it is not served any more",
                         config::to_string(address));
  }
  if (change.is_for_filter()) renew_filter();
  for (const config::IpAddress& address : change.added) {
    const std::vector<std::string> failed = slow_lane_->listen(address);
    address_lines_.write(spdlog::level::info, "listening on {} port 53 too: new address of a port's interface",
                         config::to_string(address));
    for (const std::string& warning : failed) address_lines_.write(spdlog::level::warn, "{}", warning);
    if (!failed.empty()) not_listened_.push_back(address);
  }
  if (change.macs)
    for (unsigned i = 0; i < host_->port_count; ++i)
      address_lines_.write(spdlog::level::info, "port {}: frames to {} are for us", ports_->all()[i].name,
                           fmt::join(macs_in_words(host_->ports[i]), ", "));
}

void Dataplane::renew_filter() {
  const auto set = filter_for(endpoints_);
  filter_is_old_ = !set;
  if (!set)
    address_lines_.write(spdlog::level::err, "the ports' filters could not follow a change on their interfaces: {}",
                         set.error());
}

std::vector<std::vector<net::Mac>> Dataplane::macs_of_ports() const {
  std::vector<std::vector<net::Mac>> macs;
  for (unsigned i = 0; i < host_->port_count; ++i) macs.push_back(macs_of(host_->ports[i]));
  return macs;
}

// What the kernel has on port 53 of our addresses is not ours, and answers what we leave to the kernel: TCP, and all of it
// when we are gone.
void Dataplane::warn_of_neighbours(const config::IpAddress& listen) const {
  for (const auto& [kind, text] : {std::pair{SOCK_DGRAM, "UDP"}, std::pair{SOCK_STREAM, "TCP"}}) {
    sockaddr_storage storage{};
    socklen_t size = 0;
    if (listen.is_v4()) {
      auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
      *v4 = {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr = {}, .sin_zero = {}};
      std::memcpy(&v4->sin_addr, listen.bytes.data(), 4);
      size = sizeof *v4;
    } else {
      auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
      v6->sin6_family = AF_INET6;
      v6->sin6_port = htons(53);
      std::memcpy(&v6->sin6_addr, listen.bytes.data(), 16);
      size = sizeof *v6;
    }
    const int trial = socket(storage.ss_family, kind | SOCK_CLOEXEC, 0);
    const int failed = bind(trial, reinterpret_cast<const sockaddr*>(&storage), size) == 0 ? 0 : errno;
    close(trial);
    if (failed == EADDRINUSE)
      spdlog::warn(
          "another server on this host has {} port 53 of {}: it answers what the dataplane leaves to the kernel, "
          "private names included; move it to another address",
          text, config::to_string(listen));
    if (failed == EADDRNOTAVAIL && kind == SOCK_DGRAM && !has_doors())
      spdlog::warn("{} is not on any interface: nothing answers ARP or ND for it", config::to_string(listen));
  }
}

bool Dataplane::has_doors() const {
  for (size_t port = 0; port < ports_->all().size(); ++port)
    if (ports_->door(port) != nullptr) return true;
  return false;
}

void Dataplane::make_workers() {
  const auto lcores = static_cast<unsigned>(eal_.polling_lcores.size());
  publisher_ = std::make_unique<Publisher>(lcores, pages_->counters());
  rings_ = std::make_unique<state::Rings>(lcores);
  budgets_ = std::make_unique<state::RateBudgets>();
  answers_ = std::make_unique<state::AnswerCache>(model_.dataplane.cache_size);
  returns_ = std::make_unique<state::PoolReturns>();
  no_edns_ = std::make_unique<state::EdnsMemory>();
  uint64_t hash_key = 0;
  draw_random(&hash_key, sizeof hash_key);
  uint64_t limit_seed = 0;
  draw_random(&limit_seed, sizeof limit_seed);
  limits_ = std::make_unique<state::RateLimits>(limit_seed);
  cookies_ = std::make_unique<state::CookieKeys>(draw_cookie_secret(), lcore_clock_ns(), unix_ns());
  plant_ = std::unique_ptr<Plant>(
      new Plant{.rules = *publisher_,
                .endpoints = pages_->endpoints(),
                .counters = pages_->counters(),
                .rings = *rings_,
                .pool = *pool_,
                .shared = {*budgets_, *answers_, *returns_, *no_edns_, *limits_, *cookies_, hash_key},
                .idle = model_.idle});
  const auto each = static_cast<uint16_t>(source_ports_.count / lcores);
  plant_->host.store(host_.get());
  for (unsigned i = 0; i < lcores; ++i) {
    std::array<uint8_t, 44> seed;
    draw_random(seed.data(), seed.size());
    workers_.push_back(std::make_unique<Worker>(
        *plant_, static_cast<uint8_t>(i), model_.dataplane.pending,
        state::SourcePortBlock{static_cast<uint16_t>(source_ports_.first + i * each), each}, seed));
  }
  // Queue i of every port goes to lcore i, so that most frames need no other lcore to leave. Ports with fewer queues than there
  // are lcores are spread.
  const auto& ports = ports_->all();
  size_t widest = 0;
  for (const net::OpenPort& port : ports) widest = std::max(widest, port.queues.size());
  for (uint8_t p = 0; p < ports.size(); ++p) {
    const size_t offset = widest >= lcores ? 0 : p;
    std::vector<unsigned> owners;  // of queues of this port
    std::vector<PortExit> exits(lcores);
    for (size_t q = 0; q < ports[p].queues.size(); ++q) {
      const auto lcore = static_cast<unsigned>((q + offset) % lcores);
      workers_[lcore]->own(ports[p].queues[q]);
      if (!exits[lcore].own) owners.push_back(lcore);
      exits[lcore] = {.own = true, .queue = ports[p].queues[q], .owner = lcore};
    }
    exit_of_port_.push_back(owners.front());
    for (unsigned lcore = 0; lcore < lcores; ++lcore) {
      if (!exits[lcore].own) exits[lcore].owner = owners[lcore % owners.size()];
      workers_[lcore]->leave_by(p, exits[lcore]);
    }
  }
  for (const auto& worker : workers_)
    worker->leave_by(host_->stream_port(), {.own = false, .queue = {}, .owner = rings_->slow_thread()});
}

// Before the privileges of start-up are dropped: port 53 needs one.
void Dataplane::open_slow_lane() {
  const config::Tcp& tcp = model_.dataplane.tcp;
  slow::ClientLimits limits;
  limits.connections = slow::make_room_for(tcp.connections);
  limits.per_client = std::min(tcp.connections_per_client, limits.connections);
  limits.idle = tcp.idle_timeout;
  if (limits.connections < tcp.connections)
    spdlog::warn("dataplane.tcp.connections: the limit of open files (LimitNOFILE) leaves {} of {}", limits.connections,
                 tcp.connections);
  slow::UpstreamLimits upstream;
  upstream.late = std::max(upstream.late, model_.dataplane.query_timeout + std::chrono::seconds(1));
  slow_lane_ = std::make_unique<slow::SlowLane>(slow::SlowLaneOptions{
      .rings = *rings_,
      .lcores = static_cast<unsigned>(workers_.size()),
      .frames = *stream_pool_->get(),
      .host = *start_host_,
      .counters = pages_->counters().slow,
      .clients = limits,
      .upstream = upstream,
      .cpus = net::cpus_beside(eal_),
  });
  for (const config::IpAddress& address : host_->listen())
    for (const std::string& warning : slow_lane_->listen(address)) spdlog::warn("{}", warning);
}

tl::expected<void, std::string> Dataplane::load_last_good() {
  const std::string path = last_good_path(model_.dataplane.state_dir);
  if (access(path.c_str(), F_OK) != 0) {
    spdlog::info("no rules yet: nothing is answered or forwarded until control publishes some");
    return allow_responses_from({});
  }
  auto loaded = LoadedRules::from_file(path);
  if (!loaded) {
    spdlog::error("{} is unusable, nothing is answered until control publishes rules: {}", path, loaded.error());
    return allow_responses_from({});
  }
  if (auto allowed = allow_responses_from(endpoint_addresses((*loaded)->ruleset())); !allowed) return allowed;
  if (auto hops = load_endpoints(model_.dataplane.state_dir, pages_->endpoints()); !hops)
    spdlog::warn("no next hops until control sets them, queries get SERVFAIL: {}", hops.error());
  publisher_->publish(std::move(*loaded));
  const config::ImageHeader& header = publisher_->loaded()->ruleset().header();
  spdlog::info("last good rules in force, generation {}: {} zones", header.generation, header.zone_count);
  return {};
}

tl::expected<void, std::string> Dataplane::open_link() {
  config::Hello hello;
  hello.image_version = config::kImageVersion;
  hello.lcores = static_cast<uint32_t>(eal_.polling_lcores.size());
  hello.pid = static_cast<uint64_t>(getpid());
  hello.ports = host_->port_count;
  for (size_t i = 0; i < ports_->all().size(); ++i) {
    const net::OpenPort& port = ports_->all()[i];
    config::PortInfo& info = hello.port[i];
    port.name.copy(info.name.data(), info.name.size() - 1);
    port.interface.copy(info.interface.data(), info.interface.size() - 1);
    info.mac = port.mac;
    info.kind = static_cast<uint8_t>(port.kind);
  }
  auto link = ControlLink::listen(
      model_.dataplane.socket, hello, *publisher_, *pages_, model_.dataplane.state_dir,
      [this](auto endpoints) { return allow_responses_from(endpoints); },
      [this](auto scope, auto name) { return answers_->flush(scope, name); });
  if (!link) return tl::make_unexpected(link.error());
  link_ = std::make_unique<ControlLink>(std::move(*link));
  return {};
}

// Those that were endpoints a moment ago still answer what they were asked: the kernel would tell them that the port is
// unreachable.
tl::expected<void, std::string> Dataplane::allow_responses_from(std::span<const config::IpAddress> endpoints) {
  std::vector<config::IpAddress> both(endpoints.begin(), endpoints.end());
  for (const config::IpAddress& before : endpoints_)
    if (std::find(endpoints.begin(), endpoints.end(), before) == endpoints.end()) both.push_back(before);
  if (both.size() != endpoints.size()) retire_at_ = std::chrono::steady_clock::now() + kLateResponses;
  endpoints_.assign(endpoints.begin(), endpoints.end());
  return filter_for(both);
}

tl::expected<void, std::string> Dataplane::filter_for(std::span<const config::IpAddress> endpoints) {
  net::FilterRules rules;
  const auto listen = host_->listen();
  std::copy_if(listen.begin(), listen.end(), std::back_inserter(rules.listen),
               [](const config::IpAddress& address) { return address.family != 0; });
  rules.endpoints.assign(endpoints.begin(), endpoints.end());
  rules.source_ports = source_ports_;
  return ports_->set_filter(std::move(rules), macs_of_ports());
}

void Dataplane::retire_endpoints(std::chrono::steady_clock::time_point now) {
  if (!retire_at_ || now < *retire_at_) return;
  retire_at_.reset();
  if (auto set = filter_for(endpoints_); !set)
    spdlog::warn("responses from removed endpoints are still accepted: {}", set.error());
}

// Before the first packet: all threads are there, all sockets and maps open. An address that comes later is listened on by the main
// thread, and an af_packet port's nft rules change with the endpoints; the XDP filter's maps are changed by their descriptors, which
// needs no right.
void Dataplane::give_up_rights() {
  static constexpr std::array kOwnCalls = {"bpf"};
  confine::Limits limits;
  limits.capabilities = {CAP_NET_BIND_SERVICE};
  for (const net::OpenPort& port : ports_->all())
    if (port.kind == config::PortKind::af_packet) limits.capabilities.push_back(CAP_NET_ADMIN);
  limits.writable = {std::filesystem::path(model_.dataplane.socket).parent_path(), model_.dataplane.state_dir};
  for (const std::string& folder : limits.writable)
    if (auto prepared = config::prepare_folder(folder); !prepared) spdlog::warn("{}", prepared.error());
  limits.writable.push_back(net::eal_folder());
  limits.system_calls = {confine::every_program(), confine::sockets(), kOwnCalls};
  for (const std::string& gap : confine::finish(limits)) spdlog::warn("{}", gap);
}

void Dataplane::launch() {
  slow_lane_->start();
  give_up_rights();
  for (size_t i = 0; i < workers_.size(); ++i)
    rte_eal_remote_launch(run_worker, workers_[i].get(), eal_.polling_lcores[i]);
  launched_ = true;
  spdlog::info("{} lcores poll {} ports; source ports {} to {}", workers_.size(), ports_->all().size(),
               source_ports_.first, source_ports_.first + source_ports_.count - 1);
}

void Dataplane::run(int signals) {
  const bool with_doors = has_doors();
  for (;;) {
    std::vector<pollfd> waits{{signals, POLLIN, 0}, {link_->listener(), POLLIN, 0}};
    // Negative descriptors are skipped by poll().
    waits.push_back({link_->connection(), POLLIN, 0});
    for (size_t port = 0; port < ports_->all().size(); ++port) {
      const net::Door* door = ports_->door(port);
      if (door == nullptr) continue;
      waits.push_back({door->fd(), POLLIN, 0});
    }
    if (interfaces_) waits.push_back({interfaces_->fd(), POLLIN, 0});
    // Frames from the lcores to a door come over rings, which poll() cannot see. A flood is to be stopped soon.
    poll(waits.data(), waits.size(), with_doors ? 1 : 20);
    if (waits[0].revents != 0) return;
    if (waits[1].revents != 0) link_->accept();
    if (waits[2].revents != 0 && link_->connection() == waits[2].fd) link_->serve();
    // Bounded: a flood at the door must not keep signals, rules and the heartbeat waiting.
    for (int round = 0; with_doors && round < 8 && move_through_doors() != 0; ++round) {
    }
    const auto now = std::chrono::steady_clock::now();
    link_->tick(now);
    watch_heartbeat();
    follow_next_hops();
    follow_host(now);
    count_answers();
    meter_.tick(publisher_->current(), pages_->counters(), *budgets_, monotonic_ns());
    stop_floods();
    renew_cookies();
    keep_endpoints(now);
    retire_endpoints(now);
    count_losses(now);
  }
}

void Dataplane::stop_floods() {
  std::vector<const state::TurnedAway*> turned_away;
  for (const auto& worker : workers_) turned_away.push_back(&worker->turned_away());
  flood_police_.tick(turned_away, pages_->counters().generation.get(), pages_->counters(), lcore_clock_ns());
}

void Dataplane::renew_cookies() {
  const uint64_t now = lcore_clock_ns();
  cookies_->set_clock(now, unix_ns());
  if (cookies_->is_to_be_renewed(now)) cookies_->renew(draw_cookie_secret(), now);
}

void Dataplane::count_answers() {
  config::CounterPage& counters = pages_->counters();
  counters.cache_entries.set(answers_->entries());
  counters.cache_used.set(answers_->used());
  counters.cache_size.set(answers_->size());
  counters.cache_evicted.set(answers_->evicted());
}

// Once a second: asking a driver is a system call or two, and a pool has a store for each lcore.
void Dataplane::count_losses(std::chrono::steady_clock::time_point now) {
  if (now - losses_counted_at_ < std::chrono::seconds(1)) return;
  losses_counted_at_ = now;
  const std::vector<net::PortLosses> losses = ports_->losses();
  for (size_t i = 0; i < losses.size() && i < config::kMaxPorts; ++i) {
    config::PortCounters& port = pages_->counters().ports[i];
    port.receive_missed.set(losses[i].receive_missed);
    port.receive_errors.set(losses[i].receive_errors);
    port.receive_no_mbuf.set(losses[i].receive_no_mbuf);
    port.transmit_errors.set(losses[i].transmit_errors);
  }
  size_t fullest = 0;
  for (unsigned from = 0; from < rings_->threads(); ++from) {
    for (unsigned to = 0; to < rings_->threads(); ++to) {
      const state::FrameRing& ring = rings_->ring(from, to);
      fullest = std::max(fullest, ring.size() * state::kRingFrames / ring.capacity());
    }
  }
  pages_->counters().ring_used.set(fullest);
  const uint64_t clock = monotonic_ns();
  pages_->counters().rates_used.set(limits_->clients.in_use(clock));
  pages_->counters().answer_rates_used.set(limits_->answers.in_use(clock));
  pages_->counters().mbufs_used.set(rte_mempool_in_use_count(pool_.get()));
}

// One burst each way through every door. Frames from the kernel leave by the lcores' queues, over their rings.
unsigned Dataplane::move_through_doors() {
  unsigned moved = 0;
  std::array<rte_mbuf*, state::kBurst> frames;
  config::CounterPage& counters = pages_->counters();
  for (unsigned lcore = 0; lcore < workers_.size(); ++lcore) {
    std::array<uintptr_t, state::kBurst> items;
    const size_t count = rings_->ring(lcore, rings_->main_thread()).pop(items.data(), items.size());
    for (size_t i = 0; i < count; ++i) {
      rte_mbuf* frame = state::frame_of(items[i]);
      if (ports_->door(frame->port)->deliver({&frame, 1}) == 0) counters.door_lost.add(1);
    }
    moved += static_cast<unsigned>(count);
  }
  for (uint8_t port = 0; port < ports_->all().size(); ++port) {
    net::Door* door = ports_->door(port);
    if (door == nullptr) continue;
    const uint16_t count = door->collect(frames.data(), state::kBurst, pool_.get());
    for (uint16_t i = 0; i < count; ++i) {
      frames[i]->port = port;
      const bool passed = rings_->ring(rings_->main_thread(), exit_of_port_[port]).push(state::for_egress(frames[i]));
      (passed ? counters.door_sent : counters.door_lost).add(1);
      if (!passed) rte_pktmbuf_free(frames[i]);
    }
    moved += count;
  }
  return moved;
}

// At most once a second, when control has written something new.
void Dataplane::keep_endpoints(std::chrono::steady_clock::time_point now) {
  const uint64_t sequence = pages_->endpoints().sequence.load(std::memory_order_relaxed);
  if (sequence == kept_sequence_ || publisher_->loaded() == nullptr || now - kept_at_ < std::chrono::seconds(1)) return;
  kept_at_ = now;
  kept_sequence_ = sequence;
  if (auto saved = save_endpoints(model_.dataplane.state_dir, pages_->endpoints()); !saved)
    spdlog::warn("cannot save the next hops of the endpoints: {}", saved.error());
}

void Dataplane::watch_heartbeat() {
  const uint64_t beat = pages_->endpoints().heartbeat_ns.load(std::memory_order_relaxed);
  const uint64_t now = monotonic_ns();
  const bool silent = now > beat && now - beat > kSilenceNs;
  if (silent == plant_->control_silent.load(std::memory_order_relaxed)) return;
  plant_->control_silent.store(silent, std::memory_order_relaxed);
  pages_->counters().control_silent.set(silent ? 1 : 0);
  if (silent)
    heartbeat_lines_.write(spdlog::level::warn,
                           "no heartbeat from control for 5 s: the health of endpoints is ignored");
  else
    heartbeat_lines_.write(spdlog::level::info,
                           "the heartbeat of control is back: endpoints that are down are avoided");
}

void Dataplane::watch_neighbours() {
  std::vector<int> interfaces;
  for (const net::OpenPort& port : ports_->all()) interfaces.push_back(port.ifindex);
  next_hops_ = NextHopFollower(std::move(interfaces));
  if (auto watch = net::NeighbourWatch::open())
    neighbours_ = std::move(*watch);
  else
    spdlog::warn("the failover of a gateway will not be followed while control is away: {}", watch.error());
}

void Dataplane::follow_next_hops() {
  if (!neighbours_) return;
  for (const auto& [change, endpoints] : next_hops_.follow(neighbours_->read(), pages_->endpoints(), monotonic_ns()))
    hop_lines_.write(spdlog::level::warn,
                     "no heartbeat from control, and {} now has the MAC {:02x}: queries for {} endpoints go there",
                     config::to_string(change.neighbour), fmt::join(change.to, ":"), endpoints);
}

Dataplane::~Dataplane() {
  if (plant_) plant_->stop.store(true);
  if (launched_) {
    rte_eal_mp_wait_lcore();
    for (const auto& worker : workers_) worker->join();
  }
  slow_lane_.reset();
  link_.reset();
  ports_.reset();
  pool_.reset();
  stream_pool_.reset();
  if (!eal_.polling_lcores.empty()) net::stop_eal();
}

}  // namespace penstock

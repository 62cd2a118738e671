#include "dataplane/housekeeping/host_keeper.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>

#include "dataplane/net/kernel/neighbourhood.h"

namespace penstock {
namespace {

std::string macs_in_words(const tables::LocalPort& port) {
  std::vector<std::string> words;
  for (const net::Mac& mac : macs_of(port)) words.push_back(fmt::format("{:02x}", fmt::join(mac, ":")));
  return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

HostFollower::Port followed_port(const net::OpenPort& open, const config::Port& written) {
  return {.interface = open.ifindex,
          .is_kernels = open.kernel_sees_frames,
          .vlans = written.vlans,
          .is_strict = written.strict_reverse_path,
          .gateways = written.gateways};
}

void HostKeeper::watch() {
  std::vector<HostFollower::Port> ports;
  for (size_t i = 0; i < parts_.ports->all().size(); ++i)
    ports.push_back(followed_port(parts_.ports->all()[i], parts_.model.ports[i]));
  const bool is_strict = std::any_of(ports.begin(), ports.end(), [](const auto& port) { return port.is_strict; });
  follower_ = HostFollower(std::move(ports), parts_.model.listen.empty());
  if (auto watch = net::InterfaceWatch::open(is_strict))
    interfaces_ = std::move(*watch);
  else
    spdlog::warn("changes on the ports' interfaces are not followed until a restart: {}", watch.error());
  parts_.pages->counters().interfaces_followed.set(interfaces_ ? 1 : 0);
  parts_.pages->counters().listen_addresses.set(parts_.host->listen().size());
}

// When the kernel has said something, and once a second for what could not be done before. Who answers ARP under ever new MACs must not
// have us make ever new tables.
void HostKeeper::tick(Time now) {
  if (!interfaces_) return;
  is_old_ = interfaces_->read() || is_old_;
  const bool is_due = now - followed_at_ >= std::chrono::seconds(1);
  const bool may_change = is_old_ && now - changed_at_ >= std::chrono::milliseconds(50);
  if (interfaces_->table() == nullptr || (!is_due && !may_change)) return;
  if (is_due) followed_at_ = now;
  is_old_ = false;
  auto next = std::make_unique<tables::LocalHost>(*parts_.host);
  ++next->version;
  if (const auto change = follower_.follow(*interfaces_->table(), *next, now)) {
    changed_at_ = now;
    put_in_force(change, std::move(next));
  } else if (filter_.is_old()) {
    renew_filter();
  }
  parts_.slow_lane->keep_out(follower_.kept_out());
  if (is_due) call_gateways(now);
  count();
}

// The filter first: it is one turn until the lcores have seen what it had let through.
void HostKeeper::listen_no_more() {
  constexpr auto kTurn = std::chrono::milliseconds(2);
  interfaces_.reset();
  if (const auto done = filter_.take_no_queries(); !done)
    spdlog::warn("the ports' filters still take queries: {}", done.error());
  std::this_thread::sleep_for(kTurn);
  auto next = std::make_unique<tables::LocalHost>(*parts_.host);
  ++next->version;
  for (unsigned i = 0; i < next->listen().size(); ++i) {
    if (next->listen(i).family == 0) continue;
    parts_.slow_lane->leave(next->listen(i));
    next->retire_listen(i);
  }
  parts_.plant->host.store(next.get(), std::memory_order_release);
  parts_.publisher->wait_for_lcores("the end of listening waits");
  parts_.host = std::move(next);
  count();
}

void HostKeeper::count() {
  const auto listen = parts_.host->listen();
  config::CounterPage& counters = parts_.pages->counters();
  counters.listen_addresses.set(static_cast<uint64_t>(std::count_if(
      listen.begin(), listen.end(), [](const config::IpAddress& address) { return address.family != 0; })));
  counters.listen_not_followed.set(not_listened_.size() + follower_.without_place() + (filter_.is_old() ? 1 : 0));
  counters.ports_gone.set(follower_.ports_gone());
}

// Frames of ours leave beside the kernel, so it may not know a gateway, or believe for long in a MAC that is no longer its own.
void HostKeeper::call_gateways(Time now) {
  config::CounterPage& counters = parts_.pages->counters();
  uint64_t refused = 0;
  for (uint32_t i = 0; i < parts_.eal.polling_lcores.size(); ++i)
    refused += counters.lcore[i].classify[config::ClassifyOutcome::other_path].get();
  const bool is_doubtful = refused != paths_refused_ && now - gateways_called_at_ >= std::chrono::seconds(5);
  if (is_doubtful) {
    paths_refused_ = refused;
    gateways_called_at_ = now;
  }
  size_t unknown = 0;
  for (const HostFollower::Gateway& gateway : follower_.gateways()) {
    unknown += gateway.is_known ? 0 : 1;
    if (!gateway.is_known || is_doubtful) net::call_neighbour(gateway.interface, gateway.address);
  }
  counters.gateways_unknown.set(unknown);
}

// The lcores know an address before the filter sends them what is for it, and a MAC as well.
void HostKeeper::put_in_force(const HostFollower::Change& change, std::unique_ptr<const tables::LocalHost> next) {
  parts_.plant->host.store(next.get(), std::memory_order_release);
  parts_.publisher->wait_for_lcores("new addresses of the ports wait");
  parts_.host = std::move(next);
  for (const config::IpAddress& address : change.removed) leave(address);
  if (change.is_for_filter()) renew_filter();
  for (const config::IpAddress& address : change.added) listen(address);
  if (!change.macs) return;
  for (unsigned i = 0; i < parts_.host->port_count; ++i)
    lines_.write(spdlog::level::info, "port {}: frames to {} are for us", parts_.ports->all()[i].name,
                 macs_in_words(parts_.host->ports[i]));
}

void HostKeeper::leave(const config::IpAddress& address) {
  parts_.slow_lane->leave(address);
  std::erase(not_listened_, address);
  lines_.write(spdlog::level::warn, "{} is no longer on a port's interface: it is not served any more",
               config::to_string(address));
}

void HostKeeper::listen(const config::IpAddress& address) {
  const std::vector<std::string> failed = parts_.slow_lane->listen(address);
  lines_.write(spdlog::level::info, "listening on {} port 53 too: new address of a port's interface",
               config::to_string(address));
  for (const std::string& warning : failed) lines_.write(spdlog::level::warn, "{}", warning);
  if (!failed.empty()) not_listened_.push_back(address);
}

void HostKeeper::renew_filter() {
  if (const auto renewed = filter_.renew(); !renewed)
    lines_.write(spdlog::level::err, "the ports' filters could not follow a change on their interfaces: {}",
                 renewed.error());
}

}  // namespace penstock

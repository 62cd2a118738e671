#include "control/neighbours/next_hop_mirror.h"

#include <linux/neighbour.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <system_error>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include "config/contract/log_rate.h"
#include "control/neighbours/next_hop_resolver.h"

namespace penstock::control {
namespace {

using Clock = NeighbourKeeper::Clock;

// A neighbour that is being asked for may take so long before its endpoint counts as unreachable.
constexpr std::chrono::milliseconds kResolving{1000};

// A socket that hears of every change that a next hop may depend on.
int open_events() {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "rtnetlink");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  bool good = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  for (const int group : {RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                          RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE}) {
    good = good && setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0;
  }
  if (!good) {
    const int error = errno;
    close(fd);
    throw std::system_error(error, std::generic_category(), "rtnetlink: subscribe");
  }
  return fd;
}

}  // namespace

class NextHopMirror::Worker : public std::enable_shared_from_this<Worker> {
 public:
  Worker(asio::io_context& io, Changed changed, NextHopOptions options)
      : changed_(std::move(changed)),
        options_(options),
        keeper_(netlink_, options.managed, options.verify, options.hand),
        events_(io, open_events()),
        timer_(io) {}

  void start() { wait_for_events(); }

  void configure(std::vector<NextHopTarget> targets, std::vector<PortInterface> ports) {
    targets_ = std::move(targets);
    ports_ = std::move(ports);
    std::set<EndpointId> ids;
    for (const NextHopTarget& target : targets_) ids.insert(target.id);
    std::erase_if(known_, [&](const auto& one) { return !ids.contains(one.first); });
    links_.clear();
    schedule(Clock::now());
  }

  std::string reason(const EndpointId& id) const {
    const auto at = known_.find(id);
    return at != known_.end() && at->second.told && !*at->second.told ? at->second.text : "";
  }

  void stop() {
    stopped_ = true;
    timer_.cancel();
    std::error_code ignored;
    events_.close(ignored);
    keeper_.release_all_but({});
  }

 private:
  struct Known {
    std::optional<std::optional<NextHop>> told;  // what the callback was given last
    std::string text;
    std::optional<Clock::time_point> resolving_since;
  };

  void wait_for_events() {
    events_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [this, self = shared_from_this()](const std::error_code& error) {
                         if (error || stopped_) return;
                         if (read_events()) schedule(std::max(Clock::now() + options_.debounce, not_before_));
                         wait_for_events();
                       });
  }

  // Reads all there is; true: something of ours may have changed.
  bool read_events() {
    bool relevant = false;
    alignas(NLMSG_ALIGNTO) std::array<char, 32768> buffer;
    for (;;) {
      const ssize_t size = recv(events_.native_handle(), buffer.data(), buffer.size(), 0);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno == ENOBUFS) {
        // The kernel had more to say than the socket could hold: anything may have changed.
        links_.clear();
        relevant = true;
        continue;
      }
      if (size <= 0) return relevant;
      int left = static_cast<int>(size);
      for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(message, left);
           message = mnl_nlmsg_next(message, &left)) {
        relevant = is_relevant(message) || relevant;
      }
    }
  }

  bool is_relevant(const nlmsghdr* message) {
    if (message->nlmsg_type == RTM_NEWNEIGH || message->nlmsg_type == RTM_DELNEIGH) {
      const auto neighbour = read_neighbour(message);
      return neighbour && keeper_.keeps(neighbour->key);
    }
    if (message->nlmsg_type == RTM_NEWLINK || message->nlmsg_type == RTM_DELLINK) links_.clear();
    return true;
  }

  void schedule(Clock::time_point when) {
    if (stopped_ || (due_ && *due_ <= when)) return;
    due_ = when;
    timer_.expires_at(when);
    timer_.async_wait([this, self = shared_from_this()](const std::error_code& error) {
      if (error || stopped_) return;
      due_.reset();
      look();
    });
  }

  void look() {
    const auto started = Clock::now();
    if (links_.empty()) {
      netlink_.ask(link_dump_request(), [this](const nlmsghdr* message) {
        if (auto link = read_link(message)) links_[link->index] = std::move(*link);
      });
    }
    std::set<NeighbourKey> wanted;
    bool resolving = false;
    bool lost = false;
    const std::vector<NextHopTarget> targets = targets_;
    std::vector<std::pair<EndpointId, std::optional<NextHop>>> changes;
    for (const NextHopTarget& target : targets) {
      const Resolution resolution = resolve(netlink_, keeper_, links_, ports_, target, started);
      if (resolution.neighbour) wanted.insert(*resolution.neighbour);
      lost = lost || (!resolution.hop && resolution.neighbour);
      Known& known = known_[target.id];
      if (resolution.resolving) {
        if (!known.resolving_since) known.resolving_since = started;
        const bool patient = started - *known.resolving_since < kResolving && !(known.told && !*known.told);
        resolving = resolving || patient;
        if (patient) continue;
      } else {
        known.resolving_since.reset();
      }
      if (known.told && *known.told == resolution.hop && known.text == resolution.text) continue;
      tell(target, resolution);
      known.text = resolution.text;
      if (known.told && *known.told == resolution.hop) continue;
      known.told = resolution.hop;
      changes.emplace_back(target.id, resolution.hop);
    }
    keeper_.release_all_but(wanted, !swept_);
    swept_ = true;
    const auto now = Clock::now();
    // A storm of route changes may not take more than a tenth of the thread.
    not_before_ = now + 9 * (now - started);
    if (resolving) {
      schedule(now + std::chrono::milliseconds(100));
    } else {
      schedule(now + (lost ? std::chrono::seconds(1) : options_.refresh));
    }
    for (const auto& [id, hop] : changes) {
      if (!stopped_) changed_(id, hop);
    }
  }

  void tell(const NextHopTarget& target, const Resolution& resolution) {
    const std::string address = config::to_string(target.id.address);
    if (resolution.hop) {
      lines_.write(spdlog::level::info, "pool {}: endpoint {}: next hop {}, port {}{}, from {}", target.id.pool,
                   address, resolution.text, resolution.hop->port,
                   resolution.hop->vlan == 0 ? std::string() : ", VLAN " + std::to_string(resolution.hop->vlan),
                   config::to_string(resolution.hop->source));
    } else {
      lines_.write(spdlog::level::warn, "pool {}: endpoint {} is unreachable: {}", target.id.pool, address,
                   resolution.text);
    }
  }

  Changed changed_;
  NextHopOptions options_;
  NetlinkSocket netlink_;
  NeighbourKeeper keeper_;
  asio::posix::stream_descriptor events_;
  asio::steady_timer timer_;
  std::optional<Clock::time_point> due_;
  Clock::time_point not_before_;
  std::vector<NextHopTarget> targets_;
  std::vector<PortInterface> ports_;
  Links links_;
  std::map<EndpointId, Known> known_;
  config::LogRate lines_{200};  // whoever answers ARP now with one MAC, now with another, writes them
  bool swept_ = false;
  bool stopped_ = false;
};

NextHopMirror::NextHopMirror(asio::io_context& io, Changed changed, NextHopOptions options)
    : worker_(std::make_shared<Worker>(io, std::move(changed), options)) {
  worker_->start();
}

NextHopMirror::~NextHopMirror() {
  stop();
}

void NextHopMirror::configure(std::vector<NextHopTarget> targets, std::vector<PortInterface> ports) {
  worker_->configure(std::move(targets), std::move(ports));
}

std::string NextHopMirror::reason(const EndpointId& id) const {
  return worker_->reason(id);
}

void NextHopMirror::stop() {
  worker_->stop();
}

}  // namespace penstock::control

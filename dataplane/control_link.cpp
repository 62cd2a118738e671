#include "dataplane/control_link.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "config/contract/image.h"
#include "dataplane/inquiry/compose.h"
#include "dataplane/inquiry/judge.h"
#include "dataplane/last_good.h"

namespace penstock {
std::vector<config::IpAddress> endpoint_addresses(const tables::Ruleset& rules) {
  std::vector<config::IpAddress> addresses;
  for (const config::ImageEndpoint& endpoint : rules.endpoints()) {
    config::IpAddress address;
    std::copy_n(endpoint.address, sizeof endpoint.address, address.bytes.begin());
    address.family = endpoint.family;
    addresses.push_back(address);
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

tl::expected<ControlLink, std::string> ControlLink::listen(const std::string& path, const config::Hello& hello,
                                                           Publisher& rules, SharedPages& pages, std::string state_dir,
                                                           EndpointsChange change, CachedAnswers answers,
                                                           CaptureSteps capture) {
  auto listener = config::ListeningSocket::open(
      path, SOCK_SEQPACKET, 0660, 4, "dataplane.socket",
      "another penstock-dataplane is running here; give this one its own dataplane.socket");
  if (!listener) return tl::make_unexpected(listener.error());
  return ControlLink(std::move(*listener), hello, rules, pages, std::move(state_dir), std::move(change),
                     std::move(answers), std::move(capture));
}

ControlLink::ControlLink(config::ListeningSocket listener, const config::Hello& hello, Publisher& rules,
                         SharedPages& pages, std::string state_dir, EndpointsChange change, CachedAnswers answers,
                         CaptureSteps capture)
    : listener_(std::move(listener)),
      hello_(hello),
      rules_(rules),
      pages_(pages),
      state_dir_(std::move(state_dir)),
      change_(std::move(change)),
      answers_(std::move(answers)),
      capture_(std::move(capture)) {}

ControlLink::ControlLink(ControlLink&& other) noexcept
    : listener_(std::move(other.listener_)),
      connection_(std::exchange(other.connection_, -1)),
      hello_(other.hello_),
      rules_(other.rules_),
      pages_(other.pages_),
      state_dir_(std::move(other.state_dir_)),
      change_(std::move(other.change_)),
      answers_(std::move(other.answers_)),
      capture_(std::move(other.capture_)),
      narrow_at_(other.narrow_at_),
      link_lines_(other.link_lines_),
      rules_lines_(other.rules_lines_) {}

ControlLink::~ControlLink() {
  if (connection_ >= 0) close(connection_);
}

void ControlLink::accept() {
  const int accepted = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
  if (accepted < 0) return;
  const bool is_own = config::has_own_peer(accepted);
  if (connection_ >= 0 || !is_own) {
    const std::string reason = is_own ? "another control is connected" : "only root and penstock-control may connect";
    config::Refused refused;
    reason.copy(refused.reason.data(), refused.reason.size() - 1);
    (void)config::send_message(accepted, refused);
    close(accepted);
    link_lines_.write(spdlog::level::warn, "a connection to the control socket was refused: {}", reason);
    return;
  }
  connection_ = accepted;
  // A control that stops reading must not stop the main thread.
  const timeval patience{1, 0};
  setsockopt(connection_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  config::Hello hello = hello_;
  if (const LoadedRules* loaded = rules_.loaded()) {
    hello.generation = loaded->ruleset().header().generation;
    hello.checksum = loaded->ruleset().header().checksum;
  }
  if (auto sent = config::send_message(connection_, hello, {pages_.counters_fd(), pages_.endpoints_fd()}); !sent)
    return hang_up(sent.error());
  link_lines_.write(spdlog::level::info, "control connected");
}

void ControlLink::serve() {
  auto received = config::receive_message(connection_);
  if (!received) return hang_up(received.error());
  std::vector<config::Descriptor> descriptors;
  descriptors.reserve(received->fds.size());
  for (int fd : received->fds) descriptors.emplace_back(fd);
  if (received->bytes.empty()) return hang_up("it closed the connection; the rules stay in force");
  if (const auto* request = received->as<config::Publish>(); request != nullptr && descriptors.size() == 1)
    return publish(*request, descriptors[0].get());
  if (const auto* request = received->as<config::Lookup>()) return look_up(*request);
  if (const auto* request = received->as<config::Flush>()) return flush(*request);
  if (const auto* request = received->as<config::StartCapture>()) return start_capture(*request);
  if (explain(*received)) return;
  hang_up("it sent a message that link version " + std::to_string(config::kLinkVersion) + " does not have");
}

void ControlLink::publish(const config::Publish& request, int memfd) {
  auto loaded = LoadedRules::from_memfd(memfd, request.size);
  if (!loaded) return refuse(request.generation, loaded.error());
  const config::ImageHeader header = (*loaded)->ruleset().header();
  if (header.generation != request.generation) return refuse(request.generation, "the image is of another generation");
  // Answers and queries under way are kept by the number of their generation: none ever means two sets of rules.
  if (const uint64_t highest = rules_.loaded() == nullptr ? 0 : rules_.loaded()->ruleset().header().generation;
      header.generation <= highest)
    return refuse(request.generation, "generation " + std::to_string(highest) +
                                          " is already in force: the next one must have a higher number");

  auto both = endpoint_addresses((*loaded)->ruleset());
  if (rules_.loaded() != nullptr) {
    const auto before = endpoint_addresses(rules_.loaded()->ruleset());
    both.insert(both.end(), before.begin(), before.end());
  }
  if (auto changed = change_(both); !changed) return refuse(request.generation, changed.error());
  rules_.publish(std::move(*loaded));
  // Queries that went to an endpoint of the old rules may still be answered.
  narrow_at_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(header.query_timeout_ms);

  const tables::Ruleset& ruleset = rules_.loaded()->ruleset();
  config::Published published;
  published.lcores = hello_.lcores;
  published.generation = header.generation;
  published.checksum = header.checksum;
  published.swap_ns = pages_.counters().swap_ns.get();
  published.zones = header.zone_count;
  published.rules = static_cast<uint32_t>(ruleset.rules().size());
  published.pools = static_cast<uint32_t>(ruleset.pools().size());
  published.endpoints = static_cast<uint32_t>(ruleset.endpoints().size());
  rules_lines_.write(
      spdlog::level::info, "rules of generation {} in force: {} zones, {} pools, {} endpoints; swapped in {} us",
      published.generation, published.zones, published.pools, published.endpoints, published.swap_ns / 1000);
  if (auto sent = config::send_message(connection_, published); !sent) hang_up(sent.error());
  // After the acknowledgement: a slow disk is not the lcores' business, nor control's.
  if (auto saved = save_last_good(state_dir_, rules_.loaded()->bytes()); !saved)
    rules_lines_.write(spdlog::level::warn, "cannot save the last good rules for a start without control: {}",
                       saved.error());
  if (auto saved = save_endpoints(state_dir_, pages_.endpoints()); !saved)
    rules_lines_.write(spdlog::level::warn, "cannot save the next hops of the endpoints: {}", saved.error());
}

void ControlLink::tick(std::chrono::steady_clock::time_point now) {
  if (!narrow_at_ || now < *narrow_at_) return;
  narrow_at_.reset();
  if (auto changed = change_(endpoint_addresses(rules_.loaded()->ruleset())); !changed)
    spdlog::error("responses from removed endpoints are still accepted: {}", changed.error());
}

void ControlLink::look_up(const config::Lookup& request) {
  config::Found found;
  found.rule = config::kNoRule;
  dns::FoldedName name;
  const std::span<const uint8_t> wire(reinterpret_cast<const uint8_t*>(request.name.data()), request.name_length);
  if (const tables::Ruleset* rules = rules_.current(); rules != nullptr && dns::parse_name(wire, name)) {
    const tables::ClientEntry client = rules->clients().look_up(request.client.data(), request.family);
    const tables::Match match = rules->match(name, client.group);
    found.rule = match.rule;
    found.generation = rules->header().generation;
    found.matched_length = match.matched_length;
    found.is_apex = match.is_apex ? 1 : 0;
    found.is_left_out = match.is_left_out ? 1 : 0;
    found.depends_on_client = rules->depends_on_client(name) ? 1 : 0;
    found.group = client.group;
    found.may_ask = client.allowed ? 1 : 0;
  }
  if (auto sent = config::send_message(connection_, found); !sent) hang_up(sent.error());
}

// False: it asks for nothing of the kind.
bool ControlLink::explain(const config::Message& message) {
  tl::expected<void, std::string> sent;
  std::span<const uint8_t> answer;
  if (const auto* browse = message.as<config::Browse>()) {
    const std::vector<uint8_t> browsed = answers_.browse(*browse);
    sent = config::send_message(connection_, browsed.data(), browsed.size());
  } else if (const auto* compose = message.as<config::Compose>()) {
    sent = config::send_message(connection_, inquiry::compose(*compose, rules_.current()));
  } else if (const auto* judge = message.head<config::Judge>(answer)) {
    sent = config::send_message(connection_, inquiry::judge(*judge, answer, rules_.current()));
  } else {
    return false;
  }
  if (!sent) hang_up(sent.error());
  return true;
}

void ControlLink::flush(const config::Flush& request) {
  config::Flushed flushed;
  dns::FoldedName name;
  const std::span<const uint8_t> wire(reinterpret_cast<const uint8_t*>(request.name.data()), request.name_length);
  if (request.scope == config::FlushScope::all)
    flushed.entries = answers_.flush(request.scope, {});
  else if (dns::parse_name(wire, name))
    flushed.entries = answers_.flush(request.scope, {name.bytes, name.length});
  pages_.counters().cache_flushed.add(flushed.entries);
  if (auto sent = config::send_message(connection_, flushed); !sent) hang_up(sent.error());
}

void ControlLink::start_capture(const config::StartCapture& request) {
  config::CaptureStarted started;
  const auto stream = capture_.begin(request.request);
  if (!stream) stream.error().copy(started.reason.data(), started.reason.size() - 1);
  const std::vector<int> descriptors = stream ? std::vector<int>{stream->get()} : std::vector<int>{};
  if (auto sent = config::send_message(connection_, started, descriptors); !sent) hang_up(sent.error());
}

void ControlLink::refuse(uint64_t generation, const std::string& reason) {
  pages_.counters().images_refused.add(1);
  rules_lines_.write(spdlog::level::err, "rules of generation {} refused, the rules in force stay: {}", generation,
                     reason);
  config::Refused refused;
  refused.generation = generation;
  reason.copy(refused.reason.data(), refused.reason.size() - 1);
  if (auto sent = config::send_message(connection_, refused); !sent) hang_up(sent.error());
}

void ControlLink::hang_up(const std::string& why) {
  link_lines_.write(spdlog::level::warn, "control disconnected: {}", why);
  close(connection_);
  connection_ = -1;
  if (capture_.end) capture_.end("penstock-control is gone");
}

}  // namespace penstock

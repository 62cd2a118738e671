#include "dataplane/slow/clients.h"

#include <netinet/in.h>
#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/post.hpp>
#include <cstring>

#include "dataplane/slow/arrivals.h"

namespace penstock::slow {
namespace {

using asio::ip::tcp;
using config::SlowCounter;
using config::SlowGauge;

constexpr size_t kReadAtOnce = 16 << 10;
constexpr size_t kEnoughUnsent = 64 << 10;  // then no more queries are taken
constexpr size_t kKeptCapacity = 1024;      // of a connection that has nothing to send
constexpr int kAcceptAtOnce = 64;
constexpr unsigned kRefusalsToPause = 8;
constexpr auto kPause = std::chrono::milliseconds(100);

using FreeBind = asio::detail::socket_option::boolean<IPPROTO_IP, IP_FREEBIND>;

}  // namespace

Clients::Clients(asio::io_context& io, LcoreRings& lcores, const ClientLimits& limits, config::SlowCounters& counters)
    : io_(io),
      lcores_(lcores),
      limits_(limits),
      counters_(counters),
      table_(limits.connections, limits.per_client),
      octets_(kReadAtOnce) {}

tl::expected<std::shared_ptr<Clients::Listener>, std::string> Clients::open(const config::IpAddress& address,
                                                                            uint16_t port) {
  const tcp::endpoint endpoint(to_asio(address), port);
  auto listener = std::make_shared<Listener>(Listener{tcp::acceptor(io_), address});
  tcp::acceptor& acceptor = listener->acceptor;
  asio::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && address.is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.set_option(FreeBind(true), error);  // the address may come later
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.set_option(tcp::no_delay(true), error);  // its connections inherit it
  note_interfaces(acceptor.native_handle());
  if (!error) acceptor.listen(4096, error);
  if (!error) acceptor.non_blocking(true, error);
  if (error) return tl::make_unexpected(error.message());
  return listener;
}

void Clients::listen(std::shared_ptr<Listener> listener) {
  listeners_.push_back(std::move(listener));
  accept(listeners_.back());
}

void Clients::leave(const config::IpAddress& address) {
  std::erase_if(listeners_, [&](const std::shared_ptr<Listener>& listener) {
    if (listener->address != address) return false;
    asio::error_code ignored;
    listener->acceptor.close(ignored);
    return true;
  });
}

void Clients::keep_out(std::vector<int> interfaces) {
  kept_out_ = std::move(interfaces);
}

void Clients::accept(const std::shared_ptr<Listener>& listener) {
  listener->acceptor.async_wait(tcp::acceptor::wait_read, [this, listener](const asio::error_code& failed) {
    if (failed || !listener->acceptor.is_open()) return;
    const Time now = std::chrono::steady_clock::now();
    for (int i = 0; i < kAcceptAtOnce; ++i) {
      asio::error_code error;
      tcp::socket socket(io_);
      tcp::endpoint remote;
      listener->acceptor.accept(socket, remote, error);
      if (error == asio::error::would_block || error == asio::error::try_again) break;
      if (error == asio::error::no_descriptors) {
        // Accepted again by tick(): a listener that is ready all the time must not keep us busy.
        counters_[SlowCounter::no_descriptor].add(1);
        listener->is_paused = true;
        return;
      }
      if (error) continue;
      if (!kept_out_.empty() &&
          std::count(kept_out_.begin(), kept_out_.end(), interface_of(socket.native_handle())) != 0)
        continue;  // closed
      take(*listener, std::move(socket), remote, now);
    }
    accept(listener);
  });
}

void Clients::take(const Listener& listener, tcp::socket&& socket, const tcp::endpoint& remote, Time now) {
  const config::IpAddress client = from_asio(remote.address());
  for (auto shed = table_.to_shed(client); shed.place != ConnectionTable::kNone; shed = table_.to_shed(client))
    close(shed.place, shed.is_own ? SlowCounter::shed_client : SlowCounter::shed_total);
  asio::error_code ignored;
  socket.non_blocking(true, ignored);
  const uint32_t place = table_.add(client, now);
  if (place >= sessions_.size()) sessions_.resize(place + 1);
  sessions_[place] = std::make_unique<Session>(std::move(socket));
  sessions_[place]->between = {.source = client.bytes,
                               .destination = listener.address.bytes,
                               .source_port = remote.port(),
                               .destination_port = 53,
                               .family = client.family};
  counters_[SlowCounter::accepted].add(1);
  counters_[SlowGauge::connections].set(table_.size());
  read({state::PeerKind::connection, place, table_.generation(place)}, now);  // most ask at once
}

Clients::Session* Clients::find(const Id& id) {
  return table_.is_open(id.place, id.generation) ? sessions_[id.place].get() : nullptr;
}

void Clients::wait_to_read(const Id& id) {
  Session* session = find(id);
  if (session == nullptr || session->reads || session->is_ended) return;
  session->reads = true;
  session->socket.async_wait(tcp::socket::wait_read, [this, id](const asio::error_code& failed) {
    if (!failed) read(id, std::chrono::steady_clock::now());
  });
}

void Clients::read(const Id& id, Time now) {
  Session* session = find(id);
  if (session == nullptr) return;
  session->reads = false;
  asio::error_code error;
  const size_t count = session->socket.read_some(asio::buffer(octets_), error);
  if (error == asio::error::would_block || error == asio::error::try_again) return wait_to_read(id);
  if (error == asio::error::eof) {
    // It may have closed its side alone and wait for what it asked.
    session->is_ended = true;
    return close_when_done(id, *session);
  }
  if (error) return close(id.place, SlowCounter::left);
  take_queries(id, *session, {octets_.data(), count}, now);
}

void Clients::take_queries(const Id& id, Session& session, std::span<const uint8_t> octets, Time now) {
  const auto take = [&](std::span<const uint8_t> message) {
    session.is_full = table_.in_flight(id.place) >= limits_.in_flight ||
                      session.unsent.size() - session.sent > kEnoughUnsent || now < session.paused_until;
    if (session.is_full || !lcores_.give_query(message, id, session.between)) return false;
    table_.query(id.place, now);
    counters_[SlowCounter::queries].add(1);
    counters_[SlowGauge::in_flight].set(++in_flight_);
    return true;
  };
  session.is_full = false;
  const Framing framing = session.reader.read(octets, take);
  if (framing == Framing::broken) return close(id.place, SlowCounter::broken);
  if (!count_octets(session)) return close(id.place, SlowCounter::no_room);
  if (framing == Framing::good) return wait_to_read(id);
  if (session.is_full || session.is_held) return;
  session.is_held = true;
  held_.push_back(id);
}

void Clients::resume(Time now) {
  while (!pauses_.empty() && pauses_.front().until <= now) {
    const Id id = pauses_.front().id;
    pauses_.pop_front();
    if (Session* session = find(id); session != nullptr && session->is_full) take_queries(id, *session, {}, now);
  }
  if (held_.empty()) return;
  std::vector<Id> held;
  held.swap(held_);
  for (const Id& id : held) {
    Session* session = find(id);
    if (session == nullptr) continue;
    session->is_held = false;
    take_queries(id, *session, {}, now);
  }
}

// Who may not ask, or not so much, is told so a few times and then made to wait: TCP carries that back to the sender, who would else
// have us busy with saying no.
void Clients::pause_when_refused(const Id& id, Session& session, std::span<const uint8_t> answer, Time now) {
  const bool is_refused =
      (dns::flags_of(answer.data()) & dns::kRcodeMask) == static_cast<uint16_t>(dns::Rcode::refused);
  session.refusals = is_refused ? session.refusals + 1 : 0;
  if (session.refusals < kRefusalsToPause || now < session.paused_until) return;
  session.paused_until = now + kPause;
  pauses_.push_back({session.paused_until, id});
  counters_[SlowCounter::paused].add(1);
}

void Clients::answer(const Outgoing& outgoing, Time now) {
  const Id& id = outgoing.peer;
  Session* session = find(id);
  if (session == nullptr) {
    counters_[SlowCounter::gone].add(1);
    return;
  }
  if (table_.in_flight(id.place) != 0) counters_[SlowGauge::in_flight].set(--in_flight_);
  table_.answer(id.place, now);
  if (outgoing.message.empty()) return close(id.place, SlowCounter::dropped);
  if (session->unsent.size() - session->sent > limits_.unsent) return close(id.place, SlowCounter::slow_reader);
  append(id, *session, outgoing.message);
  counters_[SlowCounter::answers].add(1);
  pause_when_refused(id, *session, outgoing.message, now);
}

void Clients::append(const Id& id, Session& session, std::span<const uint8_t> message) {
  const auto length = static_cast<uint16_t>(message.size());
  session.unsent.push_back(static_cast<uint8_t>(length >> 8));
  session.unsent.push_back(static_cast<uint8_t>(length));
  session.unsent.insert(session.unsent.end(), message.begin(), message.end());
  mark_dirty(id, session);
}

void Clients::begin_transfer(const Id& id) {
  if (Session* session = find(id)) ++session->transfers;
}

bool Clients::pass(const Id& id, std::span<const uint8_t> message, bool is_last, Time now) {
  Session* session = find(id);
  if (session == nullptr) return false;
  append(id, *session, message);
  table_.touch(id.place, now);
  if (!is_last) return true;
  --session->transfers;
  if (table_.in_flight(id.place) != 0) counters_[SlowGauge::in_flight].set(--in_flight_);
  table_.answer(id.place, now);
  counters_[SlowCounter::answers].add(1);
  return true;
}

bool Clients::has_room(const Id& id) {
  const Session* session = find(id);
  return session == nullptr || session->unsent.size() - session->sent <= kEnoughUnsent;
}

std::optional<config::IpAddress> Clients::address_of(const Id& id) {
  const Session* session = find(id);
  if (session == nullptr) return std::nullopt;
  config::IpAddress address;
  address.family = session->between.family;
  address.bytes = session->between.source;
  return address;
}

void Clients::abort(const Id& id) {
  if (find(id) != nullptr) close(id.place, SlowCounter::transfer_cut);
}

void Clients::mark_dirty(const Id& id, Session& session) {
  if (session.is_dirty) return;
  session.is_dirty = true;
  dirty_.push_back(id);
}

void Clients::flush(Time now) {
  for (const Id& id : dirty_) {
    Session* session = find(id);
    if (session == nullptr) continue;
    session->is_dirty = false;
    if (!send(id, *session, now)) continue;
    if (session->is_full) take_queries(id, *session, {}, now);
  }
  dirty_.clear();
}

// False: the connection is no more.
bool Clients::send(const Id& id, Session& session, Time now) {
  if (!write(id, session)) {
    close(id.place, SlowCounter::left);
    return false;
  }
  drop_sent(session, now);
  if (!count_octets(session)) {
    close(id.place, SlowCounter::slow_reader);
    return false;
  }
  close_when_done(id, session);
  return find(id) != nullptr;
}

// As much as the socket takes; the rest when it takes more. False: the client has left.
bool Clients::write(const Id& id, Session& session) {
  while (!session.writes && session.sent < session.unsent.size()) {
    asio::error_code error;
    session.sent += session.socket.write_some(
        asio::buffer(session.unsent.data() + session.sent, session.unsent.size() - session.sent), error);
    if (error == asio::error::would_block || error == asio::error::try_again) {
      session.writes = true;
      session.socket.async_wait(tcp::socket::wait_write, [this, id](const asio::error_code& failed) {
        Session* ready = find(id);
        if (failed || ready == nullptr) return;
        ready->writes = false;
        mark_dirty(id, *ready);
        flush(std::chrono::steady_clock::now());
      });
    } else if (error) {
      return false;
    }
  }
  return true;
}

void Clients::drop_sent(Session& session, Time now) {
  if (session.sent == session.unsent.size()) {
    session.unsent.clear();
    if (session.unsent.capacity() > kKeptCapacity) std::vector<uint8_t>().swap(session.unsent);
    session.sent = 0;
    session.unsent_since = {};
  } else {
    // A transfer may go on for long, as long as what waits is read in time.
    if (session.unsent_since == Time{} || session.sent >= session.awaited) {
      session.unsent_since = now;
      session.awaited = session.unsent.size();
    }
    if (session.sent > kEnoughUnsent) {
      session.unsent.erase(session.unsent.begin(), session.unsent.begin() + static_cast<ptrdiff_t>(session.sent));
      session.awaited -= session.sent;
      session.sent = 0;
    }
  }
}

void Clients::close_when_done(const Id& id, const Session& session) {
  if (session.is_ended && session.unsent.empty() && !session.is_held && !session.is_full &&
      table_.in_flight(id.place) == 0)
    close(id.place, SlowCounter::left);
}

// What the session keeps beyond the little that an idle one does. False: all of them together keep too much.
bool Clients::count_octets(Session& session) {
  const size_t octets = session.reader.kept() + session.unsent.size();
  const bool grows = octets > session.counted;
  buffered_ = buffered_ - session.counted + octets;
  session.counted = octets;
  counters_[SlowGauge::buffered].set(buffered_);
  return !grows || buffered_ <= limits_.buffered;
}

void Clients::tick(Time now) {
  for (uint32_t place = table_.idlest(); place != ConnectionTable::kNone; place = table_.idlest()) {
    if (now - table_.last_message(place) < limits_.idle) break;
    if (table_.in_flight(place) == 0) {
      close(place, sessions_[place]->unsent.empty() ? SlowCounter::idle_closed : SlowCounter::slow_reader);
      continue;
    }
    if (sessions_[place]->transfers != 0) {
      table_.touch(place, now);
      continue;
    }
    // Lost on the way, or the rules say to answer nothing: nobody waits as long as this.
    in_flight_ -= table_.in_flight(place);
    counters_[SlowGauge::in_flight].set(in_flight_);
    table_.forget(place, now);
    const Id id{state::PeerKind::connection, place, table_.generation(place)};
    if (sessions_[place]->is_full) take_queries(id, *sessions_[place], {}, now);
    if (Session* session = find(id)) close_when_done(id, *session);
  }
  for (uint32_t place = 0; place < sessions_.size(); ++place) {
    const Session* session = sessions_[place].get();
    if (session != nullptr && session->unsent_since != Time{} && now - session->unsent_since >= limits_.unread)
      close(place, SlowCounter::slow_reader);
  }
  for (const auto& listener : listeners_) {
    if (!listener->is_paused) continue;
    listener->is_paused = false;
    accept(listener);
  }
}

void Clients::close(uint32_t place, SlowCounter why) {
  counters_[why].add(1);
  in_flight_ -= table_.in_flight(place);
  counters_[SlowGauge::in_flight].set(in_flight_);
  buffered_ -= sessions_[place]->counted;
  counters_[SlowGauge::buffered].set(buffered_);
  table_.remove(place);
  // Its handlers may still run: they find another generation.
  asio::error_code ignored;
  sessions_[place]->socket.close(ignored);
  sessions_[place].reset();
  counters_[SlowGauge::connections].set(table_.size());
}

}  // namespace penstock::slow

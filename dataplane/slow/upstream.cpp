#include "dataplane/slow/upstream.h"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/error.hpp>

#include "dataplane/dns/message.h"
#include "dataplane/slow/dial.h"

namespace penstock::slow {
namespace {

using asio::ip::tcp;
using config::SlowCounter;
using config::SlowGauge;
using config::StreamUse;

// What an endpoint sends to the lcore that asked it from `source_port`.
Endpoints back_from(const Endpoints& between, uint16_t source_port) {
  return {.source = between.destination,
          .destination = between.source,
          .source_port = 53,
          .destination_port = source_port,
          .family = between.family};
}

}  // namespace

void Upstream::send(const Outgoing& outgoing, Time now) {
  Key key{};
  key[0] = outgoing.between.family;
  std::copy(outgoing.between.source.begin(), outgoing.between.source.end(), key.begin() + 1);
  std::copy(outgoing.between.destination.begin(), outgoing.between.destination.end(), key.begin() + 17);
  std::unique_ptr<Peer>& peer = peers_[key];
  if (peer == nullptr) {
    peer = std::make_unique<Peer>();
    peer->between = outgoing.between;
  }
  peer->used_at = now;
  if (const config::EndpointSlot slot = outgoing.peer.endpoint_slot();
      slot != peer->slot && counters_.stream_use.has(slot)) {
    show_use(*peer, StreamUse::shared);
    peer->slot = slot;
    show_use(*peer, peer->use);
  }
  peer->pipelining = static_cast<config::Pipelining>(outgoing.peer.generation);
  if (outgoing.message.size() < dns::kHeaderSize) return;
  send(*peer,
       Query{.message = {outgoing.message.begin(), outgoing.message.end()},
             .id = dns::id_of(outgoing.message.data()),
             .source_port = outgoing.between.source_port,
             .at = now},
       now);
}

void Upstream::send(Peer& peer, Query&& query, Time now) {
  if (use_of(peer, now) != StreamUse::shared || query.is_copy) return send_alone(peer, std::move(query), now);
  const std::shared_ptr<Channel> channel = channel_for(peer, now);
  if (channel == nullptr) return lose(peer, query, query.is_second);
  put(peer, channel, std::move(query), now);
}

bool Upstream::has_alone(const Peer& peer) {
  return std::any_of(peer.channels.begin(), peer.channels.end(), [](const auto& channel) { return channel->is_alone; });
}

void Upstream::send_alone(Peer& peer, Query&& query, Time now) {
  if (const std::shared_ptr<Channel> channel = channel_alone(peer, false, now))
    return put(peer, channel, std::move(query), now);
  if (!has_alone(peer) || peer.waiting.size() >= limits_.in_flight) return lose(peer, query, query.is_second);
  peer.waiting.push_back(std::move(query));
}

void Upstream::put(Peer& peer, const std::shared_ptr<Channel>& channel, Query&& query, Time now) {
  // Lcores draw their ids apart from each other: on a connection none may be used twice.
  uint16_t id = query.id;
  while (channel->queries.contains(id)) id = static_cast<uint16_t>(id + 40503);
  dns::store16(query.message.data(), id);
  const size_t length = query.message.size();
  channel->unsent.push_back(static_cast<uint8_t>(length >> 8));
  channel->unsent.push_back(static_cast<uint8_t>(length));
  channel->unsent.insert(channel->unsent.end(), query.message.begin(), query.message.end());
  if (channel->queries.empty() && channel->is_open) channel->since = now;
  query.has_company = !channel->queries.empty();
  ++channel->sent;
  channel->queries.emplace(id, std::move(query));
  count_queries(1);
  counters_[SlowCounter::upstream_queries].add(1);
  if (channel->is_dirty) return;
  channel->is_dirty = true;
  dirty_.emplace_back(&peer, channel);
}

// The least busy connection that takes another query; a new one when all have enough to do. Null: none.
std::shared_ptr<Upstream::Channel> Upstream::channel_for(Peer& peer, Time now) {
  std::shared_ptr<Channel> best;
  size_t shared = 0;
  for (const auto& channel : peer.channels) {
    if (channel->is_alone || channel->is_dubious) continue;
    ++shared;
    if (channel->queries.size() >= limits_.in_flight || channel->unsent.size() >= limits_.unsent) continue;
    if (best == nullptr || channel->queries.size() < best->queries.size()) best = channel;
  }
  if (best != nullptr && (best->queries.size() < limits_.busy || shared >= limits_.channels)) return best;
  if (shared >= limits_.channels) return nullptr;
  if (peer.has_failed && now - peer.failed_at < peer.pause) return best;
  std::shared_ptr<Channel> fresh = connect(peer, now);
  return fresh != nullptr ? fresh : best;
}

// One without a query, or a new one; `fresh`: a new one in any case, for which one without a query makes room. Those that have stopped
// answering end by themselves and do not count, but four times as many there are never. Null: none can be had now.
std::shared_ptr<Upstream::Channel> Upstream::channel_alone(Peer& peer, bool fresh, Time now) {
  unsigned answering = 0;
  unsigned all = 0;
  std::shared_ptr<Channel> idle;
  for (const auto& channel : peer.channels) {
    if (!channel->is_alone) continue;
    ++all;
    if (channel->is_dubious) continue;
    ++answering;
    if (channel->queries.empty()) idle = channel;
  }
  if (idle != nullptr && !fresh && use_of(peer, now) != StreamUse::once) return idle;
  if (peer.has_failed && now - peer.failed_at < peer.pause) return nullptr;
  if (answering >= limits_.alone || all >= 4 * limits_.alone) {
    if (idle == nullptr) return nullptr;
    end(peer, idle, now);
  }
  std::shared_ptr<Channel> channel = connect(peer, now);
  if (channel != nullptr) channel->is_alone = true;
  return channel;
}

StreamUse Upstream::use_of(Peer& peer, Time now) {
  if (peer.pipelining == config::Pipelining::on) return StreamUse::shared;
  if (peer.use != StreamUse::shared && now - peer.learned_at >= limits_.remember)
    set_use(peer, StreamUse::shared, now);  // it may have been mended
  const bool is_off = peer.pipelining == config::Pipelining::off;
  return is_off && peer.use == StreamUse::shared ? StreamUse::in_turn : peer.use;
}

void Upstream::set_use(Peer& peer, StreamUse use, Time now) {
  peer.use = use;
  peer.learned_at = now;
  peer.lost_in_company = peer.lost_behind = 0;
  show_use(peer, use);
}

// A peer that was only just made has no slot yet.
void Upstream::show_use(const Peer& peer, StreamUse use) {
  if (peer.slot != config::kNoEndpointSlot) counters_.stream_use[peer.slot].set(static_cast<uint64_t>(use));
}

std::shared_ptr<Upstream::Channel> Upstream::connect(Peer& peer, Time now) {
  auto channel = std::make_shared<Channel>(io_);
  channel->since = now;
  const tcp::endpoint to(to_asio(peer.between.family, peer.between.destination), limits_.port);
  if (prepare_to_dial(channel->socket, peer.between)) {
    counters_[SlowCounter::upstream_failed].add(1);
    peer.has_failed = true;
    peer.failed_at = now;
    peer.pause = limits_.again;
    return nullptr;
  }
  peer.channels.push_back(channel);
  count_channels(1);
  channel->socket.async_connect(to, [this, &peer, channel](const asio::error_code& failed) {
    if (failed == asio::error::operation_aborted || !channel->socket.is_open()) return;
    const Time then = std::chrono::steady_clock::now();
    if (failed) {
      end(peer, channel, then);
      if (failed == asio::error::connection_refused) peer.pause = limits_.refused;
      return;
    }
    counters_[SlowCounter::upstream_connects].add(1);
    peer.has_failed = false;
    channel->is_open = true;
    channel->since = channel->opened = then;
    wait_to_read(peer, channel);
    write(peer, channel, then);
  });
  return channel;
}

void Upstream::flush(Time now) {
  // A connection that turns out to be over gives its queries to another, which is dirty then.
  std::vector<std::pair<Peer*, std::shared_ptr<Channel>>> dirty;
  dirty.swap(dirty_);
  for (const auto& [peer, channel] : dirty) {
    channel->is_dirty = false;
    write(*peer, channel, now);
  }
}

void Upstream::write(Peer& peer, const std::shared_ptr<Channel>& channel, Time now) {
  if (!channel->is_open || channel->writes || channel->unsent.empty()) return;
  size_t sent = 0;
  while (sent < channel->unsent.size()) {
    asio::error_code error;
    sent +=
        channel->socket.write_some(asio::buffer(channel->unsent.data() + sent, channel->unsent.size() - sent), error);
    if (error == asio::error::would_block || error == asio::error::try_again) {
      channel->writes = true;
      channel->socket.async_wait(tcp::socket::wait_write, [this, &peer, channel](const asio::error_code& failed) {
        channel->writes = false;
        if (!failed) write(peer, channel, std::chrono::steady_clock::now());
      });
      break;
    }
    if (error) return end(peer, channel, now);
  }
  channel->unsent.erase(channel->unsent.begin(), channel->unsent.begin() + static_cast<ptrdiff_t>(sent));
}

void Upstream::wait_to_read(Peer& peer, const std::shared_ptr<Channel>& channel) {
  channel->socket.async_wait(tcp::socket::wait_read, [this, &peer, channel](const asio::error_code& failed) {
    if (!failed) read(peer, channel, std::chrono::steady_clock::now());
  });
}

void Upstream::read(Peer& peer, const std::shared_ptr<Channel>& channel, Time now) {
  if (!channel->is_open) return;
  asio::error_code error;
  const size_t count = channel->socket.read_some(asio::buffer(octets_), error);
  if (error == asio::error::would_block || error == asio::error::try_again) return wait_to_read(peer, channel);
  if (error) return end(peer, channel, now);
  channel->since = now;
  const Framing framing = channel->reader.read({octets_.data(), count}, [&](std::span<const uint8_t> message) {
    take_response(peer, *channel, message, now);
    return true;
  });
  if (framing == Framing::broken) return end(peer, channel, now);
  if (channel->is_alone && channel->queries.empty()) {
    // Connections that queries were asked on for want of an answer elsewhere are no more than that.
    if (use_of(peer, now) != StreamUse::in_turn) return end(peer, channel, now);
    let_next(peer, now);
  }
  wait_to_read(peer, channel);
}

void Upstream::take_response(Peer& peer, Channel& channel, std::span<const uint8_t> message, Time now) {
  const auto found = channel.queries.find(dns::id_of(message.data()));
  if (found == channel.queries.end()) {
    counters_[SlowCounter::upstream_unknown].add(1);
    return;
  }
  channel.has_answered = true;
  channel.is_dubious = false;
  const Query query = std::move(found->second);
  channel.queries.erase(found);
  count_queries(-1);
  if (query.answered_there != Time{}) {
    counters_[SlowCounter::upstream_unknown].add(1);
    return;
  }
  if (const auto original = query.original.lock(); original != nullptr)
    if (const auto first = original->queries.find(query.original_id); first != original->queries.end())
      first->second.answered_there = now;
  if (query.is_copied) forget_copy(peer, channel, query, now);
  peer.usual = peer.usual == std::chrono::nanoseconds{} ? now - query.at : (7 * peer.usual + (now - query.at)) / 8;
  message_.assign(message.begin(), message.end());
  dns::store16(message_.data(), query.id);
  const Endpoints back = back_from(peer.between, query.source_port);
  const bool given = lcores_.give_response(message_, back);
  counters_[given ? SlowCounter::upstream_responses : SlowCounter::upstream_unknown].add(1);
}

// The connection is over. What was under way is sent once more, and again while each connection answers something: a server
// may close after every answer (RFC 7766 section 6.2.4). What never had a connection is left to the lcore.
void Upstream::end(Peer& peer, const std::shared_ptr<Channel>& channel, Time now) {
  const auto at = std::find(peer.channels.begin(), peer.channels.end(), channel);
  if (at == peer.channels.end()) return;
  peer.channels.erase(at);
  count_channels(-1);
  const bool was_open = channel->is_open;
  channel->is_open = false;
  asio::error_code ignored;
  channel->socket.close(ignored);
  std::unordered_map<uint16_t, Query> queries;
  queries.swap(channel->queries);
  count_queries(-static_cast<int>(queries.size()));
  if (!was_open) {
    counters_[SlowCounter::upstream_failed].add(1);
    peer.has_failed = true;
    peer.failed_at = now;
    peer.pause = limits_.again;
  } else if (!queries.empty()) {
    counters_[SlowCounter::upstream_closed].add(1);
  }
  for (auto& [id, query] : queries) {
    const bool may_resend = was_open && (!query.is_second || channel->has_answered);
    if (is_asked_elsewhere(peer, query, now)) continue;
    if (may_resend && now - query.at < limits_.resend)
      resend(peer, std::move(query), now);
    else
      lose(peer, query, was_open);
  }
  if (channel->is_alone) let_next(peer, now);
}

// The connection that it was sent on is over: does another one have it too?
bool Upstream::is_asked_elsewhere(Peer& peer, Query& query, Time now) {
  if (query.is_copied) {
    if (query.answered_there != Time{}) judge(peer, query, now);
    return true;
  }
  // Its own connection may still bring the answer.
  const auto original = query.original.lock();
  return query.is_copy && original != nullptr && original->queries.contains(query.original_id);
}

void Upstream::resend(Peer& peer, Query&& query, Time now) {
  query.is_second = true;
  counters_[SlowCounter::upstream_resent].add(1);
  send(peer, std::move(query), now);
}

// Queries that wait for a connection of their own have those that are free now.
void Upstream::let_next(Peer& peer, Time now) {
  while (!peer.waiting.empty()) {
    const std::shared_ptr<Channel> channel = channel_alone(peer, false, now);
    if (channel == nullptr && has_alone(peer)) return;
    Query query = std::move(peer.waiting.front());
    peer.waiting.pop_front();
    if (channel == nullptr)
      lose(peer, query, query.is_second);
    else
      put(peer, channel, std::move(query), now);
  }
}

// What has no answer for so long is asked on a connection of its own as well, unless it has one.
void Upstream::ask_anew(Peer& peer, const std::shared_ptr<Channel>& channel, Time now) {
  if (peer.pipelining == config::Pipelining::on || channel->sent < 2) return;
  const Time::duration stuck =
      std::min<Time::duration>(std::max<Time::duration>(limits_.stuck, 4 * peer.usual), limits_.stuck_most);
  std::vector<uint16_t> stuck_ids;
  for (auto& [id, query] : channel->queries) {
    if (query.is_copied) {
      if (query.answered_there != Time{} && now - query.answered_there >= limits_.verdict) judge(peer, query, now);
    } else if (now - std::max(query.at, channel->opened) >= stuck && now - query.at < limits_.resend) {
      stuck_ids.push_back(id);
    }
  }
  for (const uint16_t id : stuck_ids) {
    const std::shared_ptr<Channel> own = channel_alone(peer, true, now);
    if (own == nullptr) return;
    Query& query = channel->queries.at(id);
    query.is_copied = true;
    if (!channel->has_answered || channel->since <= query.at) channel->is_dubious = true;
    Query copy{.message = query.message, .id = query.id, .source_port = query.source_port, .at = query.at};
    copy.original = channel;
    copy.original_id = id;
    copy.is_copy = true;
    put(peer, own, std::move(copy), now);
    counters_[SlowCounter::upstream_alone].add(1);
  }
}

// The copy was answered, and the query on its first connection is not: once may be chance.
void Upstream::judge(Peer& peer, Query& query, Time now) {
  if (query.is_judged) return;
  query.is_judged = true;
  unsigned& lost = query.has_company ? peer.lost_in_company : peer.lost_behind;
  if (++lost < 2) return;
  const StreamUse use = query.has_company ? StreamUse::in_turn : StreamUse::once;
  if (use > peer.use) set_use(peer, use, now);
}

// Its first connection has answered after all: what the copy brings is nobody's any more.
void Upstream::forget_copy(const Peer& peer, const Channel& channel, const Query& query, Time now) {
  for (const auto& other : peer.channels) {
    if (!other->is_alone) continue;
    for (auto& [id, copy] : other->queries)
      if (copy.id == query.id && copy.source_port == query.source_port && copy.original.lock().get() == &channel)
        copy.answered_there = now;
  }
}

// Nobody else will answer it: the lcore need not wait.
void Upstream::lose(const Peer& peer, const Query& query, bool had_left) {
  counters_[SlowCounter::upstream_lost].add(1);
  std::array<uint8_t, state::kLostSize> word{};
  dns::store16(word.data(), query.id);
  word[2] = had_left ? 1 : 0;
  lcores_.give_response(word, back_from(peer.between, query.source_port));
}

void Upstream::tick(Time now) {
  for (const auto& entry : peers_) {
    Peer& peer = *entry.second;
    const std::vector<std::shared_ptr<Channel>> channels = peer.channels;
    for (const auto& channel : channels) look_after(peer, channel, now);
    while (!peer.waiting.empty() && now - peer.waiting.front().at >= limits_.resend) {
      lose(peer, peer.waiting.front(), false);
      peer.waiting.pop_front();
    }
    let_next(peer, now);
  }
  // Handlers that still name a peer belong to connections that are over, and look at nothing else.
  if (dirty_.empty()) forget_peers(now);
}

void Upstream::look_after(Peer& peer, const std::shared_ptr<Channel>& channel, Time now) {
  if (!channel->is_open) {
    if (now - channel->since >= limits_.connect) end(peer, channel, now);
    return;
  }
  const size_t late = drop_late(*channel, now);
  ask_anew(peer, channel, now);
  const bool is_idle = channel->queries.empty();
  // It has answered nothing for so long that the queries it had are late: it may be a connection that the other end forgot.
  if ((late != 0 && now - channel->since >= limits_.late) || (is_idle && now - channel->since >= limits_.idle))
    end(peer, channel, now);
}

// How many queries that were.
size_t Upstream::drop_late(Channel& channel, Time now) {
  unsigned lost = 0;
  const size_t late = std::erase_if(channel.queries, [&](const auto& query) {
    const bool is_late = now - query.second.at >= limits_.late;
    if (is_late && query.second.answered_there == Time{}) ++lost;
    return is_late;
  });
  count_queries(-static_cast<int>(late));
  counters_[SlowCounter::upstream_lost].add(lost);
  return late;
}

// Peers of rules gone by.
void Upstream::forget_peers(Time now) {
  std::erase_if(peers_, [&](const auto& entry) {
    const Peer& peer = *entry.second;
    const auto kept = peer.use == StreamUse::shared ? limits_.forget : limits_.remember;
    if (!peer.channels.empty() || !peer.waiting.empty() || now - peer.used_at < kept) return false;
    show_use(peer, StreamUse::shared);
    return true;
  });
}

void Upstream::count_channels(int more) {
  config::Counter& gauge = counters_[SlowGauge::upstream_connections];
  gauge.set(gauge.get() + static_cast<uint64_t>(static_cast<int64_t>(more)));
}

void Upstream::count_queries(int more) {
  config::Counter& gauge = counters_[SlowGauge::upstream_in_flight];
  gauge.set(gauge.get() + static_cast<uint64_t>(static_cast<int64_t>(more)));
}

}  // namespace penstock::slow

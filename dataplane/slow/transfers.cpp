#include "dataplane/slow/transfers.h"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/write.hpp>

#include "dataplane/dns/answer.h"
#include "dataplane/slow/dial.h"
#include "dataplane/state/clients/client_network.h"

namespace penstock::slow {
namespace {

using asio::ip::tcp;
using config::SlowCounter;
using config::SlowGauge;

// As the client's query goes to the endpoint: with our OPT or none, whatever it had. False: something points into the client's.
bool write_query(std::vector<uint8_t>& message, const dns::Query& query, bool with_opt) {
  if (query.opaque) return true;
  message.resize(query.end);
  size_t length = message.size();
  if (query.opt.begin != 0) length = dns::remove_opt(message, query.opt);
  if (length == 0) return false;
  message.resize(length + (with_opt ? dns::kOptSize : 0));
  const dns::QueryTraits ours{.has_opt = true, .dnssec_ok = query.traits.dnssec_ok};
  return !with_opt || dns::add_opt(message, static_cast<unsigned>(length), ours, 0, {}) != 0;
}

}  // namespace

bool Transfers::may_start(const config::IpAddress& client) const {
  std::array<uint32_t, state::kClientLevels.size()> same{};
  for (const Pointer& transfer : transfers_) {
    const auto other = clients_.address_of(transfer->client);
    for (size_t i = 0; other && i < same.size(); ++i) {
      const state::ClientLevel level = state::kClientLevels[i];
      same[i] += state::network_of(*other, level) == state::network_of(client, level) ? 1 : 0;
    }
  }
  bool may = transfers_.size() < limits_.transfers;
  for (size_t i = 0; i < same.size(); ++i)
    may = may && same[i] < state::allowance(state::kClientLevels[i], limits_.per_client);
  return may;
}

void Transfers::start(const Outgoing& outgoing, Time now) {
  state::StreamPeer client = outgoing.peer;
  client.kind = state::PeerKind::connection;
  const auto address = clients_.address_of(client);
  dns::Query query;
  if (!address || dns::parse_query(outgoing.message, query) != dns::QueryVerdict::ok) {
    counters_[SlowCounter::gone].add(1);
    return;
  }
  counters_[SlowCounter::transfers].add(1);
  auto transfer = std::make_shared<Transfer>(io_, outgoing.message, query.traits);
  transfer->client = client;
  transfer->between = outgoing.between;
  transfer->is_signed = query.opaque;
  transfer->query.assign(outgoing.message.begin(), outgoing.message.end());
  transfer->since = now;
  const bool may = may_start(*address);
  transfers_.push_back(transfer);
  counters_[SlowGauge::transfers].set(transfers_.size());
  clients_.begin_transfer(client);
  if (!may) return fail(*transfer, SlowCounter::transfers_over, now);
  std::vector<uint8_t> asked = transfer->query;
  if (!write_query(asked, query, outgoing.between.source_port != state::kTransferWithoutOpt))
    return fail(*transfer, SlowCounter::transfers_failed, now);
  transfer->unsent = {static_cast<uint8_t>(asked.size() >> 8), static_cast<uint8_t>(asked.size())};
  transfer->unsent.insert(transfer->unsent.end(), asked.begin(), asked.end());
  dial(transfer);
}

void Transfers::dial(const Pointer& transfer) {
  if (prepare_to_dial(transfer->socket, transfer->between))
    return fail(*transfer, SlowCounter::transfers_failed, transfer->since);
  const tcp::endpoint to(to_asio(transfer->between.family, transfer->between.destination), port_);
  transfer->socket.async_connect(to, [this, transfer](const asio::error_code& failed) {
    if (transfer->is_over) return;
    const Time now = std::chrono::steady_clock::now();
    if (failed) return fail(*transfer, SlowCounter::transfers_failed, now);
    transfer->is_open = true;
    transfer->since = now;
    write(transfer);
    wait_to_read(transfer);
  });
}

void Transfers::write(const Pointer& transfer) {
  asio::async_write(transfer->socket, asio::buffer(transfer->unsent),
                    [transfer](const asio::error_code&, size_t) {});  // reading will tell
}

void Transfers::wait_to_read(const Pointer& transfer) {
  transfer->socket.async_wait(tcp::socket::wait_read, [this, transfer](const asio::error_code& failed) {
    if (!failed && !transfer->is_over) read(transfer, std::chrono::steady_clock::now());
  });
}

void Transfers::read(const Pointer& transfer, Time now) {
  asio::error_code error;
  const size_t count = transfer->socket.read_some(asio::buffer(octets_), error);
  if (error == asio::error::would_block || error == asio::error::try_again) return wait_to_read(transfer);
  if (error) return fail(*transfer, SlowCounter::transfers_broken, now);
  transfer->since = now;
  take(transfer, {octets_.data(), count}, now);
  clients_.flush(now);
}

void Transfers::take(const Pointer& transfer, std::span<const uint8_t> octets, Time now) {
  transfer->is_held = false;
  const Framing framing = transfer->reader.read(octets, [&](std::span<const uint8_t> message) {
    transfer->is_held = !clients_.has_room(transfer->client);
    return !transfer->is_held && pass(*transfer, message, now);
  });
  if (transfer->is_over) return;
  if (framing == Framing::broken) return fail(*transfer, SlowCounter::transfers_broken, now);
  if (!transfer->is_held) wait_to_read(transfer);
}

// False: the transfer is over.
bool Transfers::pass(Transfer& transfer, std::span<const uint8_t> message, Time now) {
  const dns::TransferStep step = transfer.progress.take(message);
  if (step == dns::TransferStep::broken) {
    fail(transfer, SlowCounter::transfers_broken, now);
    return false;
  }
  message_.assign(message.begin(), message.end());
  if (!transfer.is_signed) settle_opt(transfer);
  const bool is_last = step == dns::TransferStep::done;
  if (!clients_.pass(transfer.client, message_, is_last, now)) {
    end(transfer, SlowCounter::transfers_left);
    return false;
  }
  counters_[SlowCounter::transfer_messages].add(1);
  transfer.has_begun = true;
  if (is_last) end(transfer, SlowCounter::transfers_done);
  return !is_last;
}

// The endpoint's OPT goes, ours takes its place; the first message has one if the query had (RFC 5936 section 2.2.5).
void Transfers::settle_opt(const Transfer& transfer) {
  const bool has_question = dns::qdcount_of(message_.data()) != 0;
  const unsigned begin = dns::kHeaderSize + (has_question ? unsigned{transfer.traits.question_length} : 0U);
  dns::Opt opt;
  unsigned end = 0;
  const dns::OptSearch found = dns::find_opt(message_, begin, opt, end);
  size_t length = message_.size();
  if (found == dns::OptSearch::found) {
    length = end;
    if (opt.begin != 0) length = dns::remove_opt(std::span(message_).first(end), opt);
    if (length == 0) return;  // something points into it: as it came
  }
  message_.resize(length);
  if (!transfer.traits.has_opt || (found != dns::OptSearch::found && transfer.has_begun)) return;
  if (found != dns::OptSearch::none && found != dns::OptSearch::found) return;
  if (length + dns::kOptSize > kLongestOfAll) return;
  message_.resize(length + dns::kOptSize);
  dns::QueryTraits ours = transfer.traits;
  ours.keepalive = 0;
  const unsigned with_opt = dns::add_opt(message_, static_cast<unsigned>(length), ours, opt.extended_rcode, {});
  message_.resize(with_opt != 0 ? with_opt : length);
  if (with_opt != 0) add_client_options(message_, ours);
}

void Transfers::add_client_options(std::vector<uint8_t>& message, dns::QueryTraits traits) const {
  const size_t length = message.size();
  const size_t room = length + dns::kAnswerTail + dns::kMostClientOptions;
  if (room > kLongestOfAll) return;
  message.resize(room);
  traits.udp_size = 0xffff;
  message.resize(dns::add_client_options(message, static_cast<unsigned>(length), traits, name_));
}

// Before its first message the client can be told; in the middle only a closed connection says that there is no more.
void Transfers::fail(Transfer& transfer, SlowCounter why, Time now) {
  const bool has_begun = transfer.has_begun;
  end(transfer, !has_begun && why != SlowCounter::transfers_over ? SlowCounter::transfers_failed : why);
  if (has_begun) return clients_.abort(transfer.client);
  std::vector<uint8_t>& answer = transfer.query;
  answer.resize(std::max<size_t>(answer.size(), dns::kHeaderSize + transfer.traits.question_length + dns::kAnswerTail));
  const unsigned length = dns::write_answer(
      answer, transfer.traits, dns::Rcode::servfail,
      why == SlowCounter::transfers_over ? dns::ExtendedError::over_share : dns::ExtendedError::no_reachable_authority);
  answer.resize(length);
  if (!transfer.is_signed) add_client_options(answer, transfer.traits);
  clients_.pass(transfer.client, answer, true, now);
}

void Transfers::end(Transfer& transfer, SlowCounter why) {
  counters_[why].add(1);
  transfer.is_over = true;
  asio::error_code ignored;
  transfer.socket.close(ignored);
}

void Transfers::resume(Time now) {
  for (size_t i = 0; i < transfers_.size(); ++i) {
    const Pointer transfer = transfers_[i];
    if (transfer->is_over || !transfer->is_held || !clients_.has_room(transfer->client)) continue;
    transfer->since = now;
    take(transfer, {}, now);
  }
  if (std::erase_if(transfers_, [](const Pointer& transfer) { return transfer->is_over; }) != 0)
    counters_[SlowGauge::transfers].set(transfers_.size());
}

void Transfers::tick(Time now) {
  for (size_t i = 0; i < transfers_.size(); ++i) {
    const Pointer transfer = transfers_[i];
    if (transfer->is_over) continue;
    if (!clients_.address_of(transfer->client)) {
      end(*transfer, SlowCounter::transfers_left);
    } else if (!transfer->is_held && now - transfer->since >= (transfer->is_open ? limits_.quiet : limits_.connect)) {
      fail(*transfer, SlowCounter::transfers_quiet, now);
    }
  }
}

}  // namespace penstock::slow

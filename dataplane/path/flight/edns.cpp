#include "dataplane/path/flight/edns.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "dataplane/dns/answer.h"
#include "dataplane/path/frame/buffer.h"

namespace penstock::path {
namespace {

// Options that go further, copied before their place is written over.
class PassedOptions {
 public:
  // One that has no room any more stays behind.
  void add(std::span<const uint8_t> whole) {
    if (length_ + whole.size() > bytes_.size()) return;
    std::memcpy(&bytes_[length_], whole.data(), whole.size());
    length_ += static_cast<unsigned>(whole.size());
  }
  std::span<const uint8_t> bytes() const { return {bytes_.data(), length_}; }

 private:
  unsigned length_ = 0;
  std::array<uint8_t, 512> bytes_;
};

// What the pool says of options that mean nothing to us. Cookies, keepalive and a server's name are a matter of two hops whatever it says.
bool passes(const config::ImagePool& pool, uint16_t code) {
  if (code == dns::kOptionCookie || code == dns::kOptionKeepalive || code == dns::kOptionNsid) return false;
  if (code == dns::kOptionClientSubnet) return (pool.edns & config::kEdnsEcsPass) != 0;
  const uint16_t* end = pool.pass_options + pool.pass_option_count;
  return std::find(pool.pass_options, end, code) != end;
}

// RFC 7871 section 7.1.2: a client that says /0 wants to be left out.
bool hides(const dns::Option& option) {
  return option.code == dns::kOptionClientSubnet && option.data().size() >= 3 && option.data()[2] == 0;
}

void add_subnet(const Packet& packet, PassedOptions& options) {
  const unsigned bits = state::prefix_length(state::ClientLevel::vicinity, packet.family);
  std::array<uint8_t, 8 + 16> option{};
  dns::store16(&option[0], dns::kOptionClientSubnet);
  dns::store16(&option[2], static_cast<uint16_t>(4 + bits / 8));
  dns::store16(&option[4], packet.family == 4 ? 1 : 2);  // address family numbers of IANA
  option[6] = static_cast<uint8_t>(bits);
  option[7] = 0;  // scope
  std::memcpy(&option[8], packet.source.data(), bits / 8);
  options.add({option.data(), 8 + bits / 8});
}

void collect_for_endpoints(const QueryWork& work, const config::ImagePool& pool, PassedOptions& options) {
  bool adds_subnet = (pool.edns & config::kEdnsEcsAdd) != 0;
  if (work.query.opt.has_options()) {
    dns::Options all({work.packet.dns, work.query.end}, work.query.opt);
    for (dns::Option option; all.next(option);) {
      if (passes(pool, option.code)) options.add(option.whole);
      adds_subnet = adds_subnet && !hides(option);
    }
  }
  if (adds_subnet) add_subnet(work.packet, options);
}

void collect_for_client(const Flight& flight, const Packet& answer, const dns::Opt& opt, PassedOptions& options) {
  const state::Lcore& lcore = flight.lcore;
  const state::QuestionKey& key = flight.query.key;
  const config::ImageRule* rule = lcore.rules == nullptr ? nullptr : lcore.rules->kept_rule(key.generation, key.rule);
  const config::ImagePool* pool = rule == nullptr ? nullptr : &lcore.rules->pool(rule->pool);
  dns::Options all({answer.dns, answer.dns_length}, opt);
  for (dns::Option option; all.next(option);)
    if (option.code == dns::kOptionExtendedError || (pool != nullptr && passes(*pool, option.code)))
      options.add(option.whole);
}

}  // namespace

bool passes_any(const QueryWork& work, const config::ImagePool& pool) {
  dns::Options all({work.packet.dns, work.query.end}, work.query.opt);
  for (dns::Option option; all.next(option);)
    if (passes(pool, option.code)) return true;
  return false;
}

Rewritten to_endpoints(QueryWork& work, const config::ImagePool& pool) {
  if (work.opt_length != 0 || work.query.opaque) return Rewritten::done;
  // RFC 6840 section 5.7: the one answer is for all who ask, and some want to see AD.
  dns::store16(work.packet.dns + 2, static_cast<uint16_t>(dns::flags_of(work.packet.dns) | dns::kFlagAuthenticData));
  PassedOptions options;
  if (work.query.opt.has_options() || (pool.edns & config::kEdnsEcsAdd) != 0)
    collect_for_endpoints(work, pool, options);
  // The usual one: the last record, without options, as ours will be.
  if (options.bytes().empty() && work.query.opt.behind == 0 && !work.query.opt.has_options() &&
      work.query.opt.begin != 0) {
    dns::write_opt(work.packet.dns + work.query.opt.begin, dns::kOurUdpSize, 0, work.query.traits.dnssec_ok, 0);
    work.packet.dns_length = work.query.end;
    work.opt_length = dns::kOptSize;
    return Rewritten::done;
  }
  const std::span<uint8_t> room = room_of(work.packet);
  const auto opt_length = static_cast<unsigned>(dns::kOptSize + options.bytes().size());
  unsigned length = work.query.end;
  if (room.size() < length + opt_length) return Rewritten::no_room;
  if (work.query.opt.begin != 0) {
    length = dns::remove_opt(room.first(length), work.query.opt);
    if (length == 0) return Rewritten::unreadable;
  }
  // As if the client had sent one.
  const dns::QueryTraits ours{.has_opt = true, .dnssec_ok = work.query.traits.dnssec_ok};
  work.packet.dns_length = static_cast<uint16_t>(dns::add_opt(room, length, ours, 0, options.bytes()));
  work.opt_length = static_cast<uint16_t>(opt_length);
  return Rewritten::done;
}

bool to_client(const Flight& flight, Packet& answer, const dns::Opt& opt) {
  const state::PendingQuery& query = flight.query;
  PassedOptions options;
  unsigned length = answer.dns_length;
  if (opt.begin != 0) {
    // As in to_endpoints().
    if (query.traits.has_opt && query.traits.keepalive == 0 && opt.behind == 0 && !opt.has_options()) {
      dns::write_opt(answer.dns + opt.begin, query.traits.own_size, opt.extended_rcode, query.traits.dnssec_ok, 0);
      return true;
    }
    if (query.traits.has_opt && opt.has_options()) collect_for_client(flight, answer, opt, options);
    const std::span<uint8_t> message(answer.dns, length);
    length = query.traits.has_opt ? dns::remove_opt(message, opt) : dns::leave_opt_out(message, opt);
    if (length == 0) return false;
  }
  const unsigned with_opt = dns::add_opt(room_of(answer), length, query.traits, opt.extended_rcode, options.bytes());
  answer.dns_length = static_cast<uint16_t>(with_opt != 0 ? with_opt : length);
  return true;
}

}  // namespace penstock::path

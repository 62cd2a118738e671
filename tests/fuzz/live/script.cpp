#include "tests/fuzz/live/script.h"

#include <algorithm>

#include "dataplane/state/lanes/stream_peer.h"

namespace penstock::fuzz {
namespace {

using test::Bytes;
using test::put16;

constexpr uint16_t kTypes[] = {1, 28, 1, 5, 65, 16, 255, 39, 12, 6, 33, 64, 249, 251, 2, 43};
constexpr uint16_t kRecordTypes[] = {1, 1, 28, 5, 5, 39, 65, 64, 16, 6, 46, 2, 33, 41, 15, 1};
constexpr uint16_t kSizes[] = {512, 1232, 4096, 0, 65535, 600, 700, 513};
constexpr uint32_t kTtls[] = {60, 0, 1, 5, 300, 3600, 0x7fffffff, 0xffffffff};
constexpr uint16_t kOptionCodes[] = {15, 3, 8, 10, 11, 12, 15, 65001};

void add16(Bytes& bytes, unsigned value) {
  bytes.push_back(static_cast<uint8_t>(value >> 8));
  bytes.push_back(static_cast<uint8_t>(value));
}
void add32(Bytes& bytes, uint32_t value) {
  add16(bytes, value >> 16);
  add16(bytes, value & 0xffff);
}
void add(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}
void count(Bytes& message, size_t at) {
  put16(message, at, static_cast<uint16_t>(test::get16(message, at) + 1));
}

// One of the world's names, below it a label that the input chooses, some letters large.
Bytes choose_name(LiveInput& input) {
  const uint8_t which = input.octet();
  const auto names = live_names();
  Bytes name = test::wire_name(names[which % names.size()]);
  const uint8_t below = which / names.size() > 3 ? input.octet() : 0;
  if (below != 0 && name.size() < 240) {
    const Bytes label{2, 'n', static_cast<uint8_t>('a' + below % 26)};
    name.insert(name.begin(), label.begin(), label.end());
  }
  if (below >= 0xc0)
    for (size_t i = 1; i < name.size(); i += 2)
      if (name[i] >= 'a' && name[i] <= 'z') name[i] = static_cast<uint8_t>(name[i] - 32);
  return name;
}

void add_option(Bytes& bytes, LiveInput& input) {
  const uint16_t code = input.one_of(kOptionCodes);
  const uint8_t length = input.octet();
  size_t octets = length < 128 ? length : (length - 127U) * 8U;
  if (code == 8 && length % 4 != 0) octets = 7;
  add16(bytes, code);
  add16(bytes, static_cast<unsigned>(octets));
  const size_t at = bytes.size();
  bytes.insert(bytes.end(), octets, 'x');
  if (code == 15 && octets >= 2) put16(bytes, at, length & 31);
  if (code == 8 && octets == 7) {
    const uint8_t subnet[] = {0, 1, 24, 0, 192, 0, 2};
    std::copy(std::begin(subnet), std::end(subnet), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

void add_opt(Bytes& message, LiveInput& input) {
  const uint8_t choice = input.octet();
  message.push_back(0);
  add16(message, 41);
  add16(message, kSizes[choice & 7]);
  message.push_back((choice & 0x60) == 0x60 ? 1 : 0);  // extended rcode
  message.push_back((choice & 0x1e) == 0x1e ? 1 : 0);  // version
  add16(message, (choice & 8) != 0 ? 0x8000 : 0);
  const size_t at = message.size();
  add16(message, 0);
  if ((choice & 0x80) != 0)
    for (unsigned options = 1 + input.octet() % 3; options > 0; --options) add_option(message, input);
  put16(message, at, static_cast<uint16_t>(message.size() - at - 2));
  count(message, 10);
}

// At most two octets change; then the end may be cut off, or something follow.
void damage(Bytes& message, LiveInput& input) {
  const uint8_t how = input.octet();
  for (unsigned changes = how & 3; changes > 1 && !message.empty(); --changes) {
    const size_t at = input.word() % message.size();
    message[at] = static_cast<uint8_t>(message[at] ^ input.octet());
  }
  if ((how & 0xf0) == 0xf0 && !message.empty()) message.resize(input.word() % message.size());
  if ((how & 0xf0) == 0xe0) message.resize(message.size() + input.octet(), 'z');
}

Bytes address_by(const LiveSend& send, uint8_t choice, bool v6) {
  const uint8_t tag = (choice & 0x80) != 0 ? kPublicTag : live_endpoints()[send.endpoint].tag;
  Bytes address(v6 ? 16 : 4, tag);
  if (v6) address[0] = 0xfd;
  address.back() = static_cast<uint8_t>(1 + choice % 100);
  return address;
}

class AnswerWriter {
 public:
  AnswerWriter(LiveInput& input, const LiveSend& send) : input_(input), send_(send) {}

  Bytes write() {
    const Bytes& query = send_.frame.payload;
    size_t end = 12;
    while (query[end] != 0) end += query[end] + 1U;
    message_.assign(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(end + 5));
    for (const size_t at : {6U, 8U, 10U}) put16(message_, at, 0);
    put16(message_, 4, 1);
    const uint8_t head = input_.octet();
    static constexpr uint8_t kRcodes[] = {0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 2, 5, 1, 4, 9, 0};
    const unsigned bits =
        0x8080U | kRcodes[head & 15] | ((head & 0x30) == 0x30 ? 0x0200U : 0) | ((head & 0x40) != 0 ? 0x0400U : 0);
    put16(message_, 2, static_cast<uint16_t>((test::get16(query, 2) & 0x7900) | bits));
    if ((head & 0x80) != 0) write_question();
    const uint8_t body = input_.octet();
    if ((body & 0x80) != 0) write_chain();
    // Sections in order, however the input has them.
    for (unsigned section = 0, left = body & 7; left > 0; --left) section = write_record(section);
    if ((body & 0x60) != 0) add_opt(message_, input_);
    if ((body & 0x18) == 0x18) damage(message_, input_);
    return std::move(message_);
  }

 private:
  void write_question() {
    const uint8_t how = input_.octet();
    switch (how & 7) {
      case 0:  // a header alone
        message_.resize(12);
        put16(message_, 4, 0);
        break;
      case 1:
      case 2:
        for (size_t at = 12; at + 4 < message_.size(); ++at)
          if (message_[at] >= 'A' && message_[at] <= 'Z') message_[at] = static_cast<uint8_t>(message_[at] + 32);
        break;
      case 3: {  // of another name
        message_.resize(12);
        add(message_, choose_name(input_));
        add32(message_, 0x00010001);
        break;
      }
      default:
        break;
    }
  }

  void write_owner(uint8_t how) {
    switch (how) {
      case 8:
        add(message_, choose_name(input_));
        break;
      case 9:
        add16(message_, 0xc000U | (input_.word() & 0x3ff));  // anywhere, also forward
        break;
      case 10:
        message_.push_back(0);
        break;
      case 11:
        add(message_, Bytes{3, 'w', 'w', 'w', 0xc0, 12});
        break;
      case 12:
      case 13:
        add16(message_, 0xc00c);
        break;
      default:
        add16(message_, 0xc000U | here_);
    }
  }

  // Aliases one behind the other, of names that nobody else has; the last one leads where the input says.
  void write_chain() {
    const uint8_t links = input_.octet();
    for (unsigned i = 0; i < (links & 31U); ++i) {
      add16(message_, 0xc000U | here_);
      add32(message_, 0x00050001);
      add32(message_, kTtls[links >> 5]);
      const Bytes target{3,   'c', static_cast<uint8_t>('a' + i / 26), static_cast<uint8_t>('a' + i % 26), 3, 'n', 'e',
                         't', 0};
      add16(message_, static_cast<unsigned>(target.size()));
      here_ = static_cast<unsigned>(message_.size());
      add(message_, target);
      count(message_, 6);
    }
    write_alias(5, kTtls[links >> 5]);
  }

  void write_alias(uint16_t type, uint32_t ttl) {
    add16(message_, 0xc000U | here_);
    add16(message_, type);
    add16(message_, 1);
    add32(message_, ttl);
    const size_t at = message_.size();
    add16(message_, 0);
    const unsigned target = static_cast<unsigned>(message_.size());
    add(message_, choose_name(input_));
    put16(message_, at, static_cast<uint16_t>(message_.size() - target));
    if (target < 0x4000) here_ = target;
    count(message_, 6);
  }

  unsigned write_record(unsigned section) {
    const uint8_t how = input_.octet();
    const uint8_t what = input_.octet();
    const uint16_t type = kRecordTypes[how & 15];
    const uint32_t ttl = kTtls[what & 7];
    if ((what & 0x60) == 0x60) section = std::min(2U, section + 1U);
    if (type == 5 && section == 0 && (how >> 4) < 8) {
      write_alias(type, ttl);
      return section;
    }
    write_owner(how >> 4);
    add16(message_, type);
    add16(message_, 1);
    add32(message_, ttl);
    const size_t length_at = message_.size();
    add16(message_, 0);
    write_data(type, what);
    put16(message_, length_at, static_cast<uint16_t>(message_.size() - length_at - 2));
    count(message_, 6 + 2 * section);
    return section;
  }

  void write_data(uint16_t type, uint8_t what) {
    switch (type) {
      case 1:
      case 28:
        add(message_, address_by(send_, what, type == 28));
        break;
      case 5:
      case 39:
      case 2:
        if ((what & 0x18) == 0x18)
          add16(message_, 0xc000U | (input_.word() & 0x3ff));
        else
          add(message_, choose_name(input_));
        break;
      case 64:
      case 65: {
        add(message_, Bytes{0, 1, 0});
        const bool v6 = (what & 8) != 0;
        const Bytes hint = address_by(send_, what, v6);
        add(message_, Bytes{0, static_cast<uint8_t>(v6 ? 6 : 4), 0, static_cast<uint8_t>(hint.size())});
        add(message_, hint);
        break;
      }
      case 6:
        add(message_, Bytes{1, 'a', 0xc0, 12, 0});
        for (unsigned i = 0; i < 5; ++i) add32(message_, kTtls[(what >> 3) & 7]);
        break;
      case 33:
        add(message_, Bytes{0, 1, 0, 1, 0, 53});
        add(message_, choose_name(input_));
        break;
      case 41:
        if ((what & 8) != 0) add_option(message_, input_);
        break;
      default: {
        // Texts make an answer long.
        const size_t octets = size_t{input_.octet()} * ((what & 0x10) != 0 ? 8 : 1);
        for (size_t left = octets; left > 0;) {
          const size_t text = std::min<size_t>(left - 1, 255);
          message_.push_back(static_cast<uint8_t>(text));
          message_.insert(message_.end(), text, 't');
          left -= text + 1;
        }
      }
    }
  }

  LiveInput& input_;
  const LiveSend& send_;
  Bytes message_;
  unsigned here_ = 12;  // where the name stands that the chain has come to
};

}  // namespace

LiveQuestion write_query(LiveInput& input, unsigned number) {
  const uint8_t who = input.octet();
  const auto clients = live_clients();
  LiveQuestion question;
  question.client = who % clients.size();
  const LiveClient& client = clients[question.client];
  // 0: of its own; else of an earlier question, which it then repeats, or contradicts.
  const uint8_t again = who >= 0xe0 ? input.octet() : 0;
  const unsigned told_by = again == 0 ? number : number - std::min<unsigned>(number, 1 + again % 4);

  Bytes message;
  add16(message, 0x1000 + told_by);
  const uint8_t bits = input.octet();
  unsigned flags = 0x0100;
  if ((bits & 3) == 3) flags |= (bits & 4) != 0 ? 0x0010 : 0x0020;
  if ((bits & 0xf0) == 0xf0) flags = (bits & 1) != 0 ? 0x2800 : 0;  // UPDATE; no recursion wanted
  add16(message, flags);
  for (const unsigned records : {1U, 0U, 0U, 0U}) add16(message, records);
  add(message, choose_name(input));
  add16(message, input.one_of(kTypes));
  add16(message, 1);
  if ((bits & 0x08) != 0) add_opt(message, input);
  if ((bits & 0xe0) == 0xc0) {  // signed
    add(message, Bytes{1, 'k', 0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 4, 't', 's', 'i', 'g'});
    count(message, 10);
  }
  if ((bits & 0xe0) == 0xa0) damage(message, input);

  const bool by_stream = (who & 0x18) == 0x18;
  message.resize(std::min<size_t>(message.size(), by_stream ? 5000 : 1400));  // what a card's frame holds
  question.port = by_stream ? kStreamPort : 0;
  question.frame = {.source_mac = test::mac(static_cast<uint8_t>(0xc0 + question.client)),
                    .destination_mac = test::mac(0xa0),
                    .vlan = {},
                    .source = test::address(client.address),
                    .destination = test::address(client.listen),
                    .source_port = static_cast<uint16_t>(40000 + told_by),
                    .destination_port = 53,
                    .payload = std::move(message)};
  if (by_stream) {
    const auto kind = (who & 0x20) != 0 ? state::PeerKind::datagram : state::PeerKind::connection;
    question.frame.source_mac = state::StreamPeer{kind, question.client, 1}.mac();
    question.frame.destination_mac = state::kStreamPortMac;
  } else if (client.vlan != 0) {
    question.frame.vlan = client.vlan;
  }
  return question;
}

Bytes write_answer(LiveInput& input, const LiveSend& send) {
  return AnswerWriter(input, send).write();
}

}  // namespace penstock::fuzz

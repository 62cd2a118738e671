#include "dataplane/dns/edns.h"

#include <algorithm>
#include <cstring>

#include "dataplane/dns/compose.h"
#include "dataplane/dns/message.h"
#include "dataplane/dns/records.h"

namespace penstock::dns {
namespace {

// Shifts the pointers of the name at `at` that lead behind the OPT. Only looks when not `changes`. The offset behind the name;
// 0: it cannot be read, or leads into the OPT.
unsigned shift_name(std::span<uint8_t> message, unsigned at, const Opt& opt, bool changes) {
  while (at < message.size()) {
    const unsigned length = message[at];
    if (length == 0) return at + 1;
    if (length < 64) {
      at += length + 1;
      continue;
    }
    if (length < 0xc0 || at + 2 > message.size()) return 0;
    const unsigned target = load16(&message[at]) & 0x3fffU;
    if (target >= opt.begin && target < opt.end) return 0;
    if (changes && target >= opt.end)
      store16(&message[at], static_cast<uint16_t>(0xc000 | (target - (opt.end - opt.begin))));
    return at + 2;
  }
  return 0;
}

// Owners and names in data of all records behind the OPT. The offset behind the last; 0: as shift_name().
unsigned shift_names(std::span<uint8_t> message, const Opt& opt, bool changes) {
  unsigned at = opt.end;
  for (unsigned i = 0; i < opt.behind; ++i) {
    at = shift_name(message, at, opt, changes);
    if (at == 0 || at + 10 > message.size()) return 0;
    const uint16_t type = load16(&message[at]);
    const unsigned data = at + 10;
    const unsigned length = load16(&message[at + 8]);
    if (data + length > message.size()) return 0;
    at = data + length;
    unsigned name = 0;
    const unsigned names = names_in_data(type, message.subspan(data, length), name);
    name += data;
    for (unsigned n = 0; n < names; ++n) {
      name = shift_name(message.first(at), name, opt, changes);
      if (name == 0) return 0;
    }
  }
  return at;
}

}  // namespace

OptSearch find_opt(std::span<const uint8_t> message, unsigned begin, Opt& opt, unsigned& end) {
  opt = Opt{};
  const uint8_t* header = message.data();
  const unsigned additional = load16(header + 10);
  unsigned left = load16(header + 6) + load16(header + 8) + additional;
  unsigned at = begin;
  for (; left != 0; --left) {
    const unsigned owner = at;
    at = skip_name(message, at);
    if (at == 0 || at + 10 > message.size()) return OptSearch::unreadable;
    const uint8_t* fixed = header + at;
    at += 10U + load16(fixed + 8);
    if (at > message.size()) return OptSearch::unreadable;
    if (load16(fixed) == kTypeTsig) return OptSearch::wrong;  // of a message that nobody signed
    if (load16(fixed) != kTypeOpt) continue;
    if (opt.begin != 0 || left > additional || message[owner] != 0) return OptSearch::wrong;
    read_opt(header, owner, left - 1, opt);
  }
  end = at;
  return opt.begin != 0 ? OptSearch::found : OptSearch::none;
}

unsigned remove_opt(std::span<uint8_t> message, const Opt& opt) {
  const unsigned size = opt.end - opt.begin;
  if (opt.behind != 0) {
    if (shift_names(message, opt, false) == 0) return 0;
    shift_names(message, opt, true);
  }
  if (opt.end != message.size())
    std::memmove(&message[opt.begin], &message[opt.begin] + size, message.size() - opt.end);
  uint8_t* count = message.data() + 10;
  store16(count, static_cast<uint16_t>(load16(count) - 1));
  return static_cast<unsigned>(message.size()) - size;
}

bool Options::next(Option& option) {
  if (left_.size() < 4) return false;
  const size_t size = size_t{4} + load16(&left_[2]);
  if (size > left_.size()) return false;
  option = {load16(left_.data()), left_.first(size)};
  left_ = left_.subspan(size);
  return true;
}

}  // namespace penstock::dns

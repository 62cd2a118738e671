// tests/dataplane/dns/records_test.cpp - records and compressed names: a table, then ldns over mutated responses.
//
// Where ldns accepts what we refuse, it must be by one of these rules of ours:
//   1  a pointer leads backwards and not into the header; ldns follows any that stays inside and counts them.
//   2  no more than 126 pointers a name.
// Where we accept what ldns refuses, it reads data that we only step over.
#include "dataplane/dns/records.h"

#include <gtest/gtest.h>
#include <ldns/ldns.h>

#include <memory>
#include <random>
#include <string>

#include "tests/support/frames.h"

namespace penstock::dns {
namespace {

using test::Bytes;

// On the heap in its exact size: a sanitizer sees the first byte too far.
class Block {
 public:
  explicit Block(const Bytes& bytes) : bytes_(new uint8_t[bytes.size()]), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), bytes_.get());
  }
  std::span<const uint8_t> span() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<uint8_t[]> bytes_;
  size_t size_;
};

// ---- names ----

struct NameCase {
  const char* description;
  Bytes behind_header;  // begins at offset 12
  unsigned at;
  const char* name;  // in hex, as spelled; "": refused
};

Bytes pointers(unsigned count) {  // "a." at 12, then pointers, each to the one before
  Bytes bytes{1, 'a', 0};
  unsigned to = 12;
  for (unsigned i = 0; i < count; ++i) {
    const auto at = static_cast<unsigned>(12 + bytes.size());
    bytes.push_back(static_cast<uint8_t>(0xc0 | to >> 8));
    bytes.push_back(static_cast<uint8_t>(to));
    to = at;
  }
  return bytes;
}

Bytes labels(unsigned count, uint8_t length, uint8_t last) {
  Bytes bytes;
  for (unsigned i = 0; i <= count; ++i) {
    const uint8_t size = i < count ? length : last;
    if (size == 0) break;
    bytes.push_back(size);
    bytes.insert(bytes.end(), size, 'x');
  }
  return bytes;
}

Bytes operator+(Bytes bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
  return bytes;
}

TEST(CopyName, Table) {
  const NameCase cases[] = {
      {.description = "the root", .behind_header = {0}, .at = 12, .name = "00"},
      {.description = "one label", .behind_header = {1, 'A', 0}, .at = 12, .name = "014100"},
      {.description = "nothing", .behind_header = {}, .at = 12, .name = ""},
      {.description = "cut in a label", .behind_header = {3, 'a', 'b'}, .at = 12, .name = ""},
      {.description = "no root", .behind_header = {1, 'a'}, .at = 12, .name = ""},
      {.description = "a pointer", .behind_header = {1, 'a', 0, 0xc0, 12}, .at = 15, .name = "016100"},
      {.description = "a label and a pointer",
       .behind_header = {1, 'a', 0, 1, 'b', 0xc0, 12},
       .at = 15,
       .name = "0162016100"},
      {.description = "a pointer into the middle",
       .behind_header = {1, 'b', 1, 'a', 0, 0xc0, 14},
       .at = 17,
       .name = "016100"},
      {.description = "a pointer to a pointer",
       .behind_header = {1, 'a', 0, 0xc0, 12, 0xc0, 15},
       .at = 17,
       .name = "016100"},
      {.description = "half a pointer", .behind_header = {1, 'a', 0, 0xc0}, .at = 15, .name = ""},
      {.description = "a pointer to itself", .behind_header = {0xc0, 12}, .at = 12, .name = ""},
      {.description = "a pointer into its own label", .behind_header = {1, 'a', 0xc0, 12}, .at = 12, .name = ""},
      {.description = "a pointer forward", .behind_header = {0xc0, 14, 1, 'a', 0}, .at = 12, .name = ""},
      {.description = "a pointer past the end", .behind_header = {0xc0, 0xff}, .at = 12, .name = ""},
      {.description = "two that point at each other",
       .behind_header = {1, 'a', 0xc0, 16, 1, 'b', 0xc0, 12},
       .at = 16,
       .name = ""},
      {.description = "back, and forward again by running on",
       .behind_header = {1, 'a', 1, 'b', 0xc0, 12},
       .at = 14,
       .name = ""},
      {.description = "into the header", .behind_header = {1, 'a', 0, 0xc0, 11}, .at = 15, .name = ""},
      {.description = "the last of the header", .behind_header = {0xc0, 11}, .at = 12, .name = ""},
      {.description = "type 01", .behind_header = {0x40, 0}, .at = 12, .name = ""},
      {.description = "type 10", .behind_header = {0x80, 0}, .at = 12, .name = ""},
      {.description = "pointers, as many as may be",
       .behind_header = pointers(126),
       .at = 13 + 2 + 2 * 125,
       .name = "016100"},
      {.description = "one pointer more", .behind_header = pointers(127), .at = 13 + 2 + 2 * 126, .name = ""},
  };
  for (const NameCase& c : cases) {
    const Block block(Bytes(12, 0) + c.behind_header);
    WireText name;
    const bool read = copy_name(block.span(), c.at, name);
    EXPECT_EQ(read ? test::to_hex({name.bytes.data(), name.length}) : "", c.name) << c.description;
    FoldedName folded;
    EXPECT_EQ(read_name(block.span(), c.at, folded), read) << c.description;
  }
}

TEST(CopyName, LengthIsCountedOverPointers) {
  // 62 + 1 octets at 12, and the root: 64. 190 more make 254, 191 255, 192 256.
  const Bytes tail = labels(1, 62, 0) + Bytes{0};
  for (const auto& [last, good] : {std::pair<uint8_t, bool>{61, true}, {62, true}, {63, false}}) {
    const Block block(Bytes(12, 0) + tail + labels(2, 63, last) + Bytes{0xc0, 12});
    WireText name;
    EXPECT_EQ(copy_name(block.span(), 12 + 64, name), good) << unsigned{last};
    if (good) {
      EXPECT_EQ(name.length, 64 + 128 + last + 1);
    }
  }
}

TEST(IsName, FoldsAndFollows) {
  const Block block(Bytes(12, 0) + Bytes{1, 'A', 1, 'b', 0, 1, 'x', 0xc0, 14, 1, 'a', 0xc0, 14, 0xc0, 40});
  FoldedName name;
  ASSERT_TRUE(read_name(block.span(), 12, name));
  EXPECT_TRUE(is_name(block.span(), 12, name));
  EXPECT_TRUE(is_name(block.span(), 21, name));
  EXPECT_FALSE(is_name(block.span(), 14, name));
  EXPECT_FALSE(is_name(block.span(), 17, name));
  EXPECT_FALSE(is_name(block.span(), 25, name));  // not to be read
}

// ---- records ----

std::string walk(const Bytes& message, unsigned begin) {
  const Block block(message);
  Records records(block.span(), begin);
  Record record;
  std::string text;
  while (records.next(record))
    text += std::to_string(static_cast<int>(record.section)) + ":" + std::to_string(record.owner) + "/" +
            std::to_string(record.type) + "/" + std::to_string(record.record_class) + "/" + std::to_string(record.ttl) +
            "/" + std::to_string(record.data) + "+" + std::to_string(record.data_length) + " ";
  EXPECT_FALSE(records.next(record));
  return text + (records.malformed() ? "malformed" : "end");
}

Bytes header(uint8_t answers, uint8_t authorities, uint8_t additionals) {
  return {0, 1, 0x81, 0x80, 0, 0, 0, answers, 0, authorities, 0, additionals};
}

TEST(Records, Table) {
  const Bytes record{0, 0, 1, 0, 2, 0, 0, 0, 3, 0, 2, 9, 9};
  struct RecordCase {
    const char* description;
    Bytes message;
    const char* walked;
  };
  const RecordCase cases[] = {
      {.description = "none", .message = header(0, 0, 0), .walked = "end"},
      {.description = "none, octets behind", .message = header(0, 0, 0) + Bytes{1, 2, 3}, .walked = "end"},
      {.description = "one in each section",
       .message = header(1, 1, 1) + record + record + record,
       .walked = "0:12/1/2/3/23+2 1:25/1/2/3/36+2 2:38/1/2/3/49+2 end"},
      {.description = "only additional", .message = header(0, 0, 1) + record, .walked = "2:12/1/2/3/23+2 end"},
      {.description = "announced and not there", .message = header(1, 0, 0), .walked = "malformed"},
      {.description = "the second not there",
       .message = header(1, 1, 0) + record,
       .walked = "0:12/1/2/3/23+2 malformed"},
      {.description = "data cut short",
       .message = header(1, 0, 0) + Bytes(record.begin(), record.end() - 1),
       .walked = "malformed"},
      {.description = "fixed part cut short",
       .message = header(1, 0, 0) + Bytes(record.begin(), record.begin() + 10),
       .walked = "malformed"},
      {.description = "an owner cut short", .message = header(1, 0, 0) + Bytes{5, 'a'}, .walked = "malformed"},
      {.description = "an owner of a reserved type",
       .message = header(1, 0, 0) + Bytes{0x40} + record,
       .walked = "malformed"},
      {.description = "an owner that points anywhere",
       .message = header(1, 0, 0) + Bytes{0xff, 0xff, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0},
       .walked = "0:12/1/1/0/24+0 end"},
      {.description = "a large TTL",
       .message = header(1, 0, 0) + Bytes{0, 0, 1, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0},
       .walked = "0:12/1/1/4294967295/23+0 end"},
  };
  for (const RecordCase& c : cases) EXPECT_EQ(walk(c.message, 12), c.walked) << c.description;
}

// ---- against ldns ----

// Rules 1 and 2, found in a plain reading that follows any pointer inside.
bool breaks_pointer_rules(const Bytes& message, size_t at) {
  size_t bound = at;
  for (unsigned pointers = 0;;) {
    const uint8_t octet = message.at(at);
    if (octet == 0) return false;
    if (octet < 0xc0) {
      at += octet + 1U;
      continue;
    }
    at = test::get16(message, at) & 0x3fffU;
    if (at >= bound || at < 12 || ++pointers > 126) return true;
    bound = at;
  }
}

std::string text_of(const ldns_rdf* dname) {
  return test::to_hex({ldns_rdf_data(dname), ldns_rdf_size(dname)});
}

struct Tally {
  unsigned both_accept = 0;
  unsigned both_refuse = 0;
  unsigned we_refuse = 0;
  unsigned ldns_refuses = 0;
  unsigned targets = 0;
};

// Where the question section ends, if it has one question that needs no pointer.
std::optional<unsigned> question_end(const Bytes& message) {
  if (message.size() < 12) return std::nullopt;
  size_t at = 12;
  while (at < message.size() && message[at] != 0 && message[at] < 64) at += message[at] + 1U;
  if (at >= message.size() || message[at] != 0 || at + 5 > message.size()) return std::nullopt;
  return static_cast<unsigned>(at + 5);
}

using Rr = std::unique_ptr<ldns_rr, decltype(&ldns_rr_free)>;

// Record by record: ldns reads each where we say that it begins.
void compare(const Bytes& message, Tally& tally) {
  const auto begin = question_end(message);
  if (!begin) return;
  const Block block(message);
  Records records(block.span(), *begin);
  Record record;
  size_t at = *begin;
  const unsigned announced = test::get16(message, 6) + test::get16(message, 8) + test::get16(message, 10);
  for (unsigned i = 0; i < announced; ++i) {
    ldns_rr* raw = nullptr;
    size_t end = at;
    const bool ldns_good =
        ldns_wire2rr(&raw, message.data(), message.size(), &end, LDNS_SECTION_ANSWER) == LDNS_STATUS_OK;
    const Rr other(ldns_good ? raw : nullptr, ldns_rr_free);
    const bool whole = records.next(record);
    WireText owner;
    if (!whole || !copy_name(block.span(), record.owner, owner)) {
      if (!ldns_good) {
        ++tally.both_refuse;
      } else {
        ASSERT_TRUE(whole && breaks_pointer_rules(message, record.owner))
            << "ldns accepts at " << at << " what we refuse: " << test::to_hex(message);
        ++tally.we_refuse;
      }
      return;
    }
    ASSERT_EQ(record.owner, at);
    at = record.data + size_t{record.data_length};
    if (!ldns_good) {
      ++tally.ldns_refuses;
      continue;
    }
    ++tally.both_accept;
    ASSERT_EQ(record.type, ldns_rr_get_type(other.get()));
    ASSERT_EQ(record.record_class, ldns_rr_get_class(other.get()));
    ASSERT_EQ(record.ttl, ldns_rr_ttl(other.get()));
    ASSERT_EQ(test::to_hex({owner.bytes.data(), owner.length}), text_of(ldns_rr_owner(other.get())));
    // Where data are longer or shorter than their type says, ldns goes by the type and not by the length.
    WireText target;
    if (record.type != kTypeCname || end != at || ldns_rr_rd_count(other.get()) != 1 ||
        !copy_name(block.span(), record.data, target))
      continue;
    ASSERT_EQ(test::to_hex({target.bytes.data(), target.length}), text_of(ldns_rr_rdf(other.get(), 0)));
    ++tally.targets;
  }
  EXPECT_FALSE(records.next(record));
  EXPECT_FALSE(records.malformed());
}

Bytes random_response(std::mt19937& random) {
  static const char* const kNames[] = {"a.Example", "x.y.z", "", "d-1.studio.us-east-1.sagemaker.aws"};
  Bytes message = test::write(
      test::DnsQuery{.id = 1, .flags = 0x8180, .question = {.name = kNames[random() % std::size(kNames)]}, .opt = {}});
  std::vector<unsigned> places{12};  // of names, to point at
  const auto add_name = [&] {
    const auto begin = static_cast<unsigned>(message.size());
    const unsigned labels = random() % 3;
    for (unsigned i = 0; i < labels; ++i) {
      const auto length = static_cast<uint8_t>(1 + random() % 6);
      message.push_back(length);
      for (unsigned j = 0; j < length; ++j) message.push_back(static_cast<uint8_t>("aZ0-"[random() % 4]));
    }
    if (random() % 3 == 0) {
      message.push_back(0);
    } else {
      unsigned to = places[random() % places.size()];
      if (random() % 40 == 0) to = static_cast<unsigned>(random() % (message.size() + 8));
      message.push_back(static_cast<uint8_t>(0xc0 | to >> 8));
      message.push_back(static_cast<uint8_t>(to));
    }
    places.push_back(begin);
  };
  for (const size_t section : {6, 8, 10}) {
    const unsigned count = random() % 4;
    for (unsigned i = 0; i < count; ++i) {
      add_name();
      const uint16_t types[] = {1, 5, 28, 39, 16, 2, 46, 65000};
      const uint16_t type = types[random() % std::size(types)];
      const Bytes fixed{static_cast<uint8_t>(type >> 8),
                        static_cast<uint8_t>(type),
                        0,
                        1,
                        static_cast<uint8_t>(random() % 2),
                        0,
                        0,
                        static_cast<uint8_t>(random()),
                        0,
                        0};
      message.insert(message.end(), fixed.begin(), fixed.end());
      const size_t data = message.size();
      if (type == 1 || type == 28) message.insert(message.end(), type == 1 ? 4 : 16, static_cast<uint8_t>(random()));
      if (type == 5 || type == 39 || type == 2) add_name();
      if (type == 16) message.insert(message.end(), {2, 'h', 'i'});
      if (type == 46) message.insert(message.end(), 18, 7), message.insert(message.end(), {0, 1, 2});
      if (type == 65000) message.insert(message.end(), random() % 9, 5);
      test::put16(message, data - 2, static_cast<uint16_t>(message.size() - data));
    }
    test::put16(message, section, static_cast<uint16_t>(count));
  }
  return message;
}

void mutate(Bytes& message, std::mt19937& random) {
  for (unsigned count = random() % 3; count > 0; --count) {
    const size_t at = 12 + random() % (message.size() - 12);
    switch (random() % 5) {
      case 0:
        message[at] = static_cast<uint8_t>(random());
        break;
      case 1:
        message[at] = static_cast<uint8_t>(message[at] ^ (1U << random() % 8));
        break;
      case 2:
        if (random() % 4 == 0) message.resize(std::max<size_t>(at, 17));
        break;
      case 3:
        message[4 + random() % 8] = static_cast<uint8_t>(random() % 4);
        break;
      case 4: {
        const uint8_t special[] = {0, 1, 11, 12, 63, 64, 0x80, 0xc0, 0xff};
        message[at] = special[random() % std::size(special)];
        break;
      }
    }
  }
}

TEST(Records, AgainstLdnsOverMutatedResponses) {
  std::mt19937 random(20261123);
  Tally tally;
  for (unsigned i = 0; i < 150'000 && !testing::Test::HasFailure(); ++i) {
    Bytes message = random_response(random);
    mutate(message, random);
    compare(message, tally);
  }
  // The mutations are strong enough to reach every branch of the comparison, and weak enough to leave whole messages.
  EXPECT_GT(tally.both_accept, 200'000U);
  EXPECT_GT(tally.both_refuse, 5'000U);
  EXPECT_GT(tally.we_refuse, 500U);
  EXPECT_GT(tally.ldns_refuses, 500U);
  EXPECT_GT(tally.targets, 10'000U);
}

}  // namespace
}  // namespace penstock::dns

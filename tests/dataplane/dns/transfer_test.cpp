// tests/dataplane/dns/transfer_test.cpp - where a zone transfer ends.
#include "dataplane/dns/transfer.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/messages.h"

namespace penstock::dns {
namespace {

using test::Bytes;

constexpr uint16_t kIxfr = 251, kAxfr = 252, kSoa = 6, kA = 1;

Bytes soa(uint32_t serial) {
  Bytes data = test::soa_data(60);
  for (size_t i = 0; i < 4; ++i) data[data.size() - 20 + i] = static_cast<uint8_t>(serial >> (24 - 8 * i));
  return data;
}

Bytes query(uint16_t type, std::optional<uint32_t> known = {}) {
  Bytes bytes =
      test::write(test::DnsQuery{.id = 7, .flags = 0, .question = {.name = "z.example", .type = type}, .opt = {}});
  if (!known) return bytes;
  test::TestResponse with_soa{
      .flags = 0, .answer = {}, .authority = {{.type = kSoa, .data = soa(*known)}}, .additional = {}};
  return test::write(with_soa, bytes);
}

// Records as text: a number is an SOA of that serial, "-" an address.
Bytes message(const Bytes& asked, const std::vector<std::string>& records, uint16_t flags = 0x8400) {
  test::TestResponse response{.flags = flags, .answer = {}, .authority = {}, .additional = {}};
  for (const std::string& record : records) {
    if (record == "-")
      response.answer.push_back({.type = kA, .data = {10, 0, 0, 1}});
    else
      response.answer.push_back({.type = kSoa, .data = soa(static_cast<uint32_t>(std::stoul(record)))});
  }
  return test::write(response, asked);
}

Transfer transfer_of(const Bytes& asked) {
  return {asked, static_cast<unsigned>(test::wire_name("z.example").size() + 4)};
}

using Messages = std::vector<std::vector<std::string>>;
struct EndCase {
  const char* what;
  uint16_t type;
  std::optional<uint32_t> known;
  Messages messages;
  TransferStep last;  // all before are `more`
};
const EndCase kEnds[] = {
    {.what = "RFC 5936 2.2: in one message",
     .type = kAxfr,
     .known = {},
     .messages = {{"9", "-", "-", "9"}},
     .last = TransferStep::done},
    {.what = "in many",
     .type = kAxfr,
     .known = {},
     .messages = {{"9"}, {"-"}, {"-", "-"}, {"9"}},
     .last = TransferStep::done},
    {.what = "an empty zone", .type = kAxfr, .known = {}, .messages = {{"9", "9"}}, .last = TransferStep::done},
    {.what = "cut off", .type = kAxfr, .known = {}, .messages = {{"9", "-"}, {"-"}}, .last = TransferStep::more},
    {.what = "an empty message in the middle",
     .type = kAxfr,
     .known = {},
     .messages = {{"9", "-"}, {}, {"9"}},
     .last = TransferStep::done},
    {.what = "nothing at all", .type = kAxfr, .known = {}, .messages = {{}}, .last = TransferStep::done},
    {.what = "does not begin with an SOA",
     .type = kAxfr,
     .known = {},
     .messages = {{"-", "9"}},
     .last = TransferStep::broken},
    {.what = "RFC 1995 2: nothing newer", .type = kIxfr, .known = 9, .messages = {{"9"}}, .last = TransferStep::done},
    {.what = "the server is behind", .type = kIxfr, .known = 9, .messages = {{"8"}}, .last = TransferStep::done},
    {.what = "behind, around the end of numbers",
     .type = kIxfr,
     .known = 5,
     .messages = {{"4294967290"}},
     .last = TransferStep::done},
    {.what = "ahead, around the end of numbers",
     .type = kIxfr,
     .known = 4294967290U,
     .messages = {{"5"}},
     .last = TransferStep::more},
    {.what = "4: one difference",
     .type = kIxfr,
     .known = 7,
     .messages = {{"9", "7", "-", "9", "-", "9"}},
     .last = TransferStep::done},
    {.what = "one a message",
     .type = kIxfr,
     .known = 7,
     .messages = {{"9"}, {"7"}, {"-"}, {"9"}, {"-"}, {"9"}},
     .last = TransferStep::done},
    {.what = "two",
     .type = kIxfr,
     .known = 7,
     .messages = {{"9", "7", "-", "8", "-"}, {"8", "-", "9", "-", "9"}},
     .last = TransferStep::done},
    {.what = "two, cut off at a version",
     .type = kIxfr,
     .known = 7,
     .messages = {{"9", "7", "-", "8", "-"}, {"8", "-", "9", "-"}},
     .last = TransferStep::more},
    {.what = "differences that do not fit together",
     .type = kIxfr,
     .known = 7,
     .messages = {{"9", "7", "8", "6"}},
     .last = TransferStep::broken},
    {.what = "the whole zone",
     .type = kIxfr,
     .known = 7,
     .messages = {{"9", "-"}, {"-", "9"}},
     .last = TransferStep::done},
    {.what = "a query without an SOA is answered with the whole zone",
     .type = kIxfr,
     .known = {},
     .messages = {{"9", "-", "9"}},
     .last = TransferStep::done},
};

TEST(Transfer, Ends) {
  for (const EndCase& c : kEnds) {
    SCOPED_TRACE(c.what);
    const Bytes asked = query(c.type, c.known);
    Transfer transfer = transfer_of(asked);
    for (size_t i = 0; i + 1 < c.messages.size(); ++i)
      EXPECT_EQ(transfer.take(message(asked, c.messages[i])), TransferStep::more) << i;
    EXPECT_EQ(transfer.take(message(asked, c.messages.back())), c.last);
  }
}

TEST(Transfer, AnErrorIsTheEnd) {
  const Bytes asked = query(kAxfr);
  Transfer refused = transfer_of(asked);
  EXPECT_EQ(refused.take(message(asked, {}, 0x8005)), TransferStep::done);
  Transfer late = transfer_of(asked);
  EXPECT_EQ(late.take(message(asked, {"9", "-"})), TransferStep::more);
  EXPECT_EQ(late.take(message(asked, {}, 0x8002)), TransferStep::done);
}

TEST(Transfer, WhatIsNotOfIt) {
  const Bytes asked = query(kAxfr);
  const auto broken = [&](const Bytes& octets) { return transfer_of(asked).take(octets) == TransferStep::broken; };
  const Bytes good = message(asked, {"9", "9"});
  Bytes bad = good;
  bad[1] ^= 1;
  EXPECT_TRUE(broken(bad)) << "id";
  bad = good;
  bad[2] = 0x04;
  EXPECT_TRUE(broken(bad)) << "a query";
  bad = good;
  bad[13] ^= 1;
  EXPECT_TRUE(broken(bad)) << "question";
  bad = good;
  bad[13] ^= 0x20;
  EXPECT_FALSE(broken(bad)) << "in another case";
  EXPECT_TRUE(broken(message(asked, {"9"}, 0x8600))) << "TC";
  EXPECT_TRUE(broken({good.begin(), good.end() - 1})) << "cut short";
  EXPECT_TRUE(broken({good.begin(), good.begin() + 11}));
  // RFC 5936 section 2.2.1: the question may be missing behind the first message.
  Transfer transfer = transfer_of(asked);
  Bytes without = message(asked, {"9", "-"});
  without.erase(without.begin() + 12, without.begin() + 12 + 15);
  without[5] = 0;
  EXPECT_EQ(transfer_of(asked).take(without), TransferStep::broken);
  EXPECT_EQ(transfer.take(message(asked, {"9", "-"})), TransferStep::more);
  Bytes last{0, 7, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, kSoa, 0, 1, 0, 0, 0, 60, 0, 22};
  last.resize(last.size() + 22);
  EXPECT_EQ(transfer.take(last), TransferStep::done);
}

TEST(Transfer, NoOctetsLeadOutside) {
  std::mt19937 random(7);  // NOLINT(bugprone-random-generator-seed)
  const Bytes asked = query(kIxfr, 7);
  const Bytes good = message(asked, {"9", "7", "-", "8", "-", "8", "-", "9", "-", "9"});
  for (int i = 0; i < 20000; ++i) {
    Bytes octets(good.begin(), good.begin() + 1 + static_cast<std::ptrdiff_t>(random() % good.size()));
    for (int change = 0; change < 3; ++change) octets[random() % octets.size()] = static_cast<uint8_t>(random());
    Transfer transfer = transfer_of(asked);
    transfer.take(Bytes(octets));
    transfer.take(Bytes(octets));
  }
}

}  // namespace
}  // namespace penstock::dns

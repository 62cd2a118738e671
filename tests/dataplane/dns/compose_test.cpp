// tests/dataplane/dns/compose_test.cpp - records of one message written into another: ldns must read the same from both.
#include "dataplane/dns/compose.h"

#include <gtest/gtest.h>
#include <ldns/ldns.h>

#include <memory>
#include <string>

#include "tests/support/frames.h"

namespace penstock::dns {
namespace {

using test::Bytes;
using Packet = std::unique_ptr<ldns_pkt, decltype(&ldns_pkt_free)>;

Packet ldns_reads(std::span<const uint8_t> message) {
  ldns_pkt* packet = nullptr;
  if (ldns_wire2pkt(&packet, message.data(), message.size()) != LDNS_STATUS_OK) packet = nullptr;
  return {packet, ldns_pkt_free};
}

std::string text_of(const ldns_rr_list* list) {
  const std::unique_ptr<char, decltype(&std::free)> text(ldns_rr_list2str(list), std::free);
  return text.get();
}

const char* const kRecords[] = {
    "www.Example. 60 IN CNAME a.b.example.",
    "a.b.example. 61 IN A 10.0.0.1",
    "a.b.example. 62 IN AAAA 2001:db8::1",
    "b.example. 60 IN NS ns.b.example.",
    "b.example. 60 IN SOA ns.b.example. admin.b.example. 1 2 3 4 5",
    "b.example. 60 IN MX 10 mail.b.example.",
    "b.example. 60 IN PTR www.example.",
    "b.example. 60 IN MINFO a.b.example. c.b.example.",
    "b.example. 60 IN RP a.b.example. c.b.example.",
    "b.example. 60 IN AFSDB 1 a.b.example.",
    "b.example. 60 IN RT 1 a.b.example.",
    "b.example. 60 IN PX 1 a.b.example. c.b.example.",
    "b.example. 60 IN SRV 1 2 3 a.b.example.",
    "b.example. 60 IN NAPTR 1 2 \"u\" \"sip\" \"!x!y!\" a.b.example.",
    "b.example. 60 IN KX 1 a.b.example.",
    "b.example. 60 IN DNAME c.example.",
    "b.example. 60 IN TXT \"hello\" \"world\"",
    "b.example. 60 IN CAA 0 issue \"ca.example\"",
    "b.example. 60 IN RRSIG A 13 3 60 20300101000000 20200101000000 1 b.example. AQID",
    ". 60 IN NS a.root-servers.net.",
};

// ldns writes with compression; every record of every type above, in all sections.
Bytes source_message() {
  ldns_pkt* packet = ldns_pkt_query_new(ldns_dname_new_frm_str("www.example."), LDNS_RR_TYPE_A, LDNS_RR_CLASS_IN, 0);
  unsigned number = 0;
  for (const char* text : kRecords) {
    ldns_rr* rr = nullptr;
    EXPECT_EQ(ldns_rr_new_frm_str(&rr, text, 0, nullptr, nullptr), LDNS_STATUS_OK) << text;
    const ldns_pkt_section sections[] = {LDNS_SECTION_ANSWER, LDNS_SECTION_AUTHORITY, LDNS_SECTION_ADDITIONAL};
    ldns_pkt_push_rr(packet, sections[number++ / 7 % 3], rr);
  }
  uint8_t* wire = nullptr;
  size_t size = 0;
  EXPECT_EQ(ldns_pkt2wire(&wire, packet, &size), LDNS_STATUS_OK);
  Bytes bytes(wire, wire + size);
  std::free(wire);
  ldns_pkt_free(packet);
  return bytes;
}

Composed compose(const Bytes& source, std::span<uint8_t> room, unsigned& length) {
  unsigned question = kHeaderSize;
  while (source[question] != 0) question += source[question] + 1U;
  question += 5 - kHeaderSize;
  Composer composer(room);
  Composed outcome = composer.add_question(std::span(source).subspan(kHeaderSize, question));
  Records records(source, kHeaderSize + question);
  Record record;
  while (outcome == Composed::done && records.next(record)) outcome = composer.add(source, record, record.ttl);
  length = composer.length();
  return outcome;
}

TEST(Composer, LdnsReadsTheSame) {
  const Bytes source = source_message();
  Bytes room(4096);
  unsigned length = 0;
  ASSERT_EQ(compose(source, room, length), Composed::done);
  const Packet before = ldns_reads(source);
  const Packet after = ldns_reads(std::span(room).first(length));
  ASSERT_NE(before, nullptr);
  ASSERT_NE(after, nullptr) << test::to_hex(std::span(room).first(length));
  EXPECT_EQ(text_of(ldns_pkt_question(after.get())), text_of(ldns_pkt_question(before.get())));
  EXPECT_EQ(text_of(ldns_pkt_answer(after.get())), text_of(ldns_pkt_answer(before.get())));
  EXPECT_EQ(text_of(ldns_pkt_authority(after.get())), text_of(ldns_pkt_authority(before.get())));
  EXPECT_EQ(text_of(ldns_pkt_additional(after.get())), text_of(ldns_pkt_additional(before.get())));
  EXPECT_LT(length, source.size() + 200);  // compressed as well, where it may be
}

TEST(Composer, StopsWhereTheRoomEnds) {
  const Bytes source = source_message();
  Bytes whole(4096);
  unsigned whole_length = 0;
  ASSERT_EQ(compose(source, whole, whole_length), Composed::done);
  for (size_t size = kHeaderSize; size < whole_length; ++size) {
    const std::unique_ptr<uint8_t[]> room(new uint8_t[size]);
    unsigned length = 0;
    ASSERT_EQ(compose(source, {room.get(), size}, length), Composed::full) << size;
    // What is there is whole and counted; ldns reads it once a question is there.
    ASSERT_LE(length, size);
    if (length > kHeaderSize) {
      ASSERT_NE(ldns_reads({room.get(), length}), nullptr) << size;
    }
  }
}

TEST(Composer, WhatCannotBeReadIsLeftOut) {
  const Bytes head{0, 1, 0x81, 0x80, 0, 0, 0, 1, 0, 0, 0, 0};
  const struct {
    const char* description;
    Bytes record;
    bool good;
  } cases[] = {
      {.description = "an owner that points forward",
       .record = {0xc0, 40, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 9},
       .good = false},
      {.description = "CNAME", .record = {0, 0, 5, 0, 1, 0, 0, 0, 0, 0, 3, 1, 'a', 0}, .good = true},
      {.description = "CNAME without data", .record = {0, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0}, .good = false},
      {.description = "CNAME cut short", .record = {0, 0, 5, 0, 1, 0, 0, 0, 0, 0, 2, 1, 'a'}, .good = false},
      {.description = "SOA with one name", .record = {0, 0, 6, 0, 1, 0, 0, 0, 0, 0, 1, 0}, .good = false},
      {.description = "MX without a name", .record = {0, 0, 15, 0, 1, 0, 0, 0, 0, 0, 2, 0, 1}, .good = false},
      {.description = "MX of one octet", .record = {0, 0, 15, 0, 1, 0, 0, 0, 0, 0, 1, 0}, .good = false},
      {.description = "NAPTR", .record = {0, 0, 35, 0, 1, 0, 0, 0, 0, 0, 8, 0, 1, 0, 1, 0, 0, 0, 0}, .good = true},
      {.description = "NAPTR whose string runs out",
       .record = {0, 0, 35, 0, 1, 0, 0, 0, 0, 0, 8, 0, 1, 0, 1, 0, 0, 9, 0},
       .good = false},
      {.description = "NAPTR without strings", .record = {0, 0, 35, 0, 1, 0, 0, 0, 0, 0, 4, 0, 1, 0, 1}, .good = false},
      {.description = "a name that runs on behind its data",
       .record = {0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 2, 3, 'a', 'b', 'c', 0},
       .good = false},
      {.description = "an unknown type", .record = {0, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0xc0, 0xff}, .good = true},
  };
  for (const auto& c : cases) {
    Bytes message = head;
    message.insert(message.end(), c.record.begin(), c.record.end());
    Records records(message, kHeaderSize);
    Record record;
    ASSERT_TRUE(records.next(record)) << c.description;
    Bytes room(300);
    Composer composer(room);
    EXPECT_EQ(composer.add(message, record, 5), c.good ? Composed::done : Composed::unreadable) << c.description;
    EXPECT_EQ(composer.length() > kHeaderSize, c.good) << c.description;
    EXPECT_EQ(test::get16(room, 6), c.good ? 1 : 0) << c.description;
  }
}

TEST(Composer, OwnCname) {
  const auto text = [](std::string_view dotted) {
    const Bytes wire = test::wire_name(dotted);
    WireText name;
    name.length = static_cast<uint8_t>(wire.size());
    std::copy(wire.begin(), wire.end(), name.bytes.begin());
    return name;
  };
  Bytes room(300);
  Composer composer(room);
  Bytes question = test::wire_name("Www.Example");
  question.insert(question.end(), {0, 1, 0, 1});
  ASSERT_EQ(composer.add_question(question), Composed::done);
  ASSERT_EQ(composer.add_cname(text("www.example"), 1, 7, text("a.EXAMPLE")), Composed::done);
  EXPECT_EQ(test::to_hex(std::span(room).first(composer.length())),
            "000000000001000100000000" + test::to_hex(question) + "c00c0005000100000007" + "0004" + "0161c010");
}

}  // namespace
}  // namespace penstock::dns

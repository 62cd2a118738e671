// tests/dataplane/dns/answer_test.cpp - answers of our own, byte for byte.
#include "dataplane/dns/answer.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/frames.h"

namespace penstock::dns {
namespace {

using test::Bytes;

const Bytes kQuestion{1, 'Q', 2, 'e', 'X', 0, 0, 28, 0, 1};

Bytes written(QueryTraits traits, Rcode rcode, ExtendedError error) {
  // The query's own counts and octets are there before, all of them set: none may shine through.
  const size_t room = kHeaderSize + traits.question_length + (traits.has_opt ? kAnswerTail : 0);
  const std::unique_ptr<uint8_t[]> message(new uint8_t[room]);
  std::fill_n(message.get(), room, uint8_t{0xff});
  message[0] = 0xab;
  message[1] = 0xcd;
  std::copy_n(kQuestion.begin(), traits.question_length, message.get() + kHeaderSize);
  const unsigned length = write_answer({message.get(), room}, traits, rcode, error);
  return Bytes(message.get(), message.get() + length);
}

Bytes join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(WriteAnswer, Table) {
  struct Case {
    const char* description;
    QueryTraits traits;
    Rcode rcode;
    ExtendedError error;
    Bytes expected;
  };
  const uint16_t question = static_cast<uint16_t>(kQuestion.size());
  const Case cases[] = {
      {.description = "NXDOMAIN, no OPT: an error code has no place",
       .traits = {0x0100, question, false, false},
       .rcode = Rcode::nxdomain,
       .error = ExtendedError::blocked,
       .expected = join({{0xab, 0xcd, 0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0}, kQuestion})},
      {.description = "SERVFAIL with OPT and code 22",
       .traits = {0x0100, question, true, false},
       .rcode = Rcode::servfail,
       .error = ExtendedError::no_reachable_authority,
       .expected = join({{0xab, 0xcd, 0x81, 0x82, 0, 1, 0, 0, 0, 0, 0, 1},
                         kQuestion,
                         {0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 6, 0, 15, 0, 2, 0, 22}})},
      {.description = "a code with a text",
       .traits = {0x0100, question, true, false},
       .rcode = Rcode::refused,
       .error = ExtendedError::loop,
       .expected = join({{0xab, 0xcd, 0x81, 0x85, 0, 1, 0, 0, 0, 0, 0, 1},
                         kQuestion,
                         {0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 10, 0, 15, 0, 6, 0, 0, 'l', 'o', 'o', 'p'}})},
      {.description = "OPT, DO set, no code",
       .traits = {0x0110, question, true, true},
       .rcode = Rcode::noerror,
       .error = ExtendedError::none,
       .expected = join(
           {{0xab, 0xcd, 0x81, 0x90, 0, 1, 0, 0, 0, 0, 0, 1}, kQuestion, {0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0, 0, 0}})},
      {.description = "RD and CD clear stay clear; AA, TC, AD, Z and the rcode of the query go",
       .traits = {0x066f, question, false, false},
       .rcode = Rcode::refused,
       .error = ExtendedError::none,
       .expected = join({{0xab, 0xcd, 0x80, 0x85, 0, 1, 0, 0, 0, 0, 0, 0}, kQuestion})},
      {.description = "the opcode is kept, the question left out",
       .traits = {0x2100, 0, false, false},
       .rcode = Rcode::notimp,
       .error = ExtendedError::none,
       .expected = {0xab, 0xcd, 0xa1, 0x04, 0, 0, 0, 0, 0, 0, 0, 0}},
      {.description = "FORMERR",
       .traits = {0x0000, 0, false, false},
       .rcode = Rcode::formerr,
       .error = ExtendedError::none,
       .expected = {0xab, 0xcd, 0x80, 0x81, 0, 0, 0, 0, 0, 0, 0, 0}},
  };
  for (const Case& c : cases)
    EXPECT_EQ(test::to_hex(written(c.traits, c.rcode, c.error)), test::to_hex(c.expected)) << c.description;
}

TEST(AnswerFlags, Table) {
  const struct {
    const char* description;
    uint16_t asked, said, expected;
  } cases[] = {
      {.description = "nothing", .asked = 0x0000, .said = 0x0000, .expected = 0x8080},
      {.description = "RD is the query's, not the answer's", .asked = 0x0100, .said = 0x0000, .expected = 0x8180},
      {.description = "and clear stays clear", .asked = 0x0000, .said = 0x0100, .expected = 0x8080},
      {.description = "CD as well", .asked = 0x0010, .said = 0x0000, .expected = 0x8090},
      {.description = "and clear stays clear", .asked = 0x0000, .said = 0x0010, .expected = 0x8080},
      {.description = "RA is ours", .asked = 0x0100, .said = 0x8100, .expected = 0x8180},
      {.description = "AA, TC and AD are the answer's", .asked = 0x0000, .said = 0x8620, .expected = 0x86a0},
      {.description = "not the query's", .asked = 0x0620, .said = 0x8000, .expected = 0x8080},
      {.description = "Z is zero", .asked = 0x0040, .said = 0x8040, .expected = 0x8080},
      {.description = "the rcode is the answer's", .asked = 0x000f, .said = 0x8003, .expected = 0x8083},
      {.description = "all at once", .asked = 0x07ff, .said = 0x87ff, .expected = 0x87bf},
      {.description = "to NOTIFY RA and CD mean nothing", .asked = 0x2110, .said = 0x8004, .expected = 0xa104},
      {.description = "to UPDATE neither", .asked = 0x2810, .said = 0x8005, .expected = 0xa805},
      {.description = "the opcode is the query's", .asked = 0x2800, .said = 0xf800, .expected = 0xa800},
  };
  for (const auto& c : cases) EXPECT_EQ(answer_flags(c.asked, c.said), c.expected) << c.description;
}

TEST(WriteAnswer, EveryRcodeAndCode) {
  for (const Rcode rcode :
       {Rcode::noerror, Rcode::formerr, Rcode::servfail, Rcode::nxdomain, Rcode::notimp, Rcode::refused}) {
    for (const ExtendedError error :
         {ExtendedError::blocked, ExtendedError::prohibited, ExtendedError::not_authoritative,
          ExtendedError::no_reachable_authority, ExtendedError::network_error}) {
      const Bytes answer = written({0x0100, static_cast<uint16_t>(kQuestion.size()), true, false}, rcode, error);
      EXPECT_EQ(answer[3] & 0x0f, static_cast<int>(rcode));
      EXPECT_EQ(test::get16(answer, answer.size() - 2), static_cast<uint16_t>(error));
    }
  }
}

// The room asked for is what is written: the answer goes into the query's own buffer.
TEST(WriteAnswer, TellsItsTail) {
  for (const uint16_t keepalive : {0, 100})
    for (const ExtendedError error : {ExtendedError::none, ExtendedError::other, ExtendedError::blocked,
                                      ExtendedError::over_budget, ExtendedError::over_share, ExtendedError::loop}) {
      QueryTraits traits{0x0100, static_cast<uint16_t>(kQuestion.size()), true, false};
      traits.keepalive = keepalive;
      const Bytes answer = written(traits, Rcode::servfail, error);
      EXPECT_EQ(answer.size(), kHeaderSize + kQuestion.size() + answer_tail(traits, error));
      EXPECT_LE(answer_tail(traits, error), kAnswerTail);
    }
  EXPECT_EQ(answer_tail({.keepalive = 1}, ExtendedError::over_budget), kAnswerTail);  // the longest
}

}  // namespace
}  // namespace penstock::dns

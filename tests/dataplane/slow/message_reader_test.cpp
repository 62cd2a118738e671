// tests/dataplane/slow/message_reader_test.cpp - messages out of a stream, however it is cut into pieces.
#include "dataplane/slow/message_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock::slow {
namespace {

using Octets = std::vector<uint8_t>;

Octets framed(size_t length, uint8_t fill) {
  Octets octets{static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)};
  octets.insert(octets.end(), length, fill);
  return octets;
}

Octets joined(std::initializer_list<Octets> parts) {
  Octets all;
  for (const Octets& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

struct StreamCase {
  const char* description;
  Octets octets;
  Framing end;
  std::vector<size_t> messages;  // lengths
  size_t kept;
};

const StreamCase kStreams[] = {
    {.description = "nothing", .octets = {}, .end = Framing::good, .messages = {}, .kept = 0},
    {.description = "one octet of a length", .octets = {0}, .end = Framing::good, .messages = {}, .kept = 1},
    {.description = "a length alone", .octets = {0, 12}, .end = Framing::good, .messages = {}, .kept = 2},
    {.description = "a header", .octets = framed(12, 1), .end = Framing::good, .messages = {12}, .kept = 0},
    {.description = "three in a row",
     .octets = joined({framed(12, 1), framed(300, 2), framed(40, 3)}),
     .end = Framing::good,
     .messages = {12, 300, 40},
     .kept = 0},
    {.description = "one and a half",
     .octets = joined({framed(40, 1), {0, 40, 9, 9}}),
     .end = Framing::good,
     .messages = {40},
     .kept = 4},
    {.description = "length 0", .octets = {0, 0}, .end = Framing::broken, .messages = {}, .kept = 2},
    {.description = "shorter than a header",
     .octets = framed(11, 1),
     .end = Framing::broken,
     .messages = {},
     .kept = 13},
    {.description = "length 0 behind a message",
     .octets = joined({framed(12, 1), {0, 0}}),
     .end = Framing::broken,
     .messages = {12},
     .kept = 2},
    {.description = "the longest",
     .octets = framed(kLongestMessage, 1),
     .end = Framing::good,
     .messages = {kLongestMessage},
     .kept = 0},
    {.description = "longer than a frame holds",
     .octets = framed(kLongestMessage + 1, 1),
     .end = Framing::broken,
     .messages = {},
     .kept = kLongestMessage + 3},
};

TEST(MessageReader, FindsTheMessagesHoweverTheStreamIsCut) {
  for (const StreamCase& one : kStreams) {
    for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{17}, size_t{70000}}) {
      SCOPED_TRACE(std::string(one.description) + " in pieces of " + std::to_string(piece));
      MessageReader reader;
      std::vector<size_t> messages;
      Framing framing = Framing::good;
      for (size_t at = 0; at < one.octets.size() && framing == Framing::good; at += piece) {
        const size_t count = std::min(piece, one.octets.size() - at);
        framing = reader.read({one.octets.data() + at, count}, [&](std::span<const uint8_t> message) {
          for (const uint8_t octet : message) EXPECT_EQ(octet, message[0]);
          messages.push_back(message.size());
          return true;
        });
      }
      EXPECT_EQ(framing, one.end);
      EXPECT_EQ(messages, one.messages);
      if (one.end == Framing::good) {
        EXPECT_EQ(reader.kept(), one.kept);
      }
    }
  }
}

TEST(MessageReader, KeepsWhatWasNotTakenAndGoesOnWithIt) {
  MessageReader reader;
  std::vector<uint8_t> taken;
  size_t room = 1;
  const auto take = [&](std::span<const uint8_t> message) {
    if (room == 0) return false;
    --room;
    taken.push_back(message[0]);
    return true;
  };
  const Octets octets = joined({framed(12, 1), framed(12, 2), framed(12, 3), {0}});
  EXPECT_EQ(reader.read(octets, take), Framing::held);
  EXPECT_EQ(taken, (Octets{1}));
  EXPECT_EQ(reader.kept(), 29U);
  EXPECT_EQ(reader.read({}, take), Framing::held);
  EXPECT_EQ(taken, (Octets{1}));
  room = 2;
  EXPECT_EQ(reader.read({}, take), Framing::good);
  EXPECT_EQ(taken, (Octets{1, 2, 3}));
  EXPECT_EQ(reader.kept(), 1U);
}

}  // namespace
}  // namespace penstock::slow

// tests/fuzz/live/live_image_fuzz.cpp - what a control that an attacker has taken over can do: up to six fields of a good image changed, its
// checksum right. It is refused in one line, or queries, answers and time-outs go through the path by it: nothing is read or written
// outside, no frame or count is lost, no slot stays taken.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/fuzz/live/script.h"
#include "tests/support/image_records.h"

using namespace penstock;
using namespace penstock::fuzz;

namespace {

[[noreturn]] void fail(const std::string& wrong) {
  std::fprintf(stderr, "live image: %s\n", wrong.c_str());
  std::abort();
}

const std::vector<test::ImageRecord>& records(unsigned rules) {
  static const std::vector<std::vector<test::ImageRecord>> all = [] {
    std::vector<std::vector<test::ImageRecord>> found;
    for (const LiveRules& one : live_rules()) found.push_back(test::records_of(one.image));
    return found;
  }();
  return all[rules];
}

void change(LiveInput& input, unsigned rules, control::ImageBytes& image) {
  const auto& choices = records(rules);
  const test::ImageRecord& record = choices[input.word() % choices.size()];
  const config::ImageField& field = record.fields[input.octet() % record.fields.size()];
  const size_t width = std::min<size_t>(field.size, 8);
  const size_t at = record.at + field.offset + size_t{field.size} * (input.octet() % field.count);
  uint64_t value = 0;
  std::memcpy(&value, &image[at], width);
  const uint8_t how = input.octet();
  const uint64_t extremes[] = {field.least, field.most, field.most + 1, field.also, 0, 1, ~uint64_t{0}};
  if ((how & 3) == 0)
    value = extremes[(how >> 2) % std::size(extremes)];
  else if ((how & 3) == 1)
    value += static_cast<uint64_t>(static_cast<int8_t>(input.octet()));
  else if ((how & 3) == 2)
    value ^= uint64_t{1} << (how >> 2);
  else
    value = uint64_t{input.word()} << 16 | input.word();
  std::memcpy(&image[at], &value, width);
}

void answer_all(test::PathRig& rig, LiveInput& input, const std::vector<test::Sent>& sent) {
  for (const test::Sent& one : sent) {
    const auto frame = test::read(one.bytes);
    if (one.port == 0 || !frame || frame->payload.size() < 12 || (frame->payload[2] & 0x80) != 0) continue;
    LiveSend send{.frame = *frame, .port = one.port, .endpoint = 0};
    for (unsigned i = 0; i < live_endpoints().size(); ++i)
      if (test::address(live_endpoints()[i].address) == frame->destination) send.endpoint = i;
    test::Frame answer = *frame;
    std::swap(answer.source_mac, answer.destination_mac);
    std::swap(answer.source, answer.destination);
    std::swap(answer.source_port, answer.destination_port);
    answer.payload = write_answer(input, send);
    if (answer.payload.size() > 1400) answer.payload.resize(1400);
    rig.receive(one.port, {write(answer)});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  LiveInput input({data, size});
  test::PathRig& rig = live_rig();
  const auto rules = static_cast<unsigned>(input.octet() % live_rules().size());
  control::ImageBytes image = live_rules()[rules].image;
  for (unsigned changes = 1 + input.octet() % 6; changes != 0; --changes) change(input, rules, image);
  test::seal(image);
  const auto loaded = rig.load_image(std::move(image));
  if (!loaded) {
    if (loaded.error().empty() || loaded.error().find('\n') != std::string::npos) fail("refused without a line");
    return 0;
  }
  for (unsigned number = 1; !input.empty() && number < 64; ++number) {
    const LiveQuestion question = write_query(input, number);
    const auto sent = rig.receive(question.port, {write(question.frame)});
    if (input.octet() % 4 != 0) answer_all(rig, input, sent);
    for (const unsigned lcore : {0U, 1U}) rig.take_handed_off(lcore);
    if (number % 8 == 0) {
      rig.pass(input.octet() * 10U);
      for (const unsigned lcore : {0U, 1U}) answer_all(rig, input, rig.sweep(lcore));
    }
  }
  // No image can make a query wait for longer than its range allows.
  const auto is_busy = [&] {
    return rig.lcore(0).flights.pending.in_use() + rig.lcore(1).flights.pending.in_use() != 0;
  };
  for (unsigned turns = 0; turns < 400 && is_busy(); ++turns) {
    rig.pass(config::kLongestQueryTimeoutMs / 4);
    for (const unsigned lcore : {0U, 1U}) rig.sweep(lcore);
    for (const unsigned lcore : {0U, 1U}) rig.take_handed_off(lcore);
  }
  if (is_busy()) fail("slots are taken when nothing is under way");
  if (const std::string wrong = rig.imbalance(); !wrong.empty()) fail(wrong);
  rig.verdict();
  return 0;
}

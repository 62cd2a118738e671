// tests/dataplane/path/image_fields_test.cpp - every field of every record of an image at its extremes, the checksum right: what is
// outside its stated range is refused by its name, and whatever is accepted is used by queries and their answers.
#include <cstring>
#include <set>

#include "config/contract/image_fields.h"
#include "tests/dataplane/path/recall_fixture.h"
#include "tests/support/image_records.h"

namespace penstock::test {
namespace {

using config::ImageField;
using config::Section;
using config::Values;
using control::ImageBytes;

const char* const kEverything = R"(
ports:
  - {name: corp, device: "vdev:net_null0"}
  - {name: vpc, device: "vdev:net_null1"}
listen: [192.168.10.86, "fd00::86"]
clients:
  allow: [192.168.0.0/16, "fd00::/8"]
  rate_per_client: 100000
  response_rate: 100000
  groups:
    ml: {prefixes: [192.168.10.0/24], weight: 2, rate: 100000, udp_size: 1232}
    other: {prefixes: [192.168.11.0/24, "fd00:1::/64"], rate_per_client: 100000}
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10], cache: {stale: on}}
  office: {kind: recursive, endpoints: [{address: "fd16::10", weight: 3}], policy: weighted, resolve_tc: on, pass_options: [65001]}
zones:
  - {zone: studio.us-east-1.sagemaker.aws, pool: vpc, expect: [10.16.0.0/16]}
  - {zone: ml.example, pool: vpc, clients: [ml], otherwise: next}
  - {zone: ml.example, answer: nodata}
  - {zone: lab.example, records: ["@ A 10.0.0.1", "*.w A 10.0.0.2", "a CNAME b.w", "o CNAME d.studio.us-east-1.sagemaker.aws"]}
  - {zone: moves.example, pool: office, transfers: [ml]}
  - {zone: over.example, answer: [10.0.0.3, "fd00::3"]}
  - {zone: blocked.example, answer: nxdomain}
  - {zone: refused.example, answer: refused}
default: {pool: office}
updates: office
)";

class ImageFieldsTest : public RecallTest {
 protected:
  ImageFieldsTest()
      : RecallTest({.rules = kEverything, .pending_slots = 64, .cache_size = 1 << 20}), original_(rig.image()) {}

  const config::ImageHeader& header() const { return *reinterpret_cast<const config::ImageHeader*>(original_.data()); }
  static std::vector<uint64_t> extremes_of(const ImageField& field, uint64_t now) {
    const uint64_t highest = field.size >= 8 ? ~uint64_t{0} : (uint64_t{1} << field.size * 8) - 1;
    if (field.values != Values::range) return {0, 1, now - 1, now + 1, highest / 2 + 1, highest - 1, highest};
    return {field.least - 1, field.least, field.most, field.most + 1, field.also - 1, field.also + 1, highest};
  }

  // Names of every rule, with an OPT and without, and what an endpoint says to those that left.
  void use() {
    static const char* const kNames[] = {"d.studio.us-east-1.sagemaker.aws",
                                         "x.ml.example",
                                         "lab.example",
                                         "x.w.lab.example",
                                         "a.lab.example",
                                         "o.lab.example",
                                         "none.lab.example",
                                         "x.over.example",
                                         "x.blocked.example",
                                         "x.refused.example",
                                         "www.example.org"};
    uint16_t id = 1;
    for (const char* client : {"192.168.10.20", "192.168.11.20"})
      for (const char* name : kNames) {
        DnsQuery query{.id = ++id, .flags = 0x0100, .question = {.name = name}, .opt = {}};
        if (id % 2 == 0) query.opt = Opt{};
        for (const Sent& sent : ask(query, client)) {
          const auto left = read(sent.bytes);
          if (sent.port == 1 && left && left->payload.size() > 12) respond(*left, kAnswer, Opt{});
        }
      }
    const Bytes update =
        write(DnsQuery{.id = 9, .flags = 0x2800, .question = {.name = "corp.example", .type = 6}, .opt = {}});
    rig.receive(0, {write(from_client(update))});
    rig.pass(2'000);
    rig.sweep();
    rig.pass(70'000);
    for (int i = 0; i < 100 && rig.lcore().flights.pending.in_use() != 0; ++i) rig.sweep();
    ASSERT_EQ(rig.lcore().flights.pending.in_use(), 0U);
  }

  static inline const TestResponse kAnswer{.flags = 0x8180, .answer = {{.ttl = 60}}, .authority = {}, .additional = {}};
  ImageBytes original_;
};

TEST_F(ImageFieldsTest, OutsideItsRangeItIsRefusedInsideItIsUsed) {
  std::set<std::string> kinds;
  size_t accepted = 0;
  size_t refused = 0;
  for (const ImageRecord& record : records_of(original_)) {
    // The first and the last ones of a kind: those between are like them.
    if (record.number >= 2 && record.number + 2 < record.of_kind) continue;
    kinds.insert(record.what);
    for (const ImageField& field : record.fields)
      for (size_t i = 0; i < field.count; i += std::max(1, field.count - 1)) {
        const size_t width = std::min<size_t>(field.size, 8);  // of a section: its offset
        const size_t at = record.at + field.offset + i * field.size;
        uint64_t now = 0;
        std::memcpy(&now, &original_[at], width);
        for (const uint64_t extreme : extremes_of(field, now)) {
          ImageBytes image = original_;
          std::memcpy(&image[at], &extreme, width);
          uint64_t value = 0;
          std::memcpy(&value, &image[at], width);
          if (value == now) continue;
          const std::string name = field.name;
          if (name != "checksum") seal(image);
          const auto loaded = rig.load_image(image);
          SCOPED_TRACE(record.what + " at " + std::to_string(record.at) + ", " + name + " " + std::to_string(value) +
                       (loaded ? ", accepted" : ", refused: " + loaded.error()));
          ASSERT_TRUE(field.allows(value) || !loaded);
          if (!loaded) {
            ++refused;
            ASSERT_FALSE(loaded.error().empty());
            continue;
          }
          ++accepted;
          ASSERT_NO_FATAL_FAILURE(use());
        }
      }
  }
  EXPECT_EQ(kinds.size(), 15U);  // the rules of this test have some of each
  EXPECT_GT(accepted, 100U);
  EXPECT_GT(refused, 500U);
}

// Two that used to be accepted, one of which ended the process at the first query.
TEST_F(ImageFieldsTest, NamesTheField) {
  struct Case {
    Section which;
    size_t offset;
    uint32_t value;
    size_t size;
    const char* reason;
  };
  const Case cases[] = {
      {.which = Section::local_zones,
       .offset = offsetof(config::ImageLocalZone, error),
       .value = 0x6000,
       .size = 2,
       .reason = "its local zone 0 has error 24576, not 0 to 255 or 65535"},
      {.which = Section::rules,
       .offset = offsetof(config::ImageRule, pool),
       .value = 1,
       .size = 4,
       .reason = "its rule 0 is private and forwards to pool 1, which holds no private names"},
  };
  for (const Case& c : cases) {
    ImageBytes image = original_;
    std::memcpy(&image[header().sections[static_cast<size_t>(c.which)].offset + c.offset], &c.value, c.size);
    seal(image);
    const auto loaded = rig.load_image(image);
    ASSERT_FALSE(loaded) << c.reason;
    EXPECT_EQ(loaded.error(), c.reason);
  }
}

}  // namespace
}  // namespace penstock::test

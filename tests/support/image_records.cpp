#include "tests/support/image_records.h"

#include <xxhash.h>

namespace penstock::test {
namespace {

using config::Section;

class Finder {
 public:
  explicit Finder(const control::ImageBytes& image)
      : image_(image), header_(*reinterpret_cast<const config::ImageHeader*>(image.data())) {}

  template <typename Record>
  void add(const char* what, Section which) {
    const config::ImageSection& section = header_.sections[static_cast<size_t>(which)];
    const size_t count = section.size / sizeof(Record);
    for (size_t i = 0; i < count; ++i)
      found_.push_back({what, section.offset + i * sizeof(Record), i, count, config::ImageFields<Record>::kAll});
  }
  void add_header() { found_.push_back({"header", 0, 0, 1, config::ImageFields<config::ImageHeader>::kAll}); }
  void add_zone_nodes() {
    const config::ImageSection& buckets = header_.sections[static_cast<size_t>(Section::zone_buckets)];
    const uint64_t nodes = header_.sections[static_cast<size_t>(Section::zone_nodes)].offset;
    size_t number = 0;
    for (uint64_t at = 0; at < buckets.size; at += sizeof(config::ZoneBucket)) {
      const auto& bucket = *reinterpret_cast<const config::ZoneBucket*>(image_.data() + buckets.offset + at);
      for (unsigned slot = 0; slot < bucket.used; ++slot)
        found_.push_back({"zone node", nodes + bucket.nodes[slot] * config::kZoneNodeUnit, number++, header_.zone_count,
                          config::ImageFields<config::ZoneNode>::kAll});
    }
  }
  std::vector<ImageRecord> take() { return std::move(found_); }

 private:
  const control::ImageBytes& image_;
  const config::ImageHeader& header_;
  std::vector<ImageRecord> found_;
};

}  // namespace

std::vector<ImageRecord> records_of(const control::ImageBytes& image) {
  Finder finder(image);
  finder.add_header();
  finder.add<config::ImagePool>("pool", Section::pools);
  finder.add<config::ImageEndpoint>("endpoint", Section::endpoints);
  finder.add<config::ImageRule>("rule", Section::rules);
  finder.add<config::ImageClientsV4>("range of v4 clients", Section::clients_v4);
  finder.add<config::ImageClientsV6>("range of v6 clients", Section::clients_v6);
  finder.add<config::ImagePrefix>("prefix", Section::prefixes);
  finder.add<config::ImageGroup>("group", Section::groups);
  finder.add<config::ImageView>("view", Section::views);
  finder.add<config::ImageLocalZone>("local zone", Section::local_zones);
  finder.add<config::ImageLocalSlot>("local slot", Section::local_slots);
  finder.add<config::ImageLocalNode>("local node", Section::local_nodes);
  finder.add<config::ImageLocalSet>("local set", Section::local_sets);
  finder.add<config::ZoneBucket>("zone bucket", Section::zone_buckets);
  finder.add_zone_nodes();
  return finder.take();
}

void seal(control::ImageBytes& image) {
  auto& header = *reinterpret_cast<config::ImageHeader*>(image.data());
  header.checksum = 0;
  header.checksum = XXH3_64bits(image.data(), image.size());
}

}  // namespace penstock::test

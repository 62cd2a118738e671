// config/read/zones_file.h - reads a file of zone names: one a line, "name" or "*.name", "#" starts a comment. A network, as
// 192.168.0.0/16, is its reverse zones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/model.h"
#include "config/yaml/findings.h"

namespace penstock::config {

constexpr uint64_t kMaxZonesFile = uint64_t{1} << 30;  // bytes

// A zone as users write it: "example.com" is a zone, "*.example.com" what is below it.
struct ZoneText {
  std::string_view name;
  Scope scope = Scope::zone;
};
ZoneText split_zone(std::string_view text);

// Why the name cannot be one that somebody asks for, as " has '|' ..."; empty: it can. What stands for an octet that is unusual in names
// is written \DDD: filter lists, hosts files and URLs are taken for names otherwise, and match nothing.
std::string zone_problem(std::string_view name);

// Adds the names of the open file's content to `zones`. `file` is its index in Model::files. Returns how
// many.
size_t read_zone_lines(std::string_view content, uint32_t file, uint32_t rule, ZoneNames& zones, Findings& findings);

// The whole content of a regular file of at most kMaxZonesFile bytes, or what is wrong with it.
tl::expected<std::string, std::string> read_zones_content(const std::string& path);

}  // namespace penstock::config

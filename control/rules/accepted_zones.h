// control/rules/accepted_zones.h - what the removal guard must know of the last published rules, kept on disk.
//
// Without it a control that is restarted (Restart=always) would publish a configuration that was cut in half. Only
// private names are kept, the exceptions inside them, and how many names each zones_file had: rules of a million
// ordinary names make a short file.
#pragma once

#include <map>
#include <string>

#include <tl/expected.hpp>

#include "config/model.h"

namespace penstock::control {

struct AcceptedZones {
  config::Model model;  // pools with addresses and kinds, groups with prefixes, and the zones that matter here
  std::map<std::string, size_t> names_by_file;
};

AcceptedZones accepted_zones(const config::Model&);

// Lines of fields between tabs; the last line says how many there are, so that a part of a file is no file.
std::string to_text(const AcceptedZones&);
// The error names the line.
tl::expected<AcceptedZones, std::string> parse_accepted_zones(const std::string& text);

// Written beside and renamed. The error names the file.
tl::expected<void, std::string> write_accepted_zones(const std::string& path, const AcceptedZones&);
tl::expected<AcceptedZones, std::string> read_accepted_zones(const std::string& path);

}  // namespace penstock::control

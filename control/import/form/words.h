// control/import/form/words.h - what the formats have in common as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/import/form/source.h"

namespace penstock::imports {

std::string lower(std::string_view text);
std::string_view trim(std::string_view text);
// Parts between any of `separators`, none of them empty.
std::vector<std::string_view> split(std::string_view text, std::string_view separators);
// Lines without their ends ("\n" or "\r\n").
std::vector<std::string_view> lines_of(std::string_view text);

// "10.1.1.1", and with the mark given "10.1.1.1#5353" or "10.1.1.1@853"; for ':' also "[fd00::1]:53".
std::optional<Server> parse_server(std::string_view text, char port_mark);
// A prefix, with host bits cut off, and short forms: "10/8".
std::optional<IpPrefix> parse_network(std::string_view text);
// The name under which the address has its PTR record.
WireName reverse_name(const IpAddress& address);
// Whether a line has the marks of a template that nobody has filled in: {{ x }}, {% x %}, ${x}.
bool is_template(std::string_view line);
// Reports the first line of a template as broken.
bool refuse_template(Source& source, uint32_t file, std::string_view text);
// Adds the file to the source and reads it; reports when it is missing.
std::optional<std::string> take_file(Source& source, const Files& files, const std::string& path, Where from);
// Relative paths are relative to the folder of `from`.
std::string beside(const std::string& from, const std::string& path);

}  // namespace penstock::imports

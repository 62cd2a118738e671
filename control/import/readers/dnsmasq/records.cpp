#include "control/import/readers/dnsmasq/records.h"

#include <algorithm>

#include "control/import/form/words.h"

namespace penstock::imports {
namespace {

// Fields between commas; quotes keep commas and go.
std::vector<std::string> fields_of(std::string_view value) {
  std::vector<std::string> fields(1);
  bool is_quoted = false;
  for (const char c : value) {
    if (c == '"')
      is_quoted = !is_quoted;
    else if (c == ',' && !is_quoted)
      fields.emplace_back();
    else
      fields.back() += c;
  }
  for (std::string& field : fields) field = std::string(trim(field));
  return fields;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

std::string in_quotes(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "\"";
}

std::string absolute(const std::string& name) {
  return name.ends_with('.') ? name : name + ".";
}

}  // namespace

bool read_dnsmasq_record(std::string_view option, std::string_view value, Where where, Source& source, Names& names) {
  static constexpr std::string_view kRecords[] = {"host-record", "cname",    "ptr-record",
                                                  "txt-record",  "srv-host", "mx-host"};
  if (std::find(std::begin(kRecords), std::end(kRecords), option) == std::end(kRecords)) return false;
  std::vector<std::string> fields = fields_of(value);
  const auto add = [&](const std::string& name, const std::string& record) {
    const auto owner = config::parse_name(name);
    if (owner && owner->size() > 1)
      names.add(*owner, record, where);
    else
      source.decide(where, "'" + name + "' is not a domain name: left out");
  };
  const auto field = [&](size_t i, const char* other) {
    return i < fields.size() && !fields[i].empty() ? fields[i] : std::string(other);
  };
  if (fields.size() < 2 && option != "txt-record" && option != "mx-host" && option != "srv-host") {
    source.decide(where, std::string(option) + " needs a name and what it has: left out");
  } else if (option == "host-record") {
    for (const std::string& name : fields)
      if (const auto owner = config::parse_name(name);
          !config::parse_address(name) && !is_number(name) && owner && owner->size() > 1)
        for (const std::string& text : fields)
          if (const auto address = config::parse_address(text)) names.add_host(*owner, *address, where);
  } else if (option == "cname") {
    if (fields.size() > 2 && is_number(fields.back())) fields.pop_back();
    for (size_t i = 0; i + 1 < fields.size(); ++i) add(fields[i], "CNAME " + absolute(fields.back()));
  } else if (option == "ptr-record") {
    add(fields[0], "PTR " + absolute(fields[1]));
  } else if (option == "txt-record") {
    std::string text;
    for (size_t i = 1; i < fields.size(); ++i) text += (i == 1 ? "" : " ") + in_quotes(fields[i]);
    add(fields[0], "TXT " + (text.empty() ? "\"\"" : text));
  } else if (option == "srv-host") {
    add(fields[0], "SRV " + field(3, "0") + " " + field(4, "0") + " " + field(2, "1") + " " + absolute(field(1, "")));
  } else if (fields.size() > 1) {
    add(fields[0], "MX " + field(2, "1") + " " + absolute(fields[1]));
  } else {
    source.decide(where, "mx-host without a target means that very host: write its name. Left out");
  }
  return true;
}

}  // namespace penstock::imports
